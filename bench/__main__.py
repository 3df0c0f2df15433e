"""`python -m bench`: measure the table, print it, write bench/results.json.

--only NAME[,NAME]  these rows only
--quick             few messages, one run, results.json left alone
--runs N            runs of each row, 3 by default
--profile           also where each row's time goes, by function and by statement; that costs some
                    itself, so results.json is left alone
"""

import argparse
import asyncio
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.bench_server import BenchServer, NotOnDisk, bench_server
from bench.child_process import ToolFailed
from bench.machine_speed import MachineSpeed
from bench.measuring_bed import MeasuringBed, RunTooLong, measuring_bed
from bench.results_file import lines_of, write_results
from bench.rows import QUICK, ROWS, Row, Scale
from bench.run_checks import CheckFailed
from bench.running_product import ProductFailed
from bench.statement_costs import SERVER_SETTINGS, costliest_statements, forget_statements

_FAILURES = (CheckFailed, ProductFailed, RunTooLong, ToolFailed)


def main(arguments: Sequence[str]) -> int:
    """Measure; 0 if every row that was asked for has its figures."""
    options = _parser().parse_args(arguments)
    # As an exit, so that whatever runs is stopped and the folder of the data goes.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    names = set(options.only.split(",")) if options.only else {row.name for row in ROWS}
    unknown = names - {row.name for row in ROWS}
    if unknown:
        print(f"no such row: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    scale = QUICK if options.quick else Scale()
    scale = scale._replace(runs=options.runs or scale.runs)
    chosen = [row for row in ROWS if row.name in names]
    try:
        with bench_server(SERVER_SETTINGS if options.profile else None) as server:
            measured = asyncio.run(_measure(server, chosen, scale, profile=options.profile))
    except NotOnDisk as fault:
        print(fault, file=sys.stderr)
        return 2
    if not options.quick and not options.profile:
        write_results(measured)
    return 1 if any("error" in figures for figures in measured) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the performance table.")
    parser.add_argument("--only", help="rows, separated by commas")
    parser.add_argument("--quick", action="store_true", help="few messages; results.json is left alone")
    parser.add_argument("--runs", type=int, help="runs of each row")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    return parser


async def _measure(
    server: BenchServer, rows: Sequence[Row], scale: Scale, *, profile: bool
) -> list[dict[str, Any]]:
    measured = []
    async with measuring_bed(server, past=scale.past) as bed:
        for row in rows:
            if profile:
                bed.profiles = await _begin_profile(server)
            async with MachineSpeed() as speed:
                figures = {"name": row.name, **await _figures(row, bed, scale)}
            figures.setdefault("machine_us", speed.microseconds)
            measured.append(figures)
            for line in lines_of(row, figures):
                print(line, flush=True)
            if profile:
                await _print_profile(server)
    return measured


async def _begin_profile(server: BenchServer) -> Path:
    """Forget what was counted; where roles write their part."""
    await forget_statements(server)
    folder = server.folder / "profiles"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


async def _print_profile(server: BenchServer) -> None:
    for line in await costliest_statements(server):
        print(line)
    for file in sorted((server.folder / "profiles").iterdir()):
        print(f"{file.name}: {file.read_text()}", flush=True)


async def _figures(row: Row, bed: MeasuringBed, scale: Scale) -> dict[str, Any]:
    """A row's figures; if it could not be measured or its check fails, the reason in their place."""
    try:
        return await row.measure(bed, scale)
    except _FAILURES as failure:
        return {"error": str(failure) or type(failure).__name__}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
