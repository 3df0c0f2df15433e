"""The table of command_status, row by row, and what follows from each row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.carrier_profile import CarrierProfile, StatusRule, load_profile
from heliograph.domain.outcome import ACCEPTED, IN_DOUBT, RULES, Kind, Outcome, decide, rule_for
from heliograph.domain.status import is_final

MINUTE = 60.0
PERM, ROUTE, BUG, RETRY, BIND = Kind.PERM, Kind.ROUTE, Kind.BUG, Kind.RETRY, Kind.BIND

NAMED = {
    **dict.fromkeys((0x01, 0x02, 0x03, 0x06, 0x07, 0x0C, 0x11, 0x13, 0x15, 0x33, 0x34, 0x40), BUG),
    **dict.fromkeys((0x42, 0x43, 0x44, 0x48, 0x49, 0x50, 0x51, 0x54, 0x55, 0x61, 0x62, 0x63), BUG),
    **dict.fromkeys((0x67, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0x104, 0x105, 0x110, 0x3FF), BUG),
    **dict.fromkeys((0x04, 0x05, 0x0D, 0x0E, 0x53), BIND),
    **dict.fromkeys((0x08, 0x14, 0x45, 0x64, 0xFE, 0xFF, 0x102), RETRY),
    **dict.fromkeys((0x09, 0x10, 0x12, 0x16, 0x2F, 0x41, 0x60, 0xBF, 0xFD), RETRY),
    **dict.fromkeys((0x400, 0x45C, 0x4FF, 0x500, 0xFFFF, 0xFFFFFFFF), RETRY),
    **dict.fromkeys((0x0A, 0x0F, 0x100, 0x101, 0x103), ROUTE),
    **dict.fromkeys((0x0B, 0x65, 0x66), PERM),
    0x00: Kind.OK,
    0x58: Kind.THROTTLE,
}


@pytest.mark.parametrize(("command_status", "kind"), NAMED.items(), ids=lambda value: repr(value))
def test_each_status_has_its_class(command_status: int, kind: Kind) -> None:
    assert decide(command_status, 0).kind is kind


def test_the_table_names_every_code_of_smpp_3_4() -> None:
    assert len([status for status in RULES if status < 0x100]) == 48


@pytest.mark.parametrize(
    ("command_status", "code"), [(0x0A, 407), (0x0B, 408), (0x65, 406), (0x66, 406), (0x01, 406), (0x0F, 406)]
)
def test_a_refusal_for_good_has_its_public_code(command_status: int, code: int) -> None:
    outcome = decide(command_status, 0)
    assert outcome.is_final
    assert outcome.code == code
    assert outcome.retry_after is None


@pytest.mark.parametrize(
    ("command_status", "delays"),
    [
        (0x08, [30, 2 * MINUTE, 10 * MINUTE, None]),
        (0x09, [MINUTE, None]),
        (0x14, [30, MINUTE, 3 * MINUTE, 10 * MINUTE, 10 * MINUTE, 10 * MINUTE]),
        (0x45, [MINUTE, 5 * MINUTE, None]),
        (0x64, [30, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, None]),
        (0xFE, [MINUTE, 5 * MINUTE, None]),
        (0xFF, [MINUTE, 5 * MINUTE, None]),
        (0x102, [30, 2 * MINUTE, 10 * MINUTE, None]),
        (0x400, [MINUTE, 5 * MINUTE, None]),
        (0x500, [MINUTE, None]),
    ],
)
def test_tries_are_spaced_by_the_table_and_then_given_up(
    command_status: int, delays: list[float | None]
) -> None:
    for tries, delay in enumerate(delays):
        outcome = decide(command_status, tries)
        assert outcome.retry_after == delay
        assert outcome.is_requeued == (delay is not None)
        assert (outcome.kind, outcome.code) == ((RETRY, 114) if delay else (PERM, 406))


@pytest.mark.parametrize(
    ("command_status", "seconds", "alarm"),
    [
        (0x58, 1.0, False),
        (0x04, 1.0, False),
        (0x05, MINUTE, False),
        (0x0E, 5 * MINUTE, True),
        (0x53, 5 * MINUTE, True),
    ],
)
def test_trouble_of_the_bind_consumes_no_try(command_status: int, seconds: float, alarm: bool) -> None:
    for tries in (0, 1, 100):
        outcome = decide(command_status, tries)
        assert outcome.is_requeued
        assert (outcome.code, outcome.retry_after, outcome.alarm) == (114, seconds, alarm)


def test_accepted_and_in_doubt_are_neither_final_nor_requeued() -> None:
    assert decide(0, 5) is ACCEPTED
    assert decide(None, 0) is IN_DOUBT
    assert (ACCEPTED.code, IN_DOUBT.code) == (111, 110)
    for outcome in (ACCEPTED, IN_DOUBT):
        assert not outcome.is_final
        assert not outcome.is_requeued


@pytest.mark.parametrize("command_status", [0x09, 0x16, 0x401, 0x500, 0x01, 0x0E])
def test_what_nobody_expected_raises_an_alarm(command_status: int) -> None:
    assert decide(command_status, 0).alarm


def test_a_carrier_may_differ() -> None:
    profile = load_profile(
        {
            "status_overrides": {
                "0x45": {"class": "PERM", "code": 501},
                "0x401": {"class": "RETRY", "delays": [5, 7]},
                "0x402": {"class": "BIND", "delays": [600]},
                "0x403": {"class": "OK"},
                "0x404": {"class": "THROTTLE"},
            }
        }
    )
    assert decide(0x45, 0, profile) == Outcome(PERM, 501)
    assert decide(0x401, 1, profile) == Outcome(RETRY, 114, 7.0)
    assert decide(0x401, 2, profile) == Outcome(PERM, 406)
    assert decide(0x402, 9, profile) == Outcome(BIND, 114, 600.0)
    assert decide(0x403, 0, profile) == ACCEPTED
    assert decide(0x404, 0, profile) == Outcome(Kind.THROTTLE, 114, 1.0)
    assert decide(0x00, 0, profile) == ACCEPTED
    assert decide(0x65, 0, profile) == decide(0x65, 0)


@given(st.integers(0, 2**32 - 1), st.integers(0, 50))
def test_every_status_of_32_bits_means_something(command_status: int, tries: int) -> None:
    outcome = decide(command_status, tries, CarrierProfile(status_overrides={7: StatusRule(kind="BUG")}))
    assert rule_for(command_status).kind in Kind
    assert outcome.is_final == is_final(outcome.code)
    assert outcome.is_requeued == (outcome.retry_after is not None)
