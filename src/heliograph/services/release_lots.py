"""Open and close delivery windows: scheduled lots become ready, closed ones move on or expire.

The database's clock decides, never ours.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from heliograph.domain.history import milliseconds
from heliograph.domain.ids import IdSource
from heliograph.domain.lot import LotState, decode_contents, fair_positions
from heliograph.domain.lot_progress import is_settled, submitted_message_ids, unsent
from heliograph.domain.message_change import RANK_CLOSED, MessageChange
from heliograph.domain.status import Code
from heliograph.storage.batch_lots import begun_among, lock_lots_at, queue_anew, read_shares
from heliograph.storage.database import Database, Purpose, Transaction
from heliograph.storage.lot_windows import (
    LotToClose,
    LotToRelease,
    advance_fair_positions,
    finish_expired_lots,
    list_carriers_with_lots_due,
    lock_lots_to_close,
    lock_lots_to_release,
    move_lots_to_next_window,
    release_lots,
    was_carrier_bound,
)
from heliograph.storage.message_changes import apply_changes
from heliograph.storage.paused_batches import forget_paused_batches, list_escaped_batches

LOTS_AT_ONCE = 100


class ReleaseLots:
    """One step releases and closes what is due at every carrier.

    ``receipt_wait`` is how long an accepted message waits for its receipt; ``on_released`` is called after
    the commit that made lots ready.
    """

    def __init__(
        self, database: Database, ids: IdSource, *, receipt_wait: timedelta, on_released: Callable[[], None]
    ) -> None:
        self._database = database
        self._ids = ids
        self._receipt_wait = receipt_wait
        self._on_released = on_released

    async def step(self, now: datetime) -> int:
        """Release and close what is due; the number of lots that moved."""
        async with self._database.transaction() as tx:
            carriers = await list_carriers_with_lots_due(tx)
        moved = released = 0
        for carrier_id in carriers:
            released += await self._release(carrier_id, now)
            moved += await self._close(carrier_id, now)
        if released:
            self._on_released()
        return moved + released

    async def _release(self, carrier_id: int, now: datetime) -> int:
        async with self._database.transaction(Purpose.HOT) as tx:
            await self._hold_escaped(tx, carrier_id, now)
            lots = await lock_lots_to_release(tx, carrier_id, LOTS_AT_ONCE)
            if lots:
                advances = advances_of(lots)
                last = await advance_fair_positions(tx, carrier_id, advances)
                await release_lots(tx, carrier_id, positions_of(lots, advances, last))
        return len(lots)

    async def _hold_escaped(self, tx: Transaction, carrier_id: int, now: datetime) -> None:
        """Take messages of paused batches out of lots that are due: tries that were put off meanwhile."""
        seconds = int(now.timestamp())
        for batch in await list_escaped_batches(tx, carrier_id, LOTS_AT_ONCE):
            account_id, _, first, last = batch
            lots = await lock_lots_at(tx, carrier_id, account_id, first, last)
            due = [lot for lot in lots if lot.state == LotState.SCHEDULED]
            shares = await read_shares(tx, account_id, carrier_id, due, first, last)
            await queue_anew(
                tx,
                account_id,
                carrier_id,
                shares,
                kept=await begun_among(tx, account_id, shares, first, last),
                state=LotState.PAUSED,
                span=None,
                new_id=lambda: self._ids.new(seconds),
            )

    async def _close(self, carrier_id: int, now: datetime) -> int:
        async with self._database.transaction(Purpose.HOT) as tx:
            lots = await lock_lots_to_close(tx, carrier_id, LOTS_AT_ONCE)
            # A lot with answers still to come is left alone until they came or were given up.
            settled = [lot for lot in lots if is_settled(lot.next_segment, lot.answered)]
            again = [lot.lot_id for lot in settled if lot.opens_again]
            if again:
                await move_lots_to_next_window(tx, carrier_id, again)
            over = [lot for lot in settled if not lot.opens_again]
            if over:
                await self._expire(tx, carrier_id, over, now)
            await forget_paused_batches(tx, carrier_id)
        return len(settled)

    async def _expire(self, tx: Transaction, carrier_id: int, lots: list[LotToClose], now: datetime) -> None:
        submitted: dict[bytes, bytes] = {}
        changes: list[MessageChange] = []
        for lot in lots:
            reached = await was_carrier_bound(tx, carrier_id, lot.opens_at)
            contents = decode_contents(lot.payload)
            submitted[lot.lot_id] = submitted_message_ids(contents, lot.next_segment, lot.skipped)
            changes += [
                MessageChange(
                    lot.account_id,
                    place.message.message_id,
                    place.number_in_message(max(place.first, lot.next_segment)),
                    place.message.segments,
                    RANK_CLOSED,
                    Code.EXPIRED if reached or lot.is_paused else Code.UNROUTABLE,
                    milliseconds(now),
                    refund=True,
                )
                for place in unsent(contents, lot.next_segment, lot.skipped)
                if not place.message.second_try  # its first try may have been accepted: it stays in doubt
            ]
        await finish_expired_lots(tx, carrier_id, submitted, now + self._receipt_wait)
        await apply_changes(tx, changes, now=now, ids=self._ids)


def advances_of(lots: list[LotToRelease]) -> dict[tuple[int, int], int]:
    """How far these lots move each (priority, account) on in the fair order."""
    advances: dict[tuple[int, int], int] = defaultdict(int)
    for lot in lots:
        advances[lot.priority, lot.account_id] += fair_positions(0, [lot.segment_count], weight=lot.weight)[0]
    return dict(advances)


def positions_of(
    lots: list[LotToRelease], advances: dict[tuple[int, int], int], last: dict[tuple[int, int], int]
) -> dict[bytes, int]:
    """The position of each lot, given where its (priority, account) stands after all of them."""
    reached = {key: last[key] - advances[key] for key in last}
    positions = {}
    for lot in lots:
        key = lot.priority, lot.account_id
        (reached[key],) = fair_positions(reached[key], [lot.segment_count], weight=lot.weight)
        positions[lot.lot_id] = reached[key]
    return positions
