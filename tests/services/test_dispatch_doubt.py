"""What may be with a carrier is in doubt: noted, never sent again, resolved by a late answer."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from heliograph.carriers.carrier import CarrierSettings
from heliograph.storage.database import Connection, Database, connect
from tests.support.dispatching import (
    PROFILE,
    QUICK,
    all_codes,
    carrier,
    codes,
    dispatch_service,
    now,
    numbers,
    queue,
    running,
    until,
)
from tests.support.lost_commits import losing_proxy
from tests.support.rows import insert_account, ledger_minus_balance
from tests.support.scripted_smsc import scripted_smsc

IMPATIENT = msgspec.structs.replace(PROFILE, response_seconds=0.3, enquire_answer_seconds=5)


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


async def in_doubt(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT recipient FROM in_doubt ORDER BY 1")
    return [row["recipient"] for row in rows]


async def until_in_doubt(connection: Connection, expected: list[str]) -> None:
    async def reached() -> bool:
        return await in_doubt(connection) == expected

    await until(reached)


async def until_codes(connection: Connection, messages: list[bytes], expected: set[int]) -> None:
    async def reached() -> bool:
        return await all_codes(connection, messages) == expected

    await until(reached)


async def test_a_segment_without_an_answer_is_in_doubt_until_a_late_one(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        began = now()
        (message,) = await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_in_doubt(connection, ["46700000001"])
            assert await codes(connection, message) == [110]
            row = await connection.fetchrow("SELECT * FROM in_doubt")
            assert row is not None
            assert began <= row["submitted_at"] <= row["noted_at"]
            assert timedelta(hours=71) < row["closes_at"] - row["submitted_at"] <= timedelta(hours=72)
            smsc.link.answer_all()
            await until_codes(connection, [message], {111})
            assert await in_doubt(connection) == []
    assert len(smsc.submits) == 1
    assert await codes(connection, message) == [110, 111]
    assert await connection.fetchval("SELECT count(*) FROM segment") == 1


@pytest.mark.parametrize(("status", "code"), [(0x0B, 408), (0x66, 406)])
async def test_a_late_refusal_closes_the_message(
    connection: Connection, pools: Database, status: int, code: int
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_in_doubt(connection, ["46700000001"])
            smsc.link.answer(smsc.submits[0], status=status)
            await until_codes(connection, [message], {code})
    assert await in_doubt(connection) == []
    assert await ledger_minus_balance(connection) == 0


async def test_a_late_refusal_for_now_is_tried_again(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_in_doubt(connection, ["46700000001"])
            smsc.link.answer(smsc.submits[0], status=0x58)
            smsc.accept_everything()
            await until_codes(connection, [message], {111})
    assert len(smsc.submits) == 2


async def test_a_late_refusal_of_what_was_given_up_is_not_tried_again(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_in_doubt(connection, ["46700000001"])
            await connection.execute("DELETE FROM in_doubt")
            smsc.link.answer(smsc.submits[0], status=0x58)
            second = await queue(connection, ["46700000002"])
            smsc.accept_everything()
            await until_codes(connection, second, {111})
    assert smsc.recipients == ["46700000001", "46700000002"]


async def test_what_was_on_the_wire_of_a_lost_link_is_in_doubt_and_the_rest_goes_on(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        messages = await queue(connection, numbers(25))
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await smsc.until(lambda: len(smsc.submits) == 10)
            smsc.accept_everything()
            smsc.link.cut()
            await until_codes(connection, messages, {110, 111})
            await smsc.until(lambda: len(smsc.submits) == 25)
            await until_codes(connection, messages[10:], {111})
    assert await in_doubt(connection) == numbers(10)
    assert sorted(smsc.recipients) == numbers(25), "nothing twice"
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await connection.fetchval("SELECT octet_length(message_ids) FROM finished_lot") == 25 * 12


async def test_a_mute_carrier_loses_its_link_after_three_timeouts(
    connection: Connection, pools: Database
) -> None:
    profile = msgspec.structs.replace(IMPATIENT, window=3, enquire_answer_seconds=0.2)
    async with scripted_smsc() as smsc:
        await queue(connection, numbers(3))
        async with running(dispatch_service(pools, [carrier(smsc.port, profile)])):
            await smsc.until(lambda: len(smsc.links) == 2)
            await until_in_doubt(connection, numbers(3))
    assert len(smsc.submits) == 3


async def test_a_graceful_stop_waits_for_answers(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        messages = await queue(connection, numbers(25))
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await smsc.until(lambda: len(smsc.submits) == 10)
            asyncio.get_running_loop().call_later(0.3, smsc.link.answer_all)
        assert await all_codes(connection, messages[:10]) == {111}
        assert await all_codes(connection, messages[10:]) == {103}
        assert smsc.link.session.state.name in ("UNBOUND", "CLOSED")
    assert len(smsc.submits) == 10
    assert await in_doubt(connection) == []
    (lot,) = await connection.fetch("SELECT * FROM lot")
    assert (lot["state"], lot["slot"], lot["next_segment"]) == (1, None, 10)
    assert await connection.fetchval("SELECT holder FROM bind_lease") == ""


async def test_a_stop_in_front_of_a_mute_carrier_ends_and_notes_the_doubt(
    connection: Connection, pools: Database
) -> None:
    settings = msgspec.structs.replace(QUICK, drain=0.3)
    async with scripted_smsc() as smsc:
        await queue(connection, numbers(2))
        async with running(dispatch_service(pools, [carrier(smsc.port)], settings=settings)):
            await smsc.until(lambda: len(smsc.submits) == 2)
    assert await in_doubt(connection) == numbers(2)
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0


async def test_the_next_process_resumes_where_the_last_one_stopped(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        messages = await queue(connection, numbers(25))
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await smsc.until(lambda: len(smsc.submits) == 10)
            asyncio.get_running_loop().call_later(0.2, smsc.link.answer_all)
        smsc.accept_everything()
        async with running(dispatch_service(pools, [carrier(smsc.port)], holder="next")):
            await until_codes(connection, messages, {111})
    assert sorted(smsc.recipients) == numbers(25)
    assert await connection.fetchval("SELECT octet_length(message_ids) FROM finished_lot") == 25 * 12


async def test_a_change_of_the_carrier_restarts_its_lanes(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as old, scripted_smsc() as new:
        old.accept_everything()
        new.accept_everything()
        carriers: list[CarrierSettings] = [carrier(old.port)]
        async with running(dispatch_service(pools, carriers)):
            await until_codes(connection, await queue(connection, ["46700000001"]), {111})
            carriers[:] = [carrier(new.port, revision=1, binds=2)]
            await new.until(lambda: len(new.binds) == 2)
            await until_codes(connection, await queue(connection, ["46700000002"]), {111})
            carriers.clear()
            await new.until(lambda: all(link.is_closed for link in new.links))
    assert old.link.is_closed
    assert (old.recipients, new.recipients) == (["46700000001"], ["46700000002"])
    assert await in_doubt(connection) == []


async def test_two_lanes_share_the_work(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        messages = await queue(connection, numbers(40), lot_size=5)
        async with running(dispatch_service(pools, [carrier(smsc.port, binds=2)])):
            await smsc.until(lambda: len(smsc.submits) == 20)
            assert [len(link.submits) for link in smsc.links] == [10, 10]
            smsc.accept_everything()
            for link in smsc.links:
                link.answer_all()
            await until_codes(connection, messages, {111})
    assert sorted(smsc.recipients) == numbers(40)


@pytest.mark.parametrize("commits", [True, False])
async def test_a_commit_whose_answer_is_lost_sends_nothing_twice_and_loses_nothing(
    connection: Connection, database: str, commits: bool
) -> None:
    """The commit holds outcomes, a segment to be tried again, and the intent of a further flight."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            losing_proxy(database, Path(folder)) as (proxy, dsn),
            Database(dsn) as pools,
            scripted_smsc() as smsc,
        ):
            messages = await queue(connection, numbers(45), lot_size=15)
            async with running(dispatch_service(pools, [carrier(smsc.port)])):
                await smsc.until(lambda: len(smsc.submits) == 10)
                proxy.arm(marker=b"m46700000001", commits=commits)
                first, *others = smsc.link.submits
                smsc.link.submits.clear()
                for submit in others:
                    smsc.link.answer(submit, f"m{submit.destination_addr}")
                smsc.link.answer(first, status=0x58)
                await proxy.lost.wait()
                smsc.accept_everything()
                await until_codes(connection, messages, {111})
    assert sorted(smsc.recipients) == sorted([numbers(1)[0], *numbers(45)])
    assert await in_doubt(connection) == []
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await ledger_minus_balance(connection) == 0
