"""Figures from counts, and medians from steps."""

from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.traffic import STEP_BOUNDS_MS, Counted, figures, floor_to, median_ms

AT = datetime(2026, 11, 22, 17, 43, 12, 5, tzinfo=UTC)


def counted(code: int, messages: int, *, step: int = 0, incoming: bool = False) -> Counted:
    return Counted(AT, incoming, code, step, messages, 2 * messages)


def test_figures_tell_sent_received_delivered_and_failed() -> None:
    found = figures(
        [
            counted(201, 6, step=3),
            counted(103, 2),
            counted(501, 1, step=5),
            counted(402, 3),
            counted(203, 9),
            counted(201, 4, incoming=True),
        ]
    )
    assert (found.accepted, found.segments, found.received) == (21, 42, 4)
    assert found.sent == 7, (
        "a carrier was given those with a duration; the others wait, or were refused by us"
    )
    assert (found.final, found.delivered, found.delivered_percent) == (10, 6, 60.0)
    assert list(found.failures.items()) == [(402, 3), (501, 1)]


def test_what_is_with_a_carrier_is_sent_and_what_waits_or_was_canceled_is_not() -> None:
    under_way = [counted(code, 1) for code in (110, 111, 112, 113)]
    assert figures([*under_way, counted(101, 5), counted(103, 5), counted(203, 5)]).sent == 4


def test_nothing_has_no_rate_and_no_median() -> None:
    found = figures([])
    assert (found.delivered_percent, found.median_ms) == (None, None)


@pytest.mark.parametrize(
    ("steps", "low", "high"),
    [
        ({1: 10}, 0, STEP_BOUNDS_MS[0]),
        ({9: 10}, STEP_BOUNDS_MS[7], STEP_BOUNDS_MS[8]),
        ({1: 4, 9: 5}, STEP_BOUNDS_MS[7], STEP_BOUNDS_MS[8]),
        ({len(STEP_BOUNDS_MS) + 1: 1}, STEP_BOUNDS_MS[-1], STEP_BOUNDS_MS[-1]),
    ],
)
def test_a_median_lies_within_its_step(steps: dict[int, int], low: int, high: int) -> None:
    found = median_ms(steps)
    assert found is not None
    assert low <= found <= high


def test_bounds_rise() -> None:
    assert list(STEP_BOUNDS_MS) == sorted(set(STEP_BOUNDS_MS))


def test_moments_are_cut_to_stretches() -> None:
    assert floor_to(AT, timedelta(minutes=5)) == datetime(2026, 11, 22, 17, 40, tzinfo=UTC)
    assert floor_to(AT, timedelta(hours=1)) == datetime(2026, 11, 22, 17, tzinfo=UTC)
