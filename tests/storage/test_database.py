import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from heliograph.storage.database import (
    Database,
    Purpose,
    connect,
    is_connection_failure,
    is_retryable,
    load_query,
    transaction_on,
)
from heliograph.storage.server_check import UnsuitableServer, check_server_settings
from tests.support.postgres import Postgres

NEW_SUMMARY = "INSERT INTO summary VALUES ($1, $2, 201, 1, 1)"
ALL_ACCOUNTS = "SELECT account_id FROM summary ORDER BY account_id"


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def accounts(db: Database) -> list[int]:
    return [row["account_id"] for row in await db.fetch(Purpose.GENERAL, ALL_ACCOUNTS)]


async def test_a_block_that_ends_commits(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(NEW_SUMMARY, 1, b"b")
    assert await accounts(db) == [1]


async def test_a_block_that_raises_rolls_back_and_raises_on(db: Database) -> None:
    async def work() -> None:
        async with db.transaction() as tx:
            await tx.execute(NEW_SUMMARY, 1, b"b")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert await accounts(db) == []


async def test_a_cancelled_block_rolls_back_and_returns_its_connection(database: str) -> None:
    entered = asyncio.Event()

    async def never_ends(db: Database) -> None:
        async with db.transaction() as tx:
            await tx.execute(NEW_SUMMARY, 1, b"b")
            entered.set()
            await asyncio.Event().wait()

    async with Database(database, pool_sizes={Purpose.GENERAL: 1}) as db:
        task = asyncio.create_task(never_ends(db))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await accounts(db) == []


async def test_a_wait_that_the_driver_gives_up_is_a_lost_connection_and_no_end_of_the_task(
    db: Database,
) -> None:
    # When a connection dies at certain moments the driver cancels the wait for it; nobody cancelled the task.
    with pytest.raises(asyncpg.ConnectionDoesNotExistError) as lost:
        async with db.transaction():
            raise asyncio.CancelledError
    assert is_connection_failure(lost.value)
    assert await accounts(db) == []


async def test_a_block_cancelled_at_any_moment_commits_whole_or_not_at_all(database: str) -> None:
    async def work(db: Database, turns: int) -> None:
        async with db.transaction() as tx:
            await tx.execute(NEW_SUMMARY, turns, b"1")
            await tx.execute(NEW_SUMMARY, turns, b"2")

    async with Database(database, pool_sizes={Purpose.GENERAL: 1}) as db:
        for turns in range(20):
            task = asyncio.create_task(work(db, turns))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        found = await accounts(db)
        assert all(found.count(account) == 2 for account in found)


async def test_a_swallowed_failure_is_no_commit(db: Database) -> None:
    async def work() -> None:
        async with db.transaction() as tx:
            await tx.execute(NEW_SUMMARY, 1, b"b")
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await work()
    assert await accounts(db) == []


async def test_a_connection_of_ones_own_commits_in_the_same_way(db: Database) -> None:
    connection = await db.dedicated_connection()

    async def work(account: int, *, fails: bool) -> None:
        async with transaction_on(connection) as tx:
            await tx.execute(NEW_SUMMARY, account, b"b")
            if fails:
                raise ZeroDivisionError

    await work(1, fails=False)
    with pytest.raises(ZeroDivisionError):
        await work(2, fails=True)
    await connection.close()
    assert await accounts(db) == [1]


@pytest.mark.parametrize(
    ("purpose", "role"),
    [
        (Purpose.FACE, "heliograph_face"),
        (Purpose.HOT, "heliograph_engine"),
        (Purpose.GENERAL, "heliograph_engine"),
        (Purpose.OWNER, "heliograph_owner"),
    ],
)
async def test_each_purpose_has_its_role_and_schema(db: Database, purpose: Purpose, role: str) -> None:
    async with db.transaction(purpose) as tx:
        row = await tx.fetchrow("SELECT current_user::text, current_schema()::text")
    assert row is not None
    assert tuple(row) == (role, "heliograph")


async def test_only_hot_connections_always_take_the_index(db: Database) -> None:
    statement = "SELECT current_setting('enable_hashjoin') || current_setting('enable_mergejoin')"
    found = {p: (await db.fetch(p, statement))[0][0] for p in (Purpose.HOT, Purpose.GENERAL)}
    assert found == {Purpose.HOT: "offoff", Purpose.GENERAL: "onon"}


async def test_a_reader_sees_the_rows_of_its_account_only(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.executemany(NEW_SUMMARY, [(account, b"b") for account in (7, 8)])
    async with db.reader(7) as tx:
        assert [row["account_id"] for row in await tx.fetch(ALL_ACCOUNTS)] == [7]
    async with db.transaction(Purpose.FACE, account_id=8) as tx:
        assert [row["account_id"] for row in await tx.fetch(ALL_ACCOUNTS)] == [8]
    async with db.transaction(Purpose.FACE) as tx:  # the connection forgot the account before
        assert await tx.fetch(ALL_ACCOUNTS) == []


async def test_a_reader_writes_nothing(db: Database) -> None:
    async with db.reader(7) as tx:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await tx.execute("CREATE TABLE heliograph.x ()")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch(Purpose.FACE, NEW_SUMMARY, 7, b"b")


async def test_a_lost_connection_is_told_and_replaced(postgres: Postgres, database: str) -> None:
    admin = await connect(postgres.server.admin_dsn)

    async def work(db: Database) -> None:
        async with db.transaction(Purpose.HOT) as tx:
            pid = await tx.fetchval("SELECT pg_backend_pid()")
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
            await tx.execute("SELECT 1")

    async with Database(database, pool_sizes={Purpose.HOT: 1}) as db:
        for _ in range(3):
            with pytest.raises(Exception) as lost:
                await work(db)
            assert is_connection_failure(lost.value)
            assert (await db.fetch(Purpose.HOT, "SELECT 1"))[0][0] == 1
    await admin.close()


async def test_a_pool_never_opens_more_connections_than_its_size(database: str) -> None:
    async with Database(database, pool_sizes={Purpose.HOT: 2}) as db:
        statement = "SELECT pg_backend_pid(), pg_sleep(0.005)"
        found = await asyncio.gather(*(db.fetch(Purpose.HOT, statement) for _ in range(10)))
        assert len({rows[0][0] for rows in found}) == 2
        assert "hot=0+2/2" in repr(db)


async def test_a_closed_database_opens_nothing(database: str) -> None:
    db = Database(database)
    async with db.transaction() as tx:
        await db.close()
        await tx.execute("SELECT 1")
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await db.fetch(Purpose.HOT, "SELECT 1")
    assert "general=0+0" in repr(db)


async def test_prepared_statements_survive_a_migration(db: Database) -> None:
    assert await db.fetch(Purpose.GENERAL, "SELECT * FROM summary") == []
    await db.fetch(Purpose.OWNER, "ALTER TABLE summary ADD COLUMN later integer")

    async def read() -> object:
        async with db.transaction() as tx:
            return await tx.fetch("SELECT * FROM summary")

    with pytest.raises(asyncpg.PostgresError) as stale:
        await read()
    assert is_retryable(stale.value)
    assert await read() == []


@pytest.mark.parametrize(
    ("error", "lost", "retry"),
    [
        (asyncpg.SerializationError("40001"), False, True),
        (asyncpg.DeadlockDetectedError("40P01"), False, True),
        (asyncpg.LockNotAvailableError("55P03"), False, True),
        (asyncpg.TooManyConnectionsError("53300"), False, True),
        (asyncpg.DiskFullError("53100"), False, True),
        (asyncpg.AdminShutdownError("57P01"), True, True),
        (asyncpg.CannotConnectNowError("57P03"), True, True),
        (asyncpg.ConnectionDoesNotExistError("08003"), True, True),
        (asyncpg.InterfaceError("the connection is closed"), True, True),
        (asyncpg.InternalClientError("cannot switch to state 15"), True, True),
        (ConnectionRefusedError(), True, True),
        (FileNotFoundError("no socket there"), True, True),
        (TimeoutError(), True, True),
        (asyncpg.InternalServerError("server closed the connection unexpectedly"), True, True),
        (asyncpg.InternalServerError("cache lookup failed"), False, False),
        (asyncpg.UniqueViolationError("23505"), False, False),
        (asyncpg.QueryCanceledError("57014"), False, False),
        (ValueError(), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_which_failures_are_worth_another_try(error: BaseException, lost: bool, retry: bool) -> None:
    assert (is_connection_failure(error), is_retryable(error)) == (lost, retry)


async def test_a_suitable_server_is_accepted(db: Database) -> None:
    await check_server_settings(db)


async def test_a_database_that_would_lose_commits_is_refused(postgres: Postgres, database: str) -> None:
    name = database.partition("///")[2].partition("?")[0]
    admin = await connect(postgres.server.admin_dsn)
    await admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await admin.close()
    async with Database(database) as db:
        with pytest.raises(UnsuitableServer, match=r"^synchronous_commit must not be off$"):
            await check_server_settings(db)


async def test_a_role_that_passes_by_row_level_security_is_refused(postgres: Postgres, db: Database) -> None:
    admin = await connect(postgres.server.admin_dsn)
    try:
        await admin.execute("ALTER ROLE heliograph_face BYPASSRLS")
        with pytest.raises(UnsuitableServer, match=r"^role heliograph_face must not bypass"):
            await check_server_settings(db)
    finally:
        await admin.execute("ALTER ROLE heliograph_face NOBYPASSRLS")
        await admin.close()


async def test_accounts_are_one_group_in_ascending_order() -> None:
    db = Database("postgresql:///unused")
    assert db.groups([3, 1, 3, 2]) == [[1, 2, 3]]
    assert db.groups([]) == []


def test_a_query_that_does_not_exist_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such_query\.sql"):
        load_query("no_such_query")
