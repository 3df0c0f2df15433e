"""CPU of a message from the queue to its delivery receipt. Run: python -m bench.dispatch.

20,000 messages of one account, in lots of 50 (as group commits make them) or 100; a simulated carrier in
another process answers at once and sends receipts 50 ms later, at most 100 unanswered; window 100. PostgreSQL
is the product's own, with every durability setting on. Reports are `final`.
Aims, each message, with PostgreSQL, in groups of 50: claim 20 us, intent 5, outcome 24, receipt and event 51;
our own Python below 25 us.
"""

import asyncio
import cProfile
import multiprocessing
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import psutil
import structlog
import uvloop

from heliograph.carriers.carrier import CarrierSettings
from heliograph.carriers.sent_segments import SentSegments
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.ids import IdSource, MessageIds, id_bytes
from heliograph.domain.incoming import OptOutWords
from heliograph.domain.lot import LotContents, LotMessage, LotText, encode_contents
from heliograph.domain.reassembly import Patience
from heliograph.services.dispatch_lots import DispatchService, DispatchSettings
from heliograph.services.record_receipts import RecordReceipts
from heliograph.services.take_incoming import TakeIncoming
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smsc import Smsc
from heliograph.storage.database import Connection, Database, connect, transaction_on
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from heliograph.storage.migrations_runner import migrate
from heliograph.storage.partitions import make_partitions

MESSAGES = 20_000
BODY = "A nice message sent from iP.1 SMS API v2."
IDS = IdSource(os.urandom(5))


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def serve_carrier(pipe: Pipe) -> None:
    """The simulated carrier's process; sends its port, ends when the pipe does."""

    async def serve() -> None:
        settings = SimulatorSettings(
            system_id="bench", password="bench", receipt_delay=0.05, enquire_link_seconds=0.0
        )
        smsc = Smsc(settings, now=utc_now)
        _, port = await smsc.start()
        pipe.send(port)
        closed = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), closed.set)
        await closed.wait()
        await smsc.stop()

    uvloop.run(serve())


async def prepare(connection: Connection) -> None:
    """An account with money."""
    await connection.execute(
        "INSERT INTO price_list VALUES (1, 'standard', 'SEK');"
        "INSERT INTO account (account_id, number, name, currency, price_list_id, report_codes)"
        " VALUES (1, 'ip1-00001', 'Bench', 'SEK', 1, 'final');"
        "INSERT INTO balance VALUES (1, 0)"
    )


async def fill(connection: Connection, lot_size: int) -> None:
    """Queue the messages, a batch for each lot."""
    now = utc_now()
    seconds = int(now.timestamp())
    for start in range(0, MESSAGES, lot_size):
        batch_id = id_bytes(IDS.reserve(lot_size + 1, seconds))
        ids = MessageIds(batch_id, lot_size)
        recipients = [str(46_700_000_000 + start + number) for number in range(lot_size)]
        await connection.execute(
            "INSERT INTO batch (account_id, batch_id, created_at, sender, body, flash, coding, priority,"
            " templated, opens, closes, delivery_report_url, report_bucket, tags, message_count,"
            " segment_count, charged) VALUES (1, $1, $2, 'iP1', $3, false, 'gsm', 1, false, $4, $5,"
            " 'http://127.0.0.1:9/reports', 7, '{}', $6, $6, 0)",
            batch_id,
            now,
            BODY,
            [now],
            [now + timedelta(hours=72)],
            lot_size,
        )
        await connection.execute(
            "INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding,"
            " recipient) SELECT 1, u.m, $1, 0, 103, 0, 1, 0, u.r"
            " FROM unnest($2::bytea[], $3::text[]) AS u(m, r)",
            batch_id,
            ids,
            recipients,
        )
        contents = LotContents(
            [LotText("iP1", BODY, 0, False)],
            [LotMessage(one, to, 0, 1) for one, to in zip(ids, recipients, strict=True)],
        )
        await connection.execute(
            "INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at,"
            " closes_at, segment_count, first_id, last_id, payload)"
            " VALUES (1, $1, 1, 1, 1, $2, $3, $4, $5, $6, $7, $8)",
            IDS.new(seconds),
            (start + lot_size) * 1000,
            now,
            now + timedelta(hours=72),
            lot_size,
            ids[0],
            ids[-1],
            encode_contents(contents),
        )


