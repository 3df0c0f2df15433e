"""A page read with a cursor costs the same wherever it lies: page 400 reads as little as page 1.

What is compared is what PostgreSQL read for it, never how long it took.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from heliograph.storage import database
from heliograph.storage.database import Connection, Database, Purpose
from tests.support.rows import NOW
from tests.support.served_api import decoded

PHONE = "46701740605"
BATCHES = 20_000
IN_ONE = 20_000
LIMIT = 50
FIRST = (int(NOW.timestamp()) << 64) + (1 << 30)
"""The id of the first batch; each is followed by its message, and all of them by one large batch."""
LARGE = FIRST + 2 * BATCHES
SLACK = 8
"""Blocks that a page may read more: the way down an index, and a row more that lies on the next block."""

_ROWS = """
CREATE FUNCTION pg_temp.id(number bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT decode(left('{first:024x}', 16) || lpad(to_hex((1 << 30) + number), 8, '0'), 'hex')
$$;
INSERT INTO batch (account_id, batch_id, created_at, body, flash, coding, priority, templated, opens, closes,
                   message_count, segment_count, charged, sender, tags)
SELECT 1, pg_temp.id(2 * n), '{now}', 'Hello', false, 'gsm', 1, false, ARRAY['{now}'::timestamptz],
       ARRAY['{now}'::timestamptz],
       CASE WHEN n < {batches} THEN 1 ELSE {in_one} END, 1, 0, 'iP1', '{{}}'
FROM generate_series(0, {batches}) n;
INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding, recipient)
SELECT 1, pg_temp.id(2 * n + 1), pg_temp.id(2 * n), 0, 201, 0, 1, 0, '{phone}'
FROM generate_series(0, {batches} - 1) n;
INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding, recipient)
SELECT 1, pg_temp.id(2 * {batches} + n), pg_temp.id(2 * {batches}), 0, 201, 0, 1, 0, (46701800000 + n)::text
FROM generate_series(1, {in_one}) n;
INSERT INTO conversation
SELECT 1, recipient, message_id FROM message;
UPDATE conversation_progress SET filled_to = '\\x{last:024x}';
ANALYZE batch;
ANALYZE message;
ANALYZE conversation;
"""


class Read(NamedTuple):
    """What a page cost."""

    blocks: int
    rows: int
    statements: int


class Deep(NamedTuple):
    """The API over long lists, and every statement that it ran for a face."""

    api: httpx.AsyncClient
    explaining: Database
    run: list[tuple[str, tuple[Any, ...]]]

    async def cost(self, path: str) -> tuple[list[Any], Read]:
        """A page, and what the statements of its transaction read."""
        self.run.clear()
        page = decoded(await self.api.get(path))
        begun = next(place for place, (text, _) in enumerate(self.run) if text.startswith("BEGIN"))
        statements = [each for each in self.run[begun:] if "FROM" in each[0]]
        blocks = rows = 0
        async with self.explaining.reader(1) as tx:
            for statement, arguments in statements:
                told = await tx.fetchval(
                    f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", *arguments
                )
                plan = json.loads(told)[0]["Plan"]
                blocks += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                rows += sum(rows_of(node) for node in nodes_of(plan))
        return page, Read(blocks, rows, len(statements))


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and everything below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)


def rows_of(node: dict[str, Any]) -> int:
    """The rows that a step found or threw away."""
    thrown_away: int = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    found: int = node["Actual Rows"] + thrown_away
    return found * int(node["Actual Loops"])


@pytest.fixture
async def run(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """The statements that faces run, with their arguments."""
    logged: list[tuple[str, tuple[Any, ...]]] = []
    opened = database.connect

    async def connect(dsn: str, purpose: Purpose = Purpose.OWNER, **settings: Any) -> Connection:
        connection = await opened(dsn, purpose, **settings)
        if purpose is Purpose.FACE:
            connection.add_query_logger(lambda each: logged.append((each.query, tuple(each.args))))
        return connection

    monkeypatch.setattr(database, "connect", connect)
    return logged


@pytest.fixture
async def deep(
    connection: Connection, run: list[tuple[str, tuple[Any, ...]]], api: httpx.AsyncClient, database: str
) -> AsyncIterator[Deep]:
    values = {"batches": BATCHES, "in_one": IN_ONE, "phone": PHONE, "now": NOW.isoformat()}
    await connection.execute(_ROWS.format(first=FIRST, last=LARGE + IN_ONE, **values))
    async with Database(database) as explaining:
        yield Deep(api, explaining, run)


async def test_a_page_deep_in_a_list_reads_no_more_than_the_first(deep: Deep) -> None:
    lists = {
        "batches": ("/v2/batches", FIRST + 2 * (BATCHES - 200), FIRST + 2 * 200),
        "messages": (f"/v2/batches/{LARGE:024x}/messages", LARGE + IN_ONE - 200, LARGE + 200),
        "conversation": (f"/v2/conversations/{PHONE}", FIRST + 2 * (BATCHES - 200) + 1, FIRST + 401),
        "outgoing": (f"/v2/conversations/{PHONE}/mt", FIRST + 2 * (BATCHES - 200) + 1, FIRST + 401),
    }
    for name, (path, late, early) in lists.items():
        for order, cursor in (("ASC", late), ("DESC", early)):
            first_page, first = await deep.cost(f"{path}?order={order}&limit={LIMIT}&after=")
            deep_page, far = await deep.cost(f"{path}?order={order}&limit={LIMIT}&after={cursor:024x}")
            print(f"{name} {order}: {first}, {far}")
            assert len(first_page) == len(deep_page) == LIMIT
            assert not {each["id"] for each in first_page} & {each["id"] for each in deep_page}
            assert 2 <= far.statements <= first.statements
            assert far.rows <= first.rows + SLACK, f"{name} {order}"
            assert far.blocks <= first.blocks + SLACK, f"{name} {order}"


async def test_a_page_by_start_reads_all_that_it_leaves_out(deep: Deep) -> None:
    """Which is what the cursor is for, and shows that more would be seen."""
    _, first = await deep.cost(f"/v2/batches?start=0&limit={LIMIT}")
    _, far = await deep.cost(f"/v2/batches?start={BATCHES - 200}&limit={LIMIT}")
    assert far.rows > first.rows + BATCHES // 2
    assert far.blocks > 2 * first.blocks
