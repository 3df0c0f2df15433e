"""Segments that a carrier may or may not have accepted."""

from collections.abc import Collection, Sequence
from datetime import datetime

from heliograph.domain.flight import DoubtfulSegment
from heliograph.storage.database import Transaction, load_query

SegmentKey = tuple[bytes, int]
"""Message id and number of the segment."""


async def insert_in_doubt(
    tx: Transaction, carrier_id: int, segments: Sequence[DoubtfulSegment], *, now: datetime
) -> None:
    """Note segments in doubt; those noted before stay as they are."""
    await tx.execute(
        load_query("insert_in_doubt"),
        carrier_id,
        now,
        *(list(column) for column in zip(*segments, strict=True)),
    )


async def resolve_in_doubt(
    tx: Transaction, carrier_id: int, segments: Collection[SegmentKey]
) -> set[SegmentKey]:
    """Take segments out of doubt; those that were in doubt until now."""
    ordered = sorted(set(segments))
    rows = await tx.fetch(
        load_query("resolve_in_doubt"),
        carrier_id,
        [message_id for message_id, _ in ordered],
        [segment for _, segment in ordered],
    )
    return {(row["message_id"], row["segment"]) for row in rows}


async def find_in_doubt(
    tx: Transaction, carrier_id: int, recipients: Collection[str]
) -> list[DoubtfulSegment]:
    """The segments in doubt to these recipients."""
    rows = await tx.fetch(load_query("find_in_doubt"), carrier_id, sorted(set(recipients)))
    return [DoubtfulSegment(*row) for row in rows]
