"""Counts the traffic of all accounts for those who look at figures, in bulk, some minutes after the fact.

Each stretch of time is counted anew at several ages, whole, from the messages themselves: whatever came late,
or changed since, is in the next count. See docs/decisions/.
"""

from datetime import datetime

from heliograph.domain.ids import id_at, seconds_of
from heliograph.domain.traffic import LOOKS, STEP_BOUNDS_MS, Look, floor_to
from heliograph.storage.database import Database, Transaction, load_query


class CountTraffic:
    """One step counts one stretch of time; several keepers may run at the same time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self, now: datetime) -> int:
        """Count the next stretch that is due; 1 if there was one, else 0."""
        for look in LOOKS:
            async with self._database.transaction() as tx:
                counted_to = await tx.fetchval(load_query("lock_traffic_progress"), look.number)
                if counted_to is None:
                    return 0  # another keeper is at it; a later look must not overtake it
                if await _count_next(tx, look, counted_to, now):
                    return 1
        return 0


async def _count_next(tx: Transaction, look: Look, counted_to: datetime, now: datetime) -> bool:
    due_to = floor_to(now - look.age, look.stretch)
    if counted_to >= due_to:
        return False
    first = await tx.fetchval(load_query("find_next_message"), _id_of(counted_to), _id_of(due_to))
    if first is None:
        await tx.execute(load_query("count_traffic_to"), look.number, due_to)
        return False
    begins = floor_to(datetime.fromtimestamp(seconds_of(first), tz=now.tzinfo), look.stretch)
    ends = begins + look.stretch
    await tx.execute(load_query("forget_traffic"), begins, ends)
    await tx.execute(load_query("count_traffic"), _id_of(begins), _id_of(ends), begins, list(STEP_BOUNDS_MS))
    await tx.execute(load_query("count_traffic_to"), look.number, ends)
    return True


def _id_of(moment: datetime) -> bytes:
    return id_at(int(moment.timestamp()))
