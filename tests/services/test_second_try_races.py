"""Second tries against all else that touches a message: late answers, receipts, cancel, pause, the end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.close_unreported import CloseUnreported
from heliograph.services.hold_batch import HoldBatch
from heliograph.services.resend_doubtful import ResendDoubtful
from heliograph.smpp import SubmitSm
from heliograph.storage.database import Connection, Database, Purpose, connect
from tests.support.dispatching import all_codes, carrier, codes, dispatch_service, now, queue, running, until
from tests.support.rows import IDS
from tests.support.scripted_smsc import ScriptedLink, scripted_smsc
from tests.support.second_tries import (
    ANNA,
    BERTIL,
    IMPATIENT,
    LONG,
    doubts,
    fifteen_minutes_pass,
    insert_wanting_account,
    resend,
    sent_twice,
    until_code,
    until_doubts,
)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_wanting_account(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def pools(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def until_blocked(connection: Connection) -> None:
    """Until somebody waits for a lock."""

    async def blocked() -> bool:
        return bool(
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        )

    await until(blocked)


async def test_a_late_refusal_waits_for_the_keepers_decision(connection: Connection, pools: Database) -> None:
    """Which is made and not committed: the refusal must not end what is queued a moment later."""
    async with scripted_smsc() as smsc:
        await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            async with pools.transaction(Purpose.HOT) as tx:
                assert await ResendDoubtful(pools, IDS)._decide(tx, 1, now()) == 1
                smsc.link.answer(smsc.submits[0], status=0x0B)
                await until_blocked(connection)
            await asyncio.sleep(0.5)
            smsc.accept_everything()
            await resend(pools)
            await asyncio.sleep(0.7)
            refunded = await connection.fetchval("SELECT refunded FROM message")
            assert not (refunded and len(smsc.submits) == 2), "sent after its price was returned"


async def test_a_late_refusal_for_now_never_makes_a_third_unproven_submit(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            async with pools.transaction(Purpose.HOT) as tx:
                assert await ResendDoubtful(pools, IDS)._decide(tx, 1, now()) == 1
                smsc.link.answer(smsc.submits[0], status=0x58)  # proves: not taken
                await until_blocked(connection)
            await asyncio.sleep(0.3)
            for _ in range(40):
                await connection.execute("UPDATE lot SET opens_at = now() - interval '1 h' WHERE state = 0")
                await resend(pools)
                await fifteen_minutes_pass(connection)
                await asyncio.sleep(0.1)
            assert len(smsc.submits) - 1 <= 2, "unproven submits"


async def test_an_accepted_second_try_without_a_receipt_stays_paid(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            smsc.link.answer(smsc.submits[1], "second")
            await until_doubts(connection, (ANNA, True, True))
    await CloseUnreported(pools, IDS).step(now() + timedelta(hours=80))
    assert (await codes(connection, message))[-1] == 599
    assert not await connection.fetchval("SELECT refunded FROM message"), "accepted, yet its price came back"


async def test_it_stays_paid_whichever_lot_finished_later(connection: Connection, pools: Database) -> None:
    """The first try's lot had a rest, so it left the queue after the second try's."""
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            smsc.link.answer(smsc.submits[1], "second")
            await until_doubts(connection, (ANNA, True, True))
    await connection.execute(
        "UPDATE finished_lot SET due_at = due_at + interval '2 h'"
        " WHERE due_at = (SELECT min(due_at) FROM finished_lot)"
    )
    for minute in range(-10, 180):
        await CloseUnreported(pools, IDS).step(now() + timedelta(hours=72, minutes=minute))
    assert (await codes(connection, message))[-1] == 599
    assert not await connection.fetchval("SELECT refunded FROM message"), "accepted, yet its price came back"


async def test_a_cancel_waits_for_the_keepers_decision(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        _, waiting = await queue(connection, [ANNA, BERTIL], lot_size=1)
        await connection.execute(
            "UPDATE lot SET state = 0, opens_at = now() + interval '1 h' WHERE first_id = $1", waiting
        )
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            batch_id = await connection.fetchval("SELECT batch_id FROM batch")
            async with pools.transaction(Purpose.HOT) as tx:
                assert await ResendDoubtful(pools, IDS)._decide(tx, 1, now()) == 1
                cancel = asyncio.create_task(CancelBatch(pools, IDS).cancel(1, batch_id, now()))
                await until_blocked(connection)
            await cancel
            assert await codes(connection, waiting) == [203]
            await resend(pools)
            await asyncio.sleep(0.7)
            assert smsc.recipients == [ANNA], "sent after it was canceled"


async def test_pausing_the_batch_holds_a_queued_second_try(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        _, waiting = await queue(connection, [ANNA, BERTIL], lot_size=1)
        await connection.execute(
            "UPDATE lot SET state = 0, opens_at = now() + interval '1 h' WHERE first_id = $1", waiting
        )
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await ResendDoubtful(pools, IDS).step(now()) == 1
            batch_id = await connection.fetchval("SELECT batch_id FROM batch")
            async with pools.transaction(Purpose.HOT) as tx:
                await HoldBatch(IDS).pause(tx, 1, batch_id, now())
            await resend(pools)
            await asyncio.sleep(0.7)
            assert smsc.recipients == [ANNA], "sent while its batch is paused"


async def test_a_delivered_message_leaves_the_next_doubt_of_its_phone_alone(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            smsc.link.answer(smsc.submits[1], "second")
            await until_doubts(connection, (ANNA, True, True))
            smsc.link.deliver_receipt("second", ANNA)
            await until_code(connection, message, 201)
            (next_one,) = await queue(connection, [ANNA])

            async def two() -> bool:
                return len(await doubts(connection)) == 2

            await until(two)
            smsc.link.deliver_receipt("of the next", ANNA)
            await asyncio.sleep(1)
            assert await codes(connection, next_one) == [110, 201], (
                "its receipt came, and nobody else waits for one"
            )


async def test_a_receipt_of_a_lost_segment_counts_for_it_and_not_for_an_accepted_one(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA], body=LONG)
        await connection.execute("UPDATE batch SET body = $1", LONG)
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False), (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 2
            await smsc.until(lambda: len(smsc.submits) == 4)
            smsc.link.answer(smsc.submits[2], "second0")
            smsc.link.answer(smsc.submits[3], status=0x0B)
            await until_doubts(connection, (ANNA, True, True), (ANNA, True, False))
            smsc.link.deliver_receipt("second0", ANNA)
            await asyncio.sleep(0.3)
            smsc.link.deliver_receipt("first1", ANNA)
            await asyncio.sleep(1)
            assert await all_codes(connection, [message]) == {201}


async def test_a_second_try_lost_at_the_end_has_its_quarter_of_an_hour(
    connection: Connection, pools: Database
) -> None:
    """Its answer is lost a moment before the doubt ends: never given up within 15 minutes."""
    async with scripted_smsc() as smsc:
        await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await ResendDoubtful(pools, IDS).step(now()) == 1
            # The lot waited in the queue; its end comes near.
            await connection.execute("UPDATE in_doubt SET closes_at = now() + interval '5 s'")
            await connection.execute("UPDATE lot SET closes_at = now() + interval '5 s'")
            await resend(pools)
            await smsc.until(lambda: len(smsc.submits) == 2)

            async def settled() -> bool:
                return bool(await connection.fetchval("SELECT count(*) FROM lot") == 0)

            await until(settled)
            left = await connection.fetchval("SELECT closes_at - now() FROM in_doubt")
            assert left > timedelta(minutes=14), left


async def test_a_dropped_late_refusal_does_not_stop_the_second_try(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA], body=LONG)
        await connection.execute("UPDATE batch SET body = $1", LONG)
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False), (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await ResendDoubtful(pools, IDS).step(now()) == 2
            smsc.link.answer(smsc.submits[0], status=0x0B)
            await asyncio.sleep(0.5)
            assert await codes(connection, message) == [110]
            await resend(pools)
            await asyncio.sleep(0.7)
            assert len(smsc.submits) == 4, "its timeline says it was sent once more"


@pytest.mark.parametrize("how", ["late answer", "enroute receipt"])
async def test_what_was_accepted_is_not_refunded_when_its_second_try_is_lost(
    connection: Connection, pools: Database, how: str
) -> None:
    """No row touched by hand but the clock: the window closes in two hours."""
    async with scripted_smsc() as smsc:
        closes = now() + timedelta(hours=2)
        (message,) = await queue(connection, [ANNA], closes_at=closes)
        await connection.execute("UPDATE batch SET closes = ARRAY[$1::timestamptz]", closes)
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await ResendDoubtful(pools, IDS).step(now()) == 1
            if how == "late answer":
                smsc.link.answer(smsc.submits[0], "first")
                await until_code(connection, message, 111)
            else:
                smsc.link.deliver_receipt("first", ANNA, stat="ENROUTE")

                async def gone() -> bool:
                    return not await doubts(connection)

                await until(gone)
            await resend(pools)
            await smsc.until(lambda: len(smsc.submits) == 2)
            await until_doubts(connection, (ANNA, True, False))  # the second try's answer is lost
    for minute in range(0, 60 * 71, 10):
        await CloseUnreported(pools, IDS).step(now() + timedelta(minutes=minute))
        if (await codes(connection, message))[-1] == 599:
            break
    assert not await connection.fetchval("SELECT refunded FROM message"), "accepted, yet refunded"
    assert minute > 60 * 70, "its receipt may come for 72 hours"


async def test_canceling_leaves_the_other_segments_of_a_begun_message_in_the_queue(
    connection: Connection, pools: Database
) -> None:
    """Two segments: the first in doubt, the other refused for now; the second try of the first is queued."""
    async with scripted_smsc() as smsc:

        def refuse_the_second(link: ScriptedLink, submit: SubmitSm) -> None:
            if len(smsc.submits) == 2:
                link.answer(submit, status=0x64)

        smsc.on_submit = refuse_the_second
        (message, waiting) = await queue(connection, [ANNA, BERTIL], body=LONG, lot_size=1)
        await connection.execute("UPDATE batch SET body = $1", LONG)
        await connection.execute(
            "UPDATE lot SET state = 0, opens_at = now() + interval '1 h' WHERE first_id = $1", waiting
        )
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))

            async def requeued() -> bool:
                return bool(
                    await connection.fetchval(
                        "SELECT count(*) FROM lot WHERE first_id = $1 AND state = 0", message
                    )
                )

            await until(requeued)
            await connection.execute("UPDATE lot SET state = 0, opens_at = now() + interval '1 h'")
            await fifteen_minutes_pass(connection)
            assert await ResendDoubtful(pools, IDS).step(now()) == 1
            batch_id = await connection.fetchval("SELECT batch_id FROM batch")
            await CancelBatch(pools, IDS).cancel(1, batch_id, now())
            smsc.link.deliver_receipt("first", ANNA)

            async def gone() -> bool:
                return not await doubts(connection)

            await until(gone)
            await connection.execute("UPDATE lot SET opens_at = now() - interval '1 s'")
            smsc.accept_everything()
            await resend(pools)
            await smsc.until(lambda: len(smsc.submits) == 3)
            smsc.link.deliver_receipt(f"m{ANNA}", ANNA)
            await until_code(connection, message, 201)
    assert smsc.recipients == [ANNA] * 3, "its second segment, not the first one once more"
