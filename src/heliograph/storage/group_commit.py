"""Durable acceptance of small batches: those that come while a commit is in progress share the next one.

One committer, one connection, no timer: alone, a batch waits for nobody; under load, groups grow by
themselves. A transaction writes the lots first (family C), then balance, ledger, batches and messages in one
statement (family A), then reports of refusals (W). Rows that others wait for are locked in ascending order
within each family, so two transactions cannot wait for each other; should they ever, one is tried again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, Self

import asyncpg
import msgspec
import structlog

from heliograph.domain.ids import IdSource
from heliograph.domain.refusals import Unavailable
from heliograph.failpoints import failpoint
from heliograph.storage.accepted_batches import (
    Decided,
    Written,
    insert_batches,
    insert_lots,
    report_refusals,
)
from heliograph.storage.batches import PreparedBatch
from heliograph.storage.daily_caps import read_spent
from heliograph.storage.database import (
    Connection,
    Database,
    Purpose,
    is_connection_failure,
    is_retryable,
    load_query,
    transaction_on,
)
from heliograph.storage.new_lots import LotCutter
from heliograph.storage.wakeups import LOTS_CHANNEL
from heliograph.telemetry import describe_error

QUEUE_FULL: Final = "Too many requests wait to be stored. Nothing was accepted; try again in a moment."
NOT_STORED: Final = "The database cannot be reached. Nothing was accepted; try again in a moment."
UNKNOWN_IF_STORED: Final = (
    "The connection to the database was lost while the batch was being stored, and whether it was accepted "
    "is not known. With an Idempotency-Key the request can safely be sent again."
)
STOPPING: Final = "The server is stopping. Nothing was accepted; try again in a moment."

_MAX_REQUESTS: Final = 500
_MAX_MESSAGES: Final = 5_000
_MAX_MESSAGES_WAITING: Final = 200_000
_ROUNDS: Final = 4
_RETRY_DELAYS: Final = (0.0, 0.05, 0.5, 2.0)
_RETRY_AFTER: Final = 1.0
_LONGEST_WAY: Final = 0.005

log = structlog.get_logger()


class Outcome(msgspec.Struct, frozen=True):
    """What became of a batch that was submitted."""

    funded: bool
    """Whether it was paid; if not, every message to be sent is refused with 402."""
    is_repeated: bool = False
    """Its idempotency key was taken by another process meanwhile; nothing was written."""
    over_cap: bool = False
    """It was not paid since it would pass the account's daily cap."""
    is_unjudged: bool = False
    """Its account turned out to have a blacklist; nothing was written, it must be prepared again."""


class RolledBack(Exception):
    """What the database found differs from what was decided; the transaction was rolled back."""

    def __init__(self, written: Written) -> None:
        super().__init__("rolled back")
        self.written = written


