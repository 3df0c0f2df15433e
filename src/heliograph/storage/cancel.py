"""Takes messages out of the queue, and marks batches canceled or hidden.

Everything here runs in the caller's transaction, lots before messages.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.storage.database import Transaction, load_query


class LockedLot(NamedTuple):
    """A lot that may hold messages of a batch, locked so that nobody claims it meanwhile."""

    carrier_id: int
    lot_id: bytes
    next_segment: int
    """Segments before it were, or may have been, submitted."""
    skipped: Sequence[int]
    """Positions of messages taken out before."""
    answered: bytes | None
    """One bit a segment, lowest bit first."""


async def lock_lots(tx: Transaction, account_id: int, first: bytes, last: bytes) -> list[LockedLot]:
    """The account's lots at any carrier that may hold messages with ids from ``first`` to ``last``."""
    lots: list[LockedLot] = []
    for carrier in await tx.fetch(load_query("list_carrier_ids")):
        rows = await tx.fetch(
            load_query("lock_lots_of_batch"), carrier["carrier_id"], account_id, first, last
        )
        lots += [LockedLot(*row) for row in rows]
    return lots


async def read_payloads(
    tx: Transaction, account_id: int, carrier_id: int, lot_ids: Sequence[bytes]
) -> dict[bytes, bytes]:
    """The payloads of locked lots of one carrier."""
    rows = await tx.fetch(load_query("read_lot_payloads"), carrier_id, account_id, lot_ids)
    return {row["lot_id"]: row["payload"] for row in rows}


async def take_out(
    tx: Transaction, account_id: int, carrier_id: int, positions: Mapping[bytes, Sequence[int]]
) -> None:
    """Take the messages at these positions out of locked lots of one carrier; raises their revision."""
    pairs = [(lot_id, position) for lot_id in sorted(positions) for position in positions[lot_id]]
    await tx.execute(
        load_query("take_messages_out_of_lots"),
        carrier_id,
        account_id,
        [lot_id for lot_id, _ in pairs],
        [position for _, position in pairs],
    )


async def delete_unsent_lots(
    tx: Transaction, account_id: int, carrier_id: int, lot_ids: Sequence[bytes]
) -> None:
    """Remove locked lots of one carrier of which nothing was ever intended."""
    await tx.execute(load_query("delete_unsent_lots"), carrier_id, account_id, lot_ids)


async def lock_submitted(tx: Transaction, account_id: int, first: bytes, last: bytes) -> set[bytes]:
    """The messages with ids from ``first`` to ``last`` that are final, or that a carrier has or may have."""
    rows = await tx.fetch(load_query("lock_submitted_messages"), account_id, first, last)
    return {row["message_id"] for row in rows}


async def mark_canceled(tx: Transaction, account_id: int, batch_id: bytes, now: datetime) -> None:
    """From now on the batch's status is canceled."""
    await tx.execute(load_query("mark_batch_canceled"), account_id, batch_id, now)


async def hide_batch(tx: Transaction, account_id: int, batch_id: bytes, now: datetime) -> None:
    """From now on the API knows nothing of the batch; its rows stay."""
    await tx.execute(load_query("hide_batch"), account_id, batch_id, now)
