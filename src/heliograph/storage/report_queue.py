"""The queue of delivery reports: fresh blocks, events that wait for another try, and who holds a bucket."""

import zlib
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from heliograph.domain.report_chain import Breaker
from heliograph.domain.report_desk import OriginState, Rest
from heliograph.domain.report_events import RetryEvents, decode_retry, encode_events, joined
from heliograph.storage.database import Transaction, load_query

_PLACES = 30_000


class DueBlock(NamedTuple):
    """A block of events that may be delivered now."""

    bucket: int
    block_id: bytes
    account_id: int
    origin: str
    event_count: int
    events: bytes


class DueRetry(NamedTuple):
    """The events of a message whose next try is due."""

    bucket: int
    message_id: bytes
    account_id: int
    origin: str
    tries: int
    events: bytes


class WaitingRetry(NamedTuple):
    """The events of a message whose next try is not due yet."""

    message_id: bytes
    tries: int
    first_try: datetime
    due_at: datetime
    events: bytes


class RetryRow(NamedTuple):
    """What is written of the events of a message that wait for another try."""

    bucket: int
    message_id: bytes
    account_id: int
    origin: str
    tries: int
    due_at: datetime
    parked: bool
    """Nothing waits: the events are those that were given up."""
    events: bytes
    given_up: bytes | None
    """What was given up, where other events wait."""


class OriginRow(NamedTuple):
    """How an origin of an account has fared."""

    bucket: int
    account_id: int
    origin: str
    failures: int
    failing_since: datetime | None
    open_until: datetime | None
    disabled_at: datetime | None


class AttemptRow(NamedTuple):
    """Attempts of one account, encoded, with the range of messages they are of."""

    bucket: int
    block_id: bytes
    account_id: int
    first_id: bytes
    last_id: bytes
    attempts: bytes


class ReportAccount(NamedTuple):
    """What the delivery of an account's reports depends on."""

    schedule: str
    sealed_secrets: Sequence[bytes]


async def lease_buckets(
    tx: Transaction, buckets: Sequence[int], *, holder: str, at_most: int, seconds: float
) -> dict[int, int]:
    """Renew one's own buckets and take free ones; epoch by bucket."""
    until = timedelta(seconds=seconds)
    rows = await tx.fetch(load_query("take_bucket_leases"), list(buckets), holder, at_most, until)
    return {row["bucket"]: row["epoch"] for row in rows}


async def show_presence(tx: Transaction, holder: str, *, seconds: float) -> None:
    """Let the other reporters know of this one, so that they leave it its share."""
    place = -1 - zlib.crc32(holder.encode()) % _PLACES
    await tx.execute(load_query("show_presence"), place, holder, timedelta(seconds=seconds))


async def make_buckets(tx: Transaction, buckets: Sequence[int]) -> None:
    """Make the rows of buckets nobody ever held."""
    await tx.execute(load_query("make_bucket_leases"), list(buckets))


async def count_other_holders(tx: Transaction, holder: str) -> int:
    """How many other reporters hold buckets now."""
    return int(await tx.fetchval(load_query("count_bucket_holders"), holder))


async def release_buckets(tx: Transaction, holder: str, buckets: Iterable[int]) -> None:
    """Let go of buckets so that another reporter may take them at once."""
    await tx.execute(load_query("release_bucket_leases"), holder, list(buckets))


async def leave(tx: Transaction, holder: str) -> None:
    """Let go of every bucket, and be seen by the other reporters no more."""
    await tx.execute(load_query("leave_buckets"), holder)


Origin = tuple[int, str]
"""An account and one of its origins."""


def _columns(origins: Collection[Origin]) -> tuple[list[int], list[str]]:
    return [account_id for account_id, _ in origins], [origin for _, origin in origins]


async def list_due_blocks(
    tx: Transaction,
    buckets: Sequence[int],
    *,
    in_hand: Collection[bytes],
    resting: Collection[Origin],
    limit: int,
) -> list[DueBlock]:
    """Blocks to deliver, oldest first, without those in hand and those of resting origins."""
    query = load_query("list_due_report_blocks")
    rows = await tx.fetch(query, list(buckets), list(in_hand), *_columns(resting), limit)
    return [DueBlock(*row) for row in rows]


async def list_due_retries(
    tx: Transaction,
    buckets: Sequence[int],
    *,
    in_hand: Collection[bytes],
    resting: Collection[Origin],
    limit: int,
) -> list[DueRetry]:
    """Messages whose next try is due, without those in hand and those of resting origins."""
    query = load_query("list_due_report_retries")
    rows = await tx.fetch(query, list(buckets), list(in_hand), *_columns(resting), limit)
    return [DueRetry(*row) for row in rows]


