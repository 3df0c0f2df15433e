"""What operators watch: binds, queues, reports that wait, loose ends. Counts stop somewhere."""

from datetime import datetime
from typing import Final, NamedTuple

from heliograph.domain.installation_alarms import BoundSlot, FailingOrigin, LooseEnds, QueueDepth
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.partitions import BY_DAY, days_covered

MOST_LOTS: Final = 20_000
"""Of one carrier are counted, the oldest first."""
MOST_REPORTS: Final = 20_000
MOST_LOOSE_ENDS: Final = 10_000


class WaitingReports(NamedTuple):
    """Reports of an account that wait for an origin. ``oldest`` is None where all tries are used up."""

    bucket: int
    number: str
    origin: str
    fresh: int | None
    retrying: int
    parked: int
    oldest: datetime | None


async def list_bind_slots(tx: Transaction) -> list[BoundSlot]:
    """Every slot that was ever held, by carrier."""
    return [BoundSlot(*row) for row in await tx.fetch(load_query("list_bind_slots"))]


async def read_queue_depth(tx: Transaction) -> list[QueueDepth]:
    """The lots of each carrier by priority and state; only the oldest are counted."""
    depths: list[QueueDepth] = []
    for carrier_id in await _carrier_ids(tx):
        rows = await tx.fetch(load_query("read_queue_depth"), carrier_id, MOST_LOTS)
        depths += [QueueDepth(*row) for row in rows]
    return depths


async def read_loose_ends(tx: Transaction, *, late: datetime) -> list[LooseEnds]:
    """What of each carrier is in doubt or unmatched, and what should have been done by ``late``."""
    query = load_query("count_loose_ends")
    return [
        LooseEnds(*row)
        for carrier_id in await _carrier_ids(tx)
        for row in await tx.fetch(query, carrier_id, MOST_LOOSE_ENDS, late)
    ]


async def _carrier_ids(tx: Transaction) -> list[int]:
    return [row["carrier_id"] for row in await tx.fetch(load_query("list_carrier_ids"))]


async def read_waiting_reports(tx: Transaction) -> list[WaitingReports]:
    """Reports that wait, by bucket, account and origin; those that wait longest first."""
    return [WaitingReports(*row) for row in await tx.fetch(load_query("read_waiting_reports"), MOST_REPORTS)]


async def list_failing_origins(tx: Transaction) -> list[FailingOrigin]:
    """Origins whose last attempt failed, the disabled ones first."""
    return [FailingOrigin(*row) for row in await tx.fetch(load_query("list_failing_origins"))]


class ServerState(NamedTuple):
    """The database server."""

    version: str
    size: int
    """In bytes, of this database."""
    connections: int
    most_connections: int
    started_at: datetime
    fsync: str
    full_page_writes: str
    synchronous_commit: str
    standbys: int

    @property
    def unsafe_settings(self) -> tuple[str, ...]:
        """Settings that let it lose what it has confirmed."""
        settings = {"fsync": self.fsync, "full_page_writes": self.full_page_writes}
        unsafe = [f"{name} = {value}" for name, value in settings.items() if value != "on"]
        if self.synchronous_commit == "off":
            unsafe.append("synchronous_commit = off")
        return tuple(unsafe)


class AppliedMigration(NamedTuple):
    """A step of the schema."""

    name: str
    applied_at: datetime


async def read_server_state(tx: Transaction) -> ServerState:
    """The server, and how full it is."""
    row = await tx.fetchrow(load_query("read_server_state"))
    assert row is not None
    return ServerState(*row)


async def list_migrations(tx: Transaction) -> list[AppliedMigration]:
    """The steps of the schema, the newest first."""
    return [AppliedMigration(*row) for row in await tx.fetch(load_query("list_migrations"))]


async def days_ahead(tx: Transaction, *, now: datetime) -> int:
    """For how many days from now there are partitions by day in every table."""
    rows = await tx.fetch(load_query("list_partitions"), list(BY_DAY))
    return days_covered([row["name"] for row in rows], now.date())
