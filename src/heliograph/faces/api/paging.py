"""Pages of a list: ``start``, ``limit`` and ``order`` in the query, and the ``Link`` header (RFC 8288)."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from heliograph.domain.refusals import InvalidRequest, Refusal

DEFAULT_LIMIT: Final = 50
LARGEST_LIMIT: Final = 1000
LARGEST_START: Final = 2**31 - 1

_NAMES: Final = ("start", "limit", "order")
_NUMBER: Final = re.compile("[0-9]{1,10}")
_SENTENCES: Final = {
    "start": f"start is a whole number from 0 to {LARGEST_START}.",
    "limit": f"limit is a whole number from 1 to {LARGEST_LIMIT}.",
    "order": "order is ASC or DESC.",
}


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is asked for."""

    start: int = 0
    """How many entries to leave out."""
    limit: int = DEFAULT_LIMIT
    newest_first: bool = False
    others: tuple[tuple[str, str], ...] = ()
    """The other parameters of the query, in their order."""

    def values(self, name: str) -> list[str]:
        """Every value of another parameter; a value may hold several, separated by commas."""
        given = [value for other, value in self.others if other == name]
        return [part for value in given for part in value.split(",") if part]


def parse_page(query: bytes) -> Page:
    """The page that the query of a request asks for.

    Raises InvalidRequest with every fault, each under its parameter's name.
    """
    pairs = parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True, errors="replace")
    faults: list[Refusal] = []
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            faults.append(Refusal(name, "repeated", f"{name} is given more than once."))
        elif name in _NAMES:
            found[name] = value
        elif "\0" in value:  # no text in the database can hold it
            faults.append(Refusal(name, "characters", f"{name} must not hold the character NUL."))
    start = _number("start", found, 0, LARGEST_START, faults)
    limit = _number("limit", found, 1, LARGEST_LIMIT, faults)
    order = found.get("order", "ASC").upper()
    if order not in ("ASC", "DESC"):
        faults.append(Refusal("order", "invalid", _SENTENCES["order"]))
    if faults:
        raise InvalidRequest(faults, "One or more parameters of the query are not valid.")
    return Page(
        start=start or 0,
        limit=limit or DEFAULT_LIMIT,
        newest_first=order == "DESC",
        others=tuple(pair for pair in pairs if pair[0] not in _NAMES),
    )


def _number(name: str, found: dict[str, str], lowest: int, highest: int, faults: list[Refusal]) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest:
        faults.append(Refusal(name, "invalid", _SENTENCES[name]))
        return None
    return int(text)


def link_header(page: Page, total: int, url: str) -> str:
    """The value of ``Link`` for a page of a list with ``total`` entries.

    ``url`` is absolute and without a query; the other parameters of the query are kept. ``prev`` is left out
    on the first page, ``next`` on the last.
    """
    last = (total - 1) // page.limit * page.limit if total else 0
    starts = {"self": page.start, "first": 0}
    if page.start > 0:
        starts["prev"] = max(0, min(page.start - page.limit, last))
    if page.start + page.limit < total:
        starts["next"] = page.start + page.limit
    starts["last"] = last
    return ", ".join(f'<{_page_url(page, start, url)}>; rel="{rel}"' for rel, start in starts.items())


def _page_url(page: Page, start: int, url: str) -> str:
    order = "DESC" if page.newest_first else "ASC"
    pairs: Sequence[tuple[str, object]] = [
        *page.others,
        ("start", start),
        ("limit", page.limit),
        ("order", order),
    ]
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
