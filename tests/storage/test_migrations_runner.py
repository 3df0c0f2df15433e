import asyncio
from pathlib import Path

import asyncpg
import pytest

from heliograph.storage.database import Database, Purpose, connect
from heliograph.storage.migrations_runner import (
    Migration,
    MigrationError,
    Phase,
    check_schema,
    migrate,
    own_migrations,
    read_migrations,
    status,
    status_of,
)
from tests.support.postgres import Postgres

FIRST = "CREATE TABLE one (n integer);"
SECOND = "ALTER TABLE one ADD COLUMN m integer;"
THIRD = "ALTER TABLE one DROP COLUMN n;"


def migrations(folder: Path, **files: str) -> tuple[Migration, ...]:
    for name, sql in files.items():
        (folder / f"{name.removeprefix('_')}.sql").write_text(sql)
    return read_migrations(folder)


@pytest.fixture
def three(tmp_path: Path) -> tuple[Migration, ...]:
    return migrations(tmp_path, _0001_pre_one=FIRST, _0002_pre_more=SECOND, _0003_post_less=THIRD)


async def columns(dsn: str) -> list[str]:
    connection = await connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT column_name::text FROM information_schema.columns "
            "WHERE table_schema = 'heliograph' AND table_name = 'one' ORDER BY 1"
        )
        return [row[0] for row in rows]
    finally:
        await connection.close()


async def test_applies_each_file_once_in_order(empty_database: str, three: tuple[Migration, ...]) -> None:
    assert (await status(empty_database, migrations=three)).applied == ()
    names = ["0001_pre_one.sql", "0002_pre_more.sql", "0003_post_less.sql"]
    assert await migrate(empty_database, migrations=three) == names
    assert await migrate(empty_database, migrations=three) == []
    assert await columns(empty_database) == ["m"]
    assert (await status(empty_database, migrations=three)).applied == tuple(names)


async def test_a_rolling_upgrade_runs_what_adds_first(
    empty_database: str, three: tuple[Migration, ...]
) -> None:
    await migrate(empty_database, migrations=three, phases=frozenset({Phase.PRE}))
    assert await columns(empty_database) == ["m", "n"]
    assert (await status(empty_database, migrations=three)).pending == ("0003_post_less.sql",)
    assert await migrate(empty_database, migrations=three) == ["0003_post_less.sql"]


