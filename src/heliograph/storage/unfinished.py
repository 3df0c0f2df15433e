"""What waits for a final word: finished lots whose receipts may still come, and segments in doubt."""

from datetime import datetime
from typing import NamedTuple

from heliograph.storage.database import Transaction, load_query


class FinishedLot(NamedTuple):
    """A lot of which every segment was answered."""

    account_id: int
    message_ids: bytes
    """12 bytes each."""


class DoubtfulSegment(NamedTuple):
    """A segment that may have been accepted."""

    account_id: int
    message_id: bytes
    segment: int
    segments: int


async def list_carriers_with_due(tx: Transaction, now: datetime) -> list[int]:
    """The carriers with a finished lot or a segment in doubt that is due."""
    return [row["carrier_id"] for row in await tx.fetch(load_query("list_carriers_with_due"), now)]


async def take_finished_lots(
    tx: Transaction, carrier_id: int, now: datetime, limit: int
) -> list[FinishedLot]:
    """Remove and return finished lots whose time has come."""
    rows = await tx.fetch(load_query("take_finished_lots"), carrier_id, now, limit)
    return [FinishedLot(*row) for row in rows]


async def take_doubtful_segments(
    tx: Transaction, carrier_id: int, now: datetime, limit: int
) -> list[DoubtfulSegment]:
    """Remove and return segments in doubt whose time has come."""
    rows = await tx.fetch(load_query("take_doubtful_segments"), carrier_id, now, limit)
    return [DoubtfulSegment(*row) for row in rows]


async def take_doubts_of_messages(
    tx: Transaction, carrier_id: int, message_ids: list[bytes]
) -> list[DoubtfulSegment]:
    """Remove and return what of these messages is still in doubt."""
    rows = await tx.fetch(load_query("take_doubts_of_messages"), carrier_id, message_ids)
    return [DoubtfulSegment(*row) for row in rows]


async def segments_of(tx: Transaction, account_id: int, message_ids: list[bytes]) -> dict[bytes, int]:
    """How many segments each message has, of those without a final status."""
    rows = await tx.fetch(
        load_query("list_open_messages"), account_id, message_ids, min(message_ids), max(message_ids)
    )
    return {row["message_id"]: row["segments"] for row in rows}
