"""Pause, resume, reschedule: what waits moves together, what is on its way goes on, nothing lost or twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.delivery_windows import DeliveryWindow
from heliograph.domain.lot import LotContents, LotMessage, LotText, decode_contents, encode_contents
from heliograph.domain.message_change import MessageChange
from heliograph.domain.refusals import Conflict, NotFound
from heliograph.domain.status import Code
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.hold_batch import HeldBatch, HoldBatch
from heliograph.services.release_lots import ReleaseLots
from heliograph.storage.database import Connection, Database, Purpose, Transaction, connect, transaction_on
from heliograph.storage.lots import Owner, claim_lots
from heliograph.storage.message_changes import apply_changes
from tests.support.rows import (
    IDS,
    NOW,
    NOW_MS,
    insert_account,
    insert_batch,
    insert_lot,
    ledger_minus_balance,
)

BALANCE = 1_000_000_000
DAY = timedelta(days=1)
SERVICE = HoldBatch(IDS)
Call = Callable[[Transaction], Awaitable[HeldBatch]]


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_carrier(opened, 1)
    await insert_account(opened, balance=BALANCE)
    yield opened
    await opened.close()


async def insert_carrier(connection: Connection, carrier_id: int) -> None:
    await connection.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES ($1, $2, '127.0.0.1', 2775, 'esme', '')",
        carrier_id,
        f"carrier {carrier_id}",
    )


def numbers(count: int) -> list[str]:
    return [str(46_701_740_000 + n) for n in range(count)]


async def pause(connection: Connection, batch_id: bytes, *, account_id: int = 1) -> HeldBatch:
    async with transaction_on(connection) as tx:
        return await SERVICE.pause(tx, account_id, batch_id, NOW)


async def resume(connection: Connection, batch_id: bytes) -> HeldBatch:
    async with transaction_on(connection) as tx:
        return await SERVICE.resume(tx, 1, batch_id)


async def reschedule(connection: Connection, batch_id: bytes, *windows: DeliveryWindow) -> HeldBatch:
    async with transaction_on(connection) as tx:
        return await SERVICE.reschedule(tx, 1, batch_id, windows, NOW)


async def keep(dsn: str) -> None:
    """One step of the keeper."""
    async with Database(dsn) as database:
        service = ReleaseLots(database, IDS, receipt_wait=timedelta(hours=72), on_released=lambda: None)
        await service.step(datetime.now(UTC))


async def queued(connection: Connection) -> dict[int, list[bytes]]:
    """The messages in the queue, by the state of their lot."""
    found: dict[int, list[bytes]] = {}
    for row in await connection.fetch(
        "SELECT state, payload, skipped, next_segment FROM lot ORDER BY lot_id"
    ):
        place = 0
        for position, message in enumerate(decode_contents(row["payload"]).messages):
            if place >= row["next_segment"] and position not in row["skipped"]:
                found.setdefault(row["state"], []).append(message.message_id)
            place += message.to_submit
    return {state: sorted(messages) for state, messages in found.items()}


async def test_a_paused_batch_lies_in_lots_of_its_own_and_goes_on_when_resumed(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(3))
    await insert_lot(connection, messages)
    held = await pause(connection, batch_id)
    assert held.batch.paused_at == NOW
    assert await queued(connection) == {3: messages}
    await keep(database)
    assert await queued(connection) == {3: messages}
    assert (await resume(connection, batch_id)).batch.paused_at is None
    await keep(database)
    assert await queued(connection) == {1: messages}
    assert await connection.fetchval("SELECT count(*) FROM paused_batch") == 0


async def test_other_batches_of_a_shared_lot_go_on(database: str, connection: Connection) -> None:
    first, of_first = await insert_batch(connection, recipients=numbers(2))
    second, of_second = await insert_batch(connection, recipients=numbers(2))
    await insert_lot(connection, [of_first[0], *of_second, of_first[1]])
    await pause(connection, first)
    assert await queued(connection) == {1: of_second, 3: of_first}
    assert await connection.fetchval("SELECT revision FROM lot WHERE state = 1") == 1
    await pause(connection, second)
    assert await queued(connection) == {3: sorted(of_first + of_second)}
    await resume(connection, first)
    await keep(database)
    assert await queued(connection) == {1: of_first, 3: of_second}


async def test_texts_and_windows_move_along(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(2))
    _, others = await insert_batch(connection)
    lot_id = await insert_lot(connection, [*others, *messages], later=[(NOW + DAY * 4, NOW + DAY * 5)])
    contents = LotContents(
        [LotText("iP1", "Other", 0, False), LotText("iP1", "Mine", 2, True)],
        [
            LotMessage(others[0], "4670", 0, 1),
            *[LotMessage(one, "4671", 1, 1, None, 0, 99) for one in messages],
        ],
    )
    await connection.execute(
        "UPDATE lot SET payload = $2 WHERE lot_id = $1", lot_id, encode_contents(contents)
    )
    await pause(connection, batch_id)
    row = await connection.fetchrow("SELECT * FROM lot WHERE state = 3")
    assert row is not None
    moved = decode_contents(row["payload"])
    assert moved.texts == [contents.texts[1]]
    assert moved.messages == [LotMessage(one, "4671", 0, 1, None, 0, 99) for one in messages]
    assert (row["opens_at"], row["closes_at"]) == (NOW, NOW + timedelta(hours=72))
    assert (row["later_opens"], row["later_closes"]) == ([NOW + DAY * 4], [NOW + DAY * 5])
    assert (row["first_id"], row["last_id"], row["segment_count"]) == (messages[0], messages[1], 2)


async def test_what_is_intended_is_sent_and_the_rest_held(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(4))
    await insert_lot(connection, messages)
    await connection.execute("UPDATE lot SET next_segment = 2, slot = 0, epoch = 1, intent_at = now()")
    await pause(connection, batch_id)
    assert await queued(connection) == {3: messages[2:]}
    assert await connection.fetchval("SELECT skipped FROM lot WHERE state = 1") == [2, 3]


async def test_pausing_twice_changes_nothing(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection)
    await insert_lot(connection, messages)
    await pause(connection, batch_id)
    lots = await connection.fetch("SELECT lot_id FROM lot")
    assert (await pause(connection, batch_id)).batch.paused_at == NOW
    assert await connection.fetch("SELECT lot_id FROM lot") == lots


async def test_when_nothing_can_be_held_it_says_why(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection)
    lot_id = await insert_lot(connection, messages)
    with pytest.raises(Conflict, match="The batch is not paused"):
        await resume(connection, batch_id)
    await connection.execute("UPDATE lot SET next_segment = 1, state = 2 WHERE lot_id = $1", lot_id)
    with pytest.raises(Conflict, match="nothing left to pause: every message without a final status was"):
        await pause(connection, batch_id)
    with pytest.raises(Conflict, match="nothing left to reschedule: every message without"):
        await reschedule(connection, batch_id, DeliveryWindow(NOW, NOW + DAY))
    await connection.execute("UPDATE message SET code = 201")
    for call in (pause, resume, reschedule):
        with pytest.raises(Conflict, match=f"has its final status: there is nothing left to {call.__name__}"):
            await call(connection, batch_id)
    with pytest.raises(NotFound):
        await pause(connection, batch_id, account_id=2)


async def test_a_held_message_expires_with_its_last_window_and_is_paid_back(
    database: str, connection: Connection
) -> None:
    past = NOW - timedelta(minutes=1)
    batch_id, messages = await insert_batch(connection)
    await insert_lot(connection, messages, opens_at=NOW - DAY, closes_at=past, later=[(past, NOW + DAY)])
    await pause(connection, batch_id)
    await keep(database)
    assert await queued(connection) == {3: messages}
    assert await connection.fetchval("SELECT closes_at FROM lot") == NOW + DAY
    await connection.execute("UPDATE lot SET closes_at = $1", past)
    await connection.execute("UPDATE paused_batch SET closes_at = $1", past)
    await keep(database)
    assert await queued(connection) == {}
    assert await connection.fetchval("SELECT code FROM message") == Code.EXPIRED
    assert await connection.fetchval("SELECT amount FROM balance") == BALANCE
    assert await ledger_minus_balance(connection) == 0
    assert await connection.fetchval("SELECT count(*) FROM paused_batch") == 0


async def test_a_try_put_off_meanwhile_is_held_when_it_is_due(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(2))
    _, others = await insert_batch(connection)
    await insert_lot(connection, messages[:1])
    await pause(connection, batch_id)
    await insert_lot(connection, [messages[1], *others], state=0)
    await keep(database)
    assert await queued(connection) == {1: others, 3: messages}


async def test_a_message_of_which_a_segment_was_sent_goes_on(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(2), segments=2)
    async with transaction_on(connection) as tx:
        sent = MessageChange(1, messages[0], 0, 2, 2, Code.AT_GATEWAY, NOW_MS)
        await apply_changes(tx, [sent], now=NOW, ids=IDS)
    await insert_lot(connection, messages[1:], segments=2)
    lot_id = await insert_lot(connection, messages[:1], state=0)
    contents = LotContents(
        [LotText("iP1", "Hello", 0, False)], [LotMessage(messages[0], "46701740605", 0, 2, (1,), tries=1)]
    )
    await connection.execute(
        "UPDATE lot SET payload = $2 WHERE lot_id = $1", lot_id, encode_contents(contents)
    )
    await pause(connection, batch_id)
    assert await queued(connection) == {0: messages[:1], 3: messages[1:]}
    await keep(database)
    assert await queued(connection) == {1: messages[:1], 3: messages[1:]}


async def test_rescheduled_messages_wait_for_their_new_window(database: str, connection: Connection) -> None:
    await insert_carrier(connection, 2)
    batch_id, messages = await insert_batch(connection, recipients=numbers(3))
    await insert_lot(connection, messages[:2])
    await insert_lot(connection, messages[2:], carrier_id=2, state=0, opens_at=NOW + DAY)
    windows = DeliveryWindow(NOW + DAY * 2, NOW + DAY * 3), DeliveryWindow(NOW + DAY * 4, NOW + DAY * 5)
    held = await reschedule(connection, batch_id, *windows)
    assert (held.batch.opens, held.batch.closes) == (
        [window.opens for window in windows],
        [window.closes for window in windows],
    )
    rows = await connection.fetch("SELECT * FROM lot ORDER BY carrier_id")
    assert [row["carrier_id"] for row in rows] == [1, 2]
    for row in rows:
        assert (row["state"], row["opens_at"], row["closes_at"]) == (0, windows[0].opens, windows[0].closes)
        assert (row["later_opens"], row["later_closes"]) == ([windows[1].opens], [windows[1].closes])
        last = int(windows[1].closes.timestamp())
        assert {message.last_close for message in decode_contents(row["payload"]).messages} == {last}
    await keep(database)
    assert await queued(connection) == {0: messages}
    await reschedule(connection, batch_id, DeliveryWindow(NOW - DAY, NOW + DAY))
    await keep(database)
    assert await queued(connection) == {1: messages}


async def test_a_paused_batch_that_is_rescheduled_stays_paused(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection)
    await insert_lot(connection, messages)
    await pause(connection, batch_id)
    held = await reschedule(connection, batch_id, DeliveryWindow(NOW - DAY, NOW + DAY * 9))
    assert held.batch.paused_at == NOW
    await keep(database)
    assert await queued(connection) == {3: messages}
    assert await connection.fetchval("SELECT closes_at FROM paused_batch") == NOW + DAY * 9
    await resume(connection, batch_id)
    await keep(database)
    assert await queued(connection) == {1: messages}


async def test_a_paused_batch_can_be_canceled(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(3))
    await insert_lot(connection, messages)
    await pause(connection, batch_id)
    async with Database(database) as pools:
        assert (await CancelBatch(pools, IDS).cancel(1, batch_id, NOW)).batch.canceled_at == NOW
    assert await queued(connection) == {}
    assert await connection.fetchval("SELECT amount FROM balance") == BALANCE


async def test_pause_against_claims_never_holds_what_is_submitted(
    database: str, connection: Connection
) -> None:
    """Two hundred races: who claims a message sends it, who pauses it holds it, each of them once."""
    await connection.execute(
        "INSERT INTO bind_lease VALUES (1, 0, 1, 'test', now() + interval '1 hour');"
        "INSERT INTO fair_position VALUES (1, 1, 0, 0), (1, 1, 1, 0)"
    )
    dice = random.Random(7)
    outcomes: set[str] = set()
    async with Database(database, pool_sizes={Purpose.HOT: 3}) as pools:
        for _ in range(200):
            first, of_first = await insert_batch(connection, recipients=numbers(4))
            _, of_second = await insert_batch(connection, recipients=numbers(2))
            await insert_lot(connection, [*of_first[:2], of_second[0]])
            await insert_lot(connection, [of_second[1], *of_first[2:]])
            submitted, _ = await asyncio.gather(
                dispatch(pools, dice.uniform(0, 0.004)),
                try_call(pools, dice.uniform(0, 0.004), pausing(first)),
            )
            rest = await dispatch(pools, 0)
            held = (await queued(connection)).get(3, [])
            assert sorted([*submitted, *rest, *held]) == sorted(of_first + of_second)
            assert set(held) <= set(of_first)
            outcomes.add("all" if len(held) == 4 else "some" if held else "none")
            await connection.execute("DELETE FROM lot")
    assert len(outcomes) > 1, "the races must not all end alike"


async def test_all_calls_at_once_lose_and_double_nothing(database: str, connection: Connection) -> None:
    """A hundred mixtures of every call on one batch and its neighbour in the same lots."""
    await connection.execute(
        "INSERT INTO bind_lease VALUES (1, 0, 1, 'test', now() + interval '1 hour');"
        "INSERT INTO fair_position VALUES (1, 1, 0, 0), (1, 1, 1, 0)"
    )
    dice = random.Random(11)
    windows = (DeliveryWindow(NOW - DAY, NOW + DAY * 3),)
    async with Database(database, pool_sizes={Purpose.HOT: 3, Purpose.GENERAL: 4}) as pools:
        keeper = ReleaseLots(pools, IDS, receipt_wait=DAY, on_released=lambda: None)
        cancel = CancelBatch(pools, IDS)
        for _ in range(100):
            first, of_first = await insert_batch(connection, recipients=numbers(4))
            second, of_second = await insert_batch(connection, recipients=numbers(4))
            await insert_lot(connection, [*of_first[:2], *of_second[:2]])
            await insert_lot(connection, [*of_second[2:], *of_first[2:]])

            def calls(batch_id: bytes) -> list[Call]:
                return [
                    lambda tx: SERVICE.pause(tx, 1, batch_id, NOW),
                    lambda tx: SERVICE.resume(tx, 1, batch_id),
                    lambda tx: SERVICE.reschedule(tx, 1, batch_id, windows, NOW),
                ]

            chosen = [call for one in (first, second) for call in dice.sample(calls(one), 2)]
            dispatching = asyncio.create_task(dispatch(pools, dice.uniform(0, 0.004)))
            await asyncio.gather(
                keeper.step(NOW),
                try_cancel(cancel, first, dice.uniform(0, 0.004)),
                *(try_call(pools, dice.uniform(0, 0.004), call) for call in chosen),
            )
            submitted = await dispatching
            await keeper.step(datetime.now(UTC))
            submitted += await dispatch(pools, 0)
            held = (await queued(connection)).get(3, [])
            canceled = [
                row["message_id"]
                for row in await connection.fetch("SELECT message_id FROM message WHERE code = 203")
            ]
            assert sorted([*submitted, *held, *canceled]) == sorted(of_first + of_second)
            await connection.execute("DELETE FROM lot; DELETE FROM message; DELETE FROM paused_batch")


async def dispatch(pools: Database, delay: float) -> list[bytes]:
    """Claim and submit, three segments a flight, until nothing is ready: a dispatcher without its carrier."""
    await asyncio.sleep(delay)
    submitted: list[bytes] = []
    while True:
        async with pools.transaction(Purpose.HOT) as tx:
            flight = await claim_lots(tx, Owner(1, 0, 1), segments=3, lots=10, first_priority=1)
        for claimed in flight:
            assert claimed.payload is not None
            messages = decode_contents(claimed.payload).messages
            submitted += [
                messages[position].message_id
                for position in range(claimed.start, claimed.end)
                if position not in claimed.skipped
            ]
        if not flight:
            async with pools.transaction(Purpose.GENERAL) as tx:
                left = await tx.fetchval("SELECT count(*) FROM lot WHERE state = 1")
            if not left:
                return submitted


def pausing(batch_id: bytes) -> Call:
    return lambda tx: SERVICE.pause(tx, 1, batch_id, NOW)


async def try_call(pools: Database, delay: float, call: Call) -> None:
    await asyncio.sleep(delay)
    try:
        async with pools.transaction(Purpose.GENERAL) as tx:
            await call(tx)
    except Conflict:
        return


async def try_cancel(service: CancelBatch, batch_id: bytes, delay: float) -> None:
    await asyncio.sleep(delay)
    try:
        await service.cancel(1, batch_id, NOW)
    except Conflict:
        return
