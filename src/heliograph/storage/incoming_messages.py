"""Incoming messages as rows: the segments that wait for others, and each message as a batch of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.domain.encoding import Encoding
from heliograph.domain.history import entry, milliseconds
from heliograph.domain.ids import IdSource
from heliograph.domain.incoming import IncomingText, Wish
from heliograph.domain.report_events import Destination, EventBlock, StoredEvent, encode_events
from heliograph.domain.report_url import ReportUrl, bucket_of, stored_report_url
from heliograph.domain.status import Code
from heliograph.storage.database import Transaction, announce, load_query
from heliograph.storage.wakeups import REPORTS_CHANNEL

Pair = tuple[str, str]
"""A handset and one of our numbers."""
_CODINGS = {Encoding.GSM7: "gsm", Encoding.UCS2: "ucs", Encoding.BINARY: "binary"}


class WrittenReassembly(NamedTuple):
    """What is to be kept of a pair from now on."""

    pair: Pair
    next_look_at: datetime
    kept: bytes


class IncomingMessage(NamedTuple):
    """A message from a handset, whole or given out as it is."""

    account_id: int
    batch_id: bytes
    message_id: bytes
    sender: str
    recipient: str
    text: IncomingText
    segments: int
    missing: int
    """How many of its segments never came."""
    wish: Wish | None = None
    """What it asks for, where it is a word such as STOP."""


class IncomingEvent(NamedTuple):
    """A message that its account is to be told of."""

    message: IncomingMessage
    url: str
    currency: str
    document: bytes
    """What is POSTed."""


async def lock_reassembly(
    tx: Transaction, carrier_id: int, pairs: Sequence[Pair], now: datetime
) -> dict[Pair, bytes]:
    """What is kept of pairs, locked until the transaction ends; name them in ascending order."""
    rows = await tx.fetch(
        load_query("lock_reassembly"),
        carrier_id,
        [sender for sender, _ in pairs],
        [recipient for _, recipient in pairs],
        now,
    )
    return {(row["sender"], row["recipient"]): row["kept"] for row in rows}


async def write_reassembly(tx: Transaction, carrier_id: int, rows: Sequence[WrittenReassembly]) -> None:
    """Write what is kept of locked pairs."""
    await tx.execute(
        load_query("write_reassembly"),
        carrier_id,
        [row.pair[0] for row in rows],
        [row.pair[1] for row in rows],
        [row.next_look_at for row in rows],
        [row.kept for row in rows],
    )


async def delete_reassembly(tx: Transaction, carrier_id: int, pairs: Sequence[Pair]) -> None:
    """Forget locked pairs."""
    await tx.execute(
        load_query("delete_reassembly"),
        carrier_id,
        [sender for sender, _ in pairs],
        [recipient for _, recipient in pairs],
    )


async def list_carriers_with_reassembly_due(tx: Transaction, now: datetime) -> list[int]:
    """Carriers of which something is to be given out or forgotten."""
    rows = await tx.fetch(load_query("list_carriers_with_reassembly_due"), now)
    return [row["carrier_id"] for row in rows]


async def lock_due_reassembly(
    tx: Transaction, carrier_id: int, now: datetime, *, limit: int
) -> dict[Pair, bytes]:
    """What is kept of pairs that are to be looked at; those that somebody else has locked are left out."""
    rows = await tx.fetch(load_query("lock_due_reassembly"), carrier_id, now, limit)
    return {(row["sender"], row["recipient"]): row["kept"] for row in rows}


async def insert_incoming(tx: Transaction, messages: Sequence[IncomingMessage], now: datetime) -> None:
    """Store messages, each as a batch of one with status 201, and tell the event feeds of them."""
    await tx.execute(
        load_query("insert_incoming"),
        [message.account_id for message in messages],
        [message.batch_id for message in messages],
        [message.message_id for message in messages],
        [message.sender for message in messages],
        [message.recipient for message in messages],
        [message.text.body for message in messages],
        [message.text.flash for message in messages],
        [_CODINGS[message.text.encoding] for message in messages],
        [int(message.text.encoding) for message in messages],
        [message.segments for message in messages],
        [message.missing or None for message in messages],
        now,
        now.date(),
        entry(Code.DELIVERED, milliseconds(now)),
        [None if message.wish is None else message.wish.value for message in messages],
    )


async def insert_incoming_events(
    tx: Transaction, events: Sequence[IncomingEvent], *, now: datetime, ids: IdSource
) -> None:
    """Queue what accounts are to be told, beside their delivery reports; a block for each message."""
    rows = [
        (url.origin, event) for event in events if isinstance(url := stored_report_url(event.url), ReportUrl)
    ]
    if not rows:
        return
    announce(tx, REPORTS_CHANNEL)
    seconds = int(now.timestamp())
    await tx.execute(
        load_query("insert_report_blocks"),
        now,
        [bucket_of(origin) for origin, _ in rows],
        [ids.new(seconds) for _ in rows],
        [event.message.account_id for _, event in rows],
        [origin for origin, _ in rows],
        [1 for _ in rows],
        [_block(event, milliseconds(now)) for _, event in rows],
    )


def _block(event: IncomingEvent, at_ms: int) -> bytes:
    message = event.message
    stored = StoredEvent(
        message.message_id,
        message.batch_id,
        1,
        int(Code.DELIVERED),
        at_ms,
        message.recipient,
        message.segments,
        0,
        0,
    )
    return encode_events(EventBlock(event.currency, [Destination(event.url, None, event.document)], [stored]))
