"""Close messages of which no final word came: no receipt within its time, or in doubt to the end.

Both become 599: they may have been delivered. Only a message in doubt gets its price back, since nothing
shows that a carrier ever accepted it.
"""

from datetime import datetime

from heliograph.domain.history import milliseconds
from heliograph.domain.ids import ID_BYTES, IdSource
from heliograph.domain.message_change import RANK_UNKNOWN, MessageChange
from heliograph.domain.status import Code
from heliograph.storage.database import Database, Purpose
from heliograph.storage.message_changes import apply_changes
from heliograph.storage.unfinished import (
    DoubtfulSegment,
    FinishedLot,
    list_carriers_with_due,
    segments_of,
    take_doubtful_segments,
    take_doubts_of_messages,
    take_finished_lots,
)

LOTS_AT_ONCE = 20
SEGMENTS_AT_ONCE = 500


class CloseUnreported:
    """One step closes what is due at every carrier."""

    def __init__(self, database: Database, ids: IdSource) -> None:
        self._database = database
        self._ids = ids

    async def step(self, now: datetime) -> int:
        """Close what is due; the number of lots and segments taken."""
        async with self._database.transaction() as tx:
            carriers = await list_carriers_with_due(tx, now)
        taken = 0
        for carrier_id in carriers:
            taken += await self._close_finished_lots(carrier_id, now)
            taken += await self._close_doubtful(carrier_id, now)
        return taken

    async def _close_finished_lots(self, carrier_id: int, now: datetime) -> int:
        async with self._database.transaction(Purpose.HOT) as tx:
            lots = await take_finished_lots(tx, carrier_id, now, LOTS_AT_ONCE)
            changes: list[MessageChange] = []
            for lot in lots:
                # What is in doubt first: without that the lot would close it and keep its price.
                doubtful = await take_doubts_of_messages(tx, carrier_id, message_ids_of(lot))
                changes += [unknown_in_doubt(segment, now) for segment in doubtful]
                counts = await segments_of(tx, lot.account_id, message_ids_of(lot))
                changes += [
                    unknown(lot.account_id, message_id, segment, segments, now)
                    for message_id, segments in counts.items()
                    for segment in range(segments)
                ]
            await apply_changes(tx, changes, now=now, ids=self._ids)
        return len(lots)

    async def _close_doubtful(self, carrier_id: int, now: datetime) -> int:
        async with self._database.transaction(Purpose.HOT) as tx:
            doubtful = await take_doubtful_segments(tx, carrier_id, now, SEGMENTS_AT_ONCE)
            changes = [unknown_in_doubt(segment, now) for segment in doubtful]
            await apply_changes(tx, changes, now=now, ids=self._ids)
        return len(doubtful)


def message_ids_of(lot: FinishedLot) -> list[bytes]:
    """The messages of a finished lot."""
    packed = lot.message_ids
    return [packed[offset : offset + ID_BYTES] for offset in range(0, len(packed), ID_BYTES)]


def unknown(account_id: int, message_id: bytes, segment: int, segments: int, now: datetime) -> MessageChange:
    """The change that ends a segment of which no final receipt came; final ones stay as they are."""
    return MessageChange(
        account_id, message_id, segment, segments, RANK_UNKNOWN, Code.UNKNOWN, milliseconds(now)
    )


def unknown_in_doubt(segment: DoubtfulSegment, now: datetime) -> MessageChange:
    """The change that ends a segment in doubt: the price returns unless a segment was accepted.

    It applies only to what is in doubt: a doubt may stay noted while its second try goes its way.
    """
    return MessageChange(
        segment.account_id,
        segment.message_id,
        segment.segment,
        segment.segments,
        RANK_UNKNOWN,
        Code.UNKNOWN,
        milliseconds(now),
        refund=True,
    )
