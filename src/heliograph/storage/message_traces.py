"""What is left of a message's way in the tables of carriers and reports. Every look is bounded."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg

from heliograph.domain.ids import id_at
from heliograph.domain.lot import LotState
from heliograph.domain.refused_segment import RefusedSegment, decode_refusals
from heliograph.domain.report_events import Attempt, decode_attempts
from heliograph.domain.report_url import ReportUrl, bucket_of, stored_report_url
from heliograph.storage.database import Database, Purpose, Transaction, load_query

MOST_SEGMENTS: Final = 600
MOST_BLOCKS: Final = 200
LONGEST_LOOK: Final = "3s"


class SegmentTrace(NamedTuple):
    """A segment that a carrier accepted."""

    segment: int
    smsc_hash: int
    smsc_id: str
    day: date


class DoubtTrace(NamedTuple):
    """A segment of which nobody knows whether the carrier accepted it."""

    segment: int
    noted_at: datetime
    resent_at: datetime | None
    """When it was sent once more."""


class RefusalTrace(NamedTuple):
    """A segment that a carrier did not accept, and by which of its binds."""

    refused: RefusedSegment
    slot: int


class ReceiptBlock(NamedTuple):
    """Receipts as they came, one behind the other."""

    received_at: datetime
    pdus: bytes


class NextReport(NamedTuple):
    """When the next report of a message is tried; parked: not before somebody asks for it."""

    due_at: datetime
    parked: bool


class LookTooLong(Exception):
    """A look took longer than it may."""


@asynccontextmanager
async def bounded_look(database: Database) -> AsyncIterator[Transaction]:
    """A transaction of which no statement takes longer than a few seconds. Raises LookTooLong."""
    try:
        async with database.transaction(Purpose.GENERAL) as tx:
            await tx.execute(f"SET LOCAL statement_timeout = '{LONGEST_LOOK}'")
            yield tx
    except asyncpg.QueryCanceledError:
        raise LookTooLong from None


async def find_lot_of_message(
    tx: Transaction, carrier_id: int, account_id: int, message_id: bytes
) -> tuple[LotState, datetime] | None:
    """How the lot stands that a message waits in at a carrier, and when it opens; None if there is none."""
    row = await tx.fetchrow(load_query("find_lot_of_message"), carrier_id, account_id, message_id)
    return None if row is None else (LotState(row["state"]), row["opens_at"])


async def list_message_segments(
    tx: Transaction, carrier_id: int, account_id: int, message_id: bytes, *, since: date, until: date
) -> list[SegmentTrace]:
    """The segments of a message that a carrier accepted on these days."""
    rows = await tx.fetch(
        load_query("list_message_segments"), carrier_id, since, until, account_id, message_id, MOST_SEGMENTS
    )
    return [SegmentTrace(*row) for row in rows]


async def list_message_doubts(
    tx: Transaction, carrier_id: int, account_id: int, message_id: bytes
) -> list[DoubtTrace]:
    """The segments of a message that are in doubt at a carrier now."""
    rows = await tx.fetch(load_query("list_message_doubts"), carrier_id, account_id, message_id)
    return [DoubtTrace(*row) for row in rows]


async def list_message_refusals(
    tx: Transaction, carrier_id: int, message_id: bytes, *, since: datetime, until: datetime
) -> list[RefusalTrace]:
    """What a carrier answered in a span of time instead of accepting segments of a message."""
    rows = await tx.fetch(
        load_query("list_refused_blocks"),
        carrier_id,
        since.date(),
        until.date(),
        id_at(int(since.timestamp())),
        id_at(int(until.timestamp()) + 1),
        message_id,
        MOST_BLOCKS,
    )
    return [
        RefusalTrace(refused, row["slot"])
        for row in rows
        for refused in decode_refusals(row["refusals"])
        if refused.message_id == message_id
    ]


async def list_receipt_blocks(
    tx: Transaction, carrier_id: int, *, since: datetime, until: datetime
) -> list[ReceiptBlock]:
    """What a carrier delivered in a span of seconds."""
    rows = await tx.fetch(
        load_query("list_receipt_blocks"),
        carrier_id,
        since.date(),
        until.date(),
        id_at(int(since.timestamp())),
        id_at(int(until.timestamp()) + 1),
        MOST_BLOCKS,
    )
    return [ReceiptBlock(*row) for row in rows]


async def list_message_attempts(
    tx: Transaction, account_id: int, batch_id: bytes, message_id: bytes, *, since: date, until: date
) -> tuple[list[Attempt], NextReport | None]:
    """The attempts to report a message on these days, and when the next one is due."""
    bucket = await tx.fetchval(load_query("find_report_bucket"), account_id, batch_id)
    if bucket is None:
        return [], None
    return await list_attempts_in(tx, bucket, account_id, message_id, since=since, until=until)


async def list_incoming_attempts(
    tx: Transaction, account_id: int, message_id: bytes, *, since: date, until: date
) -> tuple[list[Attempt], NextReport | None]:
    """The attempts to tell of an incoming message, at the address that the account has now."""
    row = await tx.fetchrow(load_query("find_incoming_accounts"), [account_id])
    url = stored_report_url(row["incoming_url"]) if row is not None and row["incoming_url"] else None
    if not isinstance(url, ReportUrl):
        return [], None
    bucket = bucket_of(url.origin)
    return await list_attempts_in(tx, bucket, account_id, message_id, since=since, until=until)


async def list_attempts_in(
    tx: Transaction, bucket: int, account_id: int, message_id: bytes, *, since: date, until: date
) -> tuple[list[Attempt], NextReport | None]:
    """Those in a bucket that is known."""
    rows = await tx.fetch(
        load_query("list_message_attempts"), bucket, since, until, account_id, message_id, MOST_BLOCKS
    )
    due = await tx.fetchrow(load_query("find_report_retry"), bucket, message_id, account_id)
    attempts = list(_attempts_of(message_id, (row["attempts"] for row in rows)))
    return attempts, None if due is None else NextReport(*due)


def _attempts_of(message_id: bytes, blocks: Iterable[bytes]) -> Iterable[Attempt]:
    for block in blocks:
        for attempt in decode_attempts(block):
            if attempt.message_id == message_id:
                yield attempt


def days_between(since: datetime, until: datetime, *, at_most: int) -> tuple[date, date]:
    """The days of a span, the first so many of them."""
    return since.date(), min(until.date(), since.date() + timedelta(days=at_most - 1))
