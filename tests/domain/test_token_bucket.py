"""Pace as arithmetic: never above the rate over any span, and throttled by the carrier's word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.token_bucket import CarrierPace, TokenBucket


def test_a_bucket_starts_full_and_refills_with_time() -> None:
    bucket = TokenBucket(10.0, 5.0, 100.0)
    assert bucket.take(8, 100.0) == 5
    assert bucket.take(1, 100.0) == 0
    assert bucket.seconds_until(1, 100.0) == pytest.approx(0.1)
    assert bucket.take(3, 100.25) == 2
    assert bucket.available(200.0) == 5
    assert bucket.seconds_until(5, 200.0) == 0.0


def test_more_than_the_burst_is_waited_for_as_one_burst() -> None:
    bucket = TokenBucket(10.0, 5.0, 0.0)
    bucket.take(5, 0.0)
    assert bucket.seconds_until(1000, 0.0) == pytest.approx(0.5)


def test_a_clock_that_stands_still_or_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(10.0, 1.0, 5.0)
    assert bucket.take(1, 5.0) == 1
    assert bucket.take(1, 4.0) == 0
    assert bucket.take(0, 9.0) == 0
    assert bucket.take(-3, 9.0) == 0


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.5)])
def test_a_bucket_that_could_never_fill_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="rate above 0"):
        TokenBucket(rate, burst, 0.0)


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 50)), max_size=30))
def test_over_any_time_no_more_than_burst_and_rate_allow(steps: list[tuple[float, int]]) -> None:
    bucket = TokenBucket(20.0, 4.0, 0.0)
    now, taken = 0.0, 0
    for wait, wanted in steps:
        now += wait
        taken += bucket.take(wanted, now)
        assert taken <= 4 + 20 * now + 1e-6


def test_a_carrier_is_used_at_95_percent_of_its_contract() -> None:
    pace = CarrierPace(100.0, 0.0)
    assert pace.rate(0.0) == pytest.approx(95.0)
    assert pace.take(1000, 0.0) == 9
    assert pace.take(1000, 10.0) == 9
    assert pace.seconds_until(9, 10.0) == pytest.approx((9 - 0.5) / 95.0)


def test_a_slow_carrier_still_gets_whole_segments() -> None:
    pace = CarrierPace(1.0, 0.0)
    assert pace.take(5, 0.0) == 1
    assert pace.take(5, 1.0) == 0
    assert pace.take(5, 1.06) == 1


def test_throttled_it_pauses_a_second_halves_and_recovers() -> None:
    pace = CarrierPace(100.0, 0.0)
    pace.throttle(50.0)
    assert pace.take(10, 50.5) == 0
    assert pace.available(50.5) == 0
    assert pace.seconds_until(1, 50.25) == pytest.approx(0.75)
    assert pace.rate(51.0) == pytest.approx(47.5)
    assert pace.is_throttled(59.9)
    assert pace.rate(60.0) == pytest.approx(47.5 + 4.75)
    assert pace.rate(149.0) == pytest.approx(0.95 * 95.0)
    assert pace.rate(150.0) == pytest.approx(95.0)
    assert not pace.is_throttled(150.0)


def test_a_volley_of_throttled_answers_halves_once() -> None:
    pace = CarrierPace(100.0, 0.0)
    for answer in range(100):
        pace.throttle(50.0 + answer / 200)
    assert pace.rate(51.0) == pytest.approx(47.5)
    pace.throttle(51.5)
    assert pace.rate(52.5) == pytest.approx(23.75)


def test_it_never_comes_to_a_standstill() -> None:
    pace = CarrierPace(100.0, 0.0)
    for answer in range(20):
        pace.throttle(2.0 * answer)
    assert pace.rate(40.0) == pytest.approx(0.95)
