"""Pause, resume and reschedule a batch: what of it waits outside every intent moves into lots of its own.

The lots are locked first, so a dispatcher either claimed a message before, and then it is sent, or finds it
taken out. A message of which a carrier has, or may have, a segment is sent to its end.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from heliograph.domain.delivery_windows import DeliveryWindow, last_close, next_window
from heliograph.domain.ids import IdSource, message_range
from heliograph.domain.lot import LotState
from heliograph.domain.refusals import Conflict, NotFound
from heliograph.domain.status import is_final
from heliograph.storage.batch_lots import Share, Span, begun_among, lock_lots, queue_anew, read_shares
from heliograph.storage.batch_reading import MessageCount, StoredBatch, count_messages, find_batch
from heliograph.storage.database import Transaction
from heliograph.storage.paused_batches import change_windows, hold_batch, mark_paused, release_batch

UNKNOWN_BATCH: Final = "There is no such batch."
FINISHED: Final = "Every message of the batch has its final status: there is nothing left to {what}."
TOO_LATE: Final = (
    "There is nothing left to {what}: every message without a final status was handed to its carrier."
)
NOT_PAUSED: Final = "The batch is not paused."


class HeldBatch(NamedTuple):
    """A batch after the call, and its messages by code."""

    batch: StoredBatch
    counts: dict[int, MessageCount]


class HoldBatch:
    """Answers the calls that hold a batch back, let it go on, and move it to other times."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids

    async def pause(self, tx: Transaction, account_id: int, batch_id: bytes, now: datetime) -> HeldBatch:
        """Hold back every message that was not yet submitted; a paused batch stays as it is.

        Raises NotFound, and Conflict when nothing is left to hold back.
        """
        held = await self._unfinished(tx, account_id, batch_id, "pause")
        if held.batch.paused_at is not None:
            return held
        moved = await self._queue_anew(tx, account_id, held.batch, now, LotState.PAUSED, None)
        batch = await _found(tx, account_id, batch_id)
        if batch.paused_at is not None:
            return HeldBatch(batch, held.counts)  # somebody else was at it, and we waited for the lots
        if not moved:
            raise Conflict(TOO_LATE.format(what="pause"))
        first, last = message_range(batch_id, batch.message_count)
        await hold_batch(tx, account_id, batch_id, first, last, closes_at=max(batch.closes))
        await mark_paused(tx, account_id, batch_id, now)
        return await self._as_it_is(tx, account_id, batch_id)

    async def resume(self, tx: Transaction, account_id: int, batch_id: bytes) -> HeldBatch:
        """Let a paused batch go on. Raises NotFound, and Conflict when it is not paused or is over."""
        held = await self._unfinished(tx, account_id, batch_id, "resume")
        if held.batch.paused_at is None:
            raise Conflict(NOT_PAUSED)
        first, last = message_range(batch_id, held.batch.message_count)
        await lock_lots(tx, account_id, first, last)
        await release_batch(tx, account_id, batch_id, first, last)
        await mark_paused(tx, account_id, batch_id, None)
        return await self._as_it_is(tx, account_id, batch_id)

    async def reschedule(
        self,
        tx: Transaction,
        account_id: int,
        batch_id: bytes,
        windows: Sequence[DeliveryWindow],
        now: datetime,
    ) -> HeldBatch:
        """Give every message that was not yet submitted other delivery windows; a paused batch stays paused.

        Raises NotFound, and Conflict when nothing is left to move.
        """
        held = await self._unfinished(tx, account_id, batch_id, "reschedule")
        span = span_of(windows, now)
        if not await self._queue_anew(tx, account_id, held.batch, now, None, span):
            raise Conflict(TOO_LATE.format(what="reschedule"))
        batch = await _found(tx, account_id, batch_id)
        if batch.paused_at is not None:
            first, last = message_range(batch_id, batch.message_count)
            await hold_batch(tx, account_id, batch_id, first, last, closes_at=last_close(windows))
        opens, closes = [window.opens for window in windows], [window.closes for window in windows]
        await change_windows(tx, account_id, batch_id, opens, closes)
        return await self._as_it_is(tx, account_id, batch_id)

    async def _unfinished(self, tx: Transaction, account_id: int, batch_id: bytes, what: str) -> HeldBatch:
        held = await self._as_it_is(tx, account_id, batch_id)
        if held.batch.incoming or all(map(is_final, held.counts)):
            raise Conflict(FINISHED.format(what=what))
        return held

    async def _as_it_is(self, tx: Transaction, account_id: int, batch_id: bytes) -> HeldBatch:
        batch = await _found(tx, account_id, batch_id)
        return HeldBatch(batch, await count_messages(tx, account_id, batch_id, batch.message_count))

    async def _queue_anew(
        self,
        tx: Transaction,
        account_id: int,
        batch: StoredBatch,
        now: datetime,
        state: LotState | None,
        span: Span | None,
    ) -> int:
        first, last = message_range(batch.batch_id, batch.message_count)
        shares: list[Share] = []
        for carrier_id, lots in groupby(
            await lock_lots(tx, account_id, first, last), key=lambda lot: lot.carrier_id
        ):
            shares += await read_shares(tx, account_id, carrier_id, list(lots), first, last)
        kept = await begun_among(tx, account_id, shares, first, last)
        seconds, moved = int(now.timestamp()), 0
        for carrier_id, of_carrier in groupby(shares, key=lambda share: share.lot.carrier_id):
            moved += await queue_anew(
                tx,
                account_id,
                carrier_id,
                list(of_carrier),
                kept,
                state=state,
                span=span,
                new_id=lambda: self._ids.new(seconds),
            )
        return moved


async def _found(tx: Transaction, account_id: int, batch_id: bytes) -> StoredBatch:
    batch = await find_batch(tx, account_id, batch_id)
    if batch is None:
        raise NotFound(UNKNOWN_BATCH)
    return batch


def span_of(windows: Sequence[DeliveryWindow], now: datetime) -> Span:
    """The window that is open at ``now``, else the next, with those after it."""
    window = next_window(windows, now) or windows[-1]
    later = windows[windows.index(window) + 1 :]
    return Span(window.opens, window.closes, [each.opens for each in later], [each.closes for each in later])
