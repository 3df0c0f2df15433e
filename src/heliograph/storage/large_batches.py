"""Durable acceptance of a large batch: its own connection, in slices, so that small ones need not wait.

The messages and lots go in first: nobody waits for rows that are new. The rows that others want - fair
positions, then the balance - are touched last, just before the commit. A large batch that cannot be paid is
mostly found out before anything is written; where not, it is rolled back and written again unpaid.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import structlog

from heliograph.domain.ids import IdSource
from heliograph.domain.refusals import Unavailable
from heliograph.failpoints import failpoint
from heliograph.storage.accepted_batches import (
    Decided,
    insert_batches,
    insert_placed_lots,
    report_refusals,
)
from heliograph.storage.batches import PreparedBatch
from heliograph.storage.daily_caps import read_spent
from heliograph.storage.database import Database, Purpose, Transaction, is_retryable, load_query
from heliograph.storage.group_commit import (
    NOT_STORED,
    QUEUE_FULL,
    UNKNOWN_IF_STORED,
    Outcome,
    RolledBack,
    is_stored_already,
)
from heliograph.storage.lot_windows import advance_fair_positions
from heliograph.storage.new_lots import LotCutter, NewLot, place_lots
from heliograph.storage.wakeups import LOTS_CHANNEL
from heliograph.telemetry import describe_error

SLICE: Final = 1_000
_RETRY_DELAYS: Final = (0.0, 0.1, 1.0)
_RETRY_AFTER: Final = 5.0

log = structlog.get_logger()


class LargeBatches:
    """Stores large batches, ``at_once`` of them side by side and ``waiting_limit`` behind them.

    ``give_way`` is awaited between two slices: it lets the small ones go first.
    """

    def __init__(
        self,
        database: Database,
        *,
        ids: IdSource,
        now: Callable[[], datetime],
        wake: Callable[[str], None],
        give_way: Callable[[], Awaitable[None]],
        at_once: int = 2,
        waiting_limit: int = 20,
    ) -> None:
        self._database = database
        self._ids = ids
        self._now = now
        self._wake = wake
        self._give_way = give_way
        self._free = asyncio.Semaphore(at_once)
        self._room = at_once + waiting_limit

    async def submit(self, batch: PreparedBatch) -> Outcome:
        """Store a batch; returns once it is durable. Raises Unavailable, or what made it impossible."""
        if self._room <= 0:
            raise Unavailable(QUEUE_FULL, _RETRY_AFTER)
        self._room -= 1
        try:
            async with self._free:
                return await self._store(batch)
        finally:
            self._room += 1

    async def _store(self, batch: PreparedBatch) -> Outcome:
        attempt = _Attempt(batch)
        for delay in _RETRY_DELAYS:
            await asyncio.sleep(delay)
            try:
                return await self._try(attempt)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as failure:
                if attempt.may_be_stored and is_stored_already(failure):
                    return attempt.outcome
                if not is_retryable(failure):
                    raise
                log.warning("accept.commit_failed", error=describe_error(failure), batches=1)
        sentence = UNKNOWN_IF_STORED if attempt.may_be_stored else NOT_STORED
        raise Unavailable(sentence, _RETRY_AFTER)

    async def _try(self, attempt: "_Attempt") -> Outcome:
        if not attempt.may_be_stored:
            await self._judge(attempt)
        while True:
            try:
                await self._write(attempt)
            except RolledBack as found:
                # The rows went in before they were rolled back, so no earlier commit had stored them.
                attempt.may_be_stored = False
                if found.written.repeated:
                    return Outcome(attempt.funded, is_repeated=True)
                if found.written.unjudged:
                    return Outcome(attempt.funded, is_unjudged=True)
                attempt.funded, attempt.over_cap = False, not found.written.unpaid
            else:
                return attempt.outcome

    async def _judge(self, attempt: "_Attempt") -> None:
        """Whether balance and daily cap suffice now; what is written at the end decides."""
        batch, account = attempt.batch, attempt.batch.account
        attempt.funded, attempt.over_cap = True, False
        if not batch.total:
            return
        rows = await self._database.fetch(Purpose.HOT, load_query("read_balances"), [account.account_id])
        attempt.funded = bool(rows) and batch.total <= rows[0]["amount"]
        if attempt.funded and account.daily_cap is not None:
            async with self._database.transaction(Purpose.HOT) as tx:
                spent = await read_spent(tx, account.account_id, now=self._now())
            attempt.over_cap = spent + batch.total > account.daily_cap
            attempt.funded = not attempt.over_cap

    async def _write(self, attempt: "_Attempt") -> None:
        batch, now = attempt.batch, self._now()
        decided = [Decided(batch.beyond_cap() if attempt.over_cap else batch, attempt.funded)]
        async with self._database.transaction(Purpose.HOT) as tx:
            await self._insert_messages(tx, batch, funded=attempt.funded)
            advances = await self._insert_lots(tx, batch, now) if attempt.funded else {}
            for carrier_id, moved in advances.items():
                await advance_fair_positions(tx, carrier_id, moved)
            written = await insert_batches(tx, decided, now=now, ids=self._ids, with_messages=False)
            if not written.is_as_asked:
                raise RolledBack(written)
            await report_refusals(tx, decided, now=now, ids=self._ids)
            failpoint("api.pre_commit")
            attempt.may_be_stored = True
        failpoint("api.post_commit")
        if advances:
            self._wake(LOTS_CHANNEL)

    async def _insert_messages(self, tx: Transaction, batch: PreparedBatch, *, funded: bool) -> None:
        statement = load_query("insert_messages")
        columns: list[Sequence[int]] = [
            batch.prices_if(funded=funded),
            batch.codes_if(funded=funded),
            batch.segments,
            batch.encodings,
        ]
        for start in range(0, batch.message_count, SLICE):
            await self._give_way()
            chosen = slice(start, start + SLICE)
            said = [_said_once(column[chosen]) for column in columns]
            await tx.execute(
                statement,
                batch.account.account_id,
                batch.batch_id,
                b"".join(batch.message_ids[chosen]),
                ",".join(batch.recipients[chosen]),
                *[common for common, _ in said],
                *[each for _, each in said],
                [] if batch.bodies is None else batch.bodies[chosen],
            )

    async def _insert_lots(
        self, tx: Transaction, batch: PreparedBatch, now: datetime
    ) -> dict[int, dict[tuple[int, int], int]]:
        """Write the lots slice by slice, behind those of the account as seen at the beginning.

        Returns how far the account moves on with each carrier, in ascending order.
        """
        cutter = LotCutter(self._ids, now)
        starts: dict[int, int] = {}
        advances: dict[int, dict[tuple[int, int], int]] = {}
        key = batch.draft.priority, batch.account.account_id
        for start in range(0, batch.message_count, SLICE):
            await self._give_way()
            cutter.add(batch, start, start + SLICE)
            for carrier_id, lots in cutter.cut().items():
                if carrier_id not in starts:
                    starts[carrier_id] = await tx.fetchval(load_query("read_fair_position"), carrier_id, *key)
                moved = advances.setdefault(carrier_id, {})
                await insert_placed_lots(tx, carrier_id, lots, _places(lots, starts[carrier_id], key, moved))
        return {carrier_id: moved for carrier_id, moved in sorted(advances.items()) if moved}


class _Attempt:
    """A batch on its way into the database, and what is known of it."""

    __slots__ = ("batch", "funded", "may_be_stored", "over_cap")

    def __init__(self, batch: PreparedBatch) -> None:
        self.batch = batch
        self.funded = True
        self.over_cap = False
        self.may_be_stored = False

    @property
    def outcome(self) -> Outcome:
        """What became of it once it is written."""
        return Outcome(self.funded, over_cap=self.over_cap)


def _places(
    lots: Sequence[NewLot], start: int, key: tuple[int, int], moved: dict[tuple[int, int], int]
) -> list[int]:
    """The places of a slice's lots behind those of the slices before, which had moved on by ``moved``."""
    before = moved.get(key, 0)
    placed = place_lots(lots)
    if key in placed.advances:
        moved[key] = before + placed.advances[key]
    return [0 if offset is None else start + before + offset for offset in placed.offsets]


def _said_once(values: Sequence[int]) -> tuple[int, Sequence[int]]:
    """What all the values are, and nothing more; else anything, and the values."""
    first = values[0]
    return (first, []) if min(values) == max(values) else (first, values)
