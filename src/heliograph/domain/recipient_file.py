"""A file of recipients: comma separated values as programs of all sorts write them, to columns and rows.

Nobody is asked for the character set or the separator: both are seen. One column holds the numbers, the
others are values for the text.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from enum import StrEnum, unique
from operator import itemgetter
from typing import Final

import msgspec

from heliograph.domain.batch_recipients import MAX_KEYS, MAX_RECIPIENTS
from heliograph.domain.written_numbers import MOST_FAULTS, LineFault, NumberFlaw, read_number, shown_of

SEPARATORS: Final = ";,\t|"
_LOOKED_AT: Final = 200
_NUMBER_WORDS: Final = re.compile(
    r"msisdn|phone|mobil|cell|telefon|\btel\b|number|nummer|recipient|mottagare|\bto\b|\btill\b",
    re.IGNORECASE,
)
_LIKELY_LENGTHS: Final = range(7, 16)


@unique
class FileFlaw(StrEnum):
    """Why a file is no table of recipients."""

    SPREADSHEET = "spreadsheet"
    """A file of a spreadsheet program or a document, not text."""
    UNREADABLE = "unreadable"
    NO_ROWS = "no_rows"
    TOO_MANY = "too_many"
    """More rows than a batch may have recipients."""
    TOO_MANY_COLUMNS = "too_many_columns"


class RecipientTable(msgspec.Struct, frozen=True):
    """A file that could be read. Every row has as many cells as there are columns."""

    columns: list[str]
    """Their names, all different."""
    rows: list[list[str]]
    lines: list[int]
    """The line of the file where each row begins."""
    number_column: int | None
    """The column that seems to hold the numbers; None where none does."""

    def sample(self, number_column: int | None) -> dict[str, str]:
        """The values of the first row, without its number."""
        if not self.rows:
            return {}
        cells = zip(self.columns, self.rows[0], strict=True)
        return {name: cell for place, (name, cell) in enumerate(cells) if place != number_column}


class TableRecipients(msgspec.Struct, frozen=True):
    """The recipients that a table names."""

    values: dict[str, dict[str, str]]
    """Of each number those values that are wanted, in the order of the rows."""
    faults: list[LineFault]
    fault_count: int
    repeated: int
    """How many rows named a number again; the first row counts."""


def decode_text(octets: bytes) -> str:
    """The text of a file: by its mark if it has one, else UTF-16 by its zeros, UTF-8, or a Western code page.

    Never fails: every octet is a character of Latin-1.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if octets.startswith(mark):
            return octets[len(mark) :].decode(name, "replace")
    head = octets[:2_000]
    for name, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(high) > 1 and high.count(0) * 2 > len(high):
            return octets.decode(name, "replace")
    for name in ("utf-8", "cp1252"):
        try:
            return octets.decode(name)
        except UnicodeDecodeError:
            continue
    return octets.decode("latin-1")


def read_table(octets: bytes, country: str = "") -> RecipientTable | FileFlaw:
    """The table of a file, or why there is none in it.

    The first row names the columns, unless it holds a phone number already. ``country``, by its two letters,
    is where numbers belong that begin with a single 0.
    """
    if octets.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        return FileFlaw.SPREADSHEET
    text = decode_text(octets)
    separator, start = _separator_of(text)
    try:
        records, lines = _records(text[start:], separator, first_line=2 if start else 1)
    except csv.Error:
        return FileFlaw.UNREADABLE
    if not records:
        return FileFlaw.NO_ROWS
    if any(_looks_like_number(cell, country) for cell in records[0]):
        names = [""] * len(records[0])
    else:
        names, records, lines = records[0], records[1:], lines[1:]
    if not records:
        return FileFlaw.NO_ROWS
    if len(records) > MAX_RECIPIENTS:
        return FileFlaw.TOO_MANY
    columns = _different(names)
    if len(columns) > MAX_KEYS + 1:
        return FileFlaw.TOO_MANY_COLUMNS
    width = len(columns)
    rows = [row if len(row) == width else (row + [""] * width)[:width] for row in records]
    return RecipientTable(columns, rows, lines, _number_column(columns, rows, country))


def table_recipients(
    table: RecipientTable, number_column: int, wanted: Sequence[str], country: str = ""
) -> TableRecipients:
    """The recipients of a table, each with its values of the wanted columns."""
    places = [table.columns.index(name) for name in wanted]
    pick = itemgetter(*places) if len(places) > 1 else None
    values: dict[str, dict[str, str]] = {}
    faults: list[LineFault] = []
    count = repeated = 0
    for place, row in enumerate(table.rows):
        number = read_number(row[number_column], country)
        if isinstance(number, NumberFlaw):
            count += 1
            if count <= MOST_FAULTS:
                faults.append(LineFault(table.lines[place], shown_of(row[number_column]), number))
        elif number in values:
            repeated += 1
        elif pick is not None:
            values[number] = dict(zip(wanted, pick(row), strict=True))
        else:
            values[number] = {wanted[0]: row[places[0]]} if places else {}
    return TableRecipients(values, faults, count, repeated)


def _separator_of(text: str) -> tuple[str, int]:
    """What separates the cells, and where the table begins: Excel may say ``sep=;`` in a line before it."""
    head, _, _ = text.partition("\n")
    if re.fullmatch(r"sep=.\r?", head, re.IGNORECASE):
        return head[4], len(head) + 1
    bare = re.sub(r'"[^"]*"', "", next((line for line in text.splitlines() if line.strip()), ""))
    best = max(SEPARATORS, key=bare.count)
    return (best if bare.count(best) else ","), 0


def _records(text: str, separator: str, *, first_line: int) -> tuple[list[list[str]], list[int]]:
    """The rows that are not empty, and the line where each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    records: list[list[str]] = []
    lines: list[int] = []
    begins = first_line
    for record in reader:
        if any(record) and any(map(str.strip, record)):
            records.append(record)
            lines.append(begins)
        begins = first_line + reader.line_num
        if len(records) > MAX_RECIPIENTS + 1:
            break
    return records, lines


def _looks_like_number(cell: str, country: str) -> bool:
    number = read_number(cell, country)
    return not isinstance(number, NumberFlaw) and len(number) in _LIKELY_LENGTHS


def _different(names: Sequence[str]) -> list[str]:
    """Names for the columns: none empty, none twice, none with braces, which the text could not name."""
    columns: list[str] = []
    for place, name in enumerate(names, 1):
        base = " ".join(name.replace("{", "(").replace("}", ")").split())[:100] or f"column {place}"
        unique, again = base, 2
        while unique in columns:
            unique, again = f"{base} {again}", again + 1
        columns.append(unique)
    return columns


def _number_column(columns: Sequence[str], rows: Sequence[Sequence[str]], country: str) -> int | None:
    """The column whose cells are mostly phone numbers; one that is called so goes before others."""
    best, best_score = None, 0.5
    for place, name in enumerate(columns):
        cells = [row[place] for row in rows[:_LOOKED_AT] if row[place].strip()]
        if not cells:
            continue
        score = sum(_looks_like_number(cell, country) for cell in cells) / len(cells)
        if score >= 0.5 and _NUMBER_WORDS.search(name):
            score += 1
        if score >= best_score and (best is None or score > best_score):
            best, best_score = place, score
    return best
