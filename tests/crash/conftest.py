"""A server of their own for the crash tests, and the table of figures at their end."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.postgres import Postgres, running_postgres

_COUNTED = ("lost", "submitted_twice", "unresolved", "receipts_missing", "reports_wrong")
_INCOMING_FIGURES = ("messages", "segments", "repeated", "incomplete", "posted_again")
_INCOMING_COUNTED = (
    ("lost",),
    ("stored_twice",),
    ("altered", "wrong_status"),
    ("unanswered",),
    ("unreported", "wrong_posts"),
    ("wrong_stops",),
)
_KINDS = ("crash run", "incoming crash run", "altered rule")


@pytest.fixture(scope="package")
def own_postgres() -> Iterator[Postgres]:
    """A server that these tests may stop and kill."""
    with running_postgres() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the runs by fault and by altered rule, as docs/reliability.md shows them."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {kind: {} for kind in _KINDS}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for key, value in report.user_properties:
                if key in found:
                    found[key].setdefault(value[0], []).append(value[1])
    if found["crash run"]:
        terminalreporter.section("crash runs")
        terminalreporter.write_line("\n".join(_table(found["crash run"])))
    if found["incoming crash run"]:
        terminalreporter.section("crash runs with messages from handsets")
        terminalreporter.write_line("\n".join(_incoming_table(found["incoming crash run"])))
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


def _incoming_table(runs: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    columns = (
        *("runs", "messages", "segments", "delivered again", "incomplete", "POSTed again"),
        *("lost", "twice", "altered", "unanswered", "POST", "STOP"),
    )
    yield "| fault | " + " | ".join(columns) + " |"
    for name, verdicts in runs.items():
        figures = [
            len(verdicts),
            *(sum(verdict[figure] for verdict in verdicts) for figure in _INCOMING_FIGURES),
            *(
                sum(len(verdict[fault]) for verdict in verdicts for fault in faults)
                for faults in _INCOMING_COUNTED
            ),
        ]
        yield f"| {name} | " + " | ".join(map(str, figures)) + " |"
