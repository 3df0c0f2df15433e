"""Connections to PostgreSQL by purpose, and the only place that commits.

A transaction is opened with ``async with database.transaction(...)``; it commits when the block ends and
rolls back when the block raises. Nothing else in the project begins or ends one. All session state is set
when a connection is made or with SET LOCAL, so a connection needs no cleaning between two uses.
"""

import asyncio
import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Self, TypeAlias

import asyncpg

SCHEMA = "heliograph"
FACE_ROLE = "heliograph_face"
ENGINE_ROLE = "heliograph_engine"
CONNECT_SECONDS = 10.0
ROLLBACK_SECONDS = 5.0

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # generic for the type checker only
Transaction: TypeAlias = Connection
Row: TypeAlias = asyncpg.Record


class Purpose(enum.Enum):
    """What a connection is for; each purpose has its own pool, role and planner settings."""

    FACE = "face"  # one account's own rows, read only by row-level security
    HOT = "hot"  # short statements by key of the engine: accept, dispatch, receipts, reports
    GENERAL = "general"  # everything else of the engine: lists, sums, settings, housekeeping
    OWNER = "owner"  # the owner of the tables: partitions and migrations only


# The citus.* settings are accepted and ignored by plain PostgreSQL.
_EVERY_SESSION = {
    "search_path": SCHEMA,
    "timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "citus.override_table_visibility": "off",
    "citus.propagate_set_commands": "local",
}
_SESSIONS: Mapping[Purpose, Mapping[str, str]] = {
    Purpose.FACE: {
        "role": FACE_ROLE,
        "statement_timeout": "30s",
        # Lists have filters that may be absent, and which index serves depends on those that are there.
        "plan_cache_mode": "force_custom_plan",
        # What is read is bounded, and an index leads to it; a hash of a whole table never pays.
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
    },
    Purpose.HOT: {
        "role": ENGINE_ROLE,
        # A process that stands still in a transaction has its lease locked: nobody could take over from it.
        "idle_in_transaction_session_timeout": "15s",
        # Join a handful of keys to a large table by its index, whatever the statistics say.
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        # Plan once: planning the large statements anew costs as much as running them, and plans made for
        # present values read whole partitions where those are small.
        "plan_cache_mode": "force_generic_plan",
        "citus.max_adaptive_executor_pool_size": "1",
        "citus.all_modifications_commutative": "on",
    },
    Purpose.GENERAL: {"role": ENGINE_ROLE},
    Purpose.OWNER: {},
}
_POOL_SIZES: Mapping[Purpose, int] = {
    Purpose.FACE: 6,
    Purpose.HOT: 6,
    Purpose.GENERAL: 4,
    Purpose.OWNER: 1,
}


@cache
def load_query(name: str) -> str:
    """The statement in queries/<name>.sql, read once for the life of the process."""
    return resources.files("heliograph.storage").joinpath("queries", f"{name}.sql").read_text("utf-8")


async def connect(
    dsn: str, purpose: Purpose = Purpose.OWNER, *, settings: Mapping[str, str] | None = None
) -> Connection:
    """A connection of its own, with the session settings of its purpose.

    ``settings`` are added to them. Statements stay prepared for the life of the connection.
    """
    with _cancelled_by_its_owner_only():
        return await asyncpg.connect(
            dsn,
            timeout=CONNECT_SECONDS,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            server_settings={
                "application_name": f"heliograph {purpose.value}",
                **_EVERY_SESSION,
                **_SESSIONS[purpose],
                **(settings or {}),
            },
        )


@contextmanager
def _cancelled_by_its_owner_only() -> Iterator[None]:
    """Tell a lost connection from a cancelled task.

    When a connection dies at certain moments the driver cancels the wait for it. Nobody has cancelled the
    task then, and a loop that took it for the end would never work again.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise asyncpg.ConnectionDoesNotExistError("the connection was lost during a statement") from error


class Database:
    """The pools of one process. Connections are made when first needed.

    ``ring`` wakes who waits on a channel that a committed transaction announced.

    ``pool_sizes`` are upper bounds by purpose; the defaults suit one process of one role.
    ``session_name`` says what the sessions for a purpose are called.
    """

    def __init__(
        self,
        dsn: str,
        *,
        pool_sizes: Mapping[Purpose, int] | None = None,
        ring: Callable[[str], None] | None = None,
        session_name: Callable[[str], str] | None = None,
    ) -> None:
        self._dsn = dsn
        self._session_name = session_name
        self._ring = ring
        sizes = {**_POOL_SIZES, **(pool_sizes or {})}
        self._pools = {
            purpose: _Pool(partial(self._connect, purpose), purpose, sizes[purpose]) for purpose in Purpose
        }

    def __repr__(self) -> str:
        return f"<Database {' '.join(map(str, self._pools.values()))}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; those in use are closed when they come back."""
        for pool in self._pools.values():
            await pool.close()

    @asynccontextmanager
    async def transaction(
        self, purpose: Purpose = Purpose.GENERAL, *, account_id: int | None = None
    ) -> AsyncIterator[Transaction]:
        """One transaction: committed when the block ends, rolled back when it raises.

        ``account_id`` is what row-level security binds the transaction to.
        """
        async with (
            self._borrowed(purpose) as connection,
            transaction_on(connection, account_id=account_id, ring=self._ring) as tx,
        ):
            yield tx

    @asynccontextmanager
    async def reader(self, account_id: int) -> AsyncIterator[Transaction]:
        """A read-only transaction that sees the rows of one account and nothing else."""
        async with self._borrowed(Purpose.FACE) as connection:
            try:
                await connection.execute(f"BEGIN READ ONLY; {_bind_account(account_id)}")
                yield connection
            finally:
                await _roll_back(connection)

    @asynccontextmanager
    async def autocommit(self, purpose: Purpose) -> AsyncIterator[Connection]:
        """A connection on which every statement is a transaction of its own: for reads that need no snapshot.

        Two round trips less than a transaction.
        """
        async with self._borrowed(purpose) as connection:
            yield connection

    async def fetch(self, purpose: Purpose, statement: str, *arguments: object) -> Sequence[Row]:
        """One statement that is a transaction of its own: two round trips less than a block."""
        async with self._borrowed(purpose) as connection:
            try:
                return await connection.fetch(statement, *arguments)
            except asyncio.CancelledError:
                connection.terminate()  # else its next user waits for what the server still does
                raise

    @asynccontextmanager
    async def _borrowed(self, purpose: Purpose) -> AsyncIterator[Connection]:
        pool = self._pools[purpose]
        connection = await pool.take()
        try:
            with _cancelled_by_its_owner_only():
                yield connection
        except BaseException as error:
            if is_connection_failure(error):
                connection.terminate()
            raise
        finally:
            pool.give_back(connection)

    async def dedicated_connection(self, purpose: Purpose = Purpose.HOT) -> Connection:
        """A connection outside the pools, for one long-lived owner such as the group commit.

        Its owner opens transactions with ``transaction_on``, closes it, and asks for a new one after
        ``is_connection_failure``.
        """
        return await self._connect(purpose)

    async def _connect(self, purpose: Purpose) -> Connection:
        name = self._session_name and self._session_name(purpose.value)
        return await connect(self._dsn, purpose, settings={"application_name": name} if name else None)

    def groups(self, account_ids: Iterable[int]) -> list[list[int]]:
        """The accounts in the groups that one statement may touch together, each in ascending order.

        PostgreSQL is one group. On Citus a statement that names several accounts goes to every shard
        unless it names the accounts of one shard only, so there it would be one group a shard. Ascending
        order keeps two such statements from waiting for each other.
        """
        ordered = sorted(set(account_ids))
        return [ordered] if ordered else []


