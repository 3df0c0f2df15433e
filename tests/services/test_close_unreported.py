"""Messages of which no final word came are closed as 599, and doubt gives the price back."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.services.close_unreported import CloseUnreported
from heliograph.storage.database import Connection, Database, connect
from tests.support.rows import IDS, NOW, insert_account, insert_batch, ledger_minus_balance

DUE = NOW + timedelta(hours=73)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    yield opened
    await opened.close()


async def step(dsn: str) -> int:
    async with Database(dsn) as database:
        return await CloseUnreported(database, IDS).step(DUE)


async def finish_lot(connection: Connection, *messages: bytes) -> None:
    await connection.execute(
        "INSERT INTO finished_lot VALUES (1, $1, 1, $2, $3)",
        IDS.new(int(NOW.timestamp())),
        NOW + timedelta(hours=72),
        b"".join(messages),
    )


async def doubt(connection: Connection, message: bytes, *, segment: int = 0, segments: int = 1) -> None:
    await connection.execute("UPDATE message SET rank = 1, code = 110 WHERE message_id = $1", message)
    await connection.execute(
        "INSERT INTO in_doubt VALUES (1, $1, $2, $3, 1, '46701740605', $4, $4, $5)",
        message,
        segment,
        segments,
        NOW,
        NOW + timedelta(hours=72),
    )


async def test_an_accepted_message_without_a_receipt_ends_unknown_and_stays_paid(
    database: str, connection: Connection
) -> None:
    await insert_account(connection, balance=700_000)
    _, (open_one, done) = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    await connection.execute("UPDATE message SET rank = 2, code = 111 WHERE message_id = $1", open_one)
    await connection.execute("UPDATE message SET rank = 9, code = 201 WHERE message_id = $1", done)
    await finish_lot(connection, open_one, done)
    assert await step(database) == 1
    rows = await connection.fetch("SELECT code FROM message ORDER BY message_id")
    assert [row["code"] for row in rows] == [599, 201]
    assert await connection.fetchval("SELECT amount FROM balance") == 0
    assert await step(database) == 0


async def test_a_message_in_doubt_to_its_end_ends_unknown_and_is_refunded(
    database: str, connection: Connection
) -> None:
    await insert_account(connection, balance=350_000)
    _, (message,) = await insert_batch(connection)
    await doubt(connection, message)
    assert await step(database) == 1
    assert await connection.fetchval("SELECT code FROM message") == 599
    assert await connection.fetchval("SELECT amount FROM balance") == 350_000
    assert await ledger_minus_balance(connection) == 0


async def test_a_doubt_is_refunded_although_its_lot_is_due_as_well(
    database: str, connection: Connection
) -> None:
    """Nobody looked for a while."""
    await insert_account(connection, balance=350_000)
    _, (message,) = await insert_batch(connection)
    await doubt(connection, message)
    await finish_lot(connection, message)
    assert await step(database) == 1
    assert await connection.fetchval("SELECT code FROM message") == 599
    assert await connection.fetchval("SELECT amount FROM balance") == 350_000
    assert await ledger_minus_balance(connection) == 0


@pytest.mark.parametrize(("ranks", "returned"), [(bytes([1, 1]), 350_000), (bytes([2, 1]), 0)])
async def test_a_long_message_in_doubt_is_refunded_only_if_no_segment_was_accepted(
    database: str, connection: Connection, ranks: bytes, returned: int
) -> None:
    await insert_account(connection, balance=350_000)
    _, (message,) = await insert_batch(connection, segments=2)
    for segment, rank in enumerate(ranks):
        if rank == 1:
            await doubt(connection, message, segment=segment, segments=2)
    await connection.execute("UPDATE message SET ranks = $1", ranks)
    await step(database)
    assert await connection.fetchval("SELECT code FROM message") == 599
    assert await connection.fetchval("SELECT amount FROM balance") == returned
    assert await ledger_minus_balance(connection) == 0
