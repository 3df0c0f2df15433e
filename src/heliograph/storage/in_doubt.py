"""Segments that a carrier may or may not have accepted."""

from collections.abc import Collection, Sequence
from datetime import datetime

from heliograph.domain.flight import RESOLVE_TIME, DoubtfulSegment
from heliograph.storage.database import Transaction, load_query

SegmentKey = tuple[bytes, int]
"""Message id and number of the segment."""


async def insert_in_doubt(
    tx: Transaction, carrier_id: int, segments: Sequence[DoubtfulSegment], *, now: datetime
) -> None:
    """Note segments in doubt; those noted before stay as they are, but for a later end.

    What becomes of a first try is asked when a receipt is overdue.
    """
    columns = list(zip(*sorted(segments), strict=True))[:-1]
    await tx.execute(
        load_query("insert_in_doubt"),
        carrier_id,
        now,
        *(list(column) for column in columns),
        now + RESOLVE_TIME,
    )


async def resolve_in_doubt(
    tx: Transaction, carrier_id: int, segments: Collection[SegmentKey]
) -> set[SegmentKey]:
    """Take segments out of doubt; those that were in doubt until now."""
    rows = await tx.fetch(load_query("resolve_in_doubt"), carrier_id, *_columns(set(segments)))
    return {(row["message_id"], row["segment"]) for row in rows}


async def list_second_tries(
    tx: Transaction, carrier_id: int, segments: Collection[SegmentKey]
) -> set[SegmentKey]:
    """Those of the segments that are in doubt and were sent once more; all of them are locked."""
    if not segments:
        return set()
    rows = await tx.fetch(load_query("list_second_tries"), carrier_id, *_columns(segments))
    return {(row["message_id"], row["segment"]) for row in rows if row["is_resent"]}


async def keep_accepted_second_tries(
    tx: Transaction, carrier_id: int, segments: Collection[SegmentKey], *, now: datetime, until: datetime
) -> None:
    """The carrier accepted these second tries; a receipt of their first ones may come ``until`` then."""
    await tx.execute(load_query("keep_accepted_second_tries"), carrier_id, now, until, *_columns(segments))


async def list_delivered(tx: Transaction, account_id: int, message_ids: Collection[bytes]) -> set[bytes]:
    """Those of an account's messages that were delivered."""
    ordered = sorted(message_ids)
    rows = await tx.fetch(load_query("list_delivered_messages"), account_id, ordered, ordered[0], ordered[-1])
    return {row["message_id"] for row in rows}


def _columns(segments: Collection[SegmentKey]) -> tuple[list[bytes], list[int]]:
    ordered = sorted(segments)
    return [message_id for message_id, _ in ordered], [segment for _, segment in ordered]


async def find_in_doubt(
    tx: Transaction, carrier_id: int, recipients: Collection[str]
) -> list[DoubtfulSegment]:
    """The segments in doubt to these recipients."""
    rows = await tx.fetch(load_query("find_in_doubt"), carrier_id, sorted(set(recipients)))
    return [DoubtfulSegment(*row) for row in rows]
