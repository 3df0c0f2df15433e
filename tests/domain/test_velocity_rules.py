"""Rules of the velocity guard: which one counts for a number, what lies beyond a limit, what is said."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.velocity_rules import (
    GuardMode,
    GuardRule,
    Passage,
    beyond,
    guard_table,
    guard_warnings,
    number_guarded,
    rules_in_force,
    window_start,
)

EVERYWHERE = GuardRule("*", GuardMode.WATCH, 100, 3600)
IVORY_COAST = GuardRule("225", GuardMode.BLOCK, 5, 60)
AT_HOME = GuardRule("46", GuardMode.OFF)
NOW = datetime(2026, 11, 22, 13, 37, 42, 5, tzinfo=UTC)


def test_the_longest_prefix_counts_and_a_star_is_every_country_by_itself() -> None:
    table = guard_table((EVERYWHERE, IVORY_COAST, AT_HOME))
    found = table.find_all(["2250700000000", "46701740605", "4790000000", "12025550123", "2250711111111"])
    assert [each and (each.prefix, each.mode, each.most) for each in found] == [
        ("225", GuardMode.BLOCK, 5),
        ("46", GuardMode.OFF, 0),
        ("47", GuardMode.WATCH, 100),
        ("1", GuardMode.WATCH, 100),
        ("225", GuardMode.BLOCK, 5),
    ]
    assert found[0] is found[4]


def test_without_a_star_only_the_named_prefixes_are_guarded() -> None:
    assert guard_table((IVORY_COAST,)).find_all(["46701740605"]) == [None]


def test_an_accounts_own_rule_stands_in_place_of_the_one_for_all() -> None:
    own = GuardRule("225", GuardMode.WATCH, 50, 86_400)
    assert rules_in_force([EVERYWHERE, IVORY_COAST], [own]) == (EVERYWHERE, own)
    assert rules_in_force([IVORY_COAST], [GuardRule("225", GuardMode.OFF)]) == ()
    assert rules_in_force([], []) == ()


def test_only_messages_to_be_sent_are_numbered() -> None:
    table = guard_table((EVERYWHERE, AT_HOME))
    found = table.find_all(["4790000000", "4790000001", "46701740605", "12025550123", "999"])
    counts = number_guarded(found, [103, 405, 103, 103, 103])
    assert {each.prefix: count for each, count in counts.items()} == {"47": 1, "1": 1}


@pytest.mark.parametrize(
    ("seconds", "start"),
    [
        (60, datetime(2026, 11, 22, 13, 37, tzinfo=UTC)),
        (3600, datetime(2026, 11, 22, 13, tzinfo=UTC)),
        (86_400, datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_windows_are_those_of_the_clock_in_utc(seconds: int, start: datetime) -> None:
    assert window_start(NOW, seconds) == start
    assert window_start(NOW.astimezone(timezone(timedelta(hours=5, minutes=30))), seconds) == start


@given(st.lists(st.integers(1, 20), max_size=30), st.integers(0, 60))
def test_whatever_comes_in_which_order_exactly_the_limit_passes(asked: list[int], most: int) -> None:
    total = passed = 0
    for count in asked:
        total += count
        passed += count - beyond(count, total, most)
    assert passed == min(most, total)


def passage(prefix: str, mode: GuardMode, asked: int, over: int) -> Passage:
    guarded = guard_table((GuardRule(prefix, mode, 5, 3600),)).find(prefix)
    assert guarded is not None
    return Passage(guarded, asked, over, NOW)


def test_what_is_blocked_is_said_and_what_is_only_watched_is_not() -> None:
    assert guard_warnings([passage("225", GuardMode.WATCH, 9, 4)], 10) == []
    assert guard_warnings([passage("225", GuardMode.BLOCK, 9, 4)], 10) == [
        "4 of 10 messages were refused with status 405: the account may send to 5 recipients that begin with "
        "225 in an hour."
    ]


def test_many_prefixes_are_summed_up() -> None:
    many = [passage(str(prefix), GuardMode.BLOCK, 9, 4) for prefix in range(220, 235)]
    said = guard_warnings(many, 200)
    assert len(said) == 11
    assert said[-1] == "20 more were refused for 5 other prefixes."
