"""A dispatcher, its carrier on a real socket, and messages in its queue: what dispatch tests start from."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from heliograph.carriers.carrier import CarrierSettings
from heliograph.carriers.sent_segments import SentSegments
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.encoding import Encoding, encode
from heliograph.domain.history import entries
from heliograph.domain.ids import IdSource
from heliograph.domain.incoming import OptOutWords
from heliograph.domain.lot import LotContents, LotMessage, LotText, encode_contents
from heliograph.domain.reassembly import Patience
from heliograph.domain.segmentation import segments
from heliograph.services.dispatch_lots import DispatchService, DispatchSettings
from heliograph.services.record_receipts import ReceiptSettings, RecordReceipts
from heliograph.services.take_incoming import TakeIncoming
from heliograph.storage.database import Connection, Database
from tests.support.rows import IDS, NOW, insert_batch

QUICK = DispatchSettings(lease=2.0, margin=0.5, poll=0.05, reload=0.1, drain=2.0, longest_pause=0.1)
RECEIPTS = ReceiptSettings(collect=0.005, look_again=0.05, poll=0.05, silence=0.3)
PATIENCE = Patience(segments_ms=3_600_000, repeat_ms=300_000)
WORDS = OptOutWords.of(["STOP", "AVSLUTA"], ["START"])
PROFILE = CarrierProfile(tps=10_000, window=10, response_seconds=5)


def now() -> datetime:
    return datetime.now(UTC)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Return once the condition holds; fail if it does not in time."""
    ends = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < ends, "it did not come true in time"
        await asyncio.sleep(0.01)


async def queue(
    connection: Connection,
    recipients: Sequence[str],
    *,
    account_id: int = 1,
    body: str = "Hello",
    sender: str = "iP1",
    priority: int = 1,
    position: int = 0,
    lot_size: int = 500,
    carrier_id: int = 1,
    closes_at: datetime | None = None,
    opens_at: datetime = NOW - timedelta(minutes=5),
) -> list[bytes]:
    """Messages accepted and ready to be sent, in lots of at most ``lot_size`` messages; their ids."""
    count = len(segments(encode(body, Encoding.GSM7), Encoding.GSM7))
    _, messages = await insert_batch(
        connection, account_id, recipients=list(recipients), segments=count, url="http://127.0.0.1:8099/r"
    )
    closes_at = closes_at or NOW + timedelta(hours=72)
    for start in range(0, len(messages), lot_size):
        part = messages[start : start + lot_size]
        contents = LotContents(
            [LotText(sender, body, 0, False)],
            [
                LotMessage(message_id, recipient, 0, count, None, 0, int(closes_at.timestamp()))
                for message_id, recipient in zip(part, recipients[start:], strict=False)
            ],
        )
        await connection.execute(
            "INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at,"
            " closes_at, segment_count, first_id, last_id, payload)"
            " VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11)",
            carrier_id,
            IDS.new(int(NOW.timestamp())),
            account_id,
            priority,
            position + start,
            opens_at,
            closes_at,
            count * len(part),
            part[0],
            part[-1],
            encode_contents(contents),
        )
    return messages


def numbers(count: int, first: int = 46_700_000_000) -> list[str]:
    """Recipients without a fixed outcome."""
    return [str(first + number) for number in range(count)]


async def codes(connection: Connection, message_id: bytes) -> list[int]:
    """The codes of a message after 103."""
    history = await connection.fetchval("SELECT history FROM message WHERE message_id = $1", message_id)
    return [found.code for found in entries(history)]


async def all_codes(connection: Connection, messages: Sequence[bytes]) -> set[int]:
    """The present codes of messages."""
    rows = await connection.fetch(
        "SELECT DISTINCT code FROM message WHERE message_id = ANY ($1)", list(messages)
    )
    return {row["code"] for row in rows}


def carrier(
    port: int, profile: CarrierProfile = PROFILE, *, binds: int = 1, revision: int = 0, carrier_id: int = 1
) -> CarrierSettings:
    return CarrierSettings(
        carrier_id=carrier_id,
        name=f"carrier{carrier_id}",
        host="127.0.0.1",
        port=port,
        system_id="heliograph",
        password="secret",
        bind_count=binds,
        profile=profile,
        revision=revision,
    )


def take_incoming() -> TakeIncoming:
    return TakeIncoming(IDS, patience=PATIENCE, words=WORDS)


def dispatch_service(
    database: Database,
    carriers: list[CarrierSettings],
    *,
    wake: asyncio.Event | None = None,
    settings: DispatchSettings = QUICK,
    receipt_settings: ReceiptSettings = RECEIPTS,
    clock: Callable[[], float] = time.monotonic,
    time_of_day: Callable[[], datetime] = now,
    holder: str = "test",
) -> DispatchService:
    """A service over these carriers; changing the list changes the carriers.

    Its ids are its own, as a process's are: those of the rows stand at the time of the test that went
    furthest.
    """
    ids = IdSource(os.urandom(5))

    async def load() -> list[CarrierSettings]:
        return list(carriers)

    def make_recorder(settings: CarrierSettings, sent: SentSegments) -> RecordReceipts:
        return RecordReceipts(
            settings,
            sent,
            incoming=take_incoming(),
            database=database,
            ids=ids,
            clock=time.monotonic,
            now=now,
            settings=receipt_settings,
        )

    return DispatchService(
        database,
        ids,
        load_carriers=load,
        make_recorder=make_recorder,
        wake=wake or asyncio.Event(),
        holder=holder,
        clock=clock,
        now=time_of_day,
        settings=settings,
    )


@asynccontextmanager
async def running(service: DispatchService) -> AsyncIterator[DispatchService]:
    """The service at work; stopped gracefully."""
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        yield service
    finally:
        stop.set()
        await task
