"""Who may write to a carrier: one holder a slot, fenced by its epoch and by its own clock."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from heliograph.services.dispatch_lots import DispatchSettings
from heliograph.storage.bind_leases import take_bind_slot
from heliograph.storage.database import Connection, Database, Purpose, connect, transaction_on
from heliograph.storage.installation_reading import list_bind_slots
from heliograph.storage.lots import Owner, claim_lots
from tests.support.dispatching import (
    QUICK,
    all_codes,
    carrier,
    codes,
    dispatch_service,
    numbers,
    queue,
    running,
    until,
)
from tests.support.rows import insert_account
from tests.support.scripted_smsc import scripted_smsc


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def pools(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def until_codes(connection: Connection, messages: list[bytes], expected: set[int]) -> None:
    async def reached() -> bool:
        return await all_codes(connection, messages) == expected

    await until(reached)


async def dead_holder(database: str, segments: int, *, slot: int = 0) -> Owner:
    """Somebody who claimed segments, vanished, and whose lease is over."""
    connection = await connect(database, Purpose.HOT)
    try:
        async with transaction_on(connection) as tx:
            epoch = await take_bind_slot(tx, 1, slot, holder="dead", lease=timedelta(seconds=15))
            assert epoch is not None
            owner = Owner(1, slot, epoch)
            await claim_lots(tx, owner, segments=segments, lots=10, first_priority=2)
        await connection.execute("UPDATE bind_lease SET leased_until = now() - interval '1 second'")
    finally:
        await connection.close()
    return owner


@pytest.mark.parametrize("slot", [0, 3], ids=["taken over", "rescued"])
async def test_what_a_dead_holder_intended_is_in_doubt_and_the_rest_is_sent(
    connection: Connection, pools: Database, database: str, slot: int
) -> None:
    """Slot 3 is beyond the binds of the carrier: nobody takes it, it is only settled."""
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(8), lot_size=5)
        await dead_holder(database, 7, slot=slot)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, messages[7:], {111})
            await until_codes(connection, messages[:7], {110})
    assert smsc.recipients == numbers(8)[7:]
    rows = await connection.fetch("SELECT recipient FROM in_doubt ORDER BY 1")
    assert [row["recipient"] for row in rows] == numbers(7)
    assert await codes(connection, messages[0]) == [110]
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    packed = await connection.fetchval(
        "SELECT string_agg(message_ids, '' ORDER BY message_ids) FROM finished_lot"
    )
    assert packed == b"".join(messages)


async def test_canceled_messages_within_a_dead_holders_intent_are_not_in_doubt(
    connection: Connection, pools: Database, database: str
) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(4))
        await connection.execute("UPDATE lot SET skipped = '{1}'")
        await dead_holder(database, 4)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [messages[0], messages[2], messages[3]], {110})
    rows = await connection.fetch("SELECT message_id FROM in_doubt")
    assert messages[1] not in {row["message_id"] for row in rows}
    assert smsc.submits == []


async def test_a_slot_has_one_holder(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        first = dispatch_service(pools, [carrier(smsc.port)], holder="first")
        second = dispatch_service(pools, [carrier(smsc.port)], holder="second")
        async with running(first):
            await smsc.until(lambda: len(smsc.binds) == 1)
            async with running(second):
                smsc.accept_everything()
                await until_codes(connection, await queue(connection, numbers(5)), {111})
                assert len(smsc.binds) == 1
                assert await connection.fetchval("SELECT holder FROM bind_lease") == "first"


async def test_a_slot_given_back_is_taken_by_the_next(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        second = dispatch_service(pools, [carrier(smsc.port)], holder="second")
        async with running(dispatch_service(pools, [carrier(smsc.port)], holder="first")):
            await smsc.until(lambda: len(smsc.binds) == 1)
        async with running(second):
            await until_codes(connection, await queue(connection, numbers(5)), {111})
            assert await connection.fetchval("SELECT holder FROM bind_lease") == "second"


class Stalled:
    """A clock that can be made to jump at a certain moment."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.jumps_at_commit = False

    def clock(self) -> float:
        return time.monotonic() + self.ahead

    def now(self) -> datetime:
        """Asked for right before a flight is committed."""
        if self.jumps_at_commit:
            self.jumps_at_commit = False
            self.ahead += 60.0
        return datetime.now(UTC)


async def test_nothing_is_written_once_our_own_clock_says_that_the_lease_is_over(
    connection: Connection, pools: Database
) -> None:
    """The process stalls between the commit of an intent and its PDUs."""
    stalled = Stalled()
    settings: DispatchSettings = msgspec.structs.replace(QUICK, lease=6.0, margin=2.0, poll=600.0)
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        service = dispatch_service(
            pools,
            [carrier(smsc.port)],
            settings=settings,
            clock=stalled.clock,
            time_of_day=stalled.now,
        )
        async with running(service):
            await smsc.until(lambda: bool(smsc.binds))
            (slot,) = service.carriers[1].slots

            async def has_looked() -> bool:
                return slot.keeper.is_bound and slot.flights > 0

            await until(has_looked)
            messages = await queue(connection, numbers(5))
            lot_id = await connection.fetchval("SELECT lot_id FROM lot")
            stalled.jumps_at_commit = True
            slot.wake()

            async def was_unloaded() -> bool:
                """The lot was intended, and its segments left it as one that was never written."""
                again = await connection.fetch("SELECT lot_id, next_segment FROM lot")
                return [row["next_segment"] for row in again] == [0] and again[0]["lot_id"] != lot_id

            await until(was_unloaded)
            assert smsc.submits == []
            assert not slot.lease.may_write()
            # The next renewal finds that nobody took the slot, and the segments are sent once.
            slot.wake()
            await until_codes(connection, messages, {111})
    assert smsc.recipients == numbers(5)
    assert await connection.fetchval("SELECT count(*) FROM in_doubt") == 0


