"""The event feed of an account as it is written, and up to where it is complete.

Transactions commit in another order than they begin. Each block carries the number of the transaction that
wrote it, and a reader goes by that number only below the oldest transaction that still runs: whatever lies
there is decided, so nothing can come to lie behind a reader later. See docs/decisions/.
"""

from collections.abc import Sequence
from datetime import datetime

from heliograph.domain.ids import IdSource
from heliograph.storage.database import Transaction, load_query


async def insert_events(
    tx: Transaction, account_id: int, packed: Sequence[bytes], *, now: datetime, ids: IdSource
) -> None:
    """Append packed events to an account's feed. Changes of messages write theirs in their own statement."""
    block_id = ids.new(int(now.timestamp()))
    await tx.execute(
        load_query("insert_event_block"), account_id, block_id, now, now.date(), len(packed), b"".join(packed)
    )


async def read_horizon(tx: Transaction) -> int:
    """The transaction up to which the feed is complete."""
    return int(await tx.fetchval(load_query("read_event_horizon")))
