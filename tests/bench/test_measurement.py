"""What several runs come to, and what is kept of earlier results."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bench.machine_speed import MachineSpeed
from bench.measurement import Run, median_of
from bench.performance_page import BEGIN, END, PAGE, with_figures
from bench.quiet_runs import QuietMachine, least_disturbed
from bench.results_file import lines_of, merge_results, read_results, write_results
from bench.rows import ROWS, Goal, verdict


def run_of(
    *, seconds: float, cpu: float, p99_ms: float = 2.0, peak_mb: float = 100.0, machine_us: float = 300.0
) -> Run:
    return Run(
        messages=1_000,
        seconds=seconds,
        ours={"api": cpu / 4, "postgres": cpu * 3 / 4},
        tools={"load client": 0.01},
        p50_ms=1.0,
        p99_ms=p99_ms,
        peak_mb=peak_mb,
        machine_us=machine_us,
    )


def test_every_figure_is_its_own_median_and_the_split_is_of_the_run_in_the_middle() -> None:
    figures = median_of(
        [
            run_of(seconds=1.0, cpu=0.4, p99_ms=9.0),
            run_of(seconds=4.0, cpu=0.2, p99_ms=5.0, peak_mb=120.0),
            run_of(seconds=2.0, cpu=0.8, p99_ms=7.0),
        ]
    )
    assert figures["rate_per_s"] == 500
    assert figures["per_cpu_s"] == 2_500
    assert figures["p99_ms"] == 7.0
    assert figures["peak_mb"] == 120.0
    assert figures["cpu_us_each"] == {"api": 100.0, "postgres": 300.0}
    assert figures["tools_cpu_us_each"] == {"load client": 10.0}


@pytest.mark.parametrize(
    ("goal", "value", "expected"),
    [
        (Goal("per_cpu_s", 2_300, 4_500), 4_500, "aim"),
        (Goal("per_cpu_s", 2_300, 4_500), 4_499, "floor"),
        (Goal("per_cpu_s", 2_300, 4_500), 2_299, "missed"),
        (Goal("p99_ms", 50, 20, at_most=True), 20, "aim"),
        (Goal("p99_ms", 50, 20, at_most=True), 50, "floor"),
        (Goal("p99_ms", 50, 20, at_most=True), 51, "missed"),
    ],
)
def test_a_goal_is_reached_missed_or_half_reached(goal: Goal, value: float, expected: str) -> None:
    assert verdict(goal, value) == expected


def test_rows_measured_now_replace_their_own_past_and_leave_the_others() -> None:
    before = [{"name": "e2e-single", "per_cpu_s": 1}, {"name": "gone", "per_cpu_s": 1}]
    measured: list[dict[str, Any]] = [{"name": "accept-single", "per_cpu_s": 2}]
    assert merge_results(before, measured) == [
        {"name": "accept-single", "per_cpu_s": 2},
        {"name": "e2e-single", "per_cpu_s": 1},
    ]


def test_a_row_whose_check_failed_shows_no_figures() -> None:
    (line,) = lines_of(ROWS[0], {"name": ROWS[0].name, "error": "recipients: 9 instead of 10"})
    assert line.endswith("ERROR recipients: 9 instead of 10")


def test_every_goal_of_a_median_names_one_of_its_figures() -> None:
    figures = median_of([run_of(seconds=1.0, cpu=0.5)])
    sending = [row for row in ROWS if row.name.startswith(("accept", "submit", "e2e", "idle"))]
    assert {goal.figure for row in sending for goal in row.goals} <= figures.keys()


async def test_the_speed_of_the_machine_is_what_fixed_work_takes() -> None:
    async with MachineSpeed() as speed:
        await asyncio.sleep(0.01)
    assert 10 < speed.microseconds < 1_000_000


def test_disturbed_runs_are_left_out_whatever_they_measured() -> None:
    slow, quick, quicker = (
        run_of(seconds=1.0, cpu=cpu, machine_us=us) for cpu, us in ((1, 9), (2, 5), (3, 4))
    )
    assert least_disturbed([slow, quick, quicker], 2) == [quicker, quick]


async def test_a_machine_that_stays_slow_is_measured_nevertheless() -> None:
    made = 0

    async def once() -> Run:
        nonlocal made
        made += 1
        return run_of(seconds=1.0, cpu=1.0)

    runs = await QuietMachine(rest_seconds=0.001).runs(once, 2)
    assert len(runs) == 2
    assert 2 <= made <= 10
    assert all(run.machine_us > 1 for run in runs)


def test_the_page_for_people_shows_the_results_that_are_kept() -> None:
    page = PAGE.read_text("utf-8")
    assert with_figures(page, read_results()) == page


def test_a_page_without_a_place_for_figures_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="no place"):
        with_figures("# Performance\n", [])


def test_results_and_page_are_written_together(tmp_path: Path) -> None:
    results, page = tmp_path / "results.json", tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    figures = {"name": "submit-single", **median_of([run_of(seconds=1.0, cpu=0.5)])}
    write_results([figures], results, page)
    write_results([{"name": "accept-1000", "error": "lots left: 3 instead of 0"}], results, page)
    assert [row["name"] for row in read_results(results)] == ["accept-1000", "submit-single"]
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| `submit-single` |" in text
    assert "**2,000** a CPU-second | missed |" in text
    assert "lots left: 3 instead of 0 | failed |" in text
