"""The database of an installation for one command: of the one that runs, else started for the moment."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from heliograph.faces.cli.command_ground import Ground, MigrationPhase, MigrationReport
from heliograph.faces.cli.command_refused import NOT_AS_IT_SHOULD_BE, CommandRefused
from heliograph.secret_key import load_secret_key
from heliograph.settings import Settings, SettingsError
from heliograph.storage.database import (
    Database,
    Purpose,
    connect,
    is_connection_failure,
    transaction_on,
)
from heliograph.storage.embedded_postgres import DataDirectoryLocked, EmbeddedPostgres, running_dsn
from heliograph.storage.migrations_runner import MigrationError, Phase, check_schema, migrate, status
from heliograph.storage.partitions import make_partitions
from heliograph.storage.postgres_binaries import EmbeddedPostgresError
from heliograph.storage.sealing import Sealer, UnreadableSecret
from heliograph.storage.server_check import UnsuitableServer
from heliograph.wiring.mail_parts import mail_desk
from heliograph.wiring.parts import new_ids, sender_rules, utc_now
from heliograph.wiring.report_tester import report_tester

ATTACH_SECONDS: Final = 15.0
"""How long a command waits for an embedded PostgreSQL that is being started or stopped."""


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what can go wrong with settings, server and schema into a line for the person at the terminal."""
    try:
        yield
    except (
        SettingsError,
        EmbeddedPostgresError,
        MigrationError,
        UnsuitableServer,
        UnreadableSecret,
    ) as error:
        raise CommandRefused(str(error)) from None
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise CommandRefused(f"the database refuses us: {error}") from None
    except asyncpg.InvalidCatalogNameError as error:
        raise CommandRefused(str(error)) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        if not is_connection_failure(error):
            raise
        raise CommandRefused(f"the database cannot be reached: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def embedded_postgres(settings: Settings) -> EmbeddedPostgres:
    """The installation's own PostgreSQL, not started."""
    bin_dir = Path(settings.postgres_bin_dir) if settings.postgres_bin_dir else None
    return EmbeddedPostgres(settings.data_path, bin_dir=bin_dir)


async def prepare_schema(dsn: str, *, phases: frozenset[Phase] = frozenset(Phase)) -> list[str]:
    """Apply the missing migrations, then make the partitions for what is to come; what was applied."""
    applied = await migrate(dsn, phases=phases)
    connection = await connect(dsn, Purpose.OWNER)
    try:
        async with transaction_on(connection) as tx:
            await make_partitions(tx, utc_now())
    finally:
        await connection.close()
    return applied


async def require_schema(dsn: str) -> None:
    """Refuse a database that was never migrated, which has not even the roles that we connect as.

    Raises MigrationError.
    """
    if not (await status(dsn)).applied:
        raise MigrationError("the database has no schema yet: run `heliograph migrate`")


async def migrate_schema(settings: Settings, phase: MigrationPhase, *, dry: bool) -> MigrationReport:
    """Bring the schema of the database URL up to date."""
    if settings.is_embedded:
        raise CommandRefused(
            "HELIOGRAPH_DATABASE_URL is not set; `heliograph serve` brings its own PostgreSQL up to date"
        )
    phases = frozenset(Phase) if phase == "all" else frozenset({Phase(phase)})
    applied = [] if dry else await prepare_schema(settings.database_url, phases=phases)
    found = await status(settings.database_url)
    return MigrationReport(found.applied, tuple(applied), found.pending)


@asynccontextmanager
async def open_ground(settings: Settings) -> AsyncIterator[Ground]:
    """The database and what writing to it needs."""
    with ExitStack() as stack:
        stack.enter_context(in_one_line())
        dsn = settings.database_url or await _embedded_dsn(settings, stack)
        await require_schema(dsn)
        async with Database(dsn) as database:
            await check_schema(database)
            ids = new_ids()

            def sealer() -> Sealer:
                return Sealer(load_secret_key(settings))

            yield Ground(
                database=database,
                sealer=sealer,
                ids=ids,
                now=utc_now,
                random_bytes=os.urandom,
                number_prefix=settings.accounts.number_prefix,
                currency=settings.accounts.currency,
                loopback_reports=settings.loopback_reports_allowed,
                sender_rules=sender_rules(settings),
                public_url=_public_url(settings),
                mail_desk=lambda: mail_desk(settings, sealer(), ids) if settings.mail.host else None,
                retention_days=settings.accounts.retention_days,
                send_test_report=lambda: report_tester(settings, database, sealer().open),
            )


def _public_url(settings: Settings) -> str:
    """How people reach us: as it is set, else as the installation that runs here says."""
    address = settings.data_path / "address"
    if settings.http.public_url or not settings.is_embedded or not address.is_file():
        return settings.public_url
    return address.read_text("ascii", "replace").strip()


async def _embedded_dsn(settings: Settings, stack: ExitStack) -> str:
    """How to reach the embedded PostgreSQL: as it runs, else started until the stack is closed."""
    if not (settings.data_path / "postgres").is_dir():
        raise CommandRefused(
            f"there is no Heliograph in {settings.data_path} yet: run `heliograph serve` first, or name "
            "another folder with --data",
        )
    deadline = asyncio.get_running_loop().time() + ATTACH_SECONDS
    while True:
        server = embedded_postgres(settings)
        try:
            dsn = server.start()
        except DataDirectoryLocked:
            dsn = running_dsn(settings.data_path)
            if await _answers(dsn):
                return dsn
        else:
            stack.callback(server.stop)
            await prepare_schema(dsn)
            return dsn
        if asyncio.get_running_loop().time() > deadline:
            raise CommandRefused(
                f"the PostgreSQL in {settings.data_path} does not answer", exit_code=NOT_AS_IT_SHOULD_BE
            )
        await asyncio.sleep(0.1)


async def _answers(dsn: str) -> bool:
    try:
        connection = await connect(dsn)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        if not is_connection_failure(error):
            raise
        return False
    await connection.close()
    return True
