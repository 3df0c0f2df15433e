"""The figures in docs/performance.md: tables between two marks, written from the results."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.rows import ROWS, Goal, Row, verdict
from bench.running_product import ROLES

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN: Final = "<!-- figures: written by `make bench` -->"
END: Final = "<!-- end of figures -->"

_PROCESSES: Final = ("supervisor", *ROLES, "postgres")
_FIGURES: Final = {
    "per_cpu_s": "a CPU-second",
    "rate_per_s": "a second",
    "p50_ms": "ms, median",
    "p99_ms": "ms, p99",
    "peak_mb": "MB, peak",
    "p99_ratio": "times the usual p99",
    "extra_mb": "MB more",
    "ratio": "times the cost",
}


def with_figures(page: str, results: Iterable[Mapping[str, Any]]) -> str:
    """The page with these results between its marks. Raises ValueError for a page without them."""
    before, found, rest = page.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found or not found_end:
        raise ValueError("the page has no place for figures")
    return f"{before}{BEGIN}\n\n{figures(results)}\n{END}{after}"


def figures(results: Iterable[Mapping[str, Any]]) -> str:
    """All tables."""
    by_name = {result["name"]: result for result in results}
    measured = [(row, by_name[row.name]) for row in ROWS if row.name in by_name]
    return "\n".join([goals_table(measured), rates_table(measured), cost_table(measured)])


_Measured = Sequence[tuple[Row, Mapping[str, Any]]]


def goals_table(measured: _Measured) -> str:
    """What was to be reached, and what was."""
    lines = []
    for row, result in measured:
        head = [f"`{row.name}`", row.work, row.kannel, row.jasmin]
        if "error" in result:
            lines.append([*head, "", "", result["error"], "failed"])
        else:
            lines += [[*head, *_reached(goal, result)] for goal in row.goals]
    return _table(["row", "work", "Kannel", "Jasmin", "floor", "aim", "measured", "reaches"], lines)


def _reached(goal: Goal, result: Mapping[str, Any]) -> list[str]:
    sign = "at most " if goal.at_most else ""
    value = result[goal.figure]
    floor = "" if goal.floor is None else f"{sign}{_shown(goal.floor)}"
    shown = f"**{_shown(value)}** {_FIGURES[goal.figure]}"
    return [floor, f"{sign}{_shown(goal.aim)}", shown, verdict(goal, value)]


def rates_table(measured: _Measured) -> str:
    """Rates and latencies, which depend on what else the machine does."""
    names = ("rate_per_s", "per_cpu_s", "p50_ms", "p99_ms", "peak_mb", "machine_us")
    lines = [
        [f"`{row.name}`", *("" if result.get(name) is None else _shown(result[name]) for name in names)]
        for row, result in measured
        if "error" not in result
    ]
    return _table(["row", "a second", "a CPU-second", "p50 ms", "p99 ms", "peak MB", "fixed work us"], lines)


def cost_table(measured: _Measured) -> str:
    """Where a message's CPU goes, process by process."""
    split = [(row, result) for row, result in measured if "cpu_us_each" in result]
    used = {name for _, result in split for name in result["cpu_us_each"]}
    ours = [name for name in _PROCESSES if name in used]
    lines = [
        [
            f"`{row.name}`",
            *(_shown(result["cpu_us_each"][name]) if name in result["cpu_us_each"] else "" for name in ours),
            _shown(round(sum(result["cpu_us_each"].values()), 1)),
            _shown(round(sum(result.get("tools_cpu_us_each", {}).values()), 1)),
        ]
        for row, result in split
    ]
    return _table(["us of CPU a message", *ours, "together", "tools, not counted"], lines)


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    ruled = [head, ["---"] * len(head), *lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in ruled)


def _shown(value: float) -> str:
    return f"{value:,g}" if value < 1_000 else f"{value:,.0f}"
