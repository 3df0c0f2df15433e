"""Takes messages out of the queue, and marks batches canceled or hidden.

Everything here runs in the caller's transaction, lots before messages.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from heliograph.storage.database import Transaction, load_query


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


async def show_batch_again(tx: Transaction, account_id: int, batch_id: bytes) -> bool:
    """The API knows of a hidden batch again; False if none was hidden."""
    return await tx.fetchval(load_query("show_batch_again"), account_id, batch_id) is not None
