"""Tables that people take along as CSV, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from litestar.response import Stream

_SIGNS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""With what a formula begins; the wide ones of keyboards in East Asia count as well."""
_FORMULA: Final = re.compile(rf"[{_SIGNS}\t\r\n]")
_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_WITHIN: Final = re.compile(rf"((?:;|(?<!^)[\t\r\n])[\s\"']*)(?=[{_SIGNS}])")


def guarded(cell: object) -> str:
    """A cell as text; what a spreadsheet would take for a formula, and is no number, gets an apostrophe.

    Also behind a semicolon, tab or line end in it: spreadsheets of many countries part cells there, quoted or
    not.
    """
    text = "" if cell is None else str(cell)
    if not isinstance(cell, str):
        return text
    text = _WITHIN.sub(r"\1'", text)
    return f"'{text}" if _FORMULA.match(text) else text


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
