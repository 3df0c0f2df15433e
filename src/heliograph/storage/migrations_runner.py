"""Brings the schema up to date: numbered SQL files, each applied once, in one transaction.

A file is named ``NNNN_pre_what.sql`` or ``NNNN_post_what.sql``. *pre* files only add, so the release before
keeps working while machines are upgraded one by one; *post* files take away what only it needed, and run
when no machine of it is left. Migrations run through the coordinator when the database is a Citus cluster.
"""

import enum
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import asyncpg

from heliograph.storage.database import (
    ENGINE_ROLE,
    FACE_ROLE,
    SCHEMA,
    Connection,
    Database,
    Purpose,
    connect,
    transaction_on,
)

LOCK_SECONDS = 2.0
_ADVISORY_LOCK = 0x68656C696F  # "helio"
_FILE_NAME = re.compile(r"([0-9]{4})_(pre|post)_([a-z0-9_]+)\.sql")


class MigrationError(Exception):
    """The schema and this release do not fit together; one line."""


class Phase(enum.Enum):
    """When a migration runs in a rolling upgrade."""

    PRE = "pre"  # before the first machine runs the new release
    POST = "post"  # after the last machine left the old one


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    number: int
    phase: Phase
    name: str  # the file's name
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the database has and what this release has, by file name in order."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]  # applied, but not of this release: a newer one was here
    changed: tuple[str, ...]  # applied with another content


@cache
def own_migrations() -> tuple[Migration, ...]:
    """The migrations of this release."""
    return read_migrations(resources.files("heliograph.storage").joinpath("migrations"))


def read_migrations(folder: Traversable) -> tuple[Migration, ...]:
    """The migrations in a folder, in order. Raises MigrationError for a wrong name or a number used twice."""
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    found = [_parse(name, folder.joinpath(name).read_text("utf-8")) for name in names]
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations are not numbered 1 to {len(found)}: {', '.join(names)}")
    return tuple(found)


def _parse(name: str, sql: str) -> Migration:
    match = _FILE_NAME.fullmatch(name)
    if match is None:
        raise MigrationError(f"{name} is not named like 0001_pre_what.sql or 0001_post_what.sql")
    return Migration(number=int(match[1]), phase=Phase(match[2]), name=name, sql=sql)


async def migrate(
    dsn: str,
    *,
    migrations: Iterable[Migration] | None = None,
    phases: frozenset[Phase] = frozenset(Phase),
    lock_seconds: float = LOCK_SECONDS,
) -> list[str]:
    """Apply what is missing, in order, and return the names of what was applied.

    One runner at a time: a second one waits for the first and then finds nothing to do. Connect as the
    owner of the tables. Pools opened before need new connections afterwards. A file that cannot have its
    locks within ``lock_seconds`` fails and may be tried again. Raises MigrationError.
    """
    wanted = own_migrations() if migrations is None else tuple(migrations)
    connection = await connect(dsn, Purpose.OWNER)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK)
        await _make_ground(connection)
        present = status_of(wanted, await _applied(connection))
        _refuse_changed(present)
        pending = [m for m in wanted if m.name in present.pending and m.phase in phases]
        for migration in pending:
            await _apply(connection, migration, lock_seconds)
        return [migration.name for migration in pending]
    finally:
        await connection.close()


async def status(dsn: str, *, migrations: Iterable[Migration] | None = None) -> Status:
    """How the database stands to this release; changes nothing."""
    connection = await connect(dsn, Purpose.OWNER)
    try:
        wanted = own_migrations() if migrations is None else migrations
        return status_of(wanted, await _applied(connection))
    finally:
        await connection.close()


async def check_schema(database: Database) -> None:
    """Refuse to run on a schema that this release does not fit. Raises MigrationError.

    Every *pre* file of this release must be there, and no *post* file of a newer one. A newer release's
    *pre* files may be there already, and this release's *post* files may still be missing.
    """
    async with database.transaction(Purpose.GENERAL) as tx:
        present = status_of(own_migrations(), await _applied(tx))
    _refuse_changed(present)
    missing = [name for name in present.pending if _phase(name) is Phase.PRE]
    if missing:
        raise MigrationError(f"the database lacks {', '.join(missing)}: run `heliograph migrate`")
    beyond = [name for name in present.unknown if _phase(name) is Phase.POST]
    if beyond:
        raise MigrationError(f"the database is of a newer release, which applied {', '.join(beyond)}")


def status_of(wanted: Iterable[Migration], applied: Mapping[str, str]) -> Status:
    """Compare a release's migrations with the applied ones (name to checksum)."""
    ours = {migration.name: migration.checksum for migration in wanted}
    return Status(
        applied=tuple(name for name in ours if name in applied),
        pending=tuple(name for name in ours if name not in applied),
        unknown=tuple(sorted(applied.keys() - ours.keys())),
        changed=tuple(name for name in ours if applied.get(name, ours[name]) != ours[name]),
    )


def _refuse_changed(present: Status) -> None:
    if present.changed:
        raise MigrationError(f"applied with another content than now: {', '.join(present.changed)}")


def _phase(name: str) -> Phase:
    return _parse(name, "").phase


async def _applied(connection: Connection) -> dict[str, str]:
    if await connection.fetchval(f"SELECT to_regclass('{SCHEMA}.migration')") is None:
        return {}
    rows = await connection.fetch(f"SELECT name, checksum FROM {SCHEMA}.migration ORDER BY name")
    return {row["name"]: row["checksum"] for row in rows}


async def _apply(connection: Connection, migration: Migration, lock_seconds: float) -> None:
    try:
        async with transaction_on(connection) as tx:
            await tx.execute(
                f"SET LOCAL lock_timeout = {round(lock_seconds * 1000)};"
                "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"
            )
            await tx.execute(migration.sql)
            await tx.execute(
                f"INSERT INTO {SCHEMA}.migration (number, name, checksum) VALUES ($1, $2, $3)",
                *(migration.number, migration.name, migration.checksum),
            )
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


async def _make_ground(connection: Connection) -> None:
    """The schema, the two roles and the list of migrations, which the first migration builds on."""
    try:
        async with transaction_on(connection) as tx:
            await tx.execute(_GROUND)
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"cannot prepare the database: {_first_line(error)}. Its user must own it, and be allowed to "
            f"create roles or be a member of {FACE_ROLE} and {ENGINE_ROLE}"
        ) from error


# Roles belong to the whole server: another database of it may have made them, even at this moment.
_GROUND = f"""
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['{FACE_ROLE}', '{ENGINE_ROLE}'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        IF NOT pg_has_role(current_user, wanted, 'SET') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE, INHERIT FALSE', wanted);
        END IF;
    END LOOP;
    -- Whoever reads how large the database is must be allowed to connect; ours lets in nobody else.
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO {ENGINE_ROLE}', current_database());
END $$;
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
GRANT USAGE ON SCHEMA {SCHEMA} TO {FACE_ROLE}, {ENGINE_ROLE};
CREATE TABLE IF NOT EXISTS {SCHEMA}.migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON {SCHEMA}.migration TO {FACE_ROLE}, {ENGINE_ROLE};
"""