async def test_an_owner_that_was_overtaken_gives_its_link_and_lots_up(
    connection: Connection, pools: Database, database: str
) -> None:
    async with scripted_smsc() as smsc:
        messages = await queue(connection, numbers(12))
        async with running(dispatch_service(pools, [carrier(smsc.port)], holder="old")):
            await smsc.until(lambda: len(smsc.submits) == 10)
            # Its lease ran out unnoticed, and somebody else took the slot and settled its lots.
            await connection.execute("UPDATE bind_lease SET leased_until = now() - interval '1 second'")
            await dead_holder(database, 0)
            first = smsc.links[0]
            await smsc.until(lambda: first.is_closed)
            smsc.accept_everything()
            await until_codes(connection, messages[10:], {111})
            await until_codes(connection, messages[:10], {110})
    assert smsc.recipients == numbers(12)
    assert await connection.fetchval("SELECT count(*) FROM in_doubt") == 10


async def test_a_lot_that_cannot_be_read_does_not_keep_a_slot_from_being_taken(
    connection: Connection, pools: Database, database: str
) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(2), lot_size=1)
        await dead_holder(database, 2)
        await connection.execute("UPDATE lot SET payload = '\\xc1' WHERE first_id = $1", messages[0])
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, messages[1:], {110})
            await until_codes(connection, await queue(connection, ["46799999999"]), {111})
    assert smsc.recipients == ["46799999999"]


async def test_a_bind_tells_how_fast_its_carrier_answers(connection: Connection, pools: Database) -> None:
    async def pace() -> float:
        async with pools.transaction() as tx:
            return sum(slot.pace for slot in await list_bind_slots(tx))

    async def is_fast() -> bool:
        return await pace() > 0

    async def is_idle() -> bool:
        return await pace() == 0

    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(200))
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until(is_fast, 60)
            await until_codes(connection, messages, {111})
            await until(is_idle, 60)


async def test_a_bind_is_shown_as_soon_as_it_stands(connection: Connection, pools: Database) -> None:
    """The lease would be renewed after some twenty seconds only."""
    settings = msgspec.structs.replace(QUICK, lease=90.0)

    async def is_shown() -> bool:
        async with pools.transaction() as tx:
            return any(slot.is_bound for slot in await list_bind_slots(tx))

    async with (
        scripted_smsc() as smsc,
        running(dispatch_service(pools, [carrier(smsc.port)], settings=settings)),
    ):
        await until(is_shown)


async def test_a_link_that_is_lost_is_not_shown_as_bound(connection: Connection, pools: Database) -> None:
    """At once, though it was seen bound a moment ago and its lease is renewed much later."""
    settings = msgspec.structs.replace(QUICK, lease=90.0)

    async def count() -> int:
        async with pools.transaction() as tx:
            return sum(1 for slot in await list_bind_slots(tx) if slot.is_bound)

    async def is_bound() -> bool:
        return await count() == 1

    async def is_lost() -> bool:
        return await count() == 0

    async with scripted_smsc() as smsc:
        port = smsc.port
        async with running(dispatch_service(pools, [carrier(port)], settings=settings)):
            await until(is_bound, 60)
            smsc.bind_statuses = [0x0D] * 50
            smsc.link.cut()
            await until(is_lost, 60)


async def test_why_there_is_no_bind_is_shown_until_there_is_one(
    connection: Connection, pools: Database
) -> None:
    """What the carrier says, and that nobody listens; at once, though the lease is renewed much later."""
    settings = msgspec.structs.replace(QUICK, lease=90.0)

    async def until_shown(expected: str) -> None:
        async def is_shown() -> bool:
            async with pools.transaction() as tx:
                slots = await list_bind_slots(tx)
            return [str(slot.fault) if slot.fault else "none" for slot in slots] == [expected]

        await until(is_shown, 60)

    async with AsyncExitStack() as carriers, AsyncExitStack() as ours:
        smsc = await carriers.enter_async_context(scripted_smsc())
        smsc.bind_statuses = [0x08] * 50
        service = dispatch_service(pools, [carrier(smsc.port)], settings=settings)
        await ours.enter_async_context(running(service))
        await until_shown("error in its system (0x08)")
        smsc.bind_statuses = []
        await until_shown("none")
        await carriers.aclose()
        await until_shown("nothing listens at its host and port")
    assert await connection.fetchval("SELECT bind_fault FROM bind_lease") is None, "the slot was given back"