@asynccontextmanager
async def transaction_on(
    connection: Connection, *, account_id: int | None = None, ring: Callable[[str], None] | None = None
) -> AsyncIterator[Transaction]:
    """One transaction on a connection of one's own; see Database.transaction.

    ``ring`` is told the channels that were announced in it, once it has committed.
    """
    try:
        with _cancelled_by_its_owner_only():
            await connection.execute("BEGIN" if account_id is None else f"BEGIN; {_bind_account(account_id)}")
            yield connection
            await _commit(connection)
    except BaseException:
        _announced.pop(connection, None)
        await _roll_back(connection)
        raise
    channels = _announced.pop(connection, None)
    if channels and ring is not None:
        for channel in channels:
            ring(channel)


_announced: dict[Connection, set[str]] = {}


def announce(tx: Transaction, channel: str) -> None:
    """Let those who wait on a wake-up channel be woken once this transaction has committed."""
    _announced.setdefault(tx, set()).add(channel)


async def _commit(connection: Connection) -> None:
    if await connection.execute("COMMIT") != "COMMIT":
        # COMMIT after a statement that failed and was swallowed is answered with ROLLBACK.
        raise asyncpg.InFailedSQLTransactionError("the transaction was rolled back: a statement had failed")


async def _roll_back(connection: Connection) -> None:
    # The failure that led here is worth more than one of the rollback; a connection that could not roll
    # back is closed, which rolls back too.
    try:
        if not connection.is_closed():
            await connection.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
    except Exception:
        connection.terminate()
    except BaseException:
        connection.terminate()
        raise


def _bind_account(account_id: int) -> str:
    return f"SET LOCAL heliograph.account = '{int(account_id)}'"


class _Pool:
    """At most ``size`` connections, the last used first.

    asyncpg's own pool cleans session state with a round trip at every return; ours has none to clean.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], purpose: Purpose, size: int) -> None:
        self._connect = connect
        self._purpose = purpose
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._in_use = 0
        self._closed = False

    def __str__(self) -> str:
        return f"{self._purpose.value}={self._in_use}+{len(self._idle)}/{self._size}"

    async def take(self) -> Connection:
        if self._closed:
            raise asyncpg.InterfaceError("the database is closed")
        await self._free.acquire()
        try:
            connection = self._live_idle() or await self._connect()
        except BaseException:
            self._free.release()
            raise
        self._in_use += 1
        return connection

    def give_back(self, connection: Connection) -> None:
        self._in_use -= 1
        self._free.release()
        if connection.is_closed():
            return
        if self._closed or connection.is_in_transaction():
            connection.terminate()
        else:
            self._idle.append(connection)

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            with suppress(Exception):
                await self._idle.pop().close(timeout=2)

    def _live_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None


def is_connection_failure(error: BaseException) -> bool:
    """Whether the connection, not the statement, failed: get a new one and try again later.

    If it happened during a commit, whether the commit took place is unknown.
    """
    # The driver calls it an internal error when the server hangs up between two statements.
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)):
        return True
    if not isinstance(error, asyncpg.PostgresError):
        return isinstance(error, OSError)
    state = _sqlstate(error)
    # XX000 with such a text: Citus lost one of its nodes.
    return state[:2] == "08" or state[:4] == "57P0" or (state == "XX000" and "connection" in str(error))


def is_retryable(error: BaseException) -> bool:
    """Whether the same work may succeed when tried again: lost connection, deadlock, conflict, overload."""
    if is_connection_failure(error):
        return True
    if isinstance(error, (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)):
        return True  # a migration came in between; the driver has dropped what it knew
    # 40: rollback by serialization or deadlock; 53: out of disk, memory or connections; 55P03: lock timeout
    state = _sqlstate(error)
    return state in ("40001", "40P01", "55P03") or state[:2] == "53"


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")
