"""Two accounts in a database, and the API as the first of them calls it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from heliograph.storage.database import Connection, connect
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
