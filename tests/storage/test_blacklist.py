"""The blacklist of an account: entries, their history, and who is found on it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from heliograph.storage.accounts import AccountDirectory
from heliograph.storage.blacklist import (
    BlacklistEvent,
    BlacklistSource,
    add_to_blacklist,
    find_blacklisted,
    keep_in_blacklist,
    list_blacklist_events,
    remove_from_blacklist,
)
from heliograph.storage.blacklist_reading import (
    BlacklistEntry,
    count_blacklist,
    find_in_blacklist,
    list_blacklist,
)
from heliograph.storage.database import Connection, Database, connect
from tests.support.rows import NOW, insert_account

NUMBER, OTHER = "46701740605", "46701740606"
API, STOP = BlacklistSource.API, BlacklistSource.STOP
LATER = NOW + timedelta(seconds=1)


@pytest.fixture
async def pools(database: str) -> AsyncIterator[Database]:
    opened = await connect(database)
    await insert_account(opened, 1)
    await insert_account(opened, 2)
    await opened.close()
    async with Database(database) as pools:
        yield pools


async def test_a_number_stands_there_once_and_keeps_its_time(pools: Database) -> None:
    async with pools.transaction() as tx:
        assert await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=API)
        assert not await add_to_blacklist(tx, 1, NUMBER, now=LATER, source=STOP)
        assert await find_in_blacklist(tx, 1, NUMBER) == BlacklistEntry(NUMBER, NOW)
        assert await find_in_blacklist(tx, 2, NUMBER) is None
        assert await keep_in_blacklist(tx, 1, NUMBER, now=LATER, source=API) == (
            BlacklistEntry(NUMBER, NOW),
            False,
        )
        assert await keep_in_blacklist(tx, 1, OTHER, now=LATER, source=API) == (
            BlacklistEntry(OTHER, LATER),
            True,
        )


async def test_what_is_removed_is_answered_once(pools: Database) -> None:
    async with pools.transaction() as tx:
        await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=API)
        assert await remove_from_blacklist(tx, 2, NUMBER, now=LATER, source=API) is None
        assert await remove_from_blacklist(tx, 1, NUMBER, now=LATER, source=API) == BlacklistEntry(
            NUMBER, NOW
        )
        assert await remove_from_blacklist(tx, 1, NUMBER, now=LATER, source=API) is None


async def test_every_change_is_an_event_and_nothing_else_is(pools: Database) -> None:
    async with pools.transaction() as tx:
        await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=STOP)
        await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=API)
        await remove_from_blacklist(tx, 1, NUMBER, now=LATER, source=BlacklistSource.START)
        await remove_from_blacklist(tx, 1, NUMBER, now=LATER, source=BlacklistSource.OPERATOR)
        assert await list_blacklist_events(tx, 1, NUMBER) == [
            BlacklistEvent("added", "stop", NOW),
            BlacklistEvent("removed", "start", LATER),
        ]
        assert await list_blacklist_events(tx, 2, NUMBER) == []


@pytest.mark.parametrize("statement", ["DELETE FROM blacklist_event", "UPDATE blacklist_event SET kind = ''"])
async def test_events_are_neither_changed_nor_deleted(pools: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.transaction() as tx:
            await tx.execute(statement)


async def test_changes_at_the_same_moment_are_all_kept(pools: Database) -> None:
    async with pools.transaction() as tx:
        for _ in range(3):
            assert await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=API)
            assert await remove_from_blacklist(tx, 1, NUMBER, now=NOW, source=API)
        assert len(await list_blacklist_events(tx, 1, NUMBER)) == 6


async def test_pages_are_in_order_of_time(pools: Database) -> None:
    numbers = [f"4670174060{digit}" for digit in (9, 5, 7)]
    async with pools.transaction() as tx:
        for place, number in enumerate(numbers):
            await add_to_blacklist(tx, 1, number, now=NOW + timedelta(seconds=place), source=API)
        await add_to_blacklist(tx, 2, NUMBER, now=NOW, source=API)
        assert await count_blacklist(tx, 1) == 3
        for newest_first, expected in ((False, numbers[1:]), (True, numbers[1::-1])):
            page = await list_blacklist(tx, 1, start=1, limit=2, newest_first=newest_first)
            assert [entry.msisdn for entry in page] == expected


async def test_only_those_of_the_account_are_found_among_many(pools: Database) -> None:
    async with pools.transaction() as tx:
        await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=API)
        await add_to_blacklist(tx, 2, OTHER, now=NOW, source=API)
    assert await find_blacklisted(pools, 1, [OTHER, NUMBER, "1"]) == {NUMBER}
    assert await find_blacklisted(pools, 1, []) == frozenset()


async def test_the_account_is_known_to_have_had_an_entry(pools: Database) -> None:
    async with pools.transaction() as tx:
        await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=API)
        await remove_from_blacklist(tx, 1, NUMBER, now=NOW, source=API)
    directory = AccountDirectory(pools)
    found = [await directory.account(account_id) for account_id in (1, 2)]
    assert [account.has_blacklist for account in found if account] == [True, False]


async def test_of_two_that_add_at_once_one_is_first(database: str, pools: Database) -> None:
    second: Connection = await connect(database)
    async with pools.transaction() as tx:
        assert await add_to_blacklist(tx, 1, NUMBER, now=NOW, source=API)
        waiting = asyncio.create_task(add_to_blacklist(second, 1, NUMBER, now=LATER, source=STOP))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert await waiting is False
    await second.close()
    async with pools.transaction() as tx:
        assert [event.source for event in await list_blacklist_events(tx, 1, NUMBER)] == ["api"]
