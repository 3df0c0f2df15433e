"""Traffic is counted in bulk, again at greater ages, and read together with what came since."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.history import entry
from heliograph.domain.ids import IdSource
from heliograph.domain.traffic import LOOKS, Figures, figures, floor_to
from heliograph.services.count_traffic import CountTraffic
from heliograph.storage import traffic_reading
from heliograph.storage.database import Connection, Database, connect
from heliograph.storage.partitions import make_partitions
from heliograph.storage.traffic_reading import read_traffic
from tests.support.rows import NOW, insert_account, insert_batch

HOUR = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=5)
PHONES = ["46701740605", "46701740606", "46701740607"]


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await make_partitions(opened, LONG_AGO)
    await insert_account(opened, 1)
    await insert_account(opened, 2)
    yield opened
    await opened.close()


async def sent(
    connection: Connection, at: datetime, *codes: int, account_id: int = 1, took_ms: int = 1_200
) -> list[bytes]:
    """Messages accepted at a time that ended with these codes, each so long after it was submitted."""
    _, messages = await insert_batch(
        connection, account_id, recipients=PHONES[: len(codes)], created_at=at, ids=IdSource(b"count")
    )
    submitted = int(at.timestamp() * 1000) + 20
    for message_id, code in zip(messages, codes, strict=True):
        history = entry(110, submitted) + entry(code, submitted + took_ms) if code >= 200 else b""
        await connection.execute(
            "UPDATE message SET code = $2, history = $3 WHERE message_id = $1 AND account_id = $4",
            message_id,
            code,
            history,
            account_id,
        )
    return messages


async def count(database: Database, now: datetime) -> int:
    service, steps = CountTraffic(database), 0
    while await service.step(now):
        steps += 1
    return steps


async def read(
    database: Database, account_id: int = 1, *, since: datetime = LONG_AGO - HOUR
) -> tuple[Figures, bool]:
    async with database.reader(account_id) as tx:
        found = await read_traffic(tx, account_id, since, stretch=HOUR)
    return figures(found.counted), found.is_partial


async def test_figures_are_the_same_counted_or_not(connection: Connection, database: str) -> None:
    await sent(connection, NOW - 3 * HOUR, 201, 501, 103)
    await sent(connection, NOW - 2 * HOUR, 201, 203, 201, took_ms=90_000)
    await sent(connection, NOW - timedelta(seconds=30), 201)
    await sent(connection, NOW - 2 * HOUR, 201, 201, account_id=2)
    ids = IdSource(b"incom")
    await insert_batch(
        connection, recipients=PHONES[:1], code=201, incoming=True, created_at=NOW - HOUR, ids=ids
    )
    async with Database(database) as pools:
        before = await read(pools)
        found, is_partial = before
        assert (found.accepted, found.received, found.final, found.delivered) == (7, 1, 5, 4)
        assert found.sent == 6, "what no carrier was given yet counts as sent"
        assert found.failures == {501: 1}
        assert found.median_ms is not None
        assert 1_000 < found.median_ms < 100_000
        assert not is_partial
        assert await count(pools, NOW) > 0
        rows = await connection.fetchval("SELECT sum(messages) FROM traffic WHERE account_id = 1")
        assert rows == 7
        assert await read(pools) == before
        assert await count(pools, NOW) == 0


async def test_what_changes_later_is_in_a_later_count(connection: Connection, database: str) -> None:
    at = NOW - timedelta(minutes=10)
    (message_id,) = await sent(connection, at, 103)
    async with Database(database) as pools:
        await count(pools, NOW)
        await connection.execute("UPDATE message SET code = 501 WHERE message_id = $1", message_id)
        await sent(connection, at + timedelta(seconds=1), 103)
        found, _ = await read(pools)
        assert (found.accepted, found.final) == (1, 0)
        await count(pools, NOW + HOUR)
        found, _ = await read(pools)
        assert (found.accepted, found.final) == (2, 1)


async def test_old_traffic_is_kept_by_the_hour(connection: Connection, database: str) -> None:
    hour = floor_to(NOW - 4 * HOUR, HOUR)
    for minutes in (3, 20, 59):
        await sent(connection, hour + timedelta(minutes=minutes), 201)
    async with Database(database) as pools:
        await count(pools, NOW)
        assert await connection.fetchval("SELECT count(DISTINCT began_at) FROM traffic") == 3
        before = await read(pools)
        await count(pools, NOW + LOOKS[3].age)
        rows = await connection.fetch("SELECT began_at, messages FROM traffic")
        assert [tuple(row) for row in rows] == [(hour, 3)]
        assert await read(pools) == before


async def test_keepers_do_not_overtake_each_other(connection: Connection, database: str) -> None:
    await sent(connection, NOW - HOUR, 201)
    async with Database(database) as pools, connection.transaction():
        await connection.execute("SELECT FROM traffic_progress WHERE look = 0 FOR UPDATE")
        assert await CountTraffic(pools).step(NOW) == 0


async def test_much_new_traffic_is_looked_through_in_part(
    connection: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic_reading, "LATEST", 2)
    await sent(connection, NOW - timedelta(seconds=30), 201, 201, 201)
    async with Database(database) as pools:
        found, is_partial = await read(pools)
    assert (found.sent, is_partial) == (2, True)


async def test_old_messages_wait_for_no_later_look(connection: Connection, database: str) -> None:
    await sent(connection, LONG_AGO, 201)
    async with Database(database) as pools:
        assert await count(pools, NOW) == 1
    assert floor_to(NOW, HOUR).tzinfo is UTC
