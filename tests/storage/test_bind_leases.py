"""One holder a slot; the epoch rises with each, and the database's clock ends a lease."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.storage.bind_leases import (
    list_vanished_holders,
    release_bind_slot,
    renew_bind_lease,
    take_bind_slot,
)
from heliograph.storage.database import Connection, Purpose, connect

LEASE = timedelta(seconds=15)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database, Purpose.HOT)
    yield opened
    await opened.close()


async def run_out(connection: Connection) -> None:
    await connection.execute("UPDATE bind_lease SET leased_until = now() - interval '1 second'")


async def test_a_free_slot_is_taken_and_a_held_one_is_not(connection: Connection) -> None:
    assert await take_bind_slot(connection, 1, 0, holder="a", lease=LEASE) == 1
    assert await take_bind_slot(connection, 1, 0, holder="b", lease=LEASE) is None
    assert await take_bind_slot(connection, 1, 1, holder="b", lease=LEASE) == 1
    assert await take_bind_slot(connection, 2, 0, holder="b", lease=LEASE) == 1


async def test_a_lease_that_ran_out_is_taken_over_with_a_higher_epoch(connection: Connection) -> None:
    await take_bind_slot(connection, 1, 0, holder="a", lease=LEASE)
    await run_out(connection)
    assert await list_vanished_holders(connection) == [(1, 0)]
    assert await take_bind_slot(connection, 1, 0, holder="b", lease=LEASE) == 2
    assert not await renew_bind_lease(connection, 1, 0, 1, lease=LEASE, bound=True)
    assert await renew_bind_lease(connection, 1, 0, 2, lease=LEASE, bound=True)
    assert await list_vanished_holders(connection) == []


async def test_a_lease_that_ran_out_unnoticed_may_be_renewed(connection: Connection) -> None:
    await take_bind_slot(connection, 1, 0, holder="a", lease=LEASE)
    await run_out(connection)
    assert await renew_bind_lease(connection, 1, 0, 1, lease=LEASE, bound=False)
    assert await take_bind_slot(connection, 1, 0, holder="b", lease=LEASE) is None


async def test_a_slot_given_back_is_free_at_once_and_settled(connection: Connection) -> None:
    await take_bind_slot(connection, 1, 0, holder="a", lease=LEASE)
    assert await release_bind_slot(connection, 1, 0, 1) == 2
    assert await release_bind_slot(connection, 1, 0, 1) is None
    assert await list_vanished_holders(connection) == []
    assert await take_bind_slot(connection, 1, 0, holder="b", lease=LEASE) == 3


@pytest.mark.parametrize("bound", [True, False])
async def test_when_it_was_bound_is_noted(connection: Connection, bound: bool) -> None:
    await take_bind_slot(connection, 1, 0, holder="a", lease=LEASE)
    await renew_bind_lease(connection, 1, 0, 1, lease=LEASE, bound=bound)
    assert (await connection.fetchval("SELECT bound_at FROM bind_lease") is not None) is bound


async def test_how_fast_a_bind_goes_is_kept_until_the_next_holder(connection: Connection) -> None:
    async def kept() -> float:
        found: float = await connection.fetchval("SELECT answered_per_second FROM bind_lease")
        return found

    await take_bind_slot(connection, 1, 0, holder="a", lease=LEASE)
    assert await kept() == 0
    await renew_bind_lease(connection, 1, 0, 1, lease=LEASE, bound=True, answered_per_second=12.5)
    await renew_bind_lease(connection, 1, 0, 1, lease=LEASE, bound=False)
    assert await kept() == 12.5
    await run_out(connection)
    await take_bind_slot(connection, 1, 0, holder="b", lease=LEASE)
    assert await kept() == 0


async def test_the_first_holder_makes_the_carriers_virtual_times(connection: Connection) -> None:
    await take_bind_slot(connection, 1, 0, holder="a", lease=LEASE)
    await take_bind_slot(connection, 1, 1, holder="a", lease=LEASE)
    rows = await connection.fetch(
        "SELECT priority, position FROM fair_position WHERE account_id = 0 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [(1, 0), (2, 0)]
