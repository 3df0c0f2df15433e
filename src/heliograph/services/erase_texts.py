"""Erases message texts and phone numbers whose time is over, some batches a transaction.

Ids, money, codes, times and segments stay. What takes a number's place follows from the number, and what is
erased already is left out: killed anywhere, it runs again and comes to the same.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final

from heliograph.domain.ids import MessageIds, id_at, seconds_of
from heliograph.domain.retention import ErasedNumbers, OldBatch, OldMessage, is_erased, is_over
from heliograph.failpoints import failpoint
from heliograph.storage import erasure
from heliograph.storage.database import Database, Transaction, load_query

ACCOUNTS_AT_ONCE: Final = 500
BATCHES_AT_ONCE: Final = 200
MESSAGES_AT_ONCE: Final = 2_000
LOOK_AGAIN: Final = timedelta(days=1)
"""When to look again at a batch that had to wait."""


class EraseTexts:
    """One step does one lot of each account that has something to erase; several keepers may run.

    ``default_days`` is for accounts that say nothing.
    """

    def __init__(self, database: Database, numbers: ErasedNumbers, *, default_days: int) -> None:
        self._database = database
        self._numbers = numbers
        self._default_days = default_days
        self._after = 0
        self._done = 0
        """Since it began with the first account."""

    async def step(self, now: datetime) -> int:
        """Erase the next lots; more than 0 if there may be others."""
        async with self._database.transaction() as tx:
            days = dict(
                await erasure.list_retentions(
                    tx, after=self._after, default_days=self._default_days, limit=ACCOUNTS_AT_ONCE
                )
            )
            # What is not filled into conversations yet would be filled in after its erasure.
            filled_to: bytes = await tx.fetchval(load_query("read_conversation_progress"))
            look_to = {
                account_id: min(id_at(int((now - timedelta(days=kept)).timestamp())), filled_to)
                for account_id, kept in days.items()
            }
            wanted = await erasure.list_accounts_to_erase(tx, look_to, now)
            if wanted:
                await erasure.begin_erasure(tx, wanted)
            oldest = await erasure.list_oldest_reports(tx, wanted) if wanted else {}
        done = 0
        for account_id in wanted:
            report = oldest.get(account_id)
            lot = _Lot(
                self._database,
                self._numbers,
                account_id,
                days=days[account_id],
                now=now,
                oldest_report=now if report is None else datetime.fromtimestamp(seconds_of(report), tz=UTC),
            )
            done += await lot.do(look_to[account_id])
        return self._go_on(days, done)

    def _go_on(self, accounts: Mapping[int, int], done: int) -> int:
        """Turn to the next accounts; 0 once all of them had nothing more."""
        self._done += done
        if len(accounts) == ACCOUNTS_AT_ONCE:
            self._after = max(accounts)
            return 1
        done, self._after, self._done = self._done, 0, 0
        return done


class _Lot:
    """Some batches of one account."""

    def __init__(
        self,
        database: Database,
        numbers: ErasedNumbers,
        account_id: int,
        *,
        days: int,
        now: datetime,
        oldest_report: datetime,
    ) -> None:
        self._database = database
        self._numbers = numbers
        self._account_id = account_id
        self._days = days
        self._now = now
        self._since = now - timedelta(days=days)
        """A report first tried before is owed no more: no schedule is as long."""
        self._oldest_report = oldest_report

    async def do(self, look_to: bytes) -> int:
        """Look at the next batches below an id; how many there were."""
        async with self._database.transaction() as tx:
            looked_to = await erasure.lock_erasure(tx, self._account_id)
            if looked_to is None:
                return 0
            batches = await erasure.list_waiting_batches(
                tx, self._account_id, self._now, limit=BATCHES_AT_ONCE
            ) or await erasure.list_new_batches(
                tx, self._account_id, after=looked_to, before=look_to, limit=BATCHES_AT_ONCE
            )
            batches = _first_few(batches)
            if not batches:
                return 0
            await erasure.delete_oldest_blocks(tx, self._account_id, id_at(int(self._since.timestamp())))
            if batches[0].message_count <= MESSAGES_AT_ONCE:
                await self._erase_small(tx, batches)
                failpoint("erasure.pre_commit")
                return len(batches)
        await self._erase_large(batches[0])
        return 1

    async def _erase_small(self, tx: Transaction, batches: Sequence[OldBatch]) -> None:
        ranges = [batch.message_range for batch in batches]
        messages = {
            each.message_id: each for each in await erasure.list_old_messages(tx, self._account_id, ranges)
        }
        reports = await erasure.list_kept_reports(
            tx, self._account_id, ranges[0][0], ranges[-1][1], since=self._since
        )
        owed = {report.message_id for report in reports if not report.is_over}
        over: list[OldBatch] = []
        waiting: list[OldBatch] = []
        going: list[OldMessage] = []
        for batch in batches:
            ids = MessageIds(batch.batch_id, batch.message_count)[:]
            its_own = [messages[each] for each in ids if each in messages]
            if self._is_over(batch, its_own, owed):
                over.append(batch)
                going += its_own
            else:
                waiting.append(batch)
        # An incoming message has its number in the batch: its recipient is a number of ours.
        incoming = {batch.message_range[0] for batch in over if batch.incoming}
        await self._erase_messages(tx, [each for each in going if each.message_id not in incoming])
        gone = {message.message_id for message in going}
        await self._finish(tx, over, waiting, [each for each in reports if each.message_id in gone])

    async def _erase_large(self, batch: OldBatch) -> None:
        """A batch in slices, a transaction each. Its own row comes last: until then it is begun again."""
        first, last = batch.message_range
        ids = MessageIds(batch.batch_id, batch.message_count)
        starts = range(0, batch.message_count, MESSAGES_AT_ONCE)
        slices = [(ids[at], ids[min(at + MESSAGES_AT_ONCE, len(ids)) - 1]) for at in starts]
        async with self._database.transaction() as tx:
            reports = await erasure.list_kept_reports(tx, self._account_id, first, last, since=self._since)
            owed = {report.message_id for report in reports if not report.is_over}
            for each in slices:
                messages = await erasure.list_old_messages(tx, self._account_id, [each])
                if not self._is_over(batch, messages, owed):
                    await self._finish(tx, [], [batch], [])
                    return
        for each in slices:
            async with self._database.transaction() as tx:
                await self._erase_messages(tx, await erasure.list_old_messages(tx, self._account_id, [each]))
                failpoint("erasure.pre_commit")
        async with self._database.transaction() as tx:
            await self._finish(tx, [batch], [], reports)

    def _is_over(self, batch: OldBatch, messages: Sequence[OldMessage], owed: AbstractSet[bytes]) -> bool:
        return owed.isdisjoint(message.message_id for message in messages) and is_over(
            batch, messages, days=self._days, now=self._now, oldest_report=self._oldest_report
        )

    async def _erase_messages(self, tx: Transaction, messages: Sequence[OldMessage]) -> None:
        left = [message for message in messages if not is_erased(message.recipient)]
        if left:
            forms = [self._numbers.of(self._account_id, message.recipient) for message in left]
            await erasure.erase_messages(tx, self._account_id, left, forms)

    async def _finish(
        self,
        tx: Transaction,
        over: Sequence[OldBatch],
        waiting: Sequence[OldBatch],
        reports: Sequence[erasure.KeptReport],
    ) -> None:
        """In one transaction the last of what goes, and the note that it is gone."""
        if over:
            await erasure.erase_batches(tx, self._account_id, over, [self._sender(batch) for batch in over])
        if reports:
            await erasure.delete_old_reports(tx, self._account_id, reports, since=self._since)
        await erasure.note_erasure(
            tx,
            self._account_id,
            looked_to=max(batch.batch_id for batch in (*over, *waiting)),
            done=[batch.batch_id for batch in over],
            waiting=[batch.batch_id for batch in waiting],
            until=self._now + LOOK_AGAIN,
        )

    def _sender(self, batch: OldBatch) -> str:
        if not batch.incoming or is_erased(batch.sender):
            return batch.sender
        return self._numbers.of(self._account_id, batch.sender)


def _first_few(batches: list[OldBatch]) -> list[OldBatch]:
    """As many as have few enough messages together; at least one."""
    totals = accumulate(batch.message_count for batch in batches)
    return batches[: max(1, sum(total <= MESSAGES_AT_ONCE for total in totals))]
