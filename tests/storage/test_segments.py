"""What carriers called our segments."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.domain.flight import SentSegment
from heliograph.storage.database import Connection, Purpose, connect
from heliograph.storage.segments import find_segments, insert_segments
from tests.support.rows import NOW

TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database, Purpose.HOT)
    yield opened
    await opened.close()


def segment(smsc_hash: int, smsc_id: str = "id") -> SentSegment:
    return SentSegment(smsc_hash, 1, 3, 46_740_605, 7, b"message-id-0", smsc_id)


async def test_a_segment_is_found_by_the_hash_of_its_id(connection: Connection) -> None:
    await insert_segments(connection, 1, [segment(-5), segment(2**63 - 1)], day=TODAY)
    found = await find_segments(connection, 1, [-5, 99], since=TODAY - DAY, until=TODAY)
    assert found == [segment(-5)]


async def test_equal_hashes_are_all_found_the_newest_first(connection: Connection) -> None:
    await insert_segments(connection, 1, [segment(5, "old")], day=TODAY)
    await insert_segments(connection, 1, [segment(5, "new")], day=TODAY + DAY)
    found = await find_segments(connection, 1, [5], since=TODAY, until=TODAY + DAY)
    assert [one.smsc_id for one in found] == ["new", "old"]


async def test_neither_other_carriers_nor_other_days_are_looked_at(connection: Connection) -> None:
    await insert_segments(connection, 1, [segment(5)], day=TODAY)
    assert await find_segments(connection, 2, [5], since=TODAY, until=TODAY) == []
    assert await find_segments(connection, 1, [5], since=TODAY + DAY, until=TODAY + DAY) == []


async def test_nothing_is_nothing(connection: Connection) -> None:
    await insert_segments(connection, 1, [], day=TODAY)
    assert await find_segments(connection, 1, [], since=TODAY, until=TODAY) == []
