"""The figures as a file and as a table."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.performance_page import PAGE, with_figures
from bench.rows import ROWS, Goal, Row, verdict

RESULTS: Final = Path(__file__).with_name("results.json")
_PLACES: Final = {row.name: place for place, row in enumerate(ROWS)}


def merge_results(before: Iterable[Mapping[str, Any]], measured: Iterable[Mapping[str, Any]]) -> list[Any]:
    """The rows measured now in place of the earlier ones of the same name, in the order of the table."""
    by_name = {row["name"]: dict(row) for row in (*before, *measured)}
    known = [row for name, row in by_name.items() if name in _PLACES]
    return sorted(known, key=lambda row: _PLACES[row["name"]])


def read_results(path: Path = RESULTS) -> list[Any]:
    """The rows measured last."""
    return msgspec.json.decode(path.read_bytes(), type=list) if path.exists() else []


def write_results(measured: Iterable[Mapping[str, Any]], path: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the rows measured now, there and into the page for people; earlier rows of other names stay."""
    results = merge_results(read_results(path), measured)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    page.write_text(with_figures(page.read_text("utf-8"), results), "utf-8")


def lines_of(row: Row, figures: Mapping[str, Any]) -> list[str]:
    """A row as it is printed: the figures, then what each process used."""
    if "error" in figures:
        return [f"{row.name:14} ERROR {figures['error']}"]
    head = [f"{row.name:14}", *(f"{label} {_shown(figures.get(name))}" for name, label in _COLUMNS)]
    lines = ["  ".join(head)]
    for kind, label in (("cpu_us_each", "us of CPU a message"), ("tools_cpu_us_each", "tools, not counted")):
        if kind in figures:
            split = ", ".join(f"{name} {used:.1f}" for name, used in figures[kind].items())
            lines.append(f"{'':14} {label}: {split}")
    if "machine_us" in figures:
        lines.append(f"{'':14} fixed work on this machine meanwhile: {figures['machine_us']:g} us")
    return lines + [f"{'':14} {_goal_line(goal, figures)}" for goal in row.goals]


_COLUMNS: Final = (
    ("rate_per_s", "per s"),
    ("per_cpu_s", "per CPU s"),
    ("p50_ms", "p50 ms"),
    ("p99_ms", "p99 ms"),
    ("peak_mb", "peak MB"),
)


def _goal_line(goal: Goal, figures: Mapping[str, Any]) -> str:
    value = figures[goal.figure]
    sign = "<=" if goal.at_most else ">="
    floor = "" if goal.floor is None else f"floor {sign} {goal.floor:,g}, "
    return f"{goal.figure} {_shown(value)}: {verdict(goal, value)} ({floor}aim {sign} {goal.aim:,g})"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,g}" if value < 1_000 else f"{value:,.0f}"
