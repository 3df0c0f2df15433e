"""Rate limits: what passes at once, what later, and that nobody is faster than their rate over time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.rate_limit import RateLimit, RateLimiter, rate_limit


class Clock:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


TEN = RateLimit(10.0, 20)
SLOW = RateLimit(1.0, 5)


def test_a_burst_passes_and_then_the_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    limits = [("key", "k", TEN)]
    assert limiter.judge(limits, 20).wait == 0
    assert limiter.judge(limits, 5).wait == pytest.approx(0.5)
    clock.seconds += 0.5
    judgement = limiter.judge(limits, 5)
    assert judgement.wait == 0
    (state,) = judgement.states
    assert (state.name, state.limit, state.left) == ("key", TEN, 0)
    assert state.full_in == pytest.approx(2.0)


def test_more_than_the_burst_passes_when_it_is_whole_and_is_paid_off_afterwards() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    limits = [("key", "k", TEN)]
    assert limiter.judge(limits, 100).wait == 0
    after = limiter.judge(limits, 1)
    assert after.wait == pytest.approx(8.1)
    assert after.states[0].left == 0
    assert limiter.judge(limits, 100).wait == pytest.approx(10.0)
    clock.seconds += 10
    assert limiter.judge(limits, 100).wait == 0


def test_what_one_limit_refuses_is_taken_from_none() -> None:
    limiter = RateLimiter(clock=Clock())
    both = [("key", "k", TEN), ("account", 1, SLOW)]
    assert limiter.judge(both, 5).wait == 0
    refused = limiter.judge(both, 2)
    assert refused.wait == pytest.approx(2.0)
    assert [state.left for state in refused.states] == [15, 0]


def test_everybody_has_a_bucket_of_their_own() -> None:
    limiter = RateLimiter(clock=Clock())
    assert limiter.judge([("key", "k", SLOW)], 5).wait == 0
    assert limiter.judge([("key", "other", SLOW)], 5).wait == 0
    assert limiter.judge([("account", "k", SLOW)], 5).wait == 0
    assert limiter.judge([("key", "k", SLOW)], 1).wait > 0


def test_a_changed_limit_begins_anew() -> None:
    limiter = RateLimiter(clock=Clock())
    limiter.judge([("key", "k", SLOW)], 5)
    assert limiter.judge([("key", "k", TEN)], 20).wait == 0


def test_each_of_several_processes_has_its_share() -> None:
    limiter = RateLimiter(clock=Clock(), processes=4)
    judgement = limiter.judge([("key", "k", TEN)], 5)
    assert judgement.states[0].limit == RateLimit(2.5, 5)
    assert limiter.judge([("key", "k", TEN)], 5).wait == pytest.approx(2.0)


def test_a_bounded_number_of_buckets_is_kept() -> None:
    limiter = RateLimiter(clock=Clock(), most_buckets=2)
    for key in ("a", "b", "c"):
        limiter.judge([("key", key, SLOW)], 5)
    assert limiter.judge([("key", "c", SLOW)], 1).wait > 0
    assert limiter.judge([("key", "a", SLOW)], 1).wait == 0


@given(
    st.floats(0.5, 100),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(1, 200), st.floats(0, 3)), max_size=50),
)
def test_over_time_nobody_is_faster_than_their_rate(
    per_second: float, burst: int, requests: list[tuple[int, float]]
) -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    limits = [("key", "k", RateLimit(per_second, burst))]
    passed = largest = 0
    for wanted, pause in requests:
        if limiter.judge(limits, wanted).wait == 0:
            passed += wanted
            largest = max(largest, wanted)
        clock.seconds += pause
    assert passed <= burst + largest + per_second * (clock.seconds - 1000.0) + 1e-6


def test_both_columns_make_a_limit() -> None:
    assert rate_limit(None, None) is None
    assert rate_limit(10.0, 20) == TEN
