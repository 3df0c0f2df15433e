"""A keeper that dies while it queues a second try: there is one in the end, neither none nor two."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from heliograph.storage.database import Connection, connect
from tests.crash.installation import SECRET_KEY
from tests.crash.member import Member
from tests.support.rows import NOW, insert_account, insert_batch


async def in_doubt_since_long(connection: Connection) -> None:
    """A message in doubt at a bound carrier, for whose receipt was waited long enough."""
    await connection.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password, enabled)"
        " VALUES (1, 'carrier', '127.0.0.1', 2775, 'esme', '', false)"
    )
    await insert_account(connection)
    await connection.execute("UPDATE account SET in_doubt_policy = 'resend_once'")
    _, (message,) = await insert_batch(connection)
    await connection.execute("UPDATE message SET rank = 1, code = 110")
    await connection.execute(
        "INSERT INTO in_doubt (carrier_id, message_id, segment, segments, account_id, recipient,"
        " submitted_at, noted_at, closes_at, resend_at)"
        " VALUES (1, $1, 0, 1, 1, '46701740605', $2, $2, $3, $2)",
        message,
        NOW,
        NOW + timedelta(hours=71),
    )
    await connection.execute(
        "INSERT INTO bind_lease VALUES"
        " (1, 0, 1, 'far away', now() + interval '1 h', now() + interval '1 h', now() - interval '1 h')"
    )


async def queued(connection: Connection) -> int:
    count: int = await connection.fetchval("SELECT count(*) FROM lot")
    return count


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("failpoint", "before_its_next_life"),
    [("second_tries.pre_commit:1", 0), ("second_tries.post_commit:1", 1)],
)
async def test_a_second_try_is_queued_once(
    database: str, tmp_path: Path, failpoint: str, before_its_next_life: int
) -> None:
    connection = await connect(database)
    await in_doubt_since_long(connection)
    environment = {"HELIOGRAPH_DATABASE_URL": database, "HELIOGRAPH_SECRET_KEY": SECRET_KEY}
    dying, living = (Member("keeper", environment, tmp_path / f"{name}.log") for name in ("dying", "living"))
    dying.start(failpoint)
    try:
        async with asyncio.timeout(60):
            while not dying.deaths:
                await asyncio.sleep(0.02)
            await dying.stop()
            assert await queued(connection) == before_its_next_life
            decided = await connection.fetchval("SELECT resent_at IS NOT NULL FROM in_doubt")
            assert decided is bool(before_its_next_life)
            living.start()
            while not await queued(connection):
                await asyncio.sleep(0.02)
            await living.ready.wait()
            await asyncio.sleep(2.5)  # two more looks
    finally:
        await dying.stop()
        await living.stop()
    assert dying.ended_with == living.ended_with == []
    assert await queued(connection) == 1
    row = await connection.fetchrow("SELECT resend_at, resent_at IS NOT NULL AS is_resent FROM in_doubt")
    assert row is not None
    assert (row["resend_at"], row["is_resent"]) == (None, True)
    await connection.close()
