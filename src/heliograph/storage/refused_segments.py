"""What carriers answered instead of accepting segments: stored with the outcomes of a flight."""

from collections.abc import Sequence
from datetime import datetime

from heliograph.domain.refused_segment import RefusedSegment, encode_refusals
from heliograph.storage.database import Transaction, load_query


async def insert_refused_block(
    tx: Transaction,
    carrier_id: int,
    slot: int,
    block_id: bytes,
    refusals: Sequence[RefusedSegment],
    *,
    now: datetime,
) -> None:
    """Store the refusals of one flight."""
    identifiers = [one.message_id for one in refusals]
    await tx.execute(
        load_query("insert_refused_block"),
        carrier_id,
        now.date(),
        block_id,
        slot,
        min(identifiers),
        max(identifiers),
        encode_refusals(refusals),
    )
