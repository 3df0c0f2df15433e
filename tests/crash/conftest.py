"""A server of their own for the crash tests, and the table of figures at their end."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.postgres import Postgres, running_postgres

_COUNTED = ("lost", "submitted_twice", "unresolved", "receipts_missing", "reports_wrong")


@pytest.fixture(scope="package")
def own_postgres() -> Iterator[Postgres]:
    """A server that these tests may stop and kill."""
    with running_postgres() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the runs by fault and by altered rule, as docs/reliability.md shows them."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {"crash run": {}, "altered rule": {}}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for key, value in report.user_properties:
                if key in found:
                    found[key].setdefault(value[0], []).append(value[1])
    if found["crash run"]:
        terminalreporter.section("crash runs")
        terminalreporter.write_line("\n".join(_table(found["crash run"])))
    if found["altered rule"]:
        terminalreporter.section("altered rules")
        for name, faults in found["altered rule"].items():
            terminalreporter.write_line(f"| {name} | {faults[0]} |")


def _table(runs: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    columns = ("runs", "messages", "lost", "twice", "unresolved", "receipts", "reports", "in doubt", "held")
    yield "| fault | " + " | ".join(columns) + " |"
    for name, verdicts in runs.items():
        figures = [
            len(verdicts),
            sum(verdict["accepted"] for verdict in verdicts),
            *(sum(len(verdict[fault]) for verdict in verdicts) for fault in _COUNTED),
            max(verdict["most_in_doubt"] for verdict in verdicts),
            sum(verdict["held"] for verdict in verdicts),
        ]
        yield f"| {name} | " + " | ".join(map(str, figures)) + " |"
