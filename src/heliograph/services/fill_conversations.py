"""Fills in which messages each number got, for those who read conversations, some minutes after the fact.

Messages come in the order of their ids only roughly: an id is taken before its transaction begins, and a
large batch commits late. So a stretch of ids is filled in once it is old, and once every transaction that ran
when it was old has ended. What a reader does not find filled in it looks through itself.
"""

from datetime import datetime, timedelta
from typing import Final

from heliograph.domain.ids import id_at, seconds_of
from heliograph.storage.database import Database, Transaction, load_query

LAG: Final = timedelta(minutes=5)
"""How old ids are when no transaction is still to begin for them: far more than a request may wait."""
_SHORTEST_SECONDS: Final = 10
_LONGEST_SECONDS: Final = 86_400
_FEW: Final = 40_000
_MANY: Final = 200_000
"""How many messages one transaction should fill in; the stretch of the next one follows from it."""


class FillConversations:
    """One step fills in one stretch; several keepers may run at the same time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seconds = _SHORTEST_SECONDS

    async def step(self, now: datetime) -> int:
        """Fill in the next stretch; 1 if another one waits, else 0."""
        async with self._database.transaction() as tx:
            row = await tx.fetchrow(load_query("lock_conversation_progress"))
            if row is None:  # another keeper is at it
                return 0
            filled_to, ready_to = row["filled_to"], row["ready_to"]
            if not row["is_ready"]:
                return 0
            if filled_to < ready_to:
                filled_to = await self._fill(tx, filled_to, ready_to)
                await tx.execute(load_query("fill_conversations_to"), filled_to)
                return int(filled_to < ready_to)
            await tx.execute(load_query("promise_conversations_to"), id_at(int((now - LAG).timestamp())))
            return 0

    async def _fill(self, tx: Transaction, after: bytes, ready_to: bytes) -> bytes:
        """Fill in a stretch after an id; the id up to which it goes."""
        first = await tx.fetchval(load_query("find_next_message"), after, ready_to)
        if first is None:
            return ready_to
        to = min(ready_to, id_at(seconds_of(first) + self._seconds))
        done = await tx.execute(load_query("fill_conversations"), after, to)
        filled = int(done.rpartition(" ")[2])
        if filled < _FEW:
            self._seconds = min(2 * self._seconds, _LONGEST_SECONDS)
        elif filled > _MANY:
            self._seconds = max(self._seconds // 2, _SHORTEST_SECONDS)
        return to
