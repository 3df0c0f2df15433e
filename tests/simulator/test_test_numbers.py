"""The table of test numbers: its place in the number plan, its promise of codes, its documentation."""

import itertools
from pathlib import Path

import pytest

from heliograph.domain import outcome, receipt
from heliograph.domain.receipt import Reading
from heliograph.domain.status import Code, is_final
from heliograph.simulator.test_numbers import (
    FIRST,
    LAST,
    ORDINARY,
    TABLE,
    Behaviour,
    FixedOutcome,
    by_address,
    markdown_table,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "test-numbers.md"


def test_all_lie_in_the_series_kept_for_fiction_and_stand_in_order() -> None:
    numbers = [row.number for row in TABLE]
    assert (FIRST, LAST) == (46701740605, 46701740699)
    assert all(FIRST <= number <= LAST for number in numbers)
    assert all(one < other for one, other in itertools.pairwise(numbers))


def test_the_last_digits_name_the_code_of_a_failure() -> None:
    by_code = {row.codes[-1]: row.number for row in TABLE if 511 <= row.codes[-1] <= 516}
    assert by_code == {code: 46701740100 + code for code in range(511, 517)}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.msisdn)
def test_the_promised_codes_are_those_of_our_own_rules(row: FixedOutcome) -> None:
    assert _codes(row.behaviour) == row.codes


def _codes(behaviour: Behaviour) -> tuple[int, ...]:
    """What the platform makes of the behaviour; what never gets a final word ends as 599 or 202."""
    codes: list[int] = [Code.SENDING]
    for tries, status in enumerate(behaviour.refusals):
        decided = outcome.decide(status, tries)
        if decided.kind is outcome.Kind.THROTTLE:
            codes.pop()  # no try of the message: the whole bind slows down
        else:
            codes.append(decided.code)
        if decided.is_final:
            return tuple(codes)
        if behaviour.refused_for_ever:
            return (*codes, Code.EXPIRED)
        codes.append(Code.SENDING)
    if behaviour.answered and not behaviour.cuts_link:
        codes.append(Code.AT_GATEWAY)
    codes += _codes_of_receipts(behaviour)
    return tuple(codes) if is_final(codes[-1]) else (*codes, Code.UNKNOWN)


def _codes_of_receipts(behaviour: Behaviour) -> list[int]:
    codes: list[int] = []
    merged = Reading(receipt.Rank.OK, Code.AT_GATEWAY)
    for planned in behaviour.receipts:
        found = receipt.read(planned.state, None, f"{planned.error:03d}")
        if found is not None and found > merged:
            merged = found
            codes.append(found.code)
    return codes


def test_a_failed_message_does_not_reach_its_handset_and_a_doubtful_one_does() -> None:
    reached = {row.msisdn for row in TABLE if row.behaviour.reaches_handset}
    assert "46701740605" in reached
    assert "46701740621" in reached
    assert {"46701740624", "46701740640", "46701740643"} <= reached
    assert not reached & {str(number) for number in range(46701740610, 46701740621)}


def test_delays_can_be_made_short() -> None:
    slow = by_address(delay_factor=0.5)
    assert [planned.after for planned in slow[b"46701740607"].receipts] == [15.0]
    assert slow[b"46701740644"].answer_after == 2.5
    assert by_address()[b"46701740605"] == ORDINARY


def test_the_documentation_has_this_very_table() -> None:
    assert markdown_table() in DOCUMENT.read_text(encoding="utf-8")
