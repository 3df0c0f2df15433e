"""Segments that a carrier may or may not have accepted."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.domain.flight import DoubtfulSegment
from heliograph.storage.database import Connection, Purpose, connect
from heliograph.storage.in_doubt import find_in_doubt, insert_in_doubt, resolve_in_doubt
from tests.support.rows import NOW


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database, Purpose.HOT)
    yield opened
    await opened.close()


def segment(name: bytes, recipient: str = "46700000001", number: int = 0) -> DoubtfulSegment:
    return DoubtfulSegment(name.ljust(12), number, 2, 7, recipient, NOW, NOW + timedelta(hours=72))


async def test_what_is_in_doubt_is_found_by_its_recipient(connection: Connection) -> None:
    mine, other = segment(b"a"), segment(b"b", "46700000002")
    await insert_in_doubt(connection, 1, [mine, other], now=NOW)
    await insert_in_doubt(connection, 2, [segment(b"c")], now=NOW)
    assert await find_in_doubt(connection, 1, ["46700000001", "46799999999"]) == [mine]


async def test_what_was_noted_before_stays_as_it_is(connection: Connection) -> None:
    first = segment(b"a")
    await insert_in_doubt(connection, 1, [first], now=NOW)
    await insert_in_doubt(connection, 1, [first._replace(recipient="x"), segment(b"b")], now=NOW)
    assert await find_in_doubt(connection, 1, ["46700000001"]) == [first, segment(b"b")]


async def test_doubt_is_resolved_once(connection: Connection) -> None:
    await insert_in_doubt(connection, 1, [segment(b"a"), segment(b"a", number=1)], now=NOW)
    key = b"a".ljust(12), 1
    assert await resolve_in_doubt(connection, 1, [key, (b"z".ljust(12), 0)]) == {key}
    assert await resolve_in_doubt(connection, 1, [key]) == set()
    assert await connection.fetchval("SELECT count(*) FROM in_doubt") == 1
