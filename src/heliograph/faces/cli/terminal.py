"""What commands print: tables and sentences for people, JSON for programs. Results go to stdout."""

import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

PIPED_WIDTH: Final = 160

Row = Mapping[str, Any]


def console_for(*, to_stderr: bool = False) -> Console:
    """A console that neither guesses at highlights nor breaks lines at 80 columns when piped."""
    stream = sys.stderr if to_stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(file=stream, highlight=False, width=width, emoji=False)


def print_json(document: object) -> None:
    """One JSON document on a line of its own."""
    sys.stdout.write(msgspec.json.encode(document).decode() + "\n")


def show_rows(
    rows: Sequence[Row],
    columns: Mapping[str, str],
    *,
    as_json: bool,
    empty: str,
    unbroken: Collection[str] = (),
) -> None:
    """A list: every key as JSON, or a table of the columns (key to heading) that people want.

    ``unbroken`` columns are those that people copy from: where there is room, the others are folded.
    """
    if as_json:
        print_json(rows)
        return
    console = console_for()
    if not rows:
        console.print(empty, markup=False)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    has_room = 2 * sum(max(len(shown(row[key])) for row in rows) for key in unbroken) <= console.width
    for key, heading in columns.items():
        is_number = all(isinstance(row[key], int | float) and row[key] is not True for row in rows)
        table.add_column(
            heading,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=has_room and key in unbroken,
        )
    for row in rows:
        table.add_row(*(Text(shown(row[key])) for key in columns))
    print_table(console, table)


def show_one(row: Row, labels: Mapping[str, str], *, as_json: bool) -> None:
    """One thing: every key as JSON, or a line for each label."""
    if as_json:
        print_json(row)
        return
    table = Table.grid(padding=(0, 3, 0, 0))
    for key, label in labels.items():
        table.add_row(Text(label, style="bold"), Text(shown(row[key]), overflow="fold"))
    print_table(console_for(), table)


def print_table(console: Console, table: Table) -> None:
    """A table; without blanks at the ends of its lines when it goes to a file or another program."""
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    console.file.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def done(sentence: str, document: object, *, as_json: bool) -> None:
    """What a command did: a sentence, or a document that says the same."""
    if as_json:
        print_json(document)
    else:
        console_for().print(escape(sentence), soft_wrap=True)


def shown(value: object) -> str:
    """A value as people read it."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case list() | tuple():
            return ", ".join(map(str, value)) or "-"
        case _:
            return str(value)
