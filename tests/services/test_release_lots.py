"""Windows open and close by the database's clock."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.services.release_lots import ReleaseLots
from heliograph.storage.database import Connection, Database, connect
from tests.support.rows import IDS, NOW, insert_account, insert_batch, insert_lot, ledger_minus_balance

HOUR = timedelta(hours=1)
OPENED, CLOSED = NOW - 2 * HOUR, NOW - HOUR


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    yield opened
    await opened.close()


async def step(dsn: str) -> tuple[int, int]:
    """What one step moved, and how often it rang the bell."""
    bells: list[None] = []
    async with Database(dsn) as database:
        service = ReleaseLots(database, IDS, receipt_wait=72 * HOUR, on_released=lambda: bells.append(None))
        return await service.step(NOW), len(bells)


async def states(connection: Connection) -> list[int]:
    rows = await connection.fetch("SELECT state FROM lot ORDER BY lot_id")
    return [row["state"] for row in rows]


async def test_a_lot_becomes_ready_when_its_window_opens(database: str, connection: Connection) -> None:
    await insert_account(connection)
    _, messages = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    await insert_lot(connection, messages[:1], state=0, opens_at=NOW - HOUR)
    await insert_lot(connection, messages[1:], state=0, opens_at=NOW + HOUR)
    assert await step(database) == (1, 1)
    assert await states(connection) == [1, 0]
    assert await step(database) == (0, 0)


async def test_released_lots_queue_behind_the_carriers_virtual_time(
    database: str, connection: Connection
) -> None:
    for account_id in (1, 2):
        await insert_account(connection, account_id)
    await connection.execute("INSERT INTO fair_position VALUES (1, 1, 0, 50000), (1, 1, 2, 90000)")
    for account_id, lots in ((1, 2), (2, 1)):
        _, messages = await insert_batch(connection, account_id, recipients=["46701740605"] * lots)
        for message in messages:
            await insert_lot(connection, [message], account_id=account_id, state=0, opens_at=NOW - HOUR)
    await step(database)
    rows = await connection.fetch("SELECT account_id, fair_position FROM lot ORDER BY lot_id")
    assert [tuple(row) for row in rows] == [(1, 51000), (1, 52000), (2, 91000)]


async def test_a_closed_window_hands_over_to_the_next(database: str, connection: Connection) -> None:
    await insert_account(connection)
    _, messages = await insert_batch(connection)
    await insert_lot(
        connection, messages, opens_at=OPENED, closes_at=CLOSED, later=[(NOW + HOUR, NOW + 2 * HOUR)]
    )
    assert await step(database) == (1, 0)
    row = await connection.fetchrow("SELECT state, opens_at, closes_at, later_opens FROM lot")
    assert row is not None
    assert tuple(row) == (0, NOW + HOUR, NOW + 2 * HOUR, [])
    assert await connection.fetchval("SELECT code FROM message") == 103


@pytest.mark.parametrize(("bound", "code"), [(True, 202), (False, 502)])
async def test_a_last_window_that_closed_ends_what_was_not_sent(
    database: str, connection: Connection, bound: bool, code: int
) -> None:
    await insert_account(connection, balance=700_000)
    _, messages = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    await insert_lot(connection, messages, opens_at=OPENED, closes_at=CLOSED)
    if bound:
        await connection.execute("INSERT INTO bind_lease VALUES (1, 0, 1, 'me', $1, $1)", NOW)
    await step(database)
    assert await states(connection) == []
    assert await connection.fetchval("SELECT array_agg(DISTINCT code) FROM message") == [code]
    assert await connection.fetchval("SELECT amount FROM balance") == 700_000
    assert await ledger_minus_balance(connection) == 0


async def test_what_was_submitted_waits_for_its_receipts_and_the_rest_expires(
    database: str, connection: Connection
) -> None:
    await insert_account(connection, balance=700_000)
    _, (sent, unsent) = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    await connection.execute("INSERT INTO bind_lease VALUES (1, 0, 1, 'me', $1, $1)", NOW)
    lot = await insert_lot(connection, [sent, unsent], opens_at=OPENED, closes_at=CLOSED)
    await connection.execute("UPDATE lot SET slot = 0, epoch = 1, next_segment = 1 WHERE lot_id = $1", lot)
    assert await step(database) == (0, 0)
    await connection.execute("UPDATE lot SET answered = '\\x01' WHERE lot_id = $1", lot)
    assert await step(database) == (1, 0)
    rows = await connection.fetch("SELECT code FROM message ORDER BY message_id")
    assert [row["code"] for row in rows] == [103, 202]
    assert await connection.fetchval("SELECT message_ids FROM finished_lot") == sent
    assert await connection.fetchval("SELECT amount FROM balance") == 350_000
