"""Every test of the client runs on both event loops: asyncio's own and uvloop, the one in production."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.outbound_http.clients import Clients


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    """Makes clients; closes them at the end, when nothing of them may be left."""
    made = Clients()
    yield made
    await made.aclose()
