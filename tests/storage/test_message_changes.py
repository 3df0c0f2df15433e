"""The one door through which messages change: rank decides, money moves once, events follow."""

import random
from collections.abc import AsyncIterator, Sequence

import pytest

from heliograph.domain.history import entries
from heliograph.domain.message_change import MessageChange
from heliograph.domain.report_events import decode_block
from heliograph.storage.database import Connection, connect, transaction_on
from heliograph.storage.message_changes import Changed, apply_changes
from tests.support.rows import IDS, NOW, NOW_MS, insert_account, insert_batch, ledger_minus_balance

URL = "http://127.0.0.1:8099/reports"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    yield opened
    await opened.close()


def change(
    message_id: bytes,
    rank: int,
    code: int,
    *,
    segment: int = 0,
    segments: int = 1,
    at: int = 0,
    intent: int = 0,
    refund: bool = False,
) -> MessageChange:
    return MessageChange(
        account_id=1,
        message_id=message_id,
        segment=segment,
        segments=segments,
        rank=rank,
        code=code,
        at_ms=NOW_MS + at,
        intent_ms=NOW_MS + intent if intent else 0,
        refund=refund,
    )


async def apply(connection: Connection, *changes: MessageChange) -> list[Changed]:
    async with transaction_on(connection) as tx:
        return await apply_changes(tx, changes, now=NOW, ids=IDS)


async def codes(connection: Connection, message_id: bytes) -> list[int]:
    history = await connection.fetchval("SELECT history FROM message WHERE message_id = $1", message_id)
    return [found.code for found in entries(history)]


async def reported(connection: Connection) -> list[tuple[int, int]]:
    """Number and code of every stored event, in order."""
    rows = await connection.fetch("SELECT events FROM report_block ORDER BY block_id")
    return [(event.number, event.code) for row in rows for event in decode_block(row["events"]).events]


OK = (2, 111)
DELIVERED = (9, 201)


async def test_an_answer_and_a_receipt_make_the_usual_journey(connection: Connection) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection, url=URL)
    await apply(connection, change(message, *OK, at=20, intent=10))
    await apply(connection, change(message, *DELIVERED, at=50))
    assert await codes(connection, message) == [110, 111, 201]
    assert await reported(connection) == [(1, 110), (2, 111), (3, 201)]
    assert await ledger_minus_balance(connection) == 0


async def test_a_receipt_that_comes_again_changes_nothing(connection: Connection) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection, url=URL)
    await apply(connection, change(message, *DELIVERED))
    assert await apply(connection, change(message, *DELIVERED), change(message, 7, 501)) == []
    assert await codes(connection, message) == [201]


async def test_only_final_codes_are_reported_where_the_account_wants_it_so(connection: Connection) -> None:
    await insert_account(connection, report_codes="final")
    _, (message,) = await insert_batch(connection, url=URL)
    await apply(connection, change(message, *OK, intent=10))
    await apply(connection, change(message, *DELIVERED))
    assert await reported(connection) == [(3, 201)]


async def test_a_refusal_returns_the_price_once(connection: Connection) -> None:
    await insert_account(connection, balance=1_000_000)
    batch, (message, other) = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    rejected = change(message, 10, 406, intent=10, refund=True)
    (changed,) = await apply(connection, rejected)
    assert changed.refund
    assert await apply(connection, rejected) == []
    assert await connection.fetchval("SELECT amount FROM balance") == 1_000_000 - 350_000
    assert await connection.fetchval("SELECT refunded FROM batch WHERE batch_id = $1", batch) == 350_000
    assert await ledger_minus_balance(connection) == 0
    assert await codes(connection, message) == [110, 406]
    assert await codes(connection, other) == []


async def test_what_the_carrier_accepted_is_not_closed_by_ourselves(connection: Connection) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection)
    await apply(connection, change(message, *OK, intent=10))
    assert await apply(connection, change(message, 10, 203, refund=True)) == []


async def test_another_try_is_shown_and_then_begins_anew(connection: Connection) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection)
    await apply(connection, change(message, 0, 114, intent=10))
    await apply(connection, change(message, *OK, intent=30, at=40))
    assert await codes(connection, message) == [110, 114, 110, 111]


async def test_doubt_shows_as_sending_and_a_late_answer_resolves_it(connection: Connection) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection, url=URL)
    await apply(connection, change(message, 1, 110, at=60, intent=10))
    await apply(connection, change(message, *OK, at=90, intent=10))
    assert await codes(connection, message) == [110, 111]
    assert await reported(connection) == [(1, 110), (2, 111)]


