"""One measured run, and what several of them come to."""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.latency import p50_p99_ms
from bench.load_client import Answers


class Run(NamedTuple):
    """One run of a row. CPU in seconds by process; latencies in milliseconds."""

    messages: int
    seconds: float
    """From the first request to the end that the row names."""
    ours: Mapping[str, float]
    """The product's processes and PostgreSQL."""
    tools: Mapping[str, float]
    p50_ms: float
    p99_ms: float
    peak_mb: float
    machine_us: float = 0.0
    """What the fixed work took meanwhile (machine_speed.py)."""

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.messages / max(sum(self.ours.values()), 1e-9)


def latencies_of(answers: Answers) -> tuple[float, float]:
    """Median and 99th percentile of a load's answers, in milliseconds."""
    return p50_p99_ms(answers.latencies)


def microseconds_each(seconds: Mapping[str, float], messages: int) -> dict[str, float]:
    """CPU microseconds a message, by process."""
    return {name: round(used / messages * 1e6, 1) for name, used in seconds.items()}


def median_of(runs: Sequence[Run]) -> dict[str, object]:
    """Each figure's own median; the split by process is that of the run in the middle."""
    by_cpu = sorted(runs, key=lambda run: run.per_cpu_second)
    middle = by_cpu[len(by_cpu) // 2]
    return {
        "rate_per_s": round(statistics.median(run.rate for run in runs)),
        "per_cpu_s": round(statistics.median(run.per_cpu_second for run in runs)),
        "p50_ms": round(statistics.median(run.p50_ms for run in runs), 2),
        "p99_ms": round(statistics.median(run.p99_ms for run in runs), 2),
        "peak_mb": round(max(run.peak_mb for run in runs), 1),
        "messages": middle.messages,
        "machine_us": statistics.median(run.machine_us for run in runs),
        "runs": len(runs),
        "per_cpu_s_of_runs": [round(run.per_cpu_second) for run in runs],
        "cpu_us_each": microseconds_each(middle.ours, middle.messages),
        "tools_cpu_us_each": microseconds_each(middle.tools, middle.messages),
    }
