"""The database of the bench: the product's own PostgreSQL on a real disk, with one account and a past."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from bench.carrier_process import PASSWORD, SYSTEM_ID
from bench.load_client import TEXT
from bench.preload import BATCH_SIZE, preload
from heliograph.domain.ids import IdSource
from heliograph.services.first_start import STANDARD_PRICE, FirstStartSettings, first_start
from heliograph.storage.accounts import AccountSettingsChange, change_account
from heliograph.storage.database import Database, connect, transaction_on
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from heliograph.storage.migrations_runner import migrate
from heliograph.storage.partitions import make_partitions
from heliograph.storage.sealing import Sealer

SECRET_KEY: Final = "be" * 32
PRICE: Final = STANDARD_PRICE
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_CREDIT: Final = 100_000_000


class NotOnDisk(Exception):
    """The folder for the data is in memory, where an fsync costs nothing; one line."""


class BenchServer(NamedTuple):
    """A running server."""

    postgres: EmbeddedPostgres
    folder: Path
    dsn: str
    postmaster: int
    """Its process id."""


class BenchAccount(NamedTuple):
    """The one account that everything is sent by."""

    account_id: int
    token: str


def file_system_of(folder: Path) -> str:
    """The type of the file system that holds a folder."""
    mounts = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    resolved = folder.resolve()
    for place in (resolved, *resolved.parents):
        if str(place) in mounts:
            return mounts[str(place)]
    return "unknown"


@contextmanager
def bench_server(settings: Mapping[str, str] | None = None) -> Iterator[BenchServer]:
    """A new server in a folder of its own, gone afterwards. Raises NotOnDisk.

    ``settings`` are PostgreSQL's, on top of the product's; for profiles only.
    """
    # This one survives a reboot, by the hierarchy standard, so it is hardly ever in memory.
    place = "/var/tmp" if Path("/var/tmp").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="hgbench", dir=place))
    try:
        folder.chmod(0o711)
        if file_system_of(folder) in _IN_MEMORY:
            raise NotOnDisk(f"{folder} is in memory; set TMPDIR to a folder on a disk")
        with EmbeddedPostgres(folder / "pg", settings=settings) as postgres:
            pid = int((folder / "pg" / "postgres" / "postmaster.pid").read_text().split()[0])
            yield BenchServer(postgres, folder, postgres.dsn(), pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def make_account(
    server: BenchServer,
    *,
    carrier_port: int,
    past: int,
    batch_size: int = BATCH_SIZE,
    seconds_apart: int = 1,
) -> BenchAccount:
    """Schema, the first account with reports of final codes, the carrier, and ``past`` delivered messages.

    They are in batches of that size, one made so many seconds after the other.
    """
    now = datetime.now(UTC)
    await migrate(server.dsn)
    owner = await connect(server.dsn)
    async with transaction_on(owner) as tx:
        await make_partitions(tx, now)
    await owner.close()
    async with Database(server.dsn) as database:
        made = await first_start(
            database,
            FirstStartSettings(
                simulator_host="127.0.0.1",
                simulator_port=carrier_port,
                simulator_system_id=SYSTEM_ID,
                simulator_password=PASSWORD,
                test_credit=_CREDIT,
            ),
            sealer=Sealer(bytes.fromhex(SECRET_KEY)),
            now=now,
            ids=IdSource(os.urandom(5)),
            random_bytes=os.urandom,
        )
        assert made is not None
        async with database.transaction() as tx:
            final_only = AccountSettingsChange(report_codes="final", http_reports=True)
            await change_account(tx, made.account_id, final_only, now=now)
            carrier_id = await tx.fetchval("SELECT carrier_id FROM carrier")
    await preload(
        server.dsn,
        account_id=made.account_id,
        carrier_id=carrier_id,
        messages=past,
        price=PRICE,
        text=TEXT,
        now=now,
        batch_size=batch_size,
        seconds_apart=seconds_apart,
    )
    await write_checkpoint(server)
    return BenchAccount(made.account_id, made.token)


async def write_checkpoint(server: BenchServer) -> None:
    """Write down what was loaded, so that no run pays for it."""
    connection = await connect(server.postgres.admin_dsn)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
