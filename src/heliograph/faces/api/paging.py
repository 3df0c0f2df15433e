"""Pages of a list: ``start``, ``limit`` and ``order`` in the query, and the ``Link`` header (RFC 8288).

A list may also be read with a cursor, an extension of ours: ``after`` is the id of the last entry of the page
before, and empty for the first page. Such a page costs the same wherever it lies, and entries that come or go
meanwhile neither repeat nor hide others.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from heliograph.domain.ids import parse_id
from heliograph.domain.refusals import InvalidRequest, Refusal

DEFAULT_LIMIT: Final = 50
LARGEST_LIMIT: Final = 1000
LARGEST_START: Final = 2**31 - 1

WRONG_QUERY: Final = "One or more parameters of the query are not valid."

NO_CURSOR: Final = "There is no cursor here: go through this list with start, or follow next in Link."

_NAMES: Final = ("start", "limit", "order")
_CURSOR: Final = "after"
_SEPARATOR: Final = re.compile(r"(?<!\\),")
_NUMBER: Final = re.compile("[0-9]{1,10}")
_SENTENCES: Final = {
    "start": f"start is a whole number from 0 to {LARGEST_START}.",
    "limit": f"limit is a whole number from 1 to {LARGEST_LIMIT}.",
    "order": "order is ASC or DESC.",
    "after": "after is the id of an entry, 24 hexadecimal digits, or empty to begin.",
}


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is asked for."""

    start: int = 0
    """How many entries to leave out."""
    limit: int = DEFAULT_LIMIT
    newest_first: bool = False
    others: tuple[tuple[str, str], ...] = ()
    """The other parameters of the query, in their order."""
    after: bytes | None = None
    """The id of the last entry of the page before, empty to begin; None where pages go by ``start``."""

    def values(self, name: str) -> list[str]:
        r"""Every value of another parameter; a value may hold several, separated by commas.

        ``\,`` is a comma that belongs to a value.
        """
        parts = [part for value in self.given(name) for part in _SEPARATOR.split(value) if part]
        return [part.replace("\\,", ",") for part in parts]

    def given(self, name: str) -> list[str]:
        """Another parameter as often as it is given, each time as it is."""
        return [value for other, value in self.others if other == name]


def parse_page(query: bytes) -> Page:
    """The page that the query of a request asks for.

    Raises InvalidRequest with every fault, each under its parameter's name.
    """
    page, faults = read_page(query)
    if faults:
        raise InvalidRequest(faults, WRONG_QUERY)
    return page


def read_page(query: bytes, *, by_cursor: bool = False) -> tuple[Page, list[Refusal]]:
    """The page that a query asks for, and every fault of its parameters.

    ``by_cursor`` tells whether the list can be read with ``after``; elsewhere it is refused, so that nobody
    takes the first page for the next one.
    """
    pairs = parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True, errors="replace")
    faults: list[Refusal] = []
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            faults.append(Refusal(name, "repeated", f"{name} is given more than once."))
        elif name in (*_NAMES, _CURSOR):
            found[name] = value
        elif "\0" in value:  # no text in the database can hold it
            faults.append(Refusal(name, "characters", f"{name} must not hold the character NUL."))
    if _CURSOR in found and not by_cursor:
        faults.append(Refusal(_CURSOR, "no_cursor", NO_CURSOR))
    start = _number("start", found, 0, LARGEST_START, faults)
    limit = _number("limit", found, 1, LARGEST_LIMIT, faults)
    order = found.get("order", "ASC").upper()
    if order not in ("ASC", "DESC"):
        faults.append(Refusal("order", "invalid", _SENTENCES["order"]))
    page = Page(
        start=start or 0,
        limit=limit or DEFAULT_LIMIT,
        newest_first=order == "DESC",
        others=tuple(pair for pair in pairs if pair[0] not in (*_NAMES, _CURSOR)),
        after=_cursor(found, faults) if by_cursor else None,
    )
    return page, faults


def _cursor(found: dict[str, str], faults: list[Refusal]) -> bytes | None:
    text = found.get(_CURSOR)
    if text is None:
        return None
    if "start" in found:
        faults.append(Refusal(_CURSOR, "invalid", "after and start exclude each other."))
    if not text:
        return b""
    if (after := parse_id(text)) is None:
        faults.append(Refusal(_CURSOR, "invalid", _SENTENCES[_CURSOR]))
    return after


def _number(name: str, found: dict[str, str], lowest: int, highest: int, faults: list[Refusal]) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest:
        faults.append(Refusal(name, "invalid", _SENTENCES[name]))
        return None
    return int(text)


def link_header(
    page: Page, total: int | None, url: str, *, is_last: bool = False, next_after: bytes | None = None
) -> str:
    """The value of ``Link`` for a page of a list with ``total`` entries.

    None: more than were counted; then ``is_last`` tells whether this page is the last one. With
    ``next_after`` the next page is read with a cursor.

    ``url`` is absolute and without a query; the other parameters of the query are kept. ``prev`` is left out
    on the first page, ``next`` on the last, and ``last`` where nobody counted so far.
    """
    starts = {"self": page.start, "first": 0}
    last = None if total is None else (total - 1) // page.limit * page.limit if total else 0
    if page.start > 0:
        before = max(0, page.start - page.limit)
        starts["prev"] = before if last is None else min(before, last)
    if not is_last if total is None else page.start + page.limit < total:
        starts["next"] = page.start + page.limit
    if last is not None:
        starts["last"] = last
    places: dict[str, tuple[str, object]] = {rel: ("start", start) for rel, start in starts.items()}
    if next_after is not None and "next" in places:
        places["next"] = (_CURSOR, next_after.hex())
    return _links(places, page, url)


def cursor_link_header(page: Page, next_after: bytes | None, url: str) -> str:
    """The value of ``Link`` for a page read with a cursor; ``next_after`` is None on the last page."""
    cursors = {"self": page.after or b"", "first": b""}
    if next_after is not None:
        cursors["next"] = next_after
    return _links({rel: (_CURSOR, cursor.hex()) for rel, cursor in cursors.items()}, page, url)


def _links(places: Mapping[str, tuple[str, object]], page: Page, url: str) -> str:
    return ", ".join(f'<{_page_url(page, place, url)}>; rel="{rel}"' for rel, place in places.items())


def _page_url(page: Page, place: tuple[str, object], url: str) -> str:
    order = "DESC" if page.newest_first else "ASC"
    pairs: Sequence[tuple[str, object]] = [*page.others, place, ("limit", page.limit), ("order", order)]
    return f"{url}?{urlencode(pairs)}"


_HOST: Final = re.compile(r"[A-Za-z0-9._~-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def base_url(*, public_url: str | None, scheme: str, host: str, server: str) -> str:
    """How the caller reaches us, without a path.

    ``public_url`` wins, as set by the operator; else it is what the request said in ``Host``, or the address
    it came in at where that is missing or no host at all.
    """
    if public_url is not None:
        return public_url.rstrip("/")
    return f"{scheme}://{host if _HOST.fullmatch(host) else server}"
