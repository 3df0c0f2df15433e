"""Reports that failed, as their account sees them, and how they are put back to be delivered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from heliograph.domain.ids import IdSource
from heliograph.domain.report_events import (
    Attempt,
    EventBlock,
    RetryEvents,
    decode_attempts,
    decode_retry,
    encode_events,
)
from heliograph.domain.report_url import BUCKETS, bucket_of
from heliograph.storage.database import Transaction, announce, load_query
from heliograph.storage.wakeups import REPORTS_CHANNEL

MOST_COUNTED: Final = 10_000
"""How far reports are counted."""
_BLOCKS_READ: Final = 20


class FailingOrigin(NamedTuple):
    """An origin of an account that fails, or for which reports were given up."""

    origin: str
    failures: int
    """In a row; 0 once it answers again."""
    failing_since: datetime | None
    open_until: datetime | None
    """No attempt before it."""
    disabled_at: datetime | None
    waiting: int
    """Messages with reports that are tried again."""
    parked: int
    """Messages with reports that were given up."""


async def list_account_origins(tx: Transaction, account_id: int) -> list[FailingOrigin]:
    """The origins of an account that fail or have reports that were given up."""
    rows = await tx.fetch(load_query("list_account_origins"), account_id, list(range(BUCKETS)), MOST_COUNTED)
    return [FailingOrigin(*row) for row in rows]


async def list_latest_attempts(
    tx: Transaction, account_id: int, origins: Collection[str]
) -> dict[int, list[Attempt]]:
    """The newest attempts to reach origins, by their buckets, latest first."""
    found: dict[int, list[Attempt]] = {}
    for bucket in sorted({bucket_of(origin) for origin in origins}):
        rows = await tx.fetch(load_query("list_latest_attempts"), bucket, account_id, _BLOCKS_READ)
        attempts = [attempt for row in rows for attempt in decode_attempts(row["attempts"])]
        found[bucket] = sorted(attempts, key=lambda attempt: attempt.at_ms, reverse=True)
    return found


async def enable_origin(tx: Transaction, account_id: int, origin: str) -> bool | None:
    """Begin anew with an origin: whether it was disabled; None for one that never failed."""
    was: bool | None = await tx.fetchval(
        load_query("enable_report_origin"), bucket_of(origin), account_id, origin
    )
    return was


async def hasten_retries(tx: Transaction, account_id: int, origin: str, now: datetime) -> int:
    """Make due what waits for its next try; how many messages."""
    rows = await tx.fetch(load_query("hasten_report_retries"), bucket_of(origin), account_id, origin, now)
    return len(rows)


async def take_parked(tx: Transaction, account_id: int, origin: str, *, limit: int) -> list[RetryEvents]:
    """Take out reports that were given up, by message, the oldest first."""
    rows = await tx.fetch(load_query("take_parked_reports"), bucket_of(origin), account_id, origin, limit)
    return [decode_retry(row["events"]) for row in sorted(rows, key=lambda row: bytes(row["message_id"]))]


async def queue_again(
    tx: Transaction,
    account_id: int,
    origin: str,
    blocks: Sequence[EventBlock],
    *,
    now: datetime,
    ids: IdSource,
) -> None:
    """Queue blocks of events of one origin, and wake the reporters."""
    announce(tx, REPORTS_CHANNEL)
    if not blocks:
        return
    seconds = int(now.timestamp())
    await tx.execute(
        load_query("insert_report_blocks"),
        now,
        [bucket_of(origin)] * len(blocks),
        [ids.new(seconds) for _ in blocks],
        [account_id] * len(blocks),
        [origin] * len(blocks),
        [len(block.events) for block in blocks],
        [encode_events(block) for block in blocks],
    )
