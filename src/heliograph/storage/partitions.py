"""Partitions: made ahead, dropped whole when their time is over.

Batches and messages are cut by week of their id, what belongs to carriers and reports by day. A partition is
made as a table of its own and attached, which does not wait for writers of the others. There is no default
partition: a row without a place is an error that is seen at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.ids import id_at, week_bounds
from heliograph.storage.database import Transaction, load_query

WEEKS_AHEAD: Final = 8
DAYS_AHEAD: Final = 14
BY_WEEK: Final = ("batch", "batch_tag", "message", "conversation")
EVENT_DAYS: Final = 7
BY_DAY: Final = {
    "segment": 10,
    "refused_block": 10,
    "receipt_block": 30,
    "report_attempt": 30,
    "event_block": EVENT_DAYS,
}
"""Tables cut by day, and for how many whole days a partition is kept unless it is said otherwise."""


class Partition(NamedTuple):
    """One partition: its own name, its table, and the bounds as SQL literals (the upper one exclusive)."""

    name: str
    table: str
    lower: str
    upper: str


def wanted_partitions(now: datetime) -> Iterator[Partition]:
    """The partitions that must exist at ``now``: this week and 8 more, yesterday and 14 days from today."""
    for lower, upper in week_bounds(int(now.timestamp()), WEEKS_AHEAD + 1):
        monday = datetime.fromtimestamp(lower, tz=UTC).date()
        for table in BY_WEEK:
            yield Partition(
                f"{table}_w{monday:%Y%m%d}", table, f"'\\x{id_at(lower).hex()}'", f"'\\x{id_at(upper).hex()}'"
            )
    for table in BY_DAY:
        for number in range(-1, DAYS_AHEAD + 1):
            day = now.date() + timedelta(days=number)
            yield Partition(f"{table}_d{day:%Y%m%d}", table, f"'{day}'", f"'{day + timedelta(days=1)}'")


def is_over(name: str, today: date, kept: Mapping[str, int] = BY_DAY) -> bool:
    """Whether a partition by day, of this name, has been kept long enough."""
    table, _, suffix = name.rpartition("_d")
    if table not in kept or not suffix.isdigit():
        return False
    day = datetime.strptime(suffix, "%Y%m%d").replace(tzinfo=UTC).date()
    return day < today - timedelta(days=kept[table])


def days_covered(names: Iterable[str], today: date) -> int:
    """For how many days after today every table by day has its partition."""
    present = set(names)
    covered = 0
    while covered < 10 * DAYS_AHEAD:
        day = today + timedelta(days=covered + 1)
        if any(f"{table}_d{day:%Y%m%d}" not in present for table in BY_DAY):
            break
        covered += 1
    return covered


async def make_partitions(tx: Transaction, now: datetime) -> int:
    """Make the partitions that are missing; needs the owner of the tables. How many were made."""
    existing = {row["name"] for row in await tx.fetch(load_query("list_partitions"), [*BY_WEEK, *BY_DAY])}
    missing = [partition for partition in wanted_partitions(now) if partition.name not in existing]
    for partition in missing:
        await tx.execute(f"CREATE TABLE {partition.name} (LIKE {partition.table} INCLUDING ALL)")
        if partition.table == "message":
            # Room in the page for the updates that follow: 110, 111 and the final status.
            await tx.execute(f"ALTER TABLE {partition.name} SET (fillfactor = 50)")
        await tx.execute(
            f"ALTER TABLE {partition.table} ATTACH PARTITION {partition.name} "
            f"FOR VALUES FROM ({partition.lower}) TO ({partition.upper})"
        )
    return len(missing)


async def drop_partitions(tx: Transaction, now: datetime, kept: Mapping[str, int] = BY_DAY) -> list[str]:
    """Drop the partitions by day whose time is over; needs the owner of the tables. Their names."""
    rows = await tx.fetch(load_query("list_partitions"), list(BY_DAY))
    over = [row["name"] for row in rows if is_over(row["name"], now.date(), kept)]
    for name in over:
        await tx.execute(f"DROP TABLE {name}")
    return over
