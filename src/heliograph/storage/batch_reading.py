"""Reads batches of one account: one of them, the count of its messages by code, and its status."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from heliograph.domain.ids import message_range
from heliograph.domain.retention import is_erased
from heliograph.domain.status import BatchStatus, batch_status
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.message_changes import COUNTED_BY_ROWS


class StoredBatch(msgspec.Struct, frozen=True):
    """A batch as its row says, in the order of the columns of the queries."""

    batch_id: bytes
    created_at: datetime
    incoming: bool
    sender: str
    body: str
    flash: bool
    coding: str
    priority: int
    templated: bool
    opens: list[datetime]
    closes: list[datetime]
    delivery_report_url: str | None
    reference: str | None
    tags: list[str]
    message_count: int
    charged: int
    """In millionths of the account's currency."""
    refunded: int
    canceled_at: datetime | None
    test: bool
    """Whether a test key sent it."""
    paused_at: datetime | None
    """Since when its messages are held back."""
    incomplete: bool = False
    """Whether segments of an incoming message never came; only told where one batch is read."""
    opt_out: str | None = None
    """What an incoming message asked for with a word such as STOP; told where ``incomplete`` is."""

    @property
    def is_erased(self) -> bool:
        """Whether its text and its numbers were erased; nothing is ever sent without a text."""
        return is_erased(self.sender) if self.incoming else not self.body


class MessageCount(NamedTuple):
    """How many messages of a batch have one code, and the segments they take."""

    messages: int
    segments: int


def status_of(batch: StoredBatch, codes: Mapping[int, int], now: datetime) -> BatchStatus:
    """The public status of a batch; an incoming one is always 201."""
    if batch.incoming:
        return BatchStatus.INCOMING
    return batch_status(dict(codes), canceled=batch.canceled_at is not None, opened=min(batch.opens) <= now)


async def find_batch(tx: Transaction, account_id: int, batch_id: bytes) -> StoredBatch | None:
    """A batch of the account; None where there is none, or it was hidden."""
    row = await tx.fetchrow(load_query("find_batch"), account_id, batch_id)
    return None if row is None else StoredBatch(*row)


async def count_messages(
    tx: Transaction, account_id: int, batch_id: bytes, message_count: int
) -> dict[int, MessageCount]:
    """The messages of one batch by code; codes that no message has are left out."""
    if message_count > COUNTED_BY_ROWS:
        return (await count_large_batches(tx, account_id, [batch_id])).get(batch_id, {})
    first, last = message_range(batch_id, message_count)
    rows = await tx.fetch(load_query("count_messages_by_code"), account_id, first, last)
    return {row["code"]: MessageCount(row["messages"], row["segments"]) for row in rows}


async def list_codes(
    tx: Transaction, account_id: int, batches: Iterable[StoredBatch]
) -> dict[bytes, dict[int, int]]:
    """Messages by code of each batch of a page, enough to derive its status.

    Of a small batch only the lowest code is told: all its messages are final exactly if that one is. Two
    statements at most, however many batches.
    """
    small: list[StoredBatch] = []
    large: list[bytes] = []
    for batch in batches:
        if batch.message_count > COUNTED_BY_ROWS:
            large.append(batch.batch_id)
        else:
            small.append(batch)
    codes = await _lowest_codes(tx, account_id, small) if small else {}
    if large:
        for batch_id, counts in (await count_large_batches(tx, account_id, large)).items():
            codes[batch_id] = {code: count.messages for code, count in counts.items()}
    return codes


async def _lowest_codes(
    tx: Transaction, account_id: int, batches: list[StoredBatch]
) -> dict[bytes, dict[int, int]]:
    ranges = [message_range(batch.batch_id, batch.message_count) for batch in batches]
    rows = await tx.fetch(
        load_query("list_lowest_codes"),
        account_id,
        [batch.batch_id for batch in batches],
        [first for first, _ in ranges],
        [last for _, last in ranges],
        min(first for first, _ in ranges),
        max(last for _, last in ranges),
    )
    return {row["batch_id"]: {row["code"]: 1} for row in rows}


async def count_large_batches(
    tx: Transaction, account_id: int, batch_ids: list[bytes]
) -> dict[bytes, dict[int, MessageCount]]:
    counts: dict[bytes, dict[int, MessageCount]] = {}
    for row in await tx.fetch(load_query("count_large_batches"), account_id, batch_ids):
        counts.setdefault(row["batch_id"], {})[row["code"]] = MessageCount(row["messages"], row["segments"])
    return counts
