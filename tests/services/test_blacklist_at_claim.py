"""Whoever is blacklisted before a claim gets nothing of it, however long ago it was accepted."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from heliograph.services.hold_batch import HoldBatch
from heliograph.services.release_lots import ReleaseLots
from heliograph.services.resend_doubtful import ResendDoubtful
from heliograph.storage import blacklist as blacklist_storage
from heliograph.storage.blacklist import BlacklistSource, add_to_blacklist, remove_from_blacklist
from heliograph.storage.database import Connection, Database, Purpose, connect, transaction_on
from tests.support.dispatching import (
    PROFILE,
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
from tests.support.rows import IDS, insert_account, ledger_minus_balance
from tests.support.scripted_smsc import scripted_smsc
from tests.support.second_tries import IMPATIENT, doubts, fifteen_minutes_pass, until_doubts

ANNA, BERTIL, CESAR = "46700000001", "46700000002", "46700000003"
LONG = "Hej " * 60


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await opened.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'carrier', '127.0.0.1', 2775, 'esme', '')"
    )
    await insert_account(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def pools(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def blacklist(connection: Connection, *recipients: str, account_id: int = 1) -> None:
    async with transaction_on(connection) as tx:
        for recipient in recipients:
            await add_to_blacklist(tx, account_id, recipient, now=now(), source=BlacklistSource.STOP)


async def until_codes(connection: Connection, messages: Iterable[bytes], expected: set[int]) -> None:
    async def reached() -> bool:
        return await all_codes(connection, list(messages)) == expected

    await until(reached)


async def release(pools: Database) -> None:
    await ReleaseLots(pools, IDS, receipt_wait=timedelta(hours=72), on_released=lambda: None).step(now())


async def test_what_waited_for_its_window_ends_with_405_and_its_price_returned(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        anna, bertil = await queue(connection, [ANNA, BERTIL])
        before = await connection.fetchval("SELECT amount FROM balance")
        await blacklist(connection, ANNA)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [anna], {405})
            await until_codes(connection, [bertil], {111})
    assert smsc.recipients == [BERTIL]
    assert await codes(connection, anna) == [405], "it was never on the wire"
    row = await connection.fetchrow("SELECT price, refunded FROM message WHERE message_id = $1", anna)
    assert row is not None
    assert row["refunded"]
    assert await connection.fetchval("SELECT amount FROM balance") == before + row["price"]
    assert await ledger_minus_balance(connection) == 0
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await connection.fetchval("SELECT count(*) FROM in_doubt") == 0
    assert await connection.fetchval("SELECT octet_length(message_ids) FROM finished_lot") == 12
    assert await connection.fetchval("SELECT sum(event_count) FROM report_block") == 3, "110, 111; 405"


async def test_a_paused_batch_is_judged_when_it_goes_on(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        anna, bertil = await queue(connection, [ANNA, BERTIL])
        batch_id = await connection.fetchval("SELECT batch_id FROM batch")
        async with pools.transaction(Purpose.HOT) as tx:
            await HoldBatch(IDS).pause(tx, 1, batch_id, now())
        await blacklist(connection, BERTIL)
        async with pools.transaction(Purpose.HOT) as tx:
            await HoldBatch(IDS).resume(tx, 1, batch_id)
        await release(pools)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [anna, bertil], {111, 405})
    assert smsc.recipients == [ANNA]


@pytest.mark.parametrize("body", ["Hello", LONG])
async def test_what_the_carrier_refused_for_now_is_judged_before_its_next_try(
    connection: Connection, pools: Database, body: str
) -> None:
    async with scripted_smsc() as smsc:
        smsc.on_submit = lambda link, submit: link.answer(submit, status=0x14)
        (anna,) = await queue(connection, [ANNA], body=body)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [anna], {114})
            tried = len(smsc.submits)
            await blacklist(connection, ANNA)
            await connection.execute("UPDATE lot SET opens_at = now() - interval '1 s'")
            await release(pools)
            await until_codes(connection, [anna], {405})
    assert len(smsc.submits) == tried
    assert await codes(connection, anna) == [110, 114, 405]
    assert await connection.fetchval("SELECT refunded FROM message")
    assert await ledger_minus_balance(connection) == 0


async def test_a_message_that_was_begun_is_sent_to_its_end(connection: Connection, pools: Database) -> None:
    """A part of a text is of no use to anybody."""
    narrow = msgspec.structs.replace(PROFILE, window=1)
    async with scripted_smsc() as smsc:
        anna, bertil = await queue(connection, [ANNA, BERTIL], body=LONG)
        async with running(dispatch_service(pools, [carrier(smsc.port, narrow)])):
            await smsc.until(lambda: len(smsc.submits) == 1)
            await blacklist(connection, ANNA, BERTIL)
            smsc.accept_everything()
            smsc.link.answer_all()
            await until_codes(connection, [anna], {111})
            await until_codes(connection, [bertil], {405})
    assert smsc.recipients == [ANNA, ANNA]


async def test_a_second_try_is_not_sent_and_its_message_stays_in_doubt(
    connection: Connection, pools: Database
) -> None:
    await connection.execute("UPDATE account SET in_doubt_policy = 'resend_once'")
    async with scripted_smsc() as smsc:
        (anna,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await ResendDoubtful(pools, IDS).step(now()) == 1
            await blacklist(connection, ANNA)
            await release(pools)

            async def settled() -> bool:
                return bool(await connection.fetchval("SELECT count(*) FROM lot") == 0)

            await until(settled)
    assert smsc.recipients == [ANNA]
    assert await codes(connection, anna) == [110]
    assert await doubts(connection) == [(ANNA, True, False)]


async def test_a_number_that_another_account_blocks_is_sent_to(
    connection: Connection, pools: Database
) -> None:
    await insert_account(connection, 2)
    await blacklist(connection, ANNA, account_id=2)
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        mine = await queue(connection, [ANNA])
        theirs = await queue(connection, [ANNA, BERTIL], account_id=2)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [*mine, theirs[1]], {111})
            await until_codes(connection, theirs[:1], {405})
    assert sorted(smsc.recipients) == [ANNA, BERTIL]


async def test_who_asked_to_be_written_to_again_is(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, [ANNA])
        await blacklist(connection, ANNA)
        async with transaction_on(connection) as tx:
            await remove_from_blacklist(tx, 1, ANNA, now=now(), source=BlacklistSource.START)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, messages, {111})


async def test_many_of_a_large_lot(connection: Connection, pools: Database) -> None:
    recipients = numbers(400)
    blocked = set(recipients[::3])
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, recipients)
        await blacklist(connection, *blocked)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, messages, {111, 405})
    assert sorted(smsc.recipients) == [each for each in recipients if each not in blocked]
    count = await connection.fetchval("SELECT count(*) FROM message WHERE code = 405 AND refunded")
    assert count == len(blocked)
    assert await ledger_minus_balance(connection) == 0


@pytest.mark.parametrize("ago", [None, timedelta(hours=1)], ids=["never", "long before it was accepted"])
async def test_nobody_is_asked_about_where_nothing_was_blacklisted_since(
    connection: Connection, pools: Database, monkeypatch: pytest.MonkeyPatch, ago: timedelta | None
) -> None:
    if ago is not None:
        await connection.execute("UPDATE account SET blacklisted_at = now() - $1::interval", ago)
    asked: list[Any] = []

    async def note(*arguments: Any) -> frozenset[str]:
        asked.append(arguments)
        return frozenset()

    monkeypatch.setattr("heliograph.services.dispatch_lots.bind_slot.find_blacklisted", note)
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(5))
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, messages, {111})
        assert asked == []
        await blacklist(connection, CESAR)
        messages = await queue(connection, numbers(5))
        async with running(dispatch_service(pools, [carrier(smsc.port)], holder="next")):
            await until_codes(connection, messages, {111})
    assert asked, "the minute for what was under way"


async def test_a_question_that_fails_loses_nothing_and_sends_nothing_twice(
    connection: Connection, pools: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was claimed is not in hand then: the intent is taken back."""
    fails = [True, True]

    async def fail_at_first(*arguments: Any) -> frozenset[str]:
        if fails:
            fails.pop()
            raise RuntimeError("no answer")
        return await blacklist_storage.find_blacklisted(*arguments)

    monkeypatch.setattr("heliograph.services.dispatch_lots.bind_slot.find_blacklisted", fail_at_first)
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(25), lot_size=20)
        await blacklist(connection, numbers(1)[0])
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, messages, {111, 405})
    assert not fails
    assert sorted(smsc.recipients) == numbers(25)[1:]
    assert await connection.fetchval("SELECT count(*) FROM in_doubt") == 0


async def test_blacklisting_against_claims(connection: Connection, database: str) -> None:
    """Whoever was blacklisted before the carrier saw anything of theirs gets nothing."""
    recipients = numbers(300)
    seen_at: dict[str, int] = {}
    blocked_at: dict[str, int] = {}
    steps = 0
    async with Database(database) as pools, scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, recipients, lot_size=10)
        slow = msgspec.structs.replace(PROFILE, tps=400)
        async with running(dispatch_service(pools, [carrier(smsc.port, slow)])):
            for recipient in reversed(recipients):
                await blacklist(connection, recipient)
                steps += 1
                blocked_at[recipient] = len(smsc.submits)
                await asyncio.sleep(0)
            await until_codes(connection, messages, {111, 405})
        for position, submit in enumerate(smsc.submits):
            seen_at[submit.destination_addr] = position
    window = PROFILE.window
    late = [each for each in seen_at if seen_at[each] > blocked_at[each] + window]
    assert late == [], "claimed after the commit"
    rows = await connection.fetch("SELECT recipient, code FROM message")
    assert {row["recipient"] for row in rows if row["code"] == 111} == set(seen_at)
    assert 0 < len(seen_at) < len(recipients)
    assert await ledger_minus_balance(connection) == 0
