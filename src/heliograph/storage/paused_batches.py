"""Batches that are held back, or moved to other times. Everything runs in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.storage.database import Transaction, load_query


class EscapedBatch(NamedTuple):
    """A paused batch of which messages came back to a carrier's queue."""

    account_id: int
    batch_id: bytes
    first_id: bytes
    last_id: bytes


async def hold_batch(
    tx: Transaction, account_id: int, batch_id: bytes, first: bytes, last: bytes, *, closes_at: datetime
) -> None:
    """Hold back what of a batch comes back to any carrier's queue."""
    for carrier in await tx.fetch(load_query("list_carrier_ids")):
        await tx.execute(
            load_query("hold_paused_batch"),
            carrier["carrier_id"],
            account_id,
            batch_id,
            first,
            last,
            closes_at,
        )


async def release_batch(tx: Transaction, account_id: int, batch_id: bytes, first: bytes, last: bytes) -> None:
    """Let the paused lots of a batch wait for their windows again, and hold nothing back any more."""
    for carrier in await tx.fetch(load_query("list_carrier_ids")):
        carrier_id = carrier["carrier_id"]
        await tx.execute(load_query("resume_paused_lots"), carrier_id, account_id, first, last)
        await tx.execute(load_query("release_paused_batch"), carrier_id, account_id, batch_id)


async def mark_paused(tx: Transaction, account_id: int, batch_id: bytes, since: datetime | None) -> None:
    """Show the batch as paused since a time, or as going on."""
    await tx.execute(load_query("mark_batch_paused"), account_id, batch_id, since)


async def change_windows(
    tx: Transaction,
    account_id: int,
    batch_id: bytes,
    opens: Sequence[datetime],
    closes: Sequence[datetime],
) -> None:
    """Show other delivery windows of a batch."""
    await tx.execute(load_query("change_batch_windows"), account_id, batch_id, opens, closes)


async def list_escaped_batches(tx: Transaction, carrier_id: int, limit: int) -> list[EscapedBatch]:
    """Paused batches of which messages lie in lots of the carrier that are due."""
    rows = await tx.fetch(load_query("list_escaped_batches"), carrier_id, limit)
    return [EscapedBatch(*row) for row in rows]


async def forget_paused_batches(tx: Transaction, carrier_id: int) -> None:
    """Forget batches whose last window has closed: nothing of them comes back any more."""
    await tx.execute(load_query("forget_paused_batches"), carrier_id)
