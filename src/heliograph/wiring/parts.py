"""What the processes of an installation share: clock, ids, connections, wake-ups."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from heliograph.domain.ids import IdSource
from heliograph.domain.incoming import OptOutWords
from heliograph.domain.reassembly import Patience
from heliograph.domain.sender_rules import SenderRules
from heliograph.secret_key import load_secret_key
from heliograph.services.take_incoming import TakeIncoming
from heliograph.settings import Settings
from heliograph.storage.database import Database
from heliograph.storage.migrations_runner import check_schema
from heliograph.storage.process_sessions import ProcessName
from heliograph.storage.sealing import Sealer
from heliograph.storage.server_check import check_server_settings
from heliograph.storage.wakeups import LOTS_CHANNEL, WakeupSender


def utc_now() -> datetime:
    """The wall clock; the only one."""
    return datetime.now(UTC)


def sender_rules(settings: Settings) -> SenderRules:
    """What the installation says of senders."""
    accounts = settings.accounts
    return SenderRules(accounts.default_senders, accounts.protected_senders)


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
        self.wakeups.notify(LOTS_CHANNEL)

    def take_incoming(self) -> TakeIncoming:
        """What takes messages from handsets."""
        settings = self.settings.incoming
        return TakeIncoming(
            self.ids,
            patience=Patience(
                segments_ms=round(settings.segments_seconds * 1000),
                repeat_ms=round(settings.repeat_seconds * 1000),
            ),
            words=self.opt_out_words(),
        )

    def opt_out_words(self) -> OptOutWords:
        """The words by which handsets stop and start what an account sends them."""
        settings = self.settings.incoming
        return OptOutWords.of(settings.stop_words, settings.start_words)


@asynccontextmanager
async def open_parts(settings: Settings, dsn: str, *, role: str | None = None) -> AsyncIterator[Parts]:
    """Connect, and refuse a database that would lose commits or is not of this release.

    A process of a role names its sessions, so that operators see that it is there.
    """
    name = role and ProcessName.of(role, started_at=utc_now(), pid=os.getpid(), host=socket.gethostname())
    async with (
        WakeupSender(dsn) as wakeups,
        Database(dsn, ring=wakeups.notify, session_name=name.session_name if name else None) as database,
    ):
        await check_server_settings(database)
        await check_schema(database)
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
