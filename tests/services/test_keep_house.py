"""Chores: partitions ahead, summaries folded, old keys pruned."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.services.keep_house import IDEMPOTENCY_KEPT, KeepHouse
from heliograph.storage.database import Connection, Database, connect
from heliograph.storage.partitions import is_over
from tests.support.rows import IDS, NOW, insert_account, insert_batch


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    yield opened
    await opened.close()


async def names(connection: Connection) -> set[str]:
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
    return {row["relname"] for row in rows}


async def test_partitions_are_made_ahead_and_days_are_dropped_when_over(
    database: str, connection: Connection
) -> None:
    before = await names(connection)
    async with Database(database) as opened:
        await KeepHouse(opened).step(NOW + timedelta(days=21))
    after = await names(connection)
    assert {f"message_w{NOW + timedelta(days=21 - NOW.weekday() + 56):%Y%m%d}"} <= after
    assert f"segment_d{NOW:%Y%m%d}" in before
    assert f"segment_d{NOW:%Y%m%d}" not in after
    assert {name for name in before if name.startswith(("batch", "message"))} <= after


@pytest.mark.parametrize(
    ("name", "over"),
    [
        ("segment_d20261101", True),
        ("segment_d20261112", False),
        ("receipt_block_d20261101", False),
        ("receipt_block_d20261020", True),
        ("message_w20200106", False),
        ("someone_elses_d20200101", False),
    ],
)
def test_only_partitions_by_day_that_were_kept_long_enough_are_over(name: str, over: bool) -> None:
    assert is_over(name, NOW.replace(year=2026, month=11, day=22).date()) is over


async def test_summary_changes_are_folded_without_changing_their_sum(
    database: str, connection: Connection
) -> None:
    await insert_account(connection)
    batch, _ = await insert_batch(connection)
    await connection.execute("INSERT INTO summary VALUES (1, $1, 103, 1000, 2000)", batch)
    for _ in range(60):
        change = IDS.new(int(NOW.timestamp()))
        await connection.execute("INSERT INTO summary_change VALUES (1, $1, $2, 103, -2, -4)", batch, change)
        await connection.execute("INSERT INTO summary_change VALUES (1, $1, $2, 111, 2, 4)", batch, change)
    async with Database(database) as opened:
        await KeepHouse(opened).step(NOW)
    rows = await connection.fetch("SELECT code, messages, segments FROM summary ORDER BY code")
    assert [tuple(row) for row in rows] == [(103, 880, 1760), (111, 120, 240)]
    assert await connection.fetchval("SELECT count(*) FROM summary_change") == 0


async def test_idempotency_keys_are_forgotten_after_two_days(database: str, connection: Connection) -> None:
    for hours in (1, 49):
        await connection.execute(
            "INSERT INTO idempotency VALUES (1, 'POST /v2/batches', $1, '', 201, '', NULL, $2)",
            f"key {hours}",
            NOW - timedelta(hours=hours),
        )
    async with Database(database) as opened:
        await KeepHouse(opened).step(NOW)
    assert await connection.fetchval("SELECT array_agg(key) FROM idempotency") == ["key 1"]
    assert timedelta(hours=24) < IDEMPOTENCY_KEPT


async def test_spending_of_days_long_gone_is_forgotten(database: str, connection: Connection) -> None:
    today = NOW.date()
    for days in (0, 7, 8, 400):
        await connection.execute("INSERT INTO daily_spend VALUES (1, $1, 5)", today - timedelta(days=days))
    async with Database(database) as opened:
        await KeepHouse(opened).step(NOW)
    kept = await connection.fetch("SELECT day FROM daily_spend ORDER BY day")
    assert [row["day"] for row in kept] == [today - timedelta(days=7), today]


async def test_windows_of_the_guard_are_forgotten_and_its_events_later(
    database: str, connection: Connection
) -> None:
    for days in (1, 3, 89, 91):
        for prefix, exceeded_at in (("46", None), ("225", NOW - timedelta(days=days))):
            await connection.execute(
                "INSERT INTO guard_window VALUES (1, $1, 60, $2, 2, 1, true, 1, 1, $2, $3)",
                prefix,
                NOW - timedelta(days=days),
                exceeded_at,
            )
    async with Database(database) as opened:
        await KeepHouse(opened).step(NOW)
    kept = await connection.fetch("SELECT prefix, starts_at FROM guard_window ORDER BY starts_at, prefix")
    assert [(row["prefix"], (NOW - row["starts_at"]).days) for row in kept] == [
        ("225", 89),
        ("225", 3),
        ("225", 1),
        ("46", 1),
    ]


async def test_ended_logins_and_used_links_are_pruned(database: str, connection: Connection) -> None:
    await insert_account(connection)
    await connection.execute("INSERT INTO portal_user (user_id, name, created_at) VALUES (1, 'Kim', $1)", NOW)
    for number, (seen, begun) in enumerate([(0, 0), (31, 40), (1, 13 * 60)]):
        await connection.execute(
            "INSERT INTO login (login_hash, user_id, csrf_token, second_factor, created_at, seen_at, browser)"
            " VALUES ($1, 1, '', false, $2, $3, '')",
            bytes([number]),
            NOW - timedelta(minutes=begun),
            NOW - timedelta(minutes=seen),
        )
    for number, hours in enumerate([-1, 23, 25]):
        await connection.execute(
            "INSERT INTO sign_in_link (link_hash, user_id, kind, created_at, expires_at)"
            " VALUES ($1, 1, 'reset', $2, $2)",
            bytes([number]),
            NOW - timedelta(hours=hours),
        )
        await connection.execute(
            "INSERT INTO sign_in_try (subject, failures, throttled_until, last_at) VALUES ($1, 1, $2, $2)",
            bytes([number]),
            NOW - timedelta(hours=hours),
        )
        await connection.execute(
            "INSERT INTO sign_in_step (step_hash, user_id, challenge, expires_at) VALUES ($1, 1, '', $2)",
            bytes([number]),
            NOW - timedelta(hours=hours),
        )
    async with Database(database) as opened:
        await KeepHouse(opened).step(NOW)
    left = {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("login", "sign_in_link", "sign_in_try", "sign_in_step")
    }
    assert left == {"login": 1, "sign_in_link": 2, "sign_in_try": 2, "sign_in_step": 1}
