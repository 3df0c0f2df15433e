"""Reports that failed, as their account sees them, and how they are put back to be delivered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.domain.replay_filter import ToldMessage
from heliograph.domain.report_events import (
    EventBlock,
    RetryEvents,
    StoredEvent,
    decode_block,
    decode_retry,
    encode_events,
    joined,
)
from heliograph.domain.report_url import BUCKETS, bucket_of
from heliograph.storage.attempt_reading import PlacedAttempt, read_block
from heliograph.storage.database import Transaction, announce, load_query
from heliograph.storage.wakeups import REPORTS_CHANNEL

MOST_COUNTED: Final = 10_000
"""How far reports are counted."""
_BLOCKS_READ: Final = 20
LAST_ID: Final = b"\xff" * 12
"""Behind it there is no message."""


class GivenUp(NamedTuple):
    """What was given up of one message."""

    bucket: int
    message_id: bytes
    origin: str
    events: RetryEvents
    is_parked: bool
    """Whether nothing of it waits for another try."""


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
    """Messages with reports that are tried again; none at a disabled origin."""
    parked: int
    """Messages with reports that were given up; at a disabled origin, all whose reports lie there."""


async def list_account_origins(tx: Transaction, account_id: int) -> list[FailingOrigin]:
    """The origins of an account that fail or have reports that were given up."""
    rows = await tx.fetch(load_query("list_account_origins"), account_id, list(range(BUCKETS)), MOST_COUNTED)
    found = [FailingOrigin(*row) for row in rows]
    return [await _with_held(tx, account_id, each) if each.disabled_at else each for each in found]


async def _with_held(tx: Transaction, account_id: int, disabled: FailingOrigin) -> FailingOrigin:
    """A disabled origin, counted with the messages whose reports were never tried there."""
    bucket, left = bucket_of(disabled.origin), MOST_COUNTED - disabled.parked
    if left <= 0:
        return disabled
    rows = await tx.fetch(load_query("list_held_reports"), account_id, bucket, disabled.origin, MOST_COUNTED)
    held = {event.message_id for row in rows for event in decode_block(row["events"]).events}
    if not held:
        return disabled
    twice = await tx.fetchval(load_query("count_retried_messages"), account_id, bucket, list(held))
    return disabled._replace(parked=min(MOST_COUNTED, disabled.parked + len(held) - twice))


async def count_held(tx: Transaction, account_id: int, origin: str) -> int:
    """Reports that wait in blocks for an origin; of so many blocks at most."""
    counted = await tx.fetchval(
        load_query("count_held_reports"), account_id, bucket_of(origin), origin, MOST_COUNTED
    )
    return int(counted)


async def list_latest_attempts(
    tx: Transaction, account_id: int, origins: Collection[str]
) -> dict[int, list[PlacedAttempt]]:
    """The newest attempts to reach origins, by their buckets, latest first."""
    found: dict[int, list[PlacedAttempt]] = {}
    for bucket in sorted({bucket_of(origin) for origin in origins}):
        rows = await tx.fetch(load_query("list_latest_attempts"), bucket, account_id, _BLOCKS_READ)
        attempts = [each for row in rows for each in read_block(row["block_id"], row["attempts"]).placed()]
        found[bucket] = sorted(attempts, key=lambda each: each[1].at_ms, reverse=True)
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


async def hasten_messages(
    tx: Transaction, account_id: int, origin: str, message_ids: Sequence[bytes], now: datetime
) -> int:
    """Make due what waits of messages for its next try; of how many something does."""
    buckets = [bucket_of(origin)] * len(message_ids)
    rows = await tx.fetch(load_query("hasten_messages"), account_id, buckets, list(message_ids), now)
    return len(rows)


async def list_told_messages(
    tx: Transaction, account_id: int, *, after: bytes, until: bytes, limit: int
) -> list[ToldMessage]:
    """Messages behind an id up to another, with what their reports were made of, in order."""
    rows = await tx.fetch(load_query("list_told_messages"), account_id, after, until, limit)
    return [ToldMessage(*row) for row in rows]


async def list_given_up(
    tx: Transaction,
    account_id: int,
    *,
    origin: str | None = None,
    after: bytes = b"",
    until: bytes = LAST_ID,
    limit: int,
) -> list[tuple[int, bytes]]:
    """Buckets and ids of messages of which something was given up, behind an id up to another, in order."""
    rows = await tx.fetch(load_query("list_given_up_reports"), account_id, after, until, origin, limit)
    return [tuple(row) for row in rows]


async def lock_given_up(
    tx: Transaction, account_id: int, messages: Iterable[tuple[int, bytes]]
) -> list[GivenUp]:
    """What was given up of messages, given as bucket and id; nobody else puts it back until the commit.

    What a reporter writes down at this moment is passed over.
    """
    by_bucket: dict[int, list[bytes]] = defaultdict(list)
    for bucket, message_id in messages:
        by_bucket[bucket].append(message_id)
    found = []
    for bucket in sorted(by_bucket):
        rows = await tx.fetch(load_query("lock_given_up_reports"), account_id, bucket, by_bucket[bucket])
        for message_id, origin, parked, beside, is_parked in rows:
            events = joined([decode_retry(part) for part in (parked, beside) if part is not None])
            if events is not None:
                found.append(GivenUp(bucket, message_id, origin, events, is_parked))
    return sorted(found, key=lambda each: each.message_id)


async def keep_given_up(
    tx: Transaction, account_id: int, rows: Sequence[tuple[GivenUp, Sequence[StoredEvent]]]
) -> None:
    """Of what was given up of messages keep these events; the others were put back."""
    gone = [row for row, left in rows if row.is_parked and not left]
    if gone:
        buckets, messages = [row.bucket for row in gone], [row.message_id for row in gone]
        await tx.execute(load_query("delete_given_up_reports"), account_id, buckets, messages)
    kept = [(row, left) for row, left in rows if left or not row.is_parked]
    if kept:
        await tx.execute(
            load_query("keep_given_up_reports"),
            account_id,
            [row.bucket for row, _ in kept],
            [row.message_id for row, _ in kept],
            [
                encode_events(msgspec.structs.replace(row.events, events=list(left))) if left else None
                for row, left in kept
            ],
        )


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
