"""From the queue to a carrier on a real socket and back: order, outcomes, pace, cancelled messages."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.lot import decode_contents
from heliograph.smpp import GenericNack, SubmitSm
from heliograph.storage.database import Connection, Database, connect
from tests.simulator.running_carrier import running_carrier
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
from tests.support.rows import NOW, insert_account, ledger_minus_balance
from tests.support.scripted_smsc import ScriptedLink, ScriptedSmsc, scripted_smsc

LONG = "x" * 400
"""Three segments."""


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


def with_window(window: int, **changes: object) -> CarrierProfile:
    return msgspec.structs.replace(PROFILE, window=window, **changes)


async def until_codes(connection: Connection, messages: list[bytes], expected: set[int]) -> None:
    async def reached() -> bool:
        return await all_codes(connection, messages) == expected

    await until(reached)


async def count(connection: Connection, table: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_messages_are_submitted_and_delivered(connection: Connection, pools: Database) -> None:
    async with running_carrier() as (smsc, port):
        messages = await queue(connection, numbers(30))
        async with running(dispatch_service(pools, [carrier(port)])):
            await until_codes(connection, messages, {201})
        assert smsc.counts.accepted == 30
    assert await codes(connection, messages[0]) == [110, 111, 201]
    assert await count(connection, "lot") == 0
    assert await count(connection, "segment") == 30
    assert await count(connection, "in_doubt") == 0
    assert await connection.fetchval("SELECT sum(octet_length(message_ids)) FROM finished_lot") == 30 * 12
    assert await ledger_minus_balance(connection) == 0


async def test_submit_sm_says_what_the_message_needs(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        await queue(connection, ["46700000001"], body=LONG, sender="46701740600")
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await smsc.until(lambda: len(smsc.submits) == 3)
            smsc.link.answer_all()
    heads = [submit.short_message[:6] for submit in smsc.submits]
    assert [head[:3] + head[4:] for head in heads] == [b"\5\0\3\3\1", b"\5\0\3\3\2", b"\5\0\3\3\3"]
    assert len({head[3] for head in heads}) == 1
    first = smsc.submits[0]
    assert (first.source_addr_ton, first.source_addr_npi, first.source_addr) == (1, 1, "46701740600")
    assert (first.dest_addr_ton, first.dest_addr_npi, first.esm_class) == (1, 1, 0x40)
    assert (first.registered_delivery, first.data_coding) == (1, 0)


async def test_a_single_message_does_not_wait_behind_a_large_lot(
    connection: Connection, pools: Database
) -> None:
    await insert_account(connection, 2)
    async with scripted_smsc() as smsc:
        await queue(connection, numbers(100), position=100_000)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await smsc.until(lambda: len(smsc.submits) == 10)
            virtual_time = await connection.fetchval(
                "SELECT position FROM fair_position WHERE account_id = 0 AND priority = 1"
            )
            await queue(connection, ["46799999999"], account_id=2, position=virtual_time + 1000)
            smsc.link.answer_all()
            await smsc.until(lambda: len(smsc.submits) == 20)
            assert "46799999999" in smsc.recipients[10:20]
            smsc.accept_everything()
            smsc.link.answer_all()
            await smsc.until(lambda: len(smsc.submits) == 101)
    assert len(set(smsc.recipients)) == 101


async def test_priority_goes_first_and_leaves_a_tenth(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        await queue(connection, numbers(30, 46_710_000_000), priority=1, lot_size=1)
        await queue(connection, numbers(30, 46_720_000_000), priority=2, lot_size=1)
        profile = with_window(1)
        async with running(dispatch_service(pools, [carrier(smsc.port, profile)])):
            await smsc.until(lambda: len(smsc.submits) == 60)
    first = [recipient[:4] for recipient in smsc.recipients[:30]]
    assert first.count("4672") == 27
    assert first.count("4671") == 3


async def test_a_lot_is_not_submitted_after_its_window(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        await queue(connection, ["46700000001"], closes_at=NOW - timedelta(seconds=1))
        open_one = await queue(connection, ["46700000002"])
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, open_one, {111})
    assert smsc.recipients == ["46700000002"]


async def test_canceled_messages_of_a_lot_are_left_out(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(5))
        await connection.execute("UPDATE lot SET skipped = '{1,3}'")
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [messages[0], messages[2], messages[4]], {111})
    assert smsc.recipients == [numbers(5)[0], numbers(5)[2], numbers(5)[4]]
    assert await count(connection, "lot") == 0
    kept = await connection.fetchval("SELECT message_ids FROM finished_lot")
    assert kept == messages[0] + messages[2] + messages[4]


@pytest.mark.parametrize(
    ("status", "code"),
    [(0x0B, 408), (0x0A, 407), (0x66, 406), (0x65, 406), (0x43, 406), (0x0C, 406)],
)
async def test_a_refusal_for_good_fails_the_message_and_returns_its_price(
    connection: Connection, pools: Database, status: int, code: int
) -> None:
    async with scripted_smsc() as smsc:
        smsc.on_submit = lambda link, submit: link.answer(submit, status=status)
        (message,) = await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [message], {code})
    assert await codes(connection, message) == [110, code]
    assert await connection.fetchval("SELECT refunded FROM message") is True
    assert await connection.fetchval("SELECT refunded FROM batch") == 350_000
    assert await ledger_minus_balance(connection) == 0
    assert await count(connection, "lot") + await count(connection, "finished_lot") == 0


@pytest.mark.parametrize(
    ("status", "seconds"), [(0x08, 30), (0x14, 30), (0x64, 30), (0x45, 60), (0xFE, 60), (0x09, 60)]
)
async def test_a_refusal_for_now_leaves_as_a_lot_of_its_own(
    connection: Connection, pools: Database, status: int, seconds: int
) -> None:
    async with scripted_smsc() as smsc:

        def answer(link: ScriptedLink, submit: SubmitSm) -> None:
            link.answer(submit, "m", status if submit.destination_addr.endswith("1") else 0)

        smsc.on_submit = answer
        messages = await queue(connection, numbers(3))
        began = now()
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, messages, {111, 114})
    assert await codes(connection, messages[1]) == [110, 114]
    lot = await connection.fetchrow("SELECT * FROM lot")
    assert lot is not None
    assert (lot["state"], lot["segment_count"], lot["first_id"]) == (0, 1, messages[1])
    assert timedelta(seconds=seconds) <= lot["opens_at"] - began <= timedelta(seconds=seconds + 5)
    (waiting,) = decode_contents(lot["payload"]).messages
    assert (waiting.message_id, waiting.tries, waiting.recipient) == (messages[1], 1, numbers(3)[1])
    assert await connection.fetchval("SELECT message_ids FROM finished_lot") == messages[0] + messages[2]


async def test_the_last_try_is_followed_by_a_refusal(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.on_submit = lambda link, submit: link.answer(submit, status=0x45)
        (message,) = await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            for _ in range(2):
                await until_codes(connection, [message], {114})
                await connection.execute(
                    "UPDATE message SET code = 103, history = ''; UPDATE lot SET state = 1"
                )
            await until_codes(connection, [message], {406})
    assert len(smsc.submits) == 3


async def test_no_try_is_planned_after_the_last_window(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.on_submit = lambda link, submit: link.answer(submit, status=0x08)
        (message,) = await queue(connection, ["46700000001"], closes_at=now() + timedelta(seconds=20))
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [message], {202})
    assert await connection.fetchval("SELECT refunded FROM message") is True


async def test_a_throttled_segment_keeps_its_place(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        throttled: list[str] = []

        def answer(link: ScriptedLink, submit: SubmitSm) -> None:
            if submit.destination_addr not in throttled and len(throttled) < 2:
                throttled.append(submit.destination_addr)
                link.answer(submit, status=0x58)
            else:
                link.answer(submit, f"m{submit.destination_addr}")

        smsc.on_submit = answer
        messages = await queue(connection, numbers(8), lot_size=2)
        async with running(dispatch_service(pools, [carrier(smsc.port, with_window(4))])):
            await until_codes(connection, messages, {111})
    assert throttled == numbers(2)
    again = smsc.recipients[4:]
    assert sorted(again[:2]) == numbers(2), "the throttled ones go before the lots behind them"
    assert await codes(connection, messages[0]) == [110, 111]
    assert await connection.fetchval("SELECT max(refunded::int) FROM message") == 0


async def test_a_bind_that_became_useless_is_made_anew(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:

        def answer(link: ScriptedLink, submit: SubmitSm) -> None:
            link.answer(submit, "m1", 0x04 if len(smsc.links) == 1 else 0)

        smsc.on_submit = answer
        (message,) = await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [message], {111})
    assert len(smsc.links) == 2
    assert await codes(connection, message) == [110, 111]


async def test_a_generic_nack_counts_by_its_status(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.on_submit = lambda link, submit: link.send(GenericNack(submit.sequence_number, 0x03))
        (message,) = await queue(connection, ["46700000001"])
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [message], {406})


async def test_an_answer_without_an_id_is_an_acceptance(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.on_submit = lambda link, submit: link.answer(submit, "")
        (message,) = await queue(connection, ["46700000001"])
        service = dispatch_service(pools, [carrier(smsc.port)])
        async with running(service):
            await until_codes(connection, [message], {111})
            assert service.carriers[1].slots[0].lane.book.nameless == 1
    assert await count(connection, "segment") == 0


async def test_a_refused_segment_stops_the_rest_of_its_message(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        smsc.on_submit = lambda link, submit: link.answer(submit, status=0x0B)
        messages = await queue(connection, numbers(2), body=LONG)
        async with running(dispatch_service(pools, [carrier(smsc.port, with_window(1))])):
            await until_codes(connection, messages, {408})
    assert len(smsc.submits) == 2, "one segment of each message"
    assert await connection.fetchval("SELECT min(refunded::int) FROM message") == 1
    assert await count(connection, "lot") == 0


async def test_no_price_returns_when_another_segment_was_accepted(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        (message,) = await queue(connection, ["46700000001"], body=LONG)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await smsc.until(lambda: len(smsc.submits) == 3)
            first, second, third = smsc.submits
            smsc.link.answer(first, status=0x0B)
            smsc.link.answer(second, status=0x0B)
            smsc.link.answer(third, "m3")
            await until_codes(connection, [message], {408})
    assert await connection.fetchval("SELECT refunded FROM message") is False


async def test_a_segment_refused_for_now_is_tried_again_alone(
    connection: Connection, pools: Database
) -> None:
    async with scripted_smsc() as smsc:
        tried: list[bytes] = []

        def answer(link: ScriptedLink, submit: SubmitSm) -> None:
            is_new = submit.short_message[:6] not in tried
            tried.append(submit.short_message[:6])
            busy = is_new and submit.short_message[5] == 2
            link.answer(submit, f"m{submit.short_message[5]}", 0x58 if busy else 0)

        smsc.on_submit = answer
        (message,) = await queue(connection, ["46700000001"], body=LONG)
        async with running(dispatch_service(pools, [carrier(smsc.port)])):
            await until_codes(connection, [message], {111})
    assert [head[5] for head in tried] == [1, 2, 3, 2]
    assert len({head[3] for head in tried}) == 1, "the same reference at every try"
    assert await connection.fetchval("SELECT string_agg(message_ids, '') FROM finished_lot") == message


async def test_the_pace_of_the_contract_is_kept(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        smsc.accept_everything()
        messages = await queue(connection, numbers(60))
        profile = with_window(50, tps=100)
        began = now()
        async with running(dispatch_service(pools, [carrier(smsc.port, profile)])):
            await until_codes(connection, messages, {111})
    # A burst of a tenth of a second, then 95 a second.
    assert now() - began >= timedelta(seconds=0.5)


async def test_an_empty_queue_is_left_alone(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        service = dispatch_service(pools, [carrier(smsc.port)])
        async with running(service):
            await smsc.until(lambda: bool(smsc.binds))
            slot = service.carriers[1].slots[0]
            before = slot.flights
            await_until = now() + timedelta(seconds=0.5)

            async def over() -> bool:
                return now() >= await_until

            await until(over)
            assert slot.flights - before <= 20, "a look every 50 ms, not more"


async def test_receiver_binds_do_not_submit(connection: Connection, pools: Database) -> None:
    async with scripted_smsc() as smsc:
        await queue(connection, ["46700000001"])
        settings = msgspec.structs.replace(carrier(smsc.port), bind_mode="receiver")
        async with running(dispatch_service(pools, [settings])):
            await smsc.until(lambda: bool(smsc.binds))
            await ask_twice(smsc)
    assert smsc.submits == []


async def ask_twice(smsc: ScriptedSmsc) -> None:
    """Give the dispatcher the time in which it would have submitted."""
    ends = now() + timedelta(seconds=0.3)

    async def over() -> bool:
        return now() >= ends

    await until(over)