async def find_retries(
    tx: Transaction, bucket: int, message_ids: Sequence[bytes]
) -> dict[bytes, WaitingRetry]:
    """Those of the messages that have events waiting for another try."""
    rows = await tx.fetch(load_query("find_report_retries"), bucket, list(message_ids))
    return {row["message_id"]: WaitingRetry(*row) for row in rows}


async def list_origins(tx: Transaction, buckets: Sequence[int]) -> list[OriginRow]:
    """Origins whose last attempt failed."""
    return [OriginRow(*row) for row in await tx.fetch(load_query("list_report_origins"), list(buckets))]


async def list_enabled_origins(tx: Transaction, origins: Sequence[tuple[int, Origin]]) -> list[Origin]:
    """Those of the origins, given with their buckets, with which somebody began anew."""
    accounts, names = _columns([origin for _, origin in origins])
    buckets = [bucket for bucket, _ in origins]
    return [
        tuple(row) for row in await tx.fetch(load_query("list_enabled_origins"), buckets, accounts, names)
    ]


async def list_retrying_origins(tx: Transaction, buckets: Sequence[int]) -> list[tuple[int, int, str]]:
    """Bucket, account and origin wherever events wait for another try."""
    return [tuple(row) for row in await tx.fetch(load_query("list_retrying_origins"), list(buckets))]


async def delete_blocks(tx: Transaction, blocks: Sequence[tuple[int, bytes]]) -> None:
    """Remove blocks, given as bucket and id, of which every event is done or waits on its own."""
    await tx.execute(load_query("delete_report_blocks"), [b for b, _ in blocks], [i for _, i in blocks])


async def delete_retries(tx: Transaction, messages: Sequence[tuple[int, bytes]]) -> None:
    """Nothing of messages, given as bucket and id, waits any more: only what was given up of them stays."""
    await tx.execute(load_query("delete_report_retries"), [b for b, _ in messages], [i for _, i in messages])


async def find_given_up(
    tx: Transaction, messages: Sequence[tuple[int, bytes]]
) -> dict[bytes, list[RetryEvents]]:
    """What was given up before of messages, given as bucket and id."""
    rows = await tx.fetch(
        load_query("find_given_up_reports"), [b for b, _ in messages], [i for _, i in messages]
    )
    return {
        message_id: [decode_retry(part) for part in parts if part is not None] for message_id, *parts in rows
    }


async def write_retries(tx: Transaction, rows: Sequence[RetryRow], now: datetime) -> None:
    """Write the events of messages that wait for another try."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    await tx.execute(load_query("write_report_retries"), *columns, now)


async def write_origins(tx: Transaction, rows: Sequence[OriginRow]) -> None:
    """Write how origins fared."""
    await tx.execute(
        load_query("write_report_origins"), *(list(column) for column in zip(*rows, strict=True))
    )


async def insert_attempts(tx: Transaction, rows: Sequence[AttemptRow], day: date) -> None:
    """Keep what was tried and what came of it."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    await tx.execute(load_query("insert_report_attempts"), day, *columns)


async def find_report_account(tx: Transaction, account_id: int) -> ReportAccount | None:
    """The account's schedule and its secrets, the newest first."""
    row = await tx.fetchrow(load_query("find_report_account"), account_id)
    return None if row is None else ReportAccount(*row)


def breaker_of(row: OriginRow) -> Breaker:
    """The breaker of an origin from its row."""
    return Breaker(
        failures=row.failures,
        failing_since=row.failing_since.timestamp() if row.failing_since else None,
        open_until=row.open_until.timestamp() if row.open_until else 0.0,
        disabled=row.disabled_at is not None,
    )


def origin_row(origin: Origin, state: OriginState, now: datetime) -> OriginRow:
    """The row of an origin from its state."""
    breaker = state.breaker
    return OriginRow(
        state.bucket,
        *origin,
        breaker.failures,
        None if breaker.failing_since is None else datetime.fromtimestamp(breaker.failing_since, tz=UTC),
        datetime.fromtimestamp(breaker.open_until, tz=UTC) if breaker.open_until else None,
        now if breaker.disabled else None,
    )


def retry_row(rest: Rest, before: list[RetryEvents]) -> RetryRow:
    """The row of a message of which events wait, or were given up, or both."""
    given_up = joined([*before, rest.given_up])
    waits = bool(rest.waiting.events)
    return RetryRow(
        rest.bucket,
        rest.chain.message_id,
        *rest.chain.origin,
        rest.chain.tries,
        datetime.fromtimestamp(rest.due, tz=UTC),
        not waits,
        encode_events(rest.waiting if waits else given_up or rest.given_up),
        encode_events(given_up) if waits and given_up else None,
    )
