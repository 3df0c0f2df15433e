"""From the queue to a carrier on a real socket and back: outcomes, fairness, doubt, take-over, stopping."""

from collections.abc import AsyncIterator

import pytest

from heliograph.storage.database import Connection, Database, connect
from tests.simulator.running_carrier import running_carrier
from tests.support.dispatching import (
    all_codes,
    carrier,
    codes,
    dispatch_service,
    numbers,
    queue,
    running,
    until,
)
from tests.support.rows import insert_account, ledger_minus_balance


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


async def test_messages_are_submitted_and_delivered(connection: Connection, pools: Database) -> None:
    async with running_carrier() as (smsc, port):
        messages = await queue(connection, numbers(30))
        async with running(dispatch_service(pools, [carrier(port)])):

            async def delivered() -> bool:
                return await all_codes(connection, messages) == {201}

            await until(delivered)
        assert smsc.counts.accepted == 30
    assert await codes(connection, messages[0]) == [110, 111, 201]
    assert await connection.fetchval("SELECT count(*) FROM lot") == 0
    assert await connection.fetchval("SELECT count(*) FROM segment") == 30
    assert await connection.fetchval("SELECT count(*) FROM in_doubt") == 0
    assert await connection.fetchval("SELECT sum(octet_length(message_ids)) FROM finished_lot") == 30 * 12
    assert await ledger_minus_balance(connection) == 0
