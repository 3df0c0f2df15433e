"""The event feed: every event exactly once for whoever goes on from the last cursor."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.domain.feed_events import Cursor
from heliograph.domain.message_change import MessageChange
from heliograph.domain.refusals import InvalidRequest
from heliograph.services import read_events as module
from heliograph.services.keep_house import KeepHouse
from heliograph.services.read_events import FeedPage, FeedQuery, read_events
from heliograph.storage.database import Connection, Database, Purpose, connect, transaction_on
from heliograph.storage.message_changes import apply_changes
from tests.support.rows import IDS, NOW, NOW_MS, insert_account, insert_batch

RANKS = {111: 2, 112: 3, 599: 4, 202: 5, 201: 9}


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened, 1)
    await insert_account(opened, 2)
    yield opened
    await opened.close()


def change(message_id: bytes, code: int, *, account_id: int = 1, intent: int = 0) -> MessageChange:
    return MessageChange(
        account_id=account_id,
        message_id=message_id,
        segment=0,
        segments=1,
        rank=RANKS[code],
        code=code,
        at_ms=NOW_MS + code,
        intent_ms=NOW_MS + intent if intent else 0,
        refund=False,
    )


async def apply(connection: Connection, *changes: MessageChange) -> None:
    async with transaction_on(connection) as tx:
        await apply_changes(tx, changes, now=NOW, ids=IDS)


async def read(
    connection: Connection, after: Cursor | None = None, limit: int = 100, **filters: object
) -> FeedPage:
    query = FeedQuery(after, limit, **filters)  # type: ignore[arg-type]
    return await read_events(connection, 1, query, now=NOW, event_days=7)


Told = tuple[bytes, int, int]


def told(page: FeedPage) -> list[Told]:
    return [(each.event.message_id, each.event.number, each.event.code) for each in page.events]


async def test_changes_are_told_whether_or_not_reports_are_asked_for(connection: Connection) -> None:
    batch, (message,) = await insert_batch(connection)
    _, (with_url,) = await insert_batch(connection, url="http://127.0.0.1:8099/reports")
    _, (of_other,) = await insert_batch(connection, 2)
    await apply(connection, change(message, 111, intent=5), change(of_other, 201, account_id=2))
    await apply(connection, change(with_url, 201), change(message, 201))
    page = await read(connection)
    assert told(page) == [(message, 1, 110), (message, 2, 111), (message, 3, 201), (with_url, 1, 201)]
    assert [each.event.at_ms - NOW_MS for each in page.events] == [5, 111, 201, 201]
    assert not page.has_more
    described = page.events[0].message
    assert (described.batch_id, described.recipient, described.price) == (batch, "46701740605", 350_000)
    again = await read(connection, page.cursor)
    assert told(again) == []
    assert not again.has_more


async def test_messages_of_several_segments_are_told_too(connection: Connection) -> None:
    _, (message,) = await insert_batch(connection, segments=2)
    for segment in (0, 1):
        parts = change(message, 201, intent=5)
        await apply(
            connection,
            MessageChange(
                **{f: getattr(parts, f) for f in parts.__struct_fields__}
                | {"segment": segment, "segments": 2}
            ),
        )
    page = await read(connection)
    history = await connection.fetchval("SELECT octet_length(history) / 8 FROM message")
    assert [number for _, number, _ in told(page)] == list(range(1, history + 1))
    assert told(page)[-1][2] == 201


async def test_an_account_that_wants_only_final_codes_is_told_those(connection: Connection) -> None:
    await connection.execute("UPDATE account SET report_codes = 'final' WHERE account_id = 1")
    _, (message,) = await insert_batch(connection)
    await apply(connection, change(message, 111, intent=5))
    assert await connection.fetchval("SELECT count(*) FROM event_block") == 0
    await apply(connection, change(message, 201))
    assert told(await read(connection)) == [(message, 3, 201)]


async def test_pages_of_any_size_hold_every_event_once(connection: Connection) -> None:
    for size in (1, 4, 2, 7, 1):
        _, messages = await insert_batch(
            connection, recipients=[str(46_701_740_605 + n) for n in range(size)]
        )
        await apply(connection, *[change(message, 111, intent=3) for message in messages])
        await apply(connection, *[change(message, 201) for message in messages])
    whole = told(await read(connection))
    assert len(whole) == 45
    for limit in (1, 2, 3, 44, 45, 46):
        pages, cursor, has_more = [], None, True
        while has_more:
            page = await read(connection, cursor, limit)
            pages += told(page)
            cursor, has_more = page.cursor, page.has_more
            assert 0 < len(page.events) <= limit
        assert pages == whole


async def test_what_a_late_transaction_wrote_is_never_behind_the_reader(
    database: str, connection: Connection
) -> None:
    late = await connect(database)
    _, (first,) = await insert_batch(connection)
    _, (second,) = await insert_batch(connection)
    async with transaction_on(late) as tx:
        await apply_changes(tx, [change(first, 201)], now=NOW, ids=IDS)
        await apply(connection, change(second, 201))
        page = await read(connection)
        assert told(page) == []
        assert not page.has_more
    after = await read(connection, page.cursor)
    assert told(after) == [(first, 1, 201), (second, 1, 201)]
    assert told(await read(connection, after.cursor)) == []
    await late.close()


async def test_what_was_rolled_back_is_not_told(database: str, connection: Connection) -> None:
    _, (message,) = await insert_batch(connection)
    with suppress(ZeroDivisionError):
        async with transaction_on(connection) as tx:
            await apply_changes(tx, [change(message, 201)], now=NOW, ids=IDS)
            raise ZeroDivisionError
    assert told(await read(connection)) == []


async def writer(database: str, messages: list[bytes], seed: int) -> None:
    """Changes messages in transactions of different lengths, some of which are rolled back first."""
    draw = random.Random(seed)
    connection = await connect(database, Purpose.HOT)
    while messages:
        taken = [messages.pop() for _ in range(min(len(messages), draw.randint(1, 5)))]
        for code in (111, 201):
            if draw.random() < 0.2:
                with suppress(ZeroDivisionError):
                    async with transaction_on(connection) as tx:
                        await apply_changes(tx, [change(m, code) for m in taken], now=NOW, ids=IDS)
                        raise ZeroDivisionError
            async with transaction_on(connection) as tx:
                await tx.execute("SELECT pg_current_xact_id()")
                await asyncio.sleep(draw.random() * 0.02)
                await apply_changes(tx, [change(m, code) for m in taken], now=NOW, ids=IDS)
                await asyncio.sleep(draw.random() * 0.02)
    await connection.close()


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32))
def exactly_once(database: str, seed: int) -> None:
    asyncio.run(poll_while_written(database, seed))


async def poll_while_written(database: str, seed: int) -> None:
    connection = await connect(database)
    await connection.execute("DELETE FROM message; DELETE FROM batch; DELETE FROM event_block")
    draw = random.Random(seed)
    numbers = [str(46_701_740_605 + n) for n in range(160)]
    _, messages = await insert_batch(connection, recipients=numbers)
    shares = [messages[n::8] for n in range(8)]
    writers = asyncio.gather(*(writer(database, share, seed + n) for n, share in enumerate(shares)))
    seen: list[Told] = []
    cursor = None
    async with Database(database) as opened:
        while True:
            were_done = writers.done()
            async with opened.reader(1) as tx:
                query = FeedQuery(cursor, draw.choice((1, 3, 20, 1000)))
                page = await read_events(tx, 1, query, now=NOW, event_days=7)
            seen += told(page)
            cursor = page.cursor
            if were_done and not page.has_more:
                break
            await asyncio.sleep(draw.random() * 0.005)
    await writers
    assert len(seen) == len(set(seen))
    assert set(seen) == {(m, n, code) for m in messages for n, code in ((1, 111), (2, 201))}
    await connection.close()


def test_a_reader_beside_many_writers_sees_every_event_exactly_once(database: str) -> None:
    async def prepare() -> None:
        opened = await connect(database)
        await insert_account(opened, 1)
        await opened.close()

    asyncio.run(prepare())
    exactly_once(database)


async def test_a_filter_lets_pass_codes_and_one_batch(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, messages = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    _, (other,) = await insert_batch(connection)
    for message in (*messages, other):
        await apply(connection, change(message, 111, intent=5))
    await apply(connection, *[change(message, 201) for message in (*messages, other)])
    page = await read(connection, codes=frozenset({111, 201}), messages=(messages[0], messages[-1]))
    assert told(page) == [(m, 2, 111) for m in messages] + [(m, 3, 201) for m in messages]
    assert not page.has_more
    # Few events are looked through at a time: a page may be empty although more follow.
    monkeypatch.setattr(module, "SCANNED_EVENTS", 2)
    found, cursor, pages, has_more = [], None, 0, True
    while has_more:
        part = await read(connection, cursor, codes=frozenset({201}))
        found += told(part)
        cursor, has_more, pages = part.cursor, part.has_more, pages + 1
    assert found == [(m, 3, 201) for m in (*messages, other)]
    assert pages > 2


async def test_a_cursor_of_what_is_gone_is_refused_with_the_time_to_go_on_from(
    connection: Connection,
) -> None:
    too_old = Cursor(int((NOW - timedelta(days=7, seconds=1)).timestamp()), 1)
    with pytest.raises(InvalidRequest) as refused:
        await read(connection, too_old)
    (fault,) = refused.value.faults
    assert fault.field == "after"
    assert f"{NOW - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}" in fault.sentence


async def test_a_cursor_from_before_a_restore_is_refused(connection: Connection) -> None:
    with pytest.raises(InvalidRequest, match="not valid") as refused:
        await read(connection, Cursor(int(NOW.timestamp()), 2**60))
    assert "restored" in refused.value.faults[0].sentence


async def test_days_are_kept_as_long_as_promised_and_events_of_another_server_go(
    database: str, connection: Connection
) -> None:
    _, (message,) = await insert_batch(connection)
    await apply(connection, change(message, 201))
    await connection.execute(
        "INSERT INTO event_block SELECT account_id, $1, block_id, day, written_at, event_count, events"
        " FROM event_block",
        2**50,
    )
    async with Database(database) as opened:
        house = KeepHouse(opened, event_days=3)
        await house.step(NOW + timedelta(days=4))
        rows = await connection.fetch("SELECT transaction_id FROM event_block")
        assert [row["transaction_id"] < 2**50 for row in rows] == [True]
        await house.step(NOW + timedelta(days=5))
    assert await connection.fetchval("SELECT count(*) FROM event_block") == 0
