"""What the queries of lists ask for beside the page: which batches, which messages.

A list of values is a parameter given several times, or several values with commas between; any of them does.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from heliograph.domain.batch import MAX_REFERENCE
from heliograph.domain.delivery_windows import parse_time
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.domain.status import BatchStatus, codes_of
from heliograph.faces.api.paging import WRONG_QUERY, Page, read_page
from heliograph.storage.batch_listing import COUNTED, BatchFilter
from heliograph.storage.message_reading import MessageFilter

_T = TypeVar("_T")

PARTY: Final = re.compile("[ -*,-~][ -~]{0,20}")
"""A sender or recipient as carriers know it: 1 to 21 ASCII characters that can be seen, no ``+`` in front."""
_NUMBER: Final = re.compile("[0-9]{1,15}")
_BATCH_STATUSES: Final = {str(int(status)): status for status in BatchStatus}

SENTENCES: Final = {
    "sender": "sender is 1 to 21 ASCII characters; a number has no + before it.",
    "recipient": "recipient is a number of at most 15 digits, without +.",
    "reference": f"reference has 1 to {MAX_REFERENCE} characters and is not blank.",
    "direction": "direction is MT or MO.",
    "batch_status": "status is any of 101, 111, 112, 201, 203.",
    "status": "status is a status code such as 201, or a group of them: 1, 2, 4, 5, or 1xx, 2xx, 4xx, 5xx.",
    "created": "{name} is a time such as 2026-11-22T17:00:19Z.",
    "far_start": f"start is at most {COUNTED} in a conversation: follow next in Link, which has after.",
    "start": "start is 0 where batches are listed by status: follow next in Link, which has after.",
}


def parse_batch_list(query: bytes) -> tuple[Page, BatchFilter]:
    """Which batches a list is to hold. Raises InvalidRequest with every fault of the query."""
    page, faults = read_page(query, by_cursor=True)
    read = _Parameters(page, faults)
    wanted = BatchFilter(
        tags=tuple(page.values("tags")),
        sender=read.one("sender", read_party),
        reference=read.one("reference", _reference),
        incoming=read.one("direction", _is_incoming),
        statuses=frozenset(read.several("status", _batch_status, SENTENCES["batch_status"])),
        created_from=read.time("createdFrom"),
        created_to=read.time("createdTo"),
    )
    if wanted.is_derived and page.start:
        faults.append(Refusal("start", "invalid", SENTENCES["start"]))
    if faults:
        raise InvalidRequest(faults, WRONG_QUERY)
    return page, wanted


def parse_message_list(query: bytes) -> tuple[Page, MessageFilter]:
    """Which messages of a batch a list is to hold. Raises InvalidRequest with every fault of the query."""
    page, faults = read_page(query, by_cursor=True)
    read = _Parameters(page, faults)
    codes = [code for some in read.several("status", codes_of, SENTENCES["status"]) for code in some]
    wanted = MessageFilter(
        codes=sorted(set(codes)) if page.given("status") else None,
        recipient=read.one("recipient", _recipient),
    )
    if faults:
        raise InvalidRequest(faults, WRONG_QUERY)
    return page, wanted


def parse_conversation_page(query: bytes) -> Page:
    """The page of a conversation. Raises InvalidRequest with every fault of the query."""
    page, faults = read_page(query, by_cursor=True)
    if page.start > COUNTED:
        faults.append(Refusal("start", "invalid", SENTENCES["far_start"]))
    if faults:
        raise InvalidRequest(faults, WRONG_QUERY)
    return page


class _Parameters:
    """Reads the other parameters of a query; what is wrong joins the faults."""

    def __init__(self, page: Page, faults: list[Refusal]) -> None:
        self._page = page
        self._faults = faults

    def one(self, name: str, read: Callable[[str], _T | None], sentence: str | None = None) -> _T | None:
        """The value of a parameter that may be given once; None without it, or where it is wrong."""
        given = self._page.given(name)
        if len(given) > 1:
            self._faults.append(Refusal(name, "repeated", f"{name} is given more than once."))
        if len(given) != 1:
            return None
        value = read(given[0])
        if value is None:
            self._refuse(name, sentence or SENTENCES[name])
        return value

    def several(self, name: str, read: Callable[[str], _T | None], sentence: str) -> list[_T]:
        """The values of a parameter that may hold several."""
        values = [read(text) for text in self._page.values(name)]
        if self._page.given(name) and (not values or None in values):
            self._refuse(name, sentence)
        return [value for value in values if value is not None]

    def time(self, name: str) -> datetime | None:
        """The value of a parameter that is a time."""
        return self.one(name, parse_time, SENTENCES["created"].format(name=name))

    def _refuse(self, name: str, sentence: str) -> None:
        self._faults.append(Refusal(name, "invalid", sentence))


def read_party(text: str) -> str | None:
    """A sender or recipient; None for what cannot be one."""
    return text if PARTY.fullmatch(text) else None


def _recipient(text: str) -> str | None:
    return text if _NUMBER.fullmatch(text) else None


def _reference(text: str) -> str | None:
    return text if text.strip() and len(text) <= MAX_REFERENCE and "\0" not in text else None


def _is_incoming(text: str) -> bool | None:
    return {"MT": False, "MO": True}.get(text.upper())


def _batch_status(text: str) -> BatchStatus | None:
    return _BATCH_STATUSES.get(text)
