"""Answers from what is stored: batches, messages, and their statuses.

Letter cases follow iP.1's example of each resource: a batch says ``MT``, ``sms`` and ``GSM``, a message says
``mt``, ``SMS`` and ``GSM``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.encoding import Encoding
from heliograph.domain.history import Entry, milliseconds, moment_of, whole_history
from heliograph.domain.incoming_report import SHOWN_ENCODING
from heliograph.domain.pricing import as_number
from heliograph.domain.status import BatchStatus, Code, is_final
from heliograph.faces.api.schemas import (
    BatchDocument,
    message_summary,
    price_summary,
    shown_datacoding,
    whole_seconds,
    window_documents,
)
from heliograph.storage.accounts import Account
from heliograph.storage.batch_reading import MessageCount, StoredBatch, status_of
from heliograph.storage.message_reading import StoredMessage

_UNFINISHED: Final = frozenset({BatchStatus.PLANNED, BatchStatus.ONGOING})


class MessageStatus(msgspec.Struct, frozen=True):
    """One status of a message."""

    code: int
    duration: int
    """0: another status will follow; 1: final."""
    created: datetime


class MessageDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message: one text to one number."""

    id: str
    batch_id: str
    owner: str
    sender: str
    recipient: str
    body: str
    direction: str
    segments: int
    type: str
    datacoding: str
    priority: int
    price: float
    currency: str
    statuses: list[MessageStatus]
    modified: datetime
    reference: str | None
    mcc: str | None = None
    mnc: str | None = None
    incomplete: bool | UnsetType = UNSET
    """True for an incoming message of which a segment never came; absent else."""
    opt_out: str | UnsetType = UNSET
    """``stop`` or ``start`` for an incoming message that is such a word; absent else."""


def list_item(
    batch: StoredBatch, codes: Mapping[int, int], *, account: Account, now: datetime
) -> BatchDocument:
    """A batch as the list shows it; ``codes`` counts its messages by code well enough for its status."""
    status = status_of(batch, codes, now)
    return BatchDocument(
        id=batch.batch_id.hex(),
        sender=batch.sender,
        body=batch.body,
        owner=account.number,
        direction="MO" if batch.incoming else "MT",
        type="flash" if batch.flash else "sms",
        datacoding=shown_datacoding(batch.coding, batch.body),
        priority=batch.priority,
        templated=batch.templated,
        delivery_windows=window_documents(batch.opens, batch.closes),
        status=int(status),
        delivery_report_url=batch.delivery_report_url,
        reference=batch.reference,
        tags=batch.tags,
        created=whole_seconds(batch.created_at),
        test=True if batch.test else UNSET,
        paused=True if batch.paused_at is not None and status in _UNFINISHED else UNSET,
    )


def whole_batch(
    batch: StoredBatch, counts: Mapping[int, MessageCount], *, account: Account, now: datetime
) -> BatchDocument:
    """A batch with both summaries; its price is what was charged, less what was returned."""
    codes = {code: count.messages for code, count in counts.items()}
    return msgspec.structs.replace(
        list_item(batch, codes, account=account, now=now),
        price_summary=price_summary(batch.charged - batch.refunded, batch.message_count, account.currency),
        message_summary=message_summary(counts),
    )


def message_document(
    message: StoredMessage, batch: StoredBatch, *, account: Account, whole: bool
) -> MessageDocument:
    """A message of a batch with its whole history, or with only its latest status."""
    history = history_of(message, batch)
    return MessageDocument(
        id=message.message_id.hex(),
        batch_id=batch.batch_id.hex(),
        owner=account.number,
        sender=batch.sender,
        recipient=message.recipient,
        body=batch.body if message.body is None else message.body,
        direction="mo" if batch.incoming else "mt",
        segments=message.segments,
        type="Flash" if batch.flash else "SMS",
        datacoding=SHOWN_ENCODING[Encoding(message.encoding)],
        priority=batch.priority,
        price=as_number(message.price),
        currency=account.currency,
        statuses=history if whole else [_latest(history)],
        modified=history[-1].created,
        reference=batch.reference,
        incomplete=True if batch.incomplete else UNSET,
        opt_out=batch.opt_out or UNSET,
    )


def history_of(message: StoredMessage, batch: StoredBatch) -> list[MessageStatus]:
    """Every status of a message, oldest first.

    A refund (104) stands directly after the final status that caused it, with a duration of 1 like it.
    """
    accepted_ms = milliseconds(batch.created_at)
    if batch.incoming:
        return [_shown_status(Entry(message.code, accepted_ms))]
    history: list[MessageStatus] = []
    refund_due = message.refunded
    for entry in whole_history(message.history, code=message.code, accepted_ms=accepted_ms):
        history.append(_shown_status(entry))
        if refund_due and is_final(entry.code):
            history.append(MessageStatus(int(Code.REFUNDED), 1, history[-1].created))
            refund_due = False
    return history


def _latest(history: list[MessageStatus]) -> MessageStatus:
    """The status a message has now: a refund only stands beside it."""
    return next(status for status in reversed(history) if status.code != Code.REFUNDED)


def _shown_status(entry: Entry) -> MessageStatus:
    return MessageStatus(entry.code, int(is_final(entry.code)), whole_seconds(moment_of(entry.at_ms)))