class _Waiting:
    """A batch and the request that waits for it."""

    __slots__ = ("batch", "funded", "future", "may_be_stored", "over_cap")

    def __init__(self, batch: PreparedBatch, future: asyncio.Future[Outcome]) -> None:
        self.batch = batch
        self.future = future
        self.funded = True
        self.over_cap = False
        self.may_be_stored = False
        """A commit that held it was begun, and its end was not seen."""

    @property
    def outcome(self) -> Outcome:
        """What became of it once it is written."""
        return Outcome(self.funded, over_cap=self.over_cap)

    @property
    def decided(self) -> Decided:
        """It is written with this decision."""
        return Decided(self.batch.beyond_cap() if self.over_cap else self.batch, self.funded)

    def settle(self, outcome: Outcome) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    def fail(self, failure: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(failure)


class GroupCommit:
    """The committer of a process. ``wake`` is told a channel after commits that made lots."""

    def __init__(
        self,
        database: Database,
        *,
        ids: IdSource,
        now: Callable[[], datetime],
        wake: Callable[[str], None],
        queue_limit: int = 2_000,
    ) -> None:
        self._database = database
        self._ids = ids
        self._now = now
        self._wake = wake
        self._queue_limit = queue_limit
        self._queue: deque[_Waiting] = deque()
        self._messages_waiting = 0
        self._arrived = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._short_of_money: set[int] = set()

    def __repr__(self) -> str:
        return f"<GroupCommit {len(self._queue)} waiting>"

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._commit_always(), name="group commit")
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Take nothing more, finish what waits."""
        self._stopping = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            self._connection.terminate()

    async def submit(self, batch: PreparedBatch) -> Outcome:
        """Store a batch; returns once it is durable. Raises Unavailable, or what made it impossible."""
        if self._stopping:
            raise Unavailable(STOPPING, _RETRY_AFTER)
        if len(self._queue) >= self._queue_limit or self._messages_waiting > _MAX_MESSAGES_WAITING:
            raise Unavailable(QUEUE_FULL, _RETRY_AFTER)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(batch, future))
        self._messages_waiting += batch.message_count
        self._arrived.set()
        return await future

    async def _commit_always(self) -> None:
        while self._queue or not self._stopping:
            await self._arrived.wait()
            self._arrived.clear()
            self._at_rest.clear()
            while self._queue:
                group = self._take_group()
                try:
                    await self._commit(group)
                except BaseException as failure:
                    if isinstance(failure, asyncio.CancelledError) and self._is_cancelled():
                        raise
                    # A fault of ours must end these requests, not all that come after them.
                    log.error("accept.failed", error=describe_error(failure))
                    told = (
                        failure
                        if isinstance(failure, Exception)
                        else Unavailable(UNKNOWN_IF_STORED, _RETRY_AFTER)
                    )
                    for waiting in group:
                        waiting.fail(told)
            self._at_rest.set()

    async def give_way(self) -> None:
        """Let small batches go first, ``_LONGEST_WAY`` seconds at most; for long work done piece by piece."""
        await asyncio.sleep(0)
        if not self._at_rest.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._at_rest.wait(), _LONGEST_WAY)

    def _is_cancelled(self) -> bool:
        return self._task is not None and self._task.cancelling() > 0

    def _take_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        room = _MAX_MESSAGES
        while self._queue and len(group) < _MAX_REQUESTS and room > 0:
            waiting = self._queue.popleft()
            self._messages_waiting -= waiting.batch.message_count
            room -= waiting.batch.message_count
            if not waiting.future.done():
                group.append(waiting)
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        """Commit a group; if a statement fails, each of its batches alone. Never raises."""
        for delay in _RETRY_DELAYS:
            await asyncio.sleep(delay)
            group = [waiting for waiting in group if not waiting.future.done()]
            if not group:
                return
            try:
                await self._commit_together(group)
            except Exception as failure:
                log.warning("accept.commit_failed", error=describe_error(failure), batches=len(group))
                if await self._is_settled(group, failure):
                    return
            else:
                return
        for waiting in group:
            sentence = UNKNOWN_IF_STORED if waiting.may_be_stored else NOT_STORED
            waiting.fail(Unavailable(sentence, _RETRY_AFTER))

    async def _is_settled(self, group: list[_Waiting], failure: Exception) -> bool:
        """Do what a failure calls for; False if the same group should be tried again."""
        if is_stored_already(failure) and all(waiting.may_be_stored for waiting in group):
            # The commit whose end was not seen took place: a row holds the id. It held all of the group.
            for waiting in group:
                waiting.settle(waiting.outcome)
            return True
        if is_connection_failure(failure):
            return False
        if len(group) > 1:
            for waiting in group:
                await self._commit([waiting])
            return True
        if is_retryable(failure) or isinstance(failure, RolledBack):
            return False
        log.error("accept.failed", error=describe_error(failure))
        group[0].fail(failure)
        return True

    async def _commit_together(self, group: list[_Waiting]) -> None:
        """Decide who is paid, write, commit, answer; again while the database knows better."""
        connection = await self._live_connection()
        for attempt in range(1, _ROUNDS + 1):
            await self._decide(connection, group)
            try:
                await self._write(connection, group)
            except RolledBack as found:
                # The rows went in before they were rolled back, so no earlier commit had stored them.
                for waiting in group:
                    waiting.may_be_stored = False
                self._short_of_money |= found.written.unpaid | found.written.over_cap
                group = _without_repeated(group, found.written.repeated)
                group = _without_unjudged(group, found.written.unjudged)
                if not group:
                    return
                if attempt == _ROUNDS:
                    raise
            else:
                break
        for waiting in group:
            waiting.settle(waiting.outcome)

    async def _live_connection(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.dedicated_connection(Purpose.HOT)
        return self._connection

    async def _decide(self, connection: Connection, group: Sequence[_Waiting]) -> None:
        """Decide which batches their account can pay, in the order they came.

        An account counts as solvent until a debit fails or its daily cap would be passed; only then are
        balance and day read beforehand. What is written is conditional either way.
        """
        for waiting in group:
            if not waiting.may_be_stored:
                waiting.funded, waiting.over_cap = True, False
        doubtful = self._short_of_money.intersection([one.batch.account.account_id for one in group])
        if not doubtful:
            return
        rows = await connection.fetch(load_query("read_balances"), sorted(doubtful))
        left: dict[int, int] = dict.fromkeys(doubtful, 0) | {row[0]: row[1] for row in rows}
        room = await self._room_today(connection, group, doubtful)
        for waiting in group:
            account_id, total = waiting.batch.account.account_id, waiting.batch.total
            if account_id not in left or waiting.may_be_stored:
                continue
            is_covered = not total or total <= left[account_id]
            waiting.over_cap = is_covered and total > room.get(account_id, total)
            waiting.funded = is_covered and not waiting.over_cap
            if waiting.funded:
                left[account_id] -= total
                if account_id in room:
                    room[account_id] -= total
            else:
                doubtful.discard(account_id)
        # What is still in `doubtful` could pay for everything.
        self._short_of_money -= doubtful

    async def _room_today(
        self, connection: Connection, group: Sequence[_Waiting], accounts: set[int]
    ) -> dict[int, int]:
        """What accounts may still spend today, of those that have a cap."""
        caps = {one.batch.account.account_id: one.batch.account.daily_cap for one in group}
        now = self._now()
        return {
            account_id: max(0, cap - await read_spent(connection, account_id, now=now))
            for account_id, cap in caps.items()
            if cap is not None and account_id in accounts
        }

    async def _write(self, connection: Connection, group: Sequence[_Waiting]) -> None:
        now = self._now()
        decided = [waiting.decided for waiting in group]
        cutter = LotCutter(self._ids, now)
        for one in decided:
            if one.funded:
                cutter.add(one.batch)
        lots = cutter.cut()
        async with transaction_on(connection, ring=self._wake) as tx:
            for carrier_id, of_carrier in lots.items():
                await insert_lots(tx, carrier_id, of_carrier)
            written = await insert_batches(tx, decided, now=now, ids=self._ids)
            if not written.is_as_asked:
                raise RolledBack(written)
            await report_refusals(tx, decided, now=now, ids=self._ids)
            failpoint("api.pre_commit")
            for waiting in group:
                waiting.may_be_stored = True
        failpoint("api.post_commit")
        if lots:
            self._wake(LOTS_CHANNEL)


def _without_repeated(group: list[_Waiting], repeated: frozenset[tuple[int, str]]) -> list[_Waiting]:
    """The rest of a group when some keys were taken by other processes; those are answered now."""
    rest = []
    for waiting in group:
        key = waiting.batch.idempotent
        if key is not None and (key.account_id, key.key) in repeated:
            waiting.settle(Outcome(waiting.funded, is_repeated=True))
        else:
            rest.append(waiting)
    return rest


def _without_unjudged(group: list[_Waiting], unjudged: frozenset[int]) -> list[_Waiting]:
    """The rest of a group when some were prepared without the blacklist that their account has by now."""
    rest = []
    for waiting in group:
        account = waiting.batch.account
        if account.account_id in unjudged and not account.has_blacklist:
            waiting.settle(Outcome(waiting.funded, is_unjudged=True))
        else:
            rest.append(waiting)
    return rest


def is_stored_already(failure: BaseException) -> bool:
    """Whether an insert failed since rows with the ids of the batch are there, in whichever partition."""
    return isinstance(failure, asyncpg.UniqueViolationError) and (failure.table_name or "").startswith(
        ("batch", "message", "summary")
    )
