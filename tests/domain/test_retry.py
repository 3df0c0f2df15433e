"""When to try again."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.retry import (
    REPORT_SCHEDULES,
    STANDARD_REPORTS,
    STRICT_REPORTS,
    jittered,
    next_delay,
    receiver_delay,
    reconnect_delay,
)

draws = st.floats(0, 1)


def test_the_standard_schedule_has_17_tries_over_three_days() -> None:
    starts = list(accumulate(STANDARD_REPORTS))
    assert starts[:4] == [0, 10, 70, 670]
    assert starts[10] == 3600 + 21 * 60 + 10
    assert [round(start / 3600, 2) for start in starts[11:]] == [3.35, 8.35, 18.35, 32.35, 52.35, 71.35]
    assert len(starts) == 17


def test_the_strict_schedule_has_10_tries_10_minutes_apart() -> None:
    assert list(STRICT_REPORTS) == [0, *[600] * 9]
    assert REPORT_SCHEDULES == {"standard": STANDARD_REPORTS, "ip1-strict": STRICT_REPORTS}


def test_an_exhausted_schedule_has_no_next_delay() -> None:
    assert next_delay(STRICT_REPORTS, 0) == 0.0
    assert next_delay(STRICT_REPORTS, 1, 0.5) == pytest.approx(600.0)
    assert next_delay(STRICT_REPORTS, 9, 0.0) == pytest.approx(480.0)
    assert next_delay(STRICT_REPORTS, 10) is None


@given(st.floats(0, 1e6), draws)
def test_jitter_is_at_most_a_fifth_to_either_side(delay: float, draw: float) -> None:
    assert 0.8 * delay - 1e-6 <= jittered(delay, draw) <= 1.2 * delay + 1e-6


@pytest.mark.parametrize(
    ("retry_after", "slow", "delay"),
    [
        (None, False, 10.0),
        (1.0, False, 10.0),
        (15.0, False, 15.0),
        (500.0, False, 20.0),
        (None, True, 60.0),
        (500.0, True, 60.0),
    ],
)
def test_a_receiver_bends_the_plan_within_bounds(retry_after: float | None, slow: bool, delay: float) -> None:
    assert receiver_delay(10.0, retry_after=retry_after, slow=slow) == delay


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (10**6, 60)]
)
def test_reconnecting_doubles_from_a_second_to_a_minute(failures: int, seconds: float) -> None:
    assert reconnect_delay(failures) == pytest.approx(seconds)
    assert reconnect_delay(failures, 0.0) == pytest.approx(0.8 * seconds)
    assert reconnect_delay(failures, 1.0) == pytest.approx(1.2 * seconds)
