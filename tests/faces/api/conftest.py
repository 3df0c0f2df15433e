"""Accounts in a database, and the API as the first of them calls it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from heliograph.storage.database import Connection, connect
from tests.faces.api.isolation_matrix import CHILD, OWNER, PARENT, STRANGER, Ground
from tests.support.rows import insert_account
from tests.support.served_api import insert_key, served_api


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened, 1)
    await insert_account(opened, 2)
    yield opened
    await opened.close()


@pytest.fixture
async def api(database: str, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """The API, called with account 1's key."""
    async with served_api(database) as client:
        client.headers.update(await insert_key(connection, 1))
        yield client


@pytest.fixture
async def ground(database: str) -> AsyncIterator[Ground]:
    """An account with a parent and a child, and a stranger; each calls an API of its own."""
    connection = await connect(database)
    clients = {}
    async with AsyncExitStack() as stack:
        for account_id in (OWNER, STRANGER, CHILD, PARENT):
            await insert_account(connection, account_id)
            clients[account_id] = await stack.enter_async_context(served_api(database))
            clients[account_id].headers.update(await insert_key(connection, account_id))
        await connection.execute("UPDATE account SET parent_id = $2 WHERE account_id = $1", CHILD, OWNER)
        await connection.execute("UPDATE account SET parent_id = $2 WHERE account_id = $1", OWNER, PARENT)
        owner = clients.pop(OWNER)
        yield Ground(connection, owner, clients)
    await connection.close()
