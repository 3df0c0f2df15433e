"""The public shapes of the API, version 2: field names, their order, and JSON.

No other module knows these names. New fields may be added to an answer; a documented one never changes.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.encoding import Coding, Encoding, choose
from heliograph.domain.pricing import as_number, average
from heliograph.domain.status import batch_status
from heliograph.storage.batches import PreparedBatch

BATCHES_PATH: Final = "/v2/batches"


class SummaryCount(msgspec.Struct, frozen=True):
    """How many messages have a status, and how many segments they are."""

    messages: int
    sms: int


class PriceSummary(msgspec.Struct, frozen=True):
    """What a batch cost, in units of the currency; ``average`` is per message, cut to 4 decimals."""

    total: float
    currency: str
    average: float


class DeliveryWindowDocument(msgspec.Struct, frozen=True):
    """A span of time in which messages of a batch may be sent."""

    opens: datetime
    closes: datetime


class BatchDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A batch as the API shows it; lists of batches leave the two summaries out."""

    id: str
    sender: str
    body: str
    owner: str
    direction: str
    type: str
    datacoding: str
    priority: int
    templated: bool
    price_summary: PriceSummary | UnsetType = UNSET
    message_summary: dict[str, SummaryCount] | UnsetType = UNSET
    delivery_windows: list[DeliveryWindowDocument]
    status: int
    delivery_report_url: str | None
    reference: str | None
    tags: list[str]
    created: datetime
    test: bool | UnsetType = UNSET
    """Only when a test key sent it: true."""
    paused: bool | UnsetType = UNSET
    """Only while it is paused: true."""
    warnings: list[str] | UnsetType = UNSET
    """Only in the answer to a send, and only when there is something to warn of."""


_encode = msgspec.json.Encoder().encode


def encode_document(document: msgspec.Struct | list[BatchDocument]) -> bytes:
    """A document as the bytes of an answer."""
    return _encode(document)


_SHOWN_CODING: Final[Mapping[str, str]] = {Coding.GSM: "GSM", Coding.UCS: "UCS", "binary": "BINARY"}


def shown_datacoding(coding: str, body: str) -> str:
    """``GSM`` or ``UCS``; a batch with automatic coding shows what its body, as sent in, needs.

    Each message shows what it really uses.
    """
    shown = _SHOWN_CODING.get(coding)
    if shown is not None:
        return shown
    return "GSM" if choose(body, Coding.AUTO) is Encoding.GSM7 else "UCS"


def price_summary(total: int, messages: int, currency: str) -> PriceSummary:
    """The price summary of a batch from its cost in micro-units."""
    return PriceSummary(as_number(total), currency, average(total, messages))


def message_summary(counts: Mapping[int, tuple[int, int]]) -> dict[str, SummaryCount]:
    """The message summary from (messages, segments) by code, codes in ascending order."""
    return {str(int(code)): SummaryCount(*count) for code, count in sorted(counts.items())}


def whole_seconds(moment: datetime) -> datetime:
    """A time as it is shown: to the second."""
    return _second(int(moment.timestamp()))


@lru_cache(maxsize=4096)
def _second(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def window_documents(opens: Iterable[datetime], closes: Iterable[datetime]) -> list[DeliveryWindowDocument]:
    """The delivery windows of a batch, in order."""
    return [
        DeliveryWindowDocument(whole_seconds(start), whole_seconds(end))
        for start, end in zip(opens, closes, strict=True)
    ]


def encode_accepted(batch: PreparedBatch, funded: bool) -> bytes:
    """The answer to a send as JSON: the batch as it was stored, paid or not."""
    draft, account = batch.draft, batch.account
    summary = batch.summary(funded=funded)
    return _encode(
        BatchDocument(
            id=batch.batch_id.hex(),
            sender=draft.sender,
            body=draft.body,
            owner=account.number,
            direction="MT",
            type="flash" if draft.flash else "sms",
            datacoding=shown_datacoding(draft.coding, draft.body),
            priority=draft.priority,
            templated=draft.templated,
            price_summary=price_summary(batch.total if funded else 0, batch.message_count, account.currency),
            message_summary=message_summary(summary),
            delivery_windows=[
                DeliveryWindowDocument(whole_seconds(window.opens), whole_seconds(window.closes))
                for window in draft.windows
            ],
            status=_status(tuple(summary), opened=draft.windows[0].opens <= batch.created_at),
            delivery_report_url=draft.delivery_report_url,
            reference=draft.reference,
            tags=list(draft.tags),
            created=whole_seconds(batch.created_at),
            test=True if account.is_test else UNSET,
            warnings=list(batch.warnings) if batch.warnings else UNSET,
        )
    )


@lru_cache(maxsize=1024)
def _status(codes: tuple[int, ...], *, opened: bool) -> int:
    return batch_status(dict.fromkeys(codes, 1), canceled=False, opened=opened).value
