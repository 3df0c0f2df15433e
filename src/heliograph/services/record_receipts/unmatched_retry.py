"""Receipts that found no segment: looked at again when their answer was committed, and by and by."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from heliograph.carriers.sent_segments import SentSegments
from heliograph.domain.flight import DoubtfulSegment, SentSegment
from heliograph.domain.ids import IdSource
from heliograph.domain.message_change import MessageChange
from heliograph.services.record_receipts.receipt_matching import (
    Told,
    change_of,
    match_segments,
    resolve_orphans,
    told_before,
)
from heliograph.storage.database import Database, Purpose, Transaction
from heliograph.storage.message_changes import apply_changes
from heliograph.storage.receipts import (
    UnmatchedReceipt,
    lock_due_unmatched_receipts,
    lock_unmatched_receipts,
    settle_unmatched_receipts,
)

TRY_FOR: Final = timedelta(days=7)
EVERY_MINUTE_FOR: Final = timedelta(minutes=15)
AT_ONCE: Final = 200
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


def next_try(received_at: datetime, now: datetime) -> datetime:
    """When to look again: every minute for 15 minutes, then every hour for 7 days, then never."""
    age = now - received_at
    if age >= TRY_FOR:
        return _NEVER
    return now + (timedelta(minutes=1) if age < EVERY_MINUTE_FOR else timedelta(hours=1))


class UnmatchedRetry:
    """Looks again at one carrier's unmatched receipts. Both methods return the hashes that were matched."""

    def __init__(self, carrier_id: int, database: Database, ids: IdSource, sent: SentSegments) -> None:
        self._carrier_id = carrier_id
        self._database = database
        self._ids = ids
        self._sent = sent

    async def retry_ids(self, smsc_hashes: Sequence[int], now: datetime) -> set[int]:
        """The carrier has answered with these ids since."""
        async with self._database.transaction(Purpose.HOT) as tx:
            receipts = await lock_unmatched_receipts(tx, self._carrier_id, smsc_hashes)
            return await self._retry(tx, receipts, now, with_orphans=False)

    async def retry_due(self, now: datetime) -> tuple[int, set[int]]:
        """Those whose time has come, orphans of segments in doubt among them; how many there were.

        A receipt may overtake its answer, and then fit another segment in doubt by chance: so this is done
        only some time after it came.
        """
        async with self._database.transaction(Purpose.HOT) as tx:
            receipts = await lock_due_unmatched_receipts(tx, self._carrier_id, now, limit=AT_ONCE)
            return len(receipts), await self._retry(tx, receipts, now, with_orphans=True)

    async def _retry(
        self, tx: Transaction, receipts: Sequence[UnmatchedReceipt], now: datetime, *, with_orphans: bool
    ) -> set[int]:
        if not receipts:
            return set()
        told = [told_before(receipt) for receipt in receipts]
        found = await self._look_for(tx, told, now, with_orphans=with_orphans)
        changes: list[MessageChange] = []
        matched: list[UnmatchedReceipt] = []
        again: list[tuple[bytes, datetime]] = []
        for receipt, one, segment in zip(receipts, told, found, strict=True):
            if segment is None:
                again.append((receipt.receipt_id, next_try(receipt.received_at, now)))
            else:
                changes.append(change_of(one, segment))
                matched.append(receipt)
        await settle_unmatched_receipts(
            tx, self._carrier_id, matched=[receipt.receipt_id for receipt in matched], again=again
        )
        await apply_changes(tx, changes, now=now, ids=self._ids)
        return {receipt.smsc_hash for receipt in matched}

    async def _look_for(
        self, tx: Transaction, told: Sequence[Told], now: datetime, *, with_orphans: bool
    ) -> list[SentSegment | DoubtfulSegment | None]:
        found: list[SentSegment | DoubtfulSegment | None] = []
        found += await match_segments(tx, self._carrier_id, told, self._sent, now=now)
        left = [number for number, segment in enumerate(found) if segment is None]
        if not with_orphans or not left:
            return found
        orphans = [told[number] for number in left]
        resolved = await resolve_orphans(tx, self._carrier_id, orphans, now=now)
        # The late answer to another dispatcher may end a doubt just now, and bring the segment: after the
        # first look for segments, before the one for doubts. The next try would be a minute away.
        for number, doubtful in zip(left, resolved, strict=True):
            found[number] = doubtful
        if None in resolved:
            late = await match_segments(tx, self._carrier_id, orphans, self._sent, now=now)
            for number, segment in zip(left, late, strict=True):
                found[number] = found[number] or segment
        return found