def service_on(database: Database, port: int, *, window: int, receipts: bool) -> DispatchService:
    """The dispatcher as the wiring builds it."""
    settings = CarrierSettings(
        carrier_id=1,
        name="bench",
        host="127.0.0.1",
        port=port,
        system_id="bench",
        password="bench",
        profile=CarrierProfile(window=window, tps=100_000, registered_delivery=1 if receipts else 0),
    )

    async def load() -> Sequence[CarrierSettings]:
        return [settings]

    def make_recorder(settings: CarrierSettings, sent: SentSegments) -> RecordReceipts:
        return RecordReceipts(
            settings,
            sent,
            incoming=TakeIncoming(IDS, patience=Patience(3_600_000, 300_000), words=OptOutWords.of([], [])),
            database=database,
            ids=IDS,
            clock=time.monotonic,
            now=utc_now,
        )

    return DispatchService(
        database,
        IDS,
        load_carriers=load,
        make_recorder=make_recorder,
        wake=asyncio.Event(),
        holder="bench",
        clock=time.monotonic,
        now=utc_now,
        settings=DispatchSettings(),
    )


def postgres_cpu(data: Path) -> float:
    """CPU seconds of PostgreSQL, processes that ended not counted."""
    pid = int(next(data.rglob("postmaster.pid")).read_text().split()[0])
    postmaster = psutil.Process(pid)
    total = 0.0
    for process in (postmaster, *postmaster.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def is_done(service: DispatchService, *, receipts: bool) -> bool:
    """Whether everything was submitted, and its receipts came, by the dispatcher's own counts."""
    running = service.carriers.get(1)
    if running is None:
        return False
    if receipts:
        recorder = running.recorder
        assert isinstance(recorder, RecordReceipts)
        return recorder.matched >= MESSAGES
    return running.slots[0].lane.answered >= MESSAGES and not running.slots[0].lane.book.busy


async def run_once(dsn: str, data: Path, port: int, *, lot_size: int, receipts: bool) -> None:
    """Queue, dispatch, measure, print one line."""
    connection = await connect(dsn)
    await connection.execute(
        "TRUNCATE lot, finished_lot, segment, message, batch, report_block, receipt_block, unmatched_receipt"
    )
    await fill(connection, lot_size)
    await connection.execute("VACUUM ANALYZE")
    wanted = 201 if receipts else 111
    async with Database(dsn) as database:
        service = service_on(database, port, window=100, receipts=receipts)
        stop = asyncio.Event()
        before, ours, began = postgres_cpu(data), time.process_time(), time.perf_counter()
        profile = cProfile.Profile(time.process_time) if "--profile" in sys.argv else None
        if profile:
            profile.enable()
        task = asyncio.create_task(service.run(stop))
        while not is_done(service, receipts=receipts):
            await asyncio.sleep(0.02)
        if profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(35)
        took, ours = time.perf_counter() - began, time.process_time() - ours
        theirs = postgres_cpu(data) - before
        stop.set()
        await task
    left = await connection.fetchval(f"SELECT count(*) FROM message WHERE code <> {wanted}")
    assert left == 0, f"{left} messages are not done"
    await connection.close()
    each = 1e6 / MESSAGES
    print(
        f"lots of {lot_size:4} receipts {receipts!s:5}: {MESSAGES / took:8,.0f}/s,"
        f" Python {ours * each:5.1f} us,"
        f" PostgreSQL {theirs * each:5.1f} us a message",
        flush=True,
    )


async def main() -> None:
    """Every case."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    ours, theirs = multiprocessing.Pipe()
    carrier = multiprocessing.get_context("spawn").Process(target=serve_carrier, args=(theirs,), daemon=True)
    carrier.start()
    port = ours.recv()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        data = Path(name) / "pg"
        with EmbeddedPostgres(data) as server:
            dsn = server.dsn()
            await migrate(dsn)
            connection = await connect(dsn)
            async with transaction_on(connection) as tx:
                await make_partitions(tx, utc_now())
            await prepare(connection)
            await connection.close()
            for receipts in (True, False):
                for lot_size in (50, 100, 1):
                    await run_once(dsn, data, port, lot_size=lot_size, receipts=receipts)
    carrier.terminate()


if __name__ == "__main__":
    uvloop.run(main())
