"""Percentiles by nearest rank."""

import pytest
from bench.latency import p50_p99_ms, percentile
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([15, 20, 35, 40, 50], 5, 15),
        ([15, 20, 35, 40, 50], 30, 20),
        ([15, 20, 35, 40, 50], 40, 20),
        ([15, 20, 35, 40, 50], 50, 35),
        ([15, 20, 35, 40, 50], 100, 50),
        ([7], 99, 7),
        (list(range(1, 101)), 99, 99),
        (list(range(1, 201)), 99, 198),
    ],
)
def test_a_percentile_is_the_value_at_the_nearest_rank(
    values: list[float], percent: float, expected: float
) -> None:
    assert percentile(values, percent) == expected


@given(
    st.lists(st.floats(0, 1e6), min_size=1).map(sorted),
    st.integers(1, 100),
)
def test_enough_values_do_not_exceed_it_and_fewer_would_not_do(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    needed = len(values) * percent / 100
    assert sum(value <= found for value in values) >= needed
    assert sum(value < found for value in values) < needed


def test_nothing_measured_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no value"):
        percentile([], 50)


def test_latencies_come_in_any_order_and_leave_in_milliseconds() -> None:
    assert p50_p99_ms([0.003, 0.001, 0.002]) == (2.0, 3.0)
