"""DELETE on a batch: what lies outside every intent is canceled and paid back, the rest is sent."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.domain.history import entries
from heliograph.domain.ids import MessageIds
from heliograph.domain.lot import LotContents, LotMessage, LotText, cut_lots, decode_contents, encode_contents
from heliograph.domain.message_change import MessageChange
from heliograph.domain.refusals import Conflict, NotFound
from heliograph.domain.status import Code
from heliograph.services.cancel_batch import (
    NEVER_SENT,
    TOO_LATE,
    UNKNOWN_BATCH,
    CancelBatch,
    LastState,
)
from heliograph.storage.batch_lots import LockedLot, share_of
from heliograph.storage.batch_reading import MessageCount
from heliograph.storage.database import Connection, Database, Purpose, connect, transaction_on
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
PRICE = 350_000


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


async def cancel(
    dsn: str, batch_id: bytes, *, account_id: int = 1, may_be_repeated: bool = False
) -> LastState:
    async with Database(dsn) as database:
        return await CancelBatch(database, IDS).cancel(
            account_id, batch_id, NOW, may_be_repeated=may_be_repeated
        )


async def apply(connection: Connection, *changes: MessageChange) -> None:
    async with transaction_on(connection) as tx:
        await apply_changes(tx, changes, now=NOW, ids=IDS)


def change(message_id: bytes, rank: int, code: int, *, segment: int = 0, segments: int = 1) -> MessageChange:
    return MessageChange(1, message_id, segment, segments, rank, code, NOW_MS)


async def codes(connection: Connection, batch_id: bytes) -> list[int]:
    rows = await connection.fetch(
        "SELECT code FROM message WHERE batch_id = $1 ORDER BY message_id", batch_id
    )
    return [row["code"] for row in rows]


async def balance(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT amount FROM balance WHERE account_id = 1"))


def numbers(count: int) -> list[str]:
    return [str(46_701_740_000 + n) for n in range(count)]


async def test_a_batch_of_which_nothing_was_sent_is_canceled_and_paid_back(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(3))
    await insert_lot(connection, messages, state=0, opens_at=NOW + timedelta(days=1))
    after = await cancel(database, batch_id)
    assert after.counts == {203: MessageCount(3, 3)}
    assert after.batch.canceled_at == NOW
    assert after.batch.charged - after.batch.refunded == 0
    assert await codes(connection, batch_id) == [203] * 3
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await balance(connection) == BALANCE
    assert await ledger_minus_balance(connection) == 0


async def test_the_history_tells_when_it_was_canceled_and_that_it_was_paid_back(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection)
    await insert_lot(connection, messages)
    await cancel(database, batch_id)
    row = await connection.fetchrow("SELECT history, refunded, rank FROM message")
    assert row is not None
    assert [(found.code, found.at_ms) for found in entries(row["history"])] == [(203, NOW_MS)]
    assert row["refunded"]
    assert row["rank"] == 10


async def test_messages_inside_an_intent_are_sent_and_the_rest_is_canceled(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(5))
    lot_id = await insert_lot(connection, messages)
    await connection.execute("UPDATE lot SET next_segment = 2, slot = 0, epoch = 1, intent_at = now()")
    after = await cancel(database, batch_id)
    assert await codes(connection, batch_id) == [103, 103, 203, 203, 203]
    assert after.batch.canceled_at is None
    assert after.batch.refunded == 3 * PRICE
    lot = await connection.fetchrow("SELECT skipped, revision FROM lot WHERE lot_id = $1", lot_id)
    assert lot is not None
    assert (lot["skipped"], lot["revision"]) == ([2, 3, 4], 1)


async def test_other_batches_of_a_shared_lot_stay(database: str, connection: Connection) -> None:
    first, of_first = await insert_batch(connection, recipients=numbers(2))
    second, of_second = await insert_batch(connection, recipients=numbers(1))
    await insert_lot(connection, [of_first[0], *of_second, of_first[1]])
    await cancel(database, first)
    assert await codes(connection, first) == [203, 203]
    assert await codes(connection, second) == [103]
    assert await connection.fetchval("SELECT skipped FROM lot") == [0, 2]


async def test_lots_of_every_carrier_are_looked_at(database: str, connection: Connection) -> None:
    await insert_carrier(connection, 2)
    batch_id, messages = await insert_batch(connection, recipients=numbers(2))
    await insert_lot(connection, messages[:1], carrier_id=1)
    await insert_lot(connection, messages[1:], carrier_id=2)
    assert (await cancel(database, batch_id)).batch.canceled_at == NOW


async def test_it_is_too_late_once_every_message_is_intended(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(2))
    await insert_lot(connection, messages)
    await connection.execute("UPDATE lot SET next_segment = 2, state = 2")
    with pytest.raises(Conflict, match="can no longer be canceled") as refused:
        await cancel(database, batch_id)
    assert refused.value.sentence == TOO_LATE
    assert await codes(connection, batch_id) == [103, 103]
    assert await connection.fetchval("SELECT revision FROM lot") == 0


async def test_a_message_waiting_for_another_try_is_canceled(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection)
    await apply(connection, change(messages[0], 0, Code.RETRYING))
    await insert_lot(connection, messages, state=0, opens_at=NOW + timedelta(minutes=1))
    await cancel(database, batch_id)
    assert await codes(connection, batch_id) == [203]
    assert await balance(connection) == BALANCE


@pytest.mark.parametrize(("rank", "code"), [(1, Code.SENDING), (2, Code.AT_GATEWAY)])
async def test_a_long_message_stays_when_a_carrier_has_or_may_have_a_segment(
    database: str, connection: Connection, rank: int, code: int
) -> None:
    batch_id, messages = await insert_batch(connection, segments=2)
    await apply(
        connection,
        change(messages[0], rank, code, segment=0, segments=2),
        change(messages[0], 0, Code.RETRYING, segment=1, segments=2),
    )
    await insert_retry(connection, messages[0], (1,))
    with pytest.raises(Conflict):
        await cancel(database, batch_id)


async def test_a_long_message_whose_every_try_was_refused_for_now_is_canceled(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection, segments=2)
    for segment in (0, 1):
        await apply(connection, change(messages[0], 0, Code.RETRYING, segment=segment, segments=2))
        await insert_retry(connection, messages[0], (segment,))
    after = await cancel(database, batch_id)
    assert after.counts == {203: MessageCount(1, 2)}
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await balance(connection) == BALANCE


async def insert_retry(connection: Connection, message_id: bytes, only: tuple[int, ...]) -> None:
    lot_id = await insert_lot(connection, [message_id], state=0, segments=len(only))
    contents = LotContents(
        [LotText("iP1", "Hello", 0, False)], [LotMessage(message_id, "46701740605", 0, 2, only, tries=1)]
    )
    await connection.execute(
        "UPDATE lot SET payload = $2 WHERE lot_id = $1", lot_id, encode_contents(contents)
    )


async def test_a_batch_with_refused_messages_counts_as_canceled(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(2))
    await connection.execute("UPDATE message SET code = 408, price = 0 WHERE message_id = $1", messages[1])
    await insert_lot(connection, messages[:1])
    assert (await cancel(database, batch_id)).batch.canceled_at == NOW


async def test_a_batch_of_which_something_was_sent_does_not_count_as_canceled(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(2))
    await apply(connection, change(messages[0], 9, Code.DELIVERED))
    await insert_lot(connection, messages[1:])
    after = await cancel(database, batch_id)
    assert after.batch.canceled_at is None
    assert after.counts == {201: MessageCount(1, 1), 203: MessageCount(1, 1)}


async def test_a_finished_batch_is_hidden_and_stays_in_the_database(
    database: str, connection: Connection
) -> None:
    batch_id, messages = await insert_batch(connection)
    await apply(connection, change(messages[0], 9, Code.DELIVERED))
    assert (await cancel(database, batch_id)).counts == {201: MessageCount(1, 1)}
    assert await connection.fetchval("SELECT hidden_at FROM batch") == NOW
    with pytest.raises(NotFound):
        await cancel(database, batch_id)
    assert await codes(connection, batch_id) == [201]


async def test_a_cancel_that_is_asked_for_again_hides_nothing_for_a_while(
    database: str, connection: Connection
) -> None:
    """The answer to the first call was lost."""
    batch_id, messages = await insert_batch(connection)
    await insert_lot(connection, messages)
    first = await cancel(database, batch_id, may_be_repeated=True)
    again = await cancel(database, batch_id, may_be_repeated=True)
    assert again.counts == first.counts == {203: MessageCount(1, 1)}
    assert await connection.fetchval("SELECT hidden_at FROM batch") is None
    await connection.execute("UPDATE batch SET canceled_at = canceled_at - interval '11 minutes'")
    await cancel(database, batch_id, may_be_repeated=True)
    assert await connection.fetchval("SELECT hidden_at FROM batch") == NOW


async def test_absent_and_foreign_batches_are_not_found_alike(database: str, connection: Connection) -> None:
    await insert_account(connection, 2)
    batch_id, messages = await insert_batch(connection)
    await insert_lot(connection, messages)
    for account_id, wanted in ((2, batch_id), (1, bytes(12))):
        with pytest.raises(NotFound) as refused:
            await cancel(database, wanted, account_id=account_id)
        assert refused.value.sentence == UNKNOWN_BATCH
    assert await codes(connection, batch_id) == [103]


async def test_reports_are_queued_for_canceled_messages(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(
        connection, recipients=numbers(3), url="http://127.0.0.1:8099/reports"
    )
    await insert_lot(connection, messages)
    await cancel(database, batch_id)
    assert await connection.fetchval("SELECT sum(event_count) FROM report_block") == 3


def lot(next_segment: int, *, skipped: tuple[int, ...] = (), answered: int = 0) -> LockedLot:
    return LockedLot(1, b"lot", next_segment, skipped, answered.to_bytes(2, "little"))


MESSAGES = [LotMessage(bytes([n]), "46701740605", 0, segments) for n, segments in ((1, 1), (2, 3), (3, 1))]


@pytest.mark.parametrize(
    ("locked", "waiting", "submitting"),
    [
        (lot(0), [0, 1, 2], []),
        (lot(1), [1, 2], [b"\x01"]),
        (lot(1, answered=0b1), [1, 2], []),
        (lot(2, answered=0b11), [2], [b"\x02"]),
        (lot(4, answered=0b0111), [2], [b"\x02"]),
        (lot(4, answered=0b1111), [2], []),
        (lot(5, answered=0b01111), [], [b"\x03"]),
        (lot(0, skipped=(1,)), [0, 2], []),
        (lot(4, skipped=(1,), answered=0b0001), [2], []),
    ],
)
def test_only_messages_wholly_outside_the_intent_wait(
    locked: LockedLot, waiting: list[int], submitting: list[bytes]
) -> None:
    share = share_of(locked, MESSAGES, b"\x01", b"\x03")
    assert [position for position, _ in share.waiting] == waiting
    assert share.submitting == submitting


def test_a_lot_is_removed_only_if_it_was_never_intended_and_holds_nothing_else() -> None:
    assert share_of(lot(0), MESSAGES, b"\x01", b"\x03").whole
    assert not share_of(lot(0), MESSAGES, b"\x01", b"\x02").whole
    assert not share_of(lot(1, answered=1), MESSAGES, b"\x01", b"\x03").whole


def test_a_canceled_batch_holds_only_final_messages() -> None:
    assert all(code >= 200 for code in NEVER_SENT)


async def test_cancel_against_claims_never_both_submits_and_refunds(
    database: str, connection: Connection
) -> None:
    """Two hundred races: who claims a message sends it, who cancels it pays it back, never both."""
    await connection.execute(
        "INSERT INTO bind_lease VALUES (1, 0, 1, 'test', now() + interval '1 hour');"
        "INSERT INTO fair_position VALUES (1, 1, 0, 0), (1, 1, 1, 0)"
    )
    order = random.Random(7)
    outcomes: set[str] = set()
    async with Database(database, pool_sizes={Purpose.HOT: 3}) as pools:
        service = CancelBatch(pools, IDS)
        for _ in range(200):
            batch_id, messages = await insert_batch(connection, recipients=numbers(4))
            lots = [await insert_lot(connection, messages[:2]), await insert_lot(connection, messages[2:])]
            submitted, canceled = await asyncio.gather(
                dispatch(pools, order.uniform(0, 0.004)),
                try_cancel(service, batch_id, order.uniform(0, 0.004)),
            )
            refunded = {
                row["message_id"]
                for row in await connection.fetch(
                    "SELECT message_id FROM message WHERE batch_id = $1 AND code = 203 AND refunded", batch_id
                )
            }
            assert not refunded & submitted
            assert refunded | submitted == set(messages)
            assert canceled == bool(refunded)
            outcomes.add("all" if len(refunded) == 4 else "some" if refunded else "none")
            await connection.execute("DELETE FROM lot WHERE lot_id = ANY ($1)", lots)
    assert len(outcomes) > 1, "the races must not all end alike"
    assert await ledger_minus_balance(connection) == 0


async def dispatch(pools: Database, delay: float) -> set[bytes]:
    """Claim and submit, three segments a flight, until nothing is left: a dispatcher without its carrier."""
    await asyncio.sleep(delay)
    submitted: set[bytes] = set()
    while True:
        async with pools.transaction(Purpose.HOT) as tx:
            flight = await claim_lots(tx, Owner(1, 0, 1), segments=3, lots=10, first_priority=1)
        for claimed in flight:
            assert claimed.payload is not None
            messages = decode_contents(claimed.payload).messages
            submitted |= {
                messages[position].message_id
                for position in range(claimed.start, claimed.end)
                if position not in claimed.skipped
            }
        if not flight:
            async with pools.transaction(Purpose.GENERAL) as tx:
                left = await tx.fetchval("SELECT count(*) FROM lot WHERE state = 1")
            if not left:
                return submitted


async def try_cancel(service: CancelBatch, batch_id: bytes, delay: float) -> bool:
    await asyncio.sleep(delay)
    try:
        await service.cancel(1, batch_id, NOW)
    except Conflict:
        return False
    return True


async def test_two_cancels_at_once_pay_back_once(database: str, connection: Connection) -> None:
    batch_id, messages = await insert_batch(connection, recipients=numbers(20))
    await insert_lot(connection, messages)
    async with Database(database) as pools:
        service = CancelBatch(pools, IDS)
        await asyncio.gather(*(service.cancel(1, batch_id, NOW) for _ in range(2)), return_exceptions=True)
    assert await codes(connection, batch_id) == [203] * 20
    assert await balance(connection) == BALANCE
    assert await ledger_minus_balance(connection) == 0


async def test_a_batch_of_100_000_messages_is_canceled_in_bounded_time(
    database: str, connection: Connection
) -> None:
    count = 100_000
    batch_id = await insert_large_batch(connection, count)
    started = time.monotonic()
    after = await cancel(database, batch_id)
    seconds = time.monotonic() - started
    assert after.counts == {203: MessageCount(count, count)}
    assert after.batch.canceled_at == NOW
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await ledger_minus_balance(connection) == 0
    assert seconds < 60, "about 2 seconds on two idle cores"


async def insert_large_batch(connection: Connection, count: int) -> bytes:
    """A funded batch as accept leaves it: rows, summary, lots."""
    batch_id, _ = await insert_batch(connection, recipients=[], message_count=count)
    IDS.reserve(count, int(NOW.timestamp()))
    messages = MessageIds(batch_id, count)
    await connection.execute(
        "INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding,"
        " recipient) SELECT 1, u, $1, 1000, 103, 0, 1, 0, '46701740605' FROM unnest($2::bytea[]) u",
        batch_id,
        messages,
    )
    await connection.execute("INSERT INTO summary VALUES (1, $1, 103, $2, $2)", batch_id, count)
    await connection.execute("UPDATE batch SET charged = $2 WHERE batch_id = $1", batch_id, count * 1000)
    await connection.execute(
        "WITH charge AS (UPDATE balance SET amount = amount - $2 WHERE account_id = 1)"
        " INSERT INTO ledger VALUES (1, $1, 2, -$2, NULL, $3)",
        IDS.new(int(NOW.timestamp())),
        count * 1000,
        NOW,
    )
    for lot_messages in cut_lots([LotMessage(m, "46701740605", 0, 1) for m in messages], largest=500):
        await insert_lot(connection, [message.message_id for message in lot_messages])
    return batch_id
