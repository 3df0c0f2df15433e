import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from heliograph.storage.database import connect
from heliograph.storage.wakeups import WakeupListener, WakeupSender


async def until(event: asyncio.Event) -> None:
    async with asyncio.timeout(60):
        await event.wait()


@pytest.fixture
def heard() -> list[str]:
    return []


@asynccontextmanager
async def listening(dsn: str, heard: list[str], *channels: str) -> AsyncIterator[asyncio.Event]:
    """Note every notification of the channels; the event is set by one on the channel `end`."""
    connection = await connect(dsn)
    ended = asyncio.Event()

    def note(connection: object, pid: int, channel: str, payload: object) -> None:
        heard.append(channel)

    for channel in channels:
        await connection.add_listener(channel, note)
    await connection.add_listener("end", lambda *_: ended.set())
    yield ended
    await connection.close()


async def test_a_wakeup_sets_the_event_of_its_channel_only(database: str) -> None:
    async with WakeupListener(database, ["lots", "reports"]) as listener, WakeupSender(database) as sender:
        await until(listener.listening)
        for channel in ("lots", "reports"):
            listener.event(channel).clear()
        sender.notify("lots")
        await until(listener.event("lots"))
        assert not listener.event("reports").is_set()


async def test_all_events_are_set_once_after_connecting(database: str) -> None:
    async with WakeupListener(database, ["lots", "reports"]) as listener:
        await until(listener.event("lots"))
        await until(listener.event("reports"))


async def test_a_burst_is_one_wakeup_at_once_and_one_after_it(database: str, heard: list[str]) -> None:
    async with (
        listening(database, heard, "lots", "reports") as ended,
        WakeupSender(database, spacing_seconds=0.05) as sender,
    ):
        for _ in range(1000):
            sender.notify("lots")
        sender.notify("reports")
        await asyncio.sleep(0.02)  # the first is gone; the following wait for the rest of the spacing
        for _ in range(1000):
            sender.notify("lots")
        await asyncio.sleep(0.06)
        sender.notify("end")
        await until(ended)
    assert sorted(heard) == ["lots", "lots", "reports"]


async def test_channel_names_are_taken_literally(database: str, heard: list[str]) -> None:
    name = 'Odd "name"; DROP'
    async with listening(database, heard, name) as ended, WakeupSender(database) as sender:
        sender.notify(name)
        sender.notify("end")
        await until(ended)
    assert heard == [name]


async def test_a_sender_without_a_server_says_nothing_and_holds_nobody_up() -> None:
    nowhere = "postgresql:///x?host=/nonexistent"
    async with WakeupSender(nowhere, reconnect_seconds=0.001) as sender:
        for _ in range(5):
            sender.notify("lots")
            await asyncio.sleep(0.002)


async def test_both_ends_recover_from_a_lost_connection(database: str) -> None:
    async with (
        WakeupListener(database, ["lots"], reconnect_seconds=0.01) as listener,
        WakeupSender(database, reconnect_seconds=0.01) as sender,
    ):
        event = listener.event("lots")
        await until(event)
        sender.notify("lots")
        admin = await connect(database)
        for _ in range(2):
            event.clear()
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await until(event)  # set by the reconnection
            event.clear()
            async with asyncio.timeout(60):
                while not event.is_set():  # the first may be lost with the connection: it is a hint
                    sender.notify("lots")
                    await asyncio.sleep(0.01)
        await admin.close()
