"""Tables that people take along as CSV, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from litestar.response import Stream

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


def guarded(cell: object) -> str:
    """A cell as text; what a spreadsheet would take for a formula, and is no number, gets an apostrophe."""
    text = "" if cell is None else str(cell)
    is_formula = isinstance(cell, str) and text.startswith(_FORMULA)
    return f"'{text}" if is_formula else text


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Rows as lines of CSV."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows([guarded(cell) for cell in row] for row in rows)
    return lines.getvalue()


def csv_download(
    name: str, header: Sequence[str], blocks: AsyncIterator[Iterable[Sequence[object]]]
) -> Stream:
    """A file to save, sent block by block. ``name`` is plain ASCII without quotes."""
    return Stream(
        _content(header, blocks),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


async def _content(
    header: Sequence[str], blocks: AsyncIterator[Iterable[Sequence[object]]]
) -> AsyncIterator[str]:
    # The mark tells spreadsheets that it is UTF-8.
    yield _BOM + csv_lines([header])
    async for rows in blocks:
        yield csv_lines(rows)
