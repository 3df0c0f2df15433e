"""A PostgreSQL server for a whole test process, and a fresh migrated database for each test.

The server is the product's own, with every durability setting on. Its data lie in memory where the system
has a memory file system, so that a disk's speed does not decide how long the tests take.
"""

import asyncio
import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from heliograph.storage.database import connect, transaction_on
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from heliograph.storage.migrations_runner import migrate
from heliograph.storage.partitions import make_partitions
from heliograph.storage.postgres_configuration import OWNER_ROLE

TEMPLATE = "heliograph_template"
_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 1 << 30
_STARTING_SECONDS = 60
_MARK = "held"
_SETTINGS = {
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "min_wal_size": "80MB",
    "max_connections": "100",
    "logging_collector": "off",
}


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A new folder with a short path, in memory if possible, that every system user may pass through."""
    with tempfile.TemporaryDirectory(prefix="hg", dir=_fast_place()) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def _remove_abandoned(place: Path) -> None:
    """Free the memory of servers whose test process was killed: nobody holds their folder any more."""
    for mark in place.glob(f"hg*/{_MARK}"):
        status = mark.stat()
        if status.st_uid != os.geteuid() or time.time() - status.st_mtime < _STARTING_SECONDS:
            continue
        with mark.open("rb") as held, contextlib.suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(mark.parent, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep a folder from being taken for abandoned, also while a test has stopped the server in it."""
    with (folder / _MARK).open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _fast_place() -> Path:
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _NEEDED_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


class Postgres:
    """One running server that hands out databases."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._has_template = False

    def create_database(self, *, migrated: bool = True) -> str:
        """The name of a new database, with the newest schema unless told otherwise."""
        name = f"test_{next(self._numbers)}"
        asyncio.run(self._create(name, migrated=migrated))
        return name

    def drop_database(self, name: str) -> None:
        asyncio.run(self._administer(f"DROP DATABASE {name} WITH (FORCE)"))

    def dsn(self, database: str) -> str:
        return self.server.dsn(database)

    async def _create(self, name: str, *, migrated: bool) -> None:
        if migrated and not self._has_template:
            await self._administer(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER_ROLE}")
            await migrate(self.server.dsn(TEMPLATE))
            await self._partition()
            self._has_template = True
        source = TEMPLATE if migrated else "template1"
        await self._administer(
            f"CREATE DATABASE {name} TEMPLATE {source} OWNER {OWNER_ROLE} STRATEGY FILE_COPY"
        )

    async def _partition(self) -> None:
        connection = await connect(self.server.dsn(TEMPLATE))
        try:
            async with transaction_on(connection) as tx:
                await make_partitions(tx, datetime.now(UTC))
        finally:
            await connection.close()

    async def _administer(self, statement: str) -> None:
        connection = await connect(self.server.admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server in a folder of its own, gone afterwards."""
    _remove_abandoned(_fast_place())
    with (
        reachable_folder() as folder,
        _held(folder),
        EmbeddedPostgres(folder / "pg", settings=_SETTINGS) as server,
    ):
        yield Postgres(server)
