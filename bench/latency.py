"""Latencies: percentiles of what was measured, by nearest rank."""

import math
from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` in a hundred do not exceed (nearest rank).

    ``ordered`` is ascending and not empty.
    """
    if not ordered:
        raise ValueError("no value, no percentile")
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def p50_p99_ms(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds of durations in seconds, in any order."""
    ordered = sorted(seconds)
    return percentile(ordered, 50) * 1000, percentile(ordered, 99) * 1000
