"""The processes of an installation, each composed of the parts that its role needs."""

import asyncio
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from heliograph.domain.ids import IdSource
from heliograph.loop import run_loop
from heliograph.outbound_http import OutboundHttp, OutboundLimits
from heliograph.services.close_unreported import CloseUnreported
from heliograph.services.deliver_webhooks import DeliverWebhooks
from heliograph.services.keep_house import KeepHouse
from heliograph.services.release_lots import ReleaseLots
from heliograph.settings import Settings, load_secret_key
from heliograph.storage.database import Database, check_server_settings
from heliograph.storage.migrations_runner import check_schema
from heliograph.storage.sealing import Sealer
from heliograph.storage.wakeups import WakeupListener, WakeupSender
from heliograph.supervisor import report_ready

LOTS: Final = "heliograph_lots"
"""The wake-up channel of dispatchers: there may be lots to claim."""
REPORTS: Final = "heliograph_reports"
"""The wake-up channel of reporters: there may be events to deliver."""
HOUSE_SECONDS: Final = 60.0


def utc_now() -> datetime:
    """The wall clock; the only one."""
    return datetime.now(UTC)


def new_ids() -> IdSource:
    """The id source of this process."""
    return IdSource(os.urandom(5))


def holder_name() -> str:
    """How this process signs the leases it holds: no two processes ever share it."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


class Parts:
    """What every role of this process shares."""

    def __init__(self, settings: Settings, database: Database, wakeups: WakeupSender) -> None:
        self.settings = settings
        self.database = database
        self.wakeups = wakeups
        self.ids = new_ids()
        self.sealer = Sealer(load_secret_key(settings))

    def wake_dispatchers(self) -> None:
        """Hint that lots became ready."""
        self.wakeups.notify(LOTS)

    def wake_reporters(self) -> None:
        """Hint that report events were stored."""
        self.wakeups.notify(REPORTS)


@asynccontextmanager
async def open_parts(settings: Settings, dsn: str) -> AsyncIterator[Parts]:
    """Connect, and refuse a database that would lose commits or is not of this release."""
    async with Database(dsn) as database:
        await check_server_settings(database)
        await check_schema(database)
        async with WakeupSender(dsn) as wakeups:
            yield Parts(settings, database, wakeups)


def on_the_clock(step: Callable[[datetime], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """A step that is told the time, as a step that needs nothing."""

    async def timed() -> int:
        return await step(utc_now())

    return timed


async def run_together(*loops: Coroutine[Any, Any, None]) -> None:
    """Run loops until all of them have ended; one that fails ends the others."""
    async with asyncio.TaskGroup() as group:
        for each in loops:
            group.create_task(each)


async def run_keeper(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Open and close windows, close what got no final word, keep house."""
    settings = parts.settings
    release = ReleaseLots(
        parts.database,
        parts.ids,
        receipt_wait=timedelta(hours=settings.receipts.wait_hours),
        on_released=parts.wake_dispatchers,
    )
    close = CloseUnreported(parts.database, parts.ids)
    house = KeepHouse(parts.database)
    poll = settings.keeper.poll_seconds

    async def close_and_tell(now: datetime) -> int:
        closed = await close.step(now)
        if closed:
            parts.wake_reporters()
        return closed

    report_ready()
    await run_together(
        run_loop(on_the_clock(release.step), name="release lots", stop=stop, poll_seconds=poll),
        run_loop(on_the_clock(close_and_tell), name="close unreported", stop=stop, poll_seconds=poll),
        run_loop(on_the_clock(house.step), name="keep house", stop=stop, poll_seconds=HOUSE_SECONDS),
    )


async def run_reporter(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Deliver reports to customers."""
    settings = parts.settings.reports
    http = OutboundHttp(
        loopback_allowed=parts.settings.loopback_reports_allowed,
        limits=OutboundLimits(
            connect=settings.connect_seconds,
            request=settings.request_seconds,
            answer_octets=settings.max_answer_bytes,
            connections_per_origin=settings.connections_per_origin,
        ),
    )
    service = DeliverWebhooks(
        parts.database,
        http,
        parts.ids,
        holder=holder_name(),
        now=utc_now,
        monotonic=time.monotonic,
        draw=random.random,
        unseal=parts.sealer.open,
        pace=settings.schedule_scale,
        lease_seconds=settings.lease_seconds,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(http.aclose)
        listener = await stack.enter_async_context(WakeupListener(dsn, [REPORTS]))
        service.room = listener.event(REPORTS)
        await service.lease()
        report_ready()
        await run_together(
            run_loop(service.lease, name="lease buckets", stop=stop, poll_seconds=service.renew_seconds),
            run_loop(
                service.claim,
                name="claim reports",
                stop=stop,
                poll_seconds=settings.poll_seconds,
                wake=service.room,
            ),
            run_loop(
                service.record, name="record attempts", stop=stop, poll_seconds=1.0, wake=service.news
            ),
        )
        await service.finish()
