"""Tables that people export from spreadsheets: CSV in the encodings and with the separators that occur.

The first line names the columns. Which one holds phone numbers is found by its name, else by what is in it.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from heliograph.domain.refusals import RefusedError

MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 50
_SEPARATORS: Final = (";", ",", "\t", "|")
_NUMBER_NAMES: Final = re.compile(
    r"(number|phone|phonenumber|mobile|cell|msisdn|recipient|to|tel|telephone|gsm"
    r"|nummer|telefon|telefonnummer|mobil|mobilnummer|mottagare)",
    re.IGNORECASE,
)
_LOOKS_LIKE_NUMBER: Final = re.compile(r"(\+|00)?[0-9][0-9 ()./-]{5,20}")
_BETWEEN_DIGITS: Final = str.maketrans("", "", " ()./-\N{NO-BREAK SPACE}'")
_SAMPLE: Final = 20


class UnreadableTable(RefusedError):
    """The file is no table that we can read; the sentence says why."""

    code = "unreadable_table"


class Table(msgspec.Struct, frozen=True):
    """What a file holds. Every row has as many cells as there are columns."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    number_column: int | None
    """Which column holds phone numbers; None where none seems to."""


def read_table(content: bytes) -> Table:
    """The table in a file. Raises UnreadableTable."""
    text = _decoded(content)
    first_line = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=first_line.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise UnreadableTable(f"The file cannot be read as CSV: {error}.") from None
    if not lines:
        raise UnreadableTable("The file is empty.")
    columns = _columns(lines[0])
    if len(lines) - 1 > MAX_ROWS:
        raise UnreadableTable(
            f"The file has {len(lines) - 1:,} rows; at most {MAX_ROWS:,} are taken at once."
        )
    width = len(columns)
    for number, row in enumerate(lines, start=1):
        if len(row) > width and any(row[width:]):
            raise UnreadableTable(f"Line {number} has {len(row)} cells, the first line has {width}.")
    rows = [tuple(cell.strip() for cell in (*row, *[""] * width)[:width]) for row in lines[1:]]
    return Table(columns, rows, _number_column(columns, rows))


def clean_number(cell: str) -> str:
    """The digits of a phone number as people write it: without blanks, brackets, plus or leading 00."""
    digits = cell.translate(_BETWEEN_DIGITS)
    if digits.startswith("+"):
        return digits[1:]
    return digits[2:] if digits.startswith("00") else digits


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding == "utf-16":
            raise UnreadableTable("The file begins like UTF-16 and is none.") from None
        # What spreadsheets of Western Europe save unless asked for something else; it has no holes.
        text = content.decode("latin-1")
    if "\0" in text:
        raise UnreadableTable("The file is not a text file. Save the sheet as CSV first.")
    return text


def _columns(cells: Sequence[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise UnreadableTable(f"The file has {len(names)} columns; at most {MAX_COLUMNS} are taken.")
    if not all(names):
        raise UnreadableTable("The first line must name every column; one of them has no name.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UnreadableTable(f"Two columns are called {twice[:50]}. Give each a name of its own.")
    return tuple(names)


def _number_column(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    named = [
        place for place, name in enumerate(columns) if _NUMBER_NAMES.fullmatch(re.sub(r"[\s_-]", "", name))
    ]
    if named:
        return named[0]
    sample = rows[:_SAMPLE]
    for place in range(len(columns)):
        cells = [row[place] for row in sample if row[place]]
        if cells and all(_LOOKS_LIKE_NUMBER.fullmatch(cell) for cell in cells):
            return place
    return None