async def test_doubt_at_its_end_returns_the_price_and_a_later_receipt_corrects_only_the_code(
    connection: Connection,
) -> None:
    await insert_account(connection, balance=350_000)
    _, (message,) = await insert_batch(connection)
    await apply(connection, change(message, 1, 110, intent=10))
    await apply(connection, change(message, 4, 599, refund=True))
    await apply(connection, change(message, *DELIVERED))
    assert await codes(connection, message) == [110, 599, 201]
    assert await connection.fetchval("SELECT amount FROM balance") == 350_000
    assert await ledger_minus_balance(connection) == 0


async def test_a_long_message_is_delivered_with_its_last_segment(connection: Connection) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection, segments=3, url=URL)
    for segment in (2, 0, 1):
        await apply(connection, change(message, *OK, segment=segment, segments=3, intent=10, at=20))
    for segment in (1, 2):
        await apply(connection, change(message, *DELIVERED, segment=segment, segments=3))
    assert await codes(connection, message) == [110, 111]
    await apply(connection, change(message, *DELIVERED, segment=0, segments=3))
    assert await codes(connection, message) == [110, 111, 201]
    assert await reported(connection) == [(1, 110), (2, 111), (3, 201)]


async def test_a_failed_segment_fails_the_message_and_later_ones_do_not_heal_it(
    connection: Connection,
) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection, segments=2)
    both = [change(message, *OK, segment=segment, segments=2, intent=10) for segment in (0, 1)]
    await apply(connection, *both)
    await apply(connection, change(message, 7, 511, segment=0, segments=2))
    await apply(connection, change(message, *DELIVERED, segment=1, segments=2))
    assert await codes(connection, message) == [110, 111, 511]


@pytest.mark.parametrize(("accepted_before", "returned"), [(False, 350_000), (True, 0)])
async def test_a_long_message_is_refunded_only_if_no_segment_was_accepted(
    connection: Connection, accepted_before: bool, returned: int
) -> None:
    await insert_account(connection, balance=350_000)
    _, (message,) = await insert_batch(connection, segments=2)
    if accepted_before:
        await apply(connection, change(message, *OK, segment=0, segments=2, intent=10))
    await apply(connection, change(message, 10, 406, segment=1, segments=2, intent=10, refund=True))
    assert await connection.fetchval("SELECT code FROM message") == 406
    assert await connection.fetchval("SELECT amount FROM balance") == returned
    assert await ledger_minus_balance(connection) == 0


async def test_a_large_batch_is_counted_by_what_moved(connection: Connection) -> None:
    await insert_account(connection)
    _, messages = await insert_batch(
        connection, recipients=[f"4670174{n:04}" for n in range(20)], message_count=501
    )
    await apply(connection, *[change(message, *OK, intent=10) for message in messages])
    await apply(connection, *[change(message, *DELIVERED) for message in messages[:15]])
    rows = await connection.fetch(
        "SELECT code, sum(messages) AS messages FROM summary_change GROUP BY code ORDER BY code"
    )
    assert [(row["code"], row["messages"]) for row in rows] == [(103, -20), (111, 5), (201, 15)]


async def test_intermediate_and_final_in_one_call_are_both_kept_in_their_order(
    connection: Connection,
) -> None:
    await insert_account(connection)
    _, (message,) = await insert_batch(connection)
    await apply(connection, change(message, 3, 112), change(message, *DELIVERED), change(message, 3, 112))
    assert await codes(connection, message) == [112, 201]


@pytest.mark.parametrize("segments", [1, 3])
async def test_any_order_and_repetition_ends_the_same(connection: Connection, segments: int) -> None:
    events: Sequence[tuple[int, int]] = [(2, 111), (3, 112), (5, 202), (7, 501), (9, 201)]
    await insert_account(connection)
    _, messages = await insert_batch(
        connection, recipients=[f"4670174{n:04}" for n in range(8)], segments=segments
    )
    generator = random.Random(42)
    for message in messages:
        journal = [
            change(message, rank, code, segment=segment, segments=segments)
            for rank, code in events
            for segment in range(segments)
        ] * 2
        generator.shuffle(journal)
        for event in journal:
            await apply(connection, event)
    rows = await connection.fetch("SELECT DISTINCT code, rank, ranks FROM message")
    assert [(row["code"], row["rank"]) for row in rows] == [(201, 9)]
    assert await ledger_minus_balance(connection) == 0
