"""Wake-ups between processes by LISTEN and NOTIFY. They are hints: losing one costs latency, never work.

Every loop polls as well, so nothing here raises, waits for an answer or takes part in a transaction.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterable
from typing import Self

import structlog

from heliograph.storage.database import Connection, Purpose, connect

LOTS_CHANNEL = "lots"
"""Wakes dispatchers: there may be lots to claim."""
REPORTS_CHANNEL = "reports"
"""Wakes reporters: there may be events to deliver."""
SPACING_SECONDS = 0.02
RECONNECT_SECONDS = 1.0
CHECK_SECONDS = 30.0

log = structlog.get_logger()


class WakeupSender:
    """Tells other processes that there is work.

    The first wake-up of a channel goes at once; those that follow within ``spacing_seconds`` of it are
    sent as one. NOTIFY takes a lock of the whole server at commit, so it has a connection of its own and
    never shares a transaction with work.
    """

    def __init__(
        self,
        dsn: str,
        *,
        spacing_seconds: float = SPACING_SECONDS,
        reconnect_seconds: float = RECONNECT_SECONDS,
    ) -> None:
        self._dsn = dsn
        self._reconnect = reconnect_seconds
        self._spacing = spacing_seconds
        self._waiting: set[str] = set()
        self._ripe: list[str] = []
        self._not_before: dict[str, float] = {}
        self._has_ripe = asyncio.Event()
        self._connection: Connection | None = None
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._send_all(), name="wakeup sender")
        return self

    async def __aexit__(self, *failure: object) -> None:
        await _end(self._task)
        await _close(self._connection)

    def notify(self, channel: str) -> None:
        """Wake the listeners of a channel, soon; returns at once."""
        if channel in self._waiting:
            return
        self._waiting.add(channel)
        loop = asyncio.get_running_loop()
        allowed = self._not_before.get(channel, 0.0)
        if allowed <= loop.time():
            self._ripen(channel)
        else:
            loop.call_at(allowed, self._ripen, channel)

    def _ripen(self, channel: str) -> None:
        self._ripe.append(channel)
        self._has_ripe.set()

    async def _send_all(self) -> None:
        while True:
            await self._has_ripe.wait()
            self._has_ripe.clear()
            channels, self._ripe = self._ripe, []
            self._waiting.difference_update(channels)
            allowed = asyncio.get_running_loop().time() + self._spacing
            self._not_before.update(dict.fromkeys(channels, allowed))
            try:
                await self._send(channels)
            except Exception as failure:
                await self._pause_after(failure)
            else:
                self._failing = False

    async def _send(self, channels: list[str]) -> None:
        if self._connection is None or self._connection.is_closed():
            # A wake-up needs no durability, and waiting for the disk would only delay it.
            settings = {"synchronous_commit": "off"}
            self._connection = await connect(self._dsn, Purpose.GENERAL, settings=settings)
        await self._connection.execute("; ".join(f"NOTIFY {_quoted(channel)}" for channel in channels))

    async def _pause_after(self, failure: BaseException) -> None:
        if not self._failing:
            log.warning("wakeup.sender_failed", error=type(failure).__name__)
        self._failing = True
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        await asyncio.sleep(self._reconnect)


class WakeupListener:
    """One event for each channel, set by every wake-up of that channel.

    After each (re)connection all events are set once, since wake-ups may have been missed.
    """

    def __init__(
        self, dsn: str, channels: Iterable[str], *, reconnect_seconds: float = RECONNECT_SECONDS
    ) -> None:
        self._dsn = dsn
        self._reconnect = reconnect_seconds
        self._events = {channel: asyncio.Event() for channel in channels}
        self._task: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen_always(), name="wakeup listener")
        return self

    async def __aexit__(self, *failure: object) -> None:
        await _end(self._task)

    def event(self, channel: str) -> asyncio.Event:
        """What to wait for; whoever waits clears it before looking for work."""
        return self._events[channel]

    async def _listen_always(self) -> None:
        failing = False
        while True:
            try:
                await self._listen()
            except Exception as failure:
                if not failing:
                    log.warning("wakeup.listener_failed", error=type(failure).__name__)
                failing = not self.listening.is_set()
            self.listening.clear()
            await asyncio.sleep(self._reconnect * random.uniform(0.5, 1.5))

    async def _listen(self) -> None:
        connection = await connect(self._dsn, Purpose.GENERAL)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            for channel in self._events:
                await connection.add_listener(channel, self._on_notification)
            self.listening.set()
            for event in self._events.values():
                event.set()
            while not lost.is_set():
                await _wait(lost, CHECK_SECONDS)
                await connection.execute("SELECT 1", timeout=CHECK_SECONDS)
        finally:
            connection.terminate()

    def _on_notification(self, connection: object, pid: int, channel: str, payload: object) -> None:
        self._events[channel].set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _close(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(Exception):
            await connection.close(timeout=1)


def _quoted(channel: str) -> str:
    return '"' + channel.replace('"', '""') + '"'