async def test_a_failing_file_leaves_nothing_of_itself(empty_database: str, tmp_path: Path) -> None:
    broken = migrations(tmp_path, _0001_pre_one=FIRST, _0002_pre_bad=SECOND + "SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"^0002_pre_bad.sql: division by zero"):
        await migrate(empty_database, migrations=broken)
    assert await columns(empty_database) == ["n"]
    assert (await status(empty_database, migrations=broken)).pending == ("0002_pre_bad.sql",)


async def test_a_file_that_changed_after_it_was_applied_is_refused(
    empty_database: str, tmp_path: Path
) -> None:
    await migrate(empty_database, migrations=migrations(tmp_path, _0001_pre_one=FIRST))
    changed = migrations(tmp_path, _0001_pre_one=FIRST + "\n", _0002_pre_more=SECOND)
    with pytest.raises(MigrationError, match=r"another content than now: 0001_pre_one\.sql$"):
        await migrate(empty_database, migrations=changed)
    assert await columns(empty_database) == ["n"]


async def test_two_runners_at_once_apply_each_file_once(
    empty_database: str, three: tuple[Migration, ...]
) -> None:
    applied = await asyncio.gather(*(migrate(empty_database, migrations=three) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 3]


async def test_a_lock_that_others_hold_is_not_waited_for_long(empty_database: str, tmp_path: Path) -> None:
    await migrate(empty_database, migrations=migrations(tmp_path, _0001_pre_one=FIRST))
    reader = await connect(empty_database)
    await reader.execute("BEGIN; LOCK TABLE one IN ACCESS SHARE MODE")
    blocked = migrations(tmp_path, _0002_pre_more=SECOND)
    with pytest.raises(MigrationError, match="lock timeout"):
        await migrate(empty_database, migrations=blocked, lock_seconds=0.05)
    await reader.close()
    assert await migrate(empty_database, migrations=blocked) == ["0002_pre_more.sql"]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"_0001_one": ""}, "0001_one.sql is not named like"),
        ({"_1_pre_one": ""}, "1_pre_one.sql is not named like"),
        (
            {"_0001_pre_one": "", "_0001_pre_two": ""},
            "not numbered 1 to 2: 0001_pre_one.sql, 0001_pre_two.sql",
        ),
        ({"_0001_pre_one": "", "_0003_pre_two": ""}, "not numbered 1 to 2"),
    ],
)
def test_wrong_names_and_gaps_are_refused(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    with pytest.raises(MigrationError, match=complaint):
        migrations(tmp_path, **files)


async def test_both_roles_are_bound_and_cannot_sign_in(empty_database: str) -> None:
    await migrate(empty_database, migrations=())
    connection = await connect(empty_database)
    rows = await connection.fetch(
        "SELECT rolname::text, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole FROM pg_roles "
        "WHERE rolname IN ('heliograph_face', 'heliograph_engine') ORDER BY 1"
    )
    await connection.close()
    assert [tuple(row) for row in rows] == [
        ("heliograph_engine", False, False, False, False),
        ("heliograph_face", False, False, False, False),
    ]


async def test_a_user_without_the_rights_is_told_which(postgres: Postgres) -> None:
    admin = await connect(postgres.server.admin_dsn)
    await admin.execute("GRANT pg_monitor TO heliograph_owner")
    await admin.close()
    as_stranger = f"{postgres.server.dsn('postgres')}&role=pg_monitor"
    with pytest.raises(MigrationError, match=r"^cannot prepare the database: .* must own it, and be allowed"):
        await migrate(as_stranger, migrations=())


async def test_the_release_fits_its_own_schema(database: str) -> None:
    async with Database(database) as db:
        await check_schema(db)
    found = await status(database)
    assert found.applied == tuple(migration.name for migration in own_migrations())
    assert (found.pending, found.unknown, found.changed) == ((), (), ())


async def test_a_schema_without_our_migrations_is_refused(empty_database: str) -> None:
    await migrate(empty_database, migrations=())
    async with Database(empty_database) as db:
        with pytest.raises(MigrationError, match=r"lacks 0001_pre_\w+.sql.*heliograph migrate"):
            await check_schema(db)


@pytest.mark.parametrize("phase", Phase)
async def test_a_newer_release_may_add_but_not_take_away(database: str, phase: Phase) -> None:
    name = f"9000_{phase.value}_newer.sql"
    async with Database(database) as db:
        await db.fetch(Purpose.OWNER, "INSERT INTO migration VALUES (9000, $1, '')", name)
        if phase is Phase.PRE:
            await check_schema(db)
        else:
            with pytest.raises(MigrationError, match=f"newer release, which applied {name}"):
                await check_schema(db)


async def test_the_roles_may_read_which_migrations_there_are_and_not_change_it(database: str) -> None:
    async with Database(database) as db:
        for purpose in (Purpose.FACE, Purpose.GENERAL):
            assert await db.fetch(purpose, "SELECT FROM migration")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.fetch(purpose, "DELETE FROM migration")


def test_status_compares_by_name_and_content(three: tuple[Migration, ...]) -> None:
    applied = {"0001_pre_one.sql": "other", "0002_pre_more.sql": three[1].checksum, "0009_pre_x.sql": ""}
    found = status_of(three, applied)
    assert found.applied == ("0001_pre_one.sql", "0002_pre_more.sql")
    assert (found.pending, found.unknown) == (("0003_post_less.sql",), ("0009_pre_x.sql",))
    assert found.changed == ("0001_pre_one.sql",)
