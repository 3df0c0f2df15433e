"""What carriers called the segments that they accepted: inserted with the answer, looked up by receipts."""

from collections.abc import Sequence
from datetime import date

from heliograph.domain.flight import SentSegment
from heliograph.storage.database import Transaction, load_query


def segment_columns(segments: Sequence[SentSegment]) -> Sequence[Sequence[object]]:
    """The segments column by column, as statements take them."""
    return list(zip(*segments, strict=True)) if segments else ([],) * len(SentSegment._fields)


async def insert_segments(
    tx: Transaction, carrier_id: int, segments: Sequence[SentSegment], *, day: date
) -> None:
    """Note under which ids the carrier accepted segments."""
    await tx.execute(load_query("insert_segments"), carrier_id, day, *segment_columns(segments))


async def find_segments(
    tx: Transaction, carrier_id: int, smsc_hashes: Sequence[int], *, since: date, until: date
) -> list[SentSegment]:
    """The segments accepted on those days under ids with these hashes, newest first.

    Equal hashes do not mean equal ids: whoever asks compares the ids.
    """
    rows = await tx.fetch(load_query("find_segments"), carrier_id, smsc_hashes, since, until)
    return [SentSegment(*row) for row in rows]
