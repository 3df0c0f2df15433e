"""What carriers told us, as it came, and the receipts that belong to no segment we know."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.storage.database import Transaction, load_query


class UnmatchedReceipt(NamedTuple):
    """A receipt that waits for the segment it belongs to."""

    receipt_id: bytes
    smsc_hash: int
    smsc_id: str
    recipient: str
    rank: int
    code: int
    received_at: datetime
    tries: int = 0


async def insert_receipt_block(
    tx: Transaction, carrier_id: int, block_id: bytes, pdus: Sequence[bytes], *, received_at: datetime
) -> None:
    """Store PDUs as they came, one behind the other: each begins with its length."""
    await tx.execute(
        load_query("insert_receipt_block"),
        carrier_id,
        received_at.date(),
        block_id,
        received_at,
        len(pdus),
        b"".join(pdus),
    )


async def insert_unmatched_receipts(
    tx: Transaction, carrier_id: int, receipts: Sequence[UnmatchedReceipt], *, next_try_at: datetime
) -> None:
    """Keep receipts whose segment is not known yet."""
    columns = [list(column) for column in zip(*receipts, strict=True)][:-1]
    await tx.execute(load_query("insert_unmatched_receipts"), carrier_id, next_try_at, *columns)


async def lock_due_unmatched_receipts(
    tx: Transaction, carrier_id: int, now: datetime, *, limit: int
) -> list[UnmatchedReceipt]:
    """Receipts to be tried again by now, locked."""
    rows = await tx.fetch(load_query("lock_due_unmatched_receipts"), carrier_id, now, limit)
    return [UnmatchedReceipt(*row) for row in rows]


async def lock_unmatched_receipts(
    tx: Transaction, carrier_id: int, smsc_hashes: Sequence[int]
) -> list[UnmatchedReceipt]:
    """Unmatched receipts whose ids have these hashes, locked."""
    rows = await tx.fetch(load_query("lock_unmatched_receipts"), carrier_id, smsc_hashes)
    return [UnmatchedReceipt(*row) for row in rows]


async def list_unmatched_hashes(tx: Transaction, carrier_id: int, *, limit: int) -> list[int]:
    """Hashes of the ids that unmatched receipts name."""
    return [
        row["smsc_hash"] for row in await tx.fetch(load_query("list_unmatched_hashes"), carrier_id, limit)
    ]


async def settle_unmatched_receipts(
    tx: Transaction, carrier_id: int, *, matched: Sequence[bytes], again: Sequence[tuple[bytes, datetime]]
) -> None:
    """Remove receipts that were matched and say when to try the others ``again``."""
    await tx.execute(
        load_query("settle_unmatched_receipts"),
        carrier_id,
        matched,
        [receipt_id for receipt_id, _ in again],
        [next_try_at for _, next_try_at in again],
    )
