"""Reads the event feed of one account, and what reports tell of messages beside their status."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.feed_events import Cursor
from heliograph.storage.database import Transaction, load_query

SLACK: Final = timedelta(days=1)
"""How far the day of a block may lie before that of a block with a lower transaction."""


class FeedBlock(NamedTuple):
    """What one transaction changed of an account's messages."""

    transaction_id: int
    block_id: bytes
    written_at: datetime
    event_count: int
    events: bytes


class MessageDescription(NamedTuple):
    """What reports tell of a message beside its status."""

    message_id: bytes
    batch_id: bytes
    recipient: str
    segments: int
    price: int
    """Of the whole message, in millionths of the currency."""
    reference: str | None
    delivery_report_url: str | None
    incoming_from: str | None
    """The handset that wrote it; None for a message that we sent."""
    incoming_body: str | None
    encoding: int
    flash: bool
    incomplete: bool
    """Whether a segment of an incoming message never came."""
    opt_out: str | None
    """``stop`` or ``start``, where an incoming message was such a word."""


async def list_blocks(
    tx: Transaction, account_id: int, start: Cursor, *, horizon: int, blocks: int, events: int
) -> list[FeedBlock]:
    """The next blocks: as many at most, and no more than hold so many events."""
    day = (datetime.fromtimestamp(start.seconds, UTC) - SLACK).date()
    rows = await tx.fetch(
        load_query("list_event_blocks"),
        account_id,
        day,
        start.transaction_id,
        start.block_id,
        horizon,
        blocks,
        events,
    )
    return [FeedBlock(*row) for row in rows]


async def describe_messages(
    tx: Transaction, account_id: int, message_ids: Iterable[bytes]
) -> dict[bytes, MessageDescription]:
    """Those of the messages that the account has, by id."""
    wanted = sorted(set(message_ids))
    if not wanted:
        return {}
    rows = await tx.fetch(load_query("describe_messages"), account_id, wanted, wanted[0], wanted[-1])
    return {row["message_id"]: MessageDescription(*row) for row in rows}
