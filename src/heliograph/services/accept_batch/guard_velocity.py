"""The velocity guard in the way of a batch: count its recipients by prefix, refuse those beyond a limit.

It is asked only for accounts with rules. The count is committed before the batch is, so that no process lets
more pass than a limit; what comes to nothing is given back. Should we die in between, the window stays fuller
than it is, never emptier.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
import structlog

from heliograph.domain.status import Code
from heliograph.domain.velocity_rules import (
    Guarded,
    Passage,
    beyond,
    guard_table,
    guard_warnings,
    number_guarded,
    period_word,
    window_start,
)
from heliograph.storage.batches import NO_CARRIER, PreparedBatch
from heliograph.storage.database import Database
from heliograph.storage.group_commit import Outcome
from heliograph.storage.guard_windows import count_guarded, read_guarded, uncount_guarded
from heliograph.telemetry import describe_error

_SLICE: Final = 1_000
_FUNDED: Final = Code.FUNDED.value
_BLOCKED: Final = Code.RECIPIENT_REJECTED.value

log = structlog.get_logger()


class Judged(NamedTuple):
    """A batch whose recipients beyond a limit are refused, and what was counted for it."""

    batch: PreparedBatch
    passages: Sequence[Passage]


class GuardVelocity:
    """``give_way`` is awaited between two slices of a large batch: it lets others be served."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime], give_way: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._now = now
        self._give_way = give_way

    async def judge(self, batch: PreparedBatch) -> Judged:
        """Count a batch that is about to be stored; ``settle`` is told what became of it."""
        asked = await self._asked(batch)
        if not asked:
            return Judged(batch, ())
        now = self._now()
        totals = await count_guarded(self._database, batch.account.account_id, asked, now)
        return await self._judged(batch, asked, totals, now)

    async def foresee(self, batch: PreparedBatch) -> PreparedBatch:
        """The batch as ``judge`` would make it; nothing is counted."""
        asked = await self._asked(batch)
        if not asked:
            return batch
        now = self._now()
        before = await read_guarded(self._database, batch.account.account_id, asked, now)
        totals = {each.prefix: before.get(each.prefix, 0) + count for each, count in asked.items()}
        return (await self._judged(batch, asked, totals, now)).batch

    async def settle(self, judged: Judged, outcome: Outcome) -> None:
        """Give back what is not sent after all, and log which limits were passed.

        Refused messages of an unpaid batch are stored as refused, and stay counted as such.
        """
        if outcome.is_repeated or outcome.is_unjudged:
            await self._give_back(judged, judged.passages)
            return
        if not outcome.funded:
            unpaid = [
                passage._replace(
                    asked=passage.asked - passage.blocked, beyond=passage.beyond - passage.blocked
                )
                for passage in judged.passages
            ]
            await self._give_back(judged, [passage for passage in unpaid if passage.asked])
        for passage in judged.passages:
            if passage.is_first_beyond and (outcome.funded or passage.blocked):
                _log_passed(judged.batch, passage)

    async def _asked(self, batch: PreparedBatch) -> Counter[Guarded]:
        """How many of the messages to be sent are counted with what."""
        table = guard_table(batch.account.guard_rules)
        asked: Counter[Guarded] = Counter()
        for start in range(0, batch.message_count, _SLICE):
            if start:
                await self._give_way()
            stop = start + _SLICE
            asked += number_guarded(table.find_all(batch.recipients[start:stop]), batch.codes[start:stop])
        return asked

    async def _judged(
        self, batch: PreparedBatch, asked: Counter[Guarded], totals: Mapping[str, int], now: datetime
    ) -> Judged:
        passages = []
        for each, count in asked.items():
            total = totals[each.prefix]
            passages.append(
                Passage(
                    each,
                    count,
                    beyond(count, total, each.most),
                    window_start(now, each.seconds),
                    is_first_beyond=total - count <= each.most < total,
                )
            )
        room = {passage.guarded: passage.asked - passage.blocked for passage in passages if passage.blocked}
        if not room:
            return Judged(batch, passages)
        return Judged(
            await self._refused(batch, room, guard_warnings(passages, batch.message_count)), passages
        )

    async def _refused(
        self, batch: PreparedBatch, room: dict[Guarded, int], warnings: Sequence[str]
    ) -> PreparedBatch:
        """The batch without the messages for which there is no room; the first ones of each prefix stay."""
        table = guard_table(batch.account.guard_rules)
        codes, prices, carriers = list(batch.codes), list(batch.prices), list(batch.carriers)
        for start in range(0, batch.message_count, _SLICE):
            if start:
                await self._give_way()
            found = table.find_all(batch.recipients[start : start + _SLICE])
            for place, guarded in enumerate(found, start):
                if guarded not in room or codes[place] != _FUNDED:
                    continue
                room[guarded] -= 1
                if room[guarded] < 0:
                    codes[place], prices[place], carriers[place] = _BLOCKED, 0, NO_CARRIER
        return msgspec.structs.replace(
            batch,
            codes=codes,
            prices=prices,
            carriers=carriers,
            total=sum(prices),
            kinds=Counter(zip(codes, batch.segments, strict=True)),
            warnings=[*batch.warnings, *warnings],
        )

    async def _give_back(self, judged: Judged, passages: Sequence[Passage]) -> None:
        if not passages:
            return
        try:
            await uncount_guarded(self._database, judged.batch.account.account_id, passages)
        except Exception as failure:
            # The customer's answer stands; until its end the window is fuller than it should be.
            log.warning("guard.not_given_back", error=describe_error(failure))


def _log_passed(batch: PreparedBatch, passage: Passage) -> None:
    guarded = passage.guarded
    log.warning(
        "guard.limit_passed",
        account=batch.account.number,
        prefix=guarded.prefix,
        limit=guarded.most,
        period=period_word(guarded.seconds),
        blocked=passage.blocked,
        would_have_blocked=passage.beyond - passage.blocked,
    )
