"""Second tries on real sockets: once and never more, at the same carrier, and none closes its message."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from heliograph.domain.flight import RESOLVE_TIME
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.close_unreported import CloseUnreported
from heliograph.services.resend_doubtful import ResendDoubtful
from heliograph.smpp import SubmitSm
from heliograph.storage.database import Connection, Database, connect
from tests.support.dispatching import all_codes, carrier, codes, dispatch_service, now, queue, running, until
from tests.support.rows import IDS, ledger_minus_balance
from tests.support.scripted_smsc import ScriptedLink, ScriptedSmsc, scripted_smsc
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


async def test_an_account_that_holds_never_sends_again(connection: Connection, pools: Database) -> None:
    await connection.execute("UPDATE account SET in_doubt_policy = 'hold'")
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 0
            await connection.execute("UPDATE account SET in_doubt_policy = 'resend_once'")
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 0, "decided once, for good"
    assert await codes(connection, message) == [110]
    assert smsc.recipients == [ANNA]


async def test_nothing_is_sent_again_before_a_receipt_is_overdue(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await connection.execute("UPDATE bind_lease SET bound_since = now() - interval '1 h'")
            assert await ResendDoubtful(pools, IDS).step(now() + RESOLVE_TIME / 2) == 0
    assert smsc.recipients == [ANNA]


async def test_the_second_try_is_the_same_sms_and_its_receipt_ends_the_message(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            first, second = smsc.submits
            assert (first.short_message, first.source_addr) == (second.short_message, second.source_addr)
            smsc.link.answer(second, "second")
            await until_code(connection, message, 111)
            await until_doubts(connection, (ANNA, True, True))
            smsc.link.deliver_receipt("second", ANNA)
            await until_code(connection, message, 201)
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 0
    assert await codes(connection, message) == [110, 111, 201]
    assert len(smsc.submits) == 2
    assert await ledger_minus_balance(connection) == 0


async def test_a_receipt_of_the_first_try_counts_after_the_second_was_accepted(
    connection: Connection, pools: Database
) -> None:
    """Some carriers take a repeated text, and then report that they dropped it."""
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            smsc.link.answer(smsc.submits[1], "second")
            await until_doubts(connection, (ANNA, True, True))
            smsc.link.deliver_receipt("second", ANNA, stat="UNDELIV")
            await until_code(connection, message, 501)
            smsc.link.deliver_receipt("first", ANNA)
            await until_code(connection, message, 201)
    assert await doubts(connection) == []


@pytest.mark.parametrize("status", [0x0B, 0x45])
async def test_a_refused_second_try_leaves_the_message_in_doubt(
    connection: Connection, pools: Database, status: int
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        before = await connection.fetchval("SELECT amount FROM balance")
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            smsc.link.answer(smsc.submits[1], status=status)
            (other,) = await queue(connection, [BERTIL])
            smsc.accept_everything()
            await until_code(connection, other, 111)
            assert await codes(connection, message) == [110]
            assert await doubts(connection) == [(ANNA, True, False)]
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 0
    assert smsc.recipients == [ANNA, ANNA, BERTIL]
    price = await connection.fetchval("SELECT price FROM message LIMIT 1")
    assert await connection.fetchval("SELECT amount FROM balance") == before - price, "only the other's"
    await CloseUnreported(pools, IDS).step(now() + timedelta(hours=80))
    assert (await codes(connection, message))[-1] == 599
    assert await connection.fetchval("SELECT refunded FROM message WHERE message_id = $1", message)
    assert await ledger_minus_balance(connection) == 0


async def test_a_second_try_refused_for_now_is_tried_until_it_is_taken(
    connection: Connection, pools: Database
) -> None:
    """A refusal proves that it was not taken: that makes no third copy."""
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            smsc.accept_everything()
            smsc.link.answer(smsc.submits[1], status=0x58)
            await until_code(connection, message, 111)
            await until_doubts(connection, (ANNA, True, True))
    assert smsc.recipients == [ANNA] * 3
    assert await codes(connection, message) == [110, 111]


async def test_a_second_try_whose_answer_is_lost_too_is_the_last(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)

            async def settled() -> bool:
                return bool(await connection.fetchval("SELECT count(*) FROM lot") == 0)

            await until(settled)
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 0
            smsc.link.deliver_receipt("whichever", ANNA)
            await until_code(connection, message, 201)
    assert smsc.recipients == [ANNA, ANNA]
    assert await doubts(connection) == []


async def test_a_doubt_that_a_receipt_ended_is_not_brought_back_by_the_second_try(
    connection: Connection, pools: Database
) -> None:
    """The receipt came between the decision and the submit. Lost again, it is still the last."""
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice(connection, pools, smsc)
            smsc.link.deliver_receipt("first", ANNA)
            await until_code(connection, message, 201)
            await until_doubts(connection, (ANNA, True, False))
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 0
    assert smsc.recipients == [ANNA, ANNA]
    await CloseUnreported(pools, IDS).step(now() + timedelta(hours=80))
    assert await all_codes(connection, [message]) == {201}


async def test_a_late_answer_to_the_first_try_closes_nothing_while_the_second_is_on_its_way(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            assert await ResendDoubtful(pools, IDS).step(now()) == 1
            smsc.link.answer(smsc.submits[0], status=0x0B)
            (other,) = await queue(connection, [BERTIL])
            smsc.accept_everything()
            await until_code(connection, other, 111)
            assert await codes(connection, message) == [110]
            assert await resend(pools) == 0
            await until_code(connection, message, 111)
    assert smsc.recipients == [ANNA, BERTIL, ANNA]
    assert not await connection.fetchval("SELECT refunded FROM message WHERE message_id = $1", message)


async def test_only_the_segments_in_doubt_are_sent_again(connection: Connection, pools: Database) -> None:
    def answer_the_first_segment(link: ScriptedLink, submit: SubmitSm) -> None:
        if len(smsc.submits) == 1:
            link.answer(submit, "m0")

    async with scripted_smsc() as smsc:
        smsc.on_submit = answer_the_first_segment
        (message,) = await queue(connection, [ANNA], body=LONG)
        await connection.execute("UPDATE batch SET body = $1", LONG)
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await sent_twice_of_two(connection, pools, smsc)
            assert smsc.submits[2].short_message == smsc.submits[1].short_message, "number and reference too"
            smsc.link.answer(smsc.submits[2], "m2")
            await until_code(connection, message, 111)
            for smsc_id in ("m0", "m2"):
                smsc.link.deliver_receipt(smsc_id, ANNA)
            await until_code(connection, message, 201)
    assert len(smsc.submits) == 3


async def sent_twice_of_two(connection: Connection, pools: Database, smsc: ScriptedSmsc) -> None:
    await until_doubts(connection, (ANNA, False, False))
    await fifteen_minutes_pass(connection)
    assert await resend(pools) == 1
    await smsc.until(lambda: len(smsc.submits) == 3)


@pytest.mark.parametrize(
    ("ago", "since"), [(31, 3600), (0, 14 * 60)], ids=["no link is bound", "not for 15 minutes yet"]
)
async def test_only_a_wait_counts_in_which_a_receipt_could_have_come(
    connection: Connection, pools: Database, ago: int, since: int
) -> None:
    """The receipts of what is in doubt wait at the carrier, too."""
    async with scripted_smsc() as smsc:
        await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
    await fifteen_minutes_pass(connection)
    await connection.execute(
        "UPDATE bind_lease SET bound_at = now() - $1::interval, bound_since = now() - $2::interval",
        timedelta(seconds=ago),
        timedelta(seconds=since),
    )
    assert await resend(pools) == 0
    await fifteen_minutes_pass(connection)
    assert await resend(pools) == 1, "it was only put off"


async def test_after_a_standstill_the_wait_begins_anew(connection: Connection, pools: Database) -> None:
    """A power cut: what waits at the carrier comes with the first bind after it."""
    back = timedelta(minutes=20)
    async with scripted_smsc() as smsc:
        await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
        await connection.execute("UPDATE in_doubt SET resend_at = resend_at - $1::interval", back)
        await connection.execute(
            "UPDATE bind_lease SET bound_at = bound_at - $1::interval,"
            " bound_since = bound_since - interval '2 h', leased_until = leased_until - $1::interval",
            back,
        )
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):

            async def bound() -> bool:
                return bool(
                    await connection.fetchval(
                        "SELECT bool_or(bound_at > now() - interval '5 s') FROM bind_lease"
                    )
                )

            await until(bound)
            assert await resend(pools) == 0
    assert smsc.recipients == [ANNA]


async def test_a_paused_batch_is_asked_about_again_when_it_goes_on(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
            await fifteen_minutes_pass(connection)
            await connection.execute("UPDATE batch SET paused_at = now()")
            assert await resend(pools) == 0
            await connection.execute("UPDATE batch SET paused_at = NULL")
            assert await resend(pools) == 0
            await connection.execute("UPDATE in_doubt SET resend_at = resend_at - interval '2 minutes'")
            assert await resend(pools) == 1
            await smsc.until(lambda: smsc.recipients == [ANNA, ANNA])


@pytest.mark.parametrize("is_queued", [False, True], ids=["before it is decided", "in the queue"])
async def test_canceling_the_batch_withdraws_second_tries(
    connection: Connection, pools: Database, is_queued: bool
) -> None:
    profile = msgspec.structs.replace(IMPATIENT, window=1)
    async with scripted_smsc() as smsc:
        doubtful, waiting = await queue(connection, [ANNA, BERTIL], lot_size=1)
        await connection.execute("UPDATE lot SET state = 3 WHERE first_id = $1", waiting)
        async with running(dispatch_service(pools, [carrier(smsc.port, profile)])):
            await until_doubts(connection, (ANNA, False, False))
        await fifteen_minutes_pass(connection)
        if is_queued:
            assert await resend(pools) == 1
        batch_id = await connection.fetchval("SELECT batch_id FROM batch")
        await CancelBatch(pools, IDS).cancel(1, batch_id, now())
        await fifteen_minutes_pass(connection)
        assert await resend(pools) == 0
        assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await codes(connection, doubtful) == [110], "it may have been delivered: it is not canceled"
    assert await codes(connection, waiting) == [203]
    assert smsc.recipients == [ANNA]


async def test_a_second_try_that_its_window_closes_upon_closes_nothing(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
        await fifteen_minutes_pass(connection)
        assert await resend(pools) == 1
        await connection.execute("UPDATE lot SET opens_at = opens_at - interval '1 h', closes_at = now()")
        await resend(pools)
        assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await codes(connection, message) == [110]
    assert await doubts(connection) == [(ANNA, True, False)]


async def test_a_second_try_that_a_dead_holder_intended_is_not_sent_a_third_time(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, [ANNA])
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)])):
            await until_doubts(connection, (ANNA, False, False))
        await fifteen_minutes_pass(connection)
        assert await resend(pools) == 1
        # As the claim of somebody who vanished leaves it, with the doubt resolved meanwhile.
        await connection.execute(
            "UPDATE lot SET slot = 0, epoch = 1, next_segment = 1, state = 2, intent_at = now()"
        )
        await connection.execute("DELETE FROM in_doubt")
        async with running(dispatch_service(pools, [carrier(smsc.port, IMPATIENT)], holder="next")):
            await until_doubts(connection, (ANNA, True, False))
            await fifteen_minutes_pass(connection)
            assert await resend(pools) == 0
    assert smsc.recipients == [ANNA]
    assert await codes(connection, message) == [110]
