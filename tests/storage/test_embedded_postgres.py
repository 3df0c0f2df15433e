import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heliograph.storage.database import connect
from heliograph.storage.embedded_postgres import (
    DataDirectoryLocked,
    DataDirectoryUnreachable,
    EmbeddedPostgres,
    StartFailed,
)
from heliograph.storage.postgres_binaries import (
    BinariesNotFound,
    find_binaries,
    first_unreachable,
    server_user,
)
from tests.support.postgres import reachable_folder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
SMALL = {"shared_buffers": "16MB"}
PROGRAM = """
import sys, threading
from pathlib import Path
from heliograph.storage.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
if sys.argv[2] == "survives":  # started by a thread, it is not told of the end of its parent
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
else:
    server.start()
print(server, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        yield path


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with reachable_folder() as path, EmbeddedPostgres(path / "data", settings=SMALL) as running:
        yield running


def ask(dsn: str, *statements: str) -> object:
    """What the last statement answers; each is a transaction of its own."""

    async def run() -> object:
        connection = await connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


def postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("jit", "off"),
        ("log_error_verbosity", "terse"),
        ("shared_buffers", "16MB"),
    ],
)
def test_runs_with_the_settings_we_promise(server: EmbeddedPostgres, setting: str, value: str) -> None:
    assert ask(server.dsn(), f"SELECT current_setting('{setting}')") == value


def test_sorts_text_by_code_point_in_every_locale(server: EmbeddedPostgres) -> None:
    assert (
        ask(server.dsn(), "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{ä,b,B,a}'::text[]) x") == "Babä"
    )
    assert ask(server.dsn(), "SELECT upper('ä')") == "Ä"


def test_the_owner_of_the_database_is_no_superuser(server: EmbeddedPostgres) -> None:
    assert ask(server.dsn(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_only_roles_of_the_map_may_connect(server: EmbeddedPostgres) -> None:
    ask(server.admin_dsn, "CREATE ROLE somebody LOGIN", "SELECT 1")
    with pytest.raises(Exception, match='Peer authentication failed for user "somebody"'):
        ask(server.dsn(role="somebody"), "SELECT 1")


@needs_root
def test_no_other_system_user_reaches_the_socket(server: EmbeddedPostgres) -> None:
    psql = find_binaries(None).program("psql")
    nobody = pwd.getpwnam("nobody")
    answer = subprocess.run(
        [psql, "-XAt", "-c", "SELECT 1", server.dsn()],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Permission denied" in answer.stderr


def test_a_second_server_on_the_same_data_is_refused_in_one_line(server: EmbeddedPostgres) -> None:
    data_dir = server._data_dir
    with pytest.raises(DataDirectoryLocked, match=f"^{data_dir} is in use .* \\(process {os.getpid()}\\)$"):
        EmbeddedPostgres(data_dir).start()
    assert ask(server.dsn(), "SELECT 1") == 1


def test_keeps_its_data_over_stop_start_and_crash(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "data", settings=SMALL)
    dsn = server.start()
    ask(dsn, "CREATE TABLE public.kept (n int)", "INSERT INTO public.kept VALUES (1) RETURNING n")
    server.stop()
    assert "stopped" in repr(server)
    assert server.start() == dsn
    ask(dsn, "INSERT INTO public.kept VALUES (2) RETURNING n")
    server.crash()
    assert not server.is_running()
    with server:
        assert ask(dsn, "SELECT sum(n) FROM public.kept") == 3


def test_the_server_of_a_killed_process_ends_with_it(folder: Path) -> None:
    parent = _start_elsewhere(folder / "data", "ends")
    pid = postmaster_pid(folder / "data")
    _kill(parent)
    wait_until(lambda: is_gone(pid))


def test_a_server_that_survived_is_replaced_at_the_next_start(folder: Path) -> None:
    parent = _start_elsewhere(folder / "data", "survives")
    survivor = postmaster_pid(folder / "data")
    _kill(parent)
    assert not is_gone(survivor)
    with EmbeddedPostgres(folder / "data") as server:
        assert is_gone(survivor)
        assert ask(server.dsn(), "SELECT 1") == 1


def test_starts_beside_the_orphans_of_a_killed_postmaster(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data", settings=SMALL) as server:
        os.kill(postmaster_pid(folder / "data"), signal.SIGKILL)
        wait_until(lambda: not server.is_running())
        assert ask(server.start(), "SELECT 1") == 1


def test_a_recycled_process_number_is_left_alone(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data", settings=SMALL):
        pass
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (folder / "data" / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n/elsewhere\n")
        try:
            with EmbeddedPostgres(folder / "data", settings=SMALL) as server:
                assert ask(server.dsn(), "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_path_too_long_for_a_socket_gets_a_short_folder(folder: Path) -> None:
    data_dir = folder / ("long" * 30)
    server = EmbeddedPostgres(data_dir, settings=SMALL)
    with server:
        outside = Path((data_dir / "socket-folder").read_text())
        assert stat.S_IMODE(outside.stat().st_mode) == 0o700
        assert ask(server.dsn(), "SELECT 1") == 1
        server.crash()
    with server:
        assert not outside.exists()
        outside = Path((data_dir / "socket-folder").read_text())
        assert ask(server.dsn(), "SELECT 1") == 1
    assert not outside.exists()


@needs_root
def test_a_folder_closed_to_the_servers_user_is_refused_and_stays_closed(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataDirectoryUnreachable, match=f"who cannot enter {closed};"):
        EmbeddedPostgres(closed / "data").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_a_folder_with_other_things_in_it_is_not_opened(folder: Path) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    (home / "letter").touch()
    with pytest.raises(DataDirectoryUnreachable, match=f"who cannot enter {home};"):
        EmbeddedPostgres(home).start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_file_in_place_of_the_data_directory_is_one_line(folder: Path) -> None:
    (folder / "data").touch()
    with pytest.raises(DataDirectoryUnreachable, match="cannot be used: "):
        EmbeddedPostgres(folder / "data").start()


@needs_root
def test_programs_the_servers_user_cannot_read_are_copied_once(folder: Path) -> None:
    private = folder / "private"
    original = find_binaries(None).bin_dir
    for package in original.parents[2].glob(f"{original.parents[1].name}*"):
        shutil.copytree(package, private / package.name, symlinks=True)
    bin_dir = private / original.relative_to(original.parents[2])
    private.chmod(0o700)
    assert first_unreachable(bin_dir, server_user()) == private
    server = EmbeddedPostgres(folder / "data", bin_dir=bin_dir, settings=SMALL)
    with server:
        copies = list((folder / "data" / "programs").iterdir())
        assert ask(server.dsn(), "SELECT 1") == 1
    with server:
        assert list((folder / "data" / "programs").iterdir()) == copies
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@needs_root
def test_runs_as_an_ordinary_user(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    own = folder / "own"
    own.mkdir(mode=0o700)
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    answer, heard = os.pipe()
    child = os.fork()
    if child == 0:  # a fork, since an ordinary user may not be able to read this interpreter
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        try:
            with EmbeddedPostgres(own / "data", settings=SMALL) as server:
                os.write(heard, str(ask(server.dsn(), "SELECT session_user::text")).encode())
        except BaseException as error:
            os.write(heard, repr(error).encode())
        finally:
            os._exit(0)
    os.close(heard)
    os.waitpid(child, 0)
    with os.fdopen(answer) as said:
        assert said.read() == "heliograph_owner"
    assert {path.stat().st_uid for path in (own / "data").iterdir()} == {nobody.pw_uid}


def test_neither_settings_nor_the_operator_can_turn_durability_off(folder: Path) -> None:
    (folder / "data" / "conf").mkdir(parents=True)
    (folder / "data").chmod(0o711)
    (folder / "data" / "conf" / "local.conf").write_text("fsync = off\nwork_mem = '3MB'\n")
    with EmbeddedPostgres(folder / "data", settings=SMALL | {"synchronous_commit": "off"}) as server:
        assert ask(server.dsn(), "SELECT current_setting('fsync')") == "on"
        assert ask(server.dsn(), "SELECT current_setting('synchronous_commit')") == "on"
        assert ask(server.dsn(), "SELECT current_setting('work_mem')") == "3MB"
        with pytest.raises(Exception, match="ALTER SYSTEM is not allowed"):
            ask(server.admin_dsn, "ALTER SYSTEM SET fsync = off", "SELECT 1")
    with open(folder / "data" / "postgres" / "postgresql.auto.conf", "a") as hidden:
        hidden.write("full_page_writes = off\n")
    refused = EmbeddedPostgres(folder / "data", settings=SMALL)
    with pytest.raises(StartFailed, match="would not keep what it commits: full_page_writes is off"):
        refused.start()
    assert not refused.is_running()


def test_a_wrong_setting_is_told_in_one_line_and_releases_the_data(folder: Path) -> None:
    with pytest.raises(StartFailed, match=r'^PostgreSQL did not start: .*"no_such_setting".* line \d+$'):
        EmbeddedPostgres(folder / "data", settings={"no_such_setting": "1"}).start()
    (folder / "data" / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(StartFailed, match="was made by PostgreSQL 9; the programs are"):
        EmbeddedPostgres(folder / "data").start()


def test_half_a_cluster_is_made_anew(folder: Path) -> None:
    (folder / "data" / "postgres.unfinished").mkdir(parents=True)
    (folder / "data" / "postgres.unfinished" / "PG_VERSION").touch()
    (folder / "data").chmod(0o711)
    with EmbeddedPostgres(folder / "data", settings=SMALL) as server:
        assert ask(server.dsn(), "SELECT 1") == 1


def test_a_folder_without_programs_is_named() -> None:
    with pytest.raises(BinariesNotFound, match="no PostgreSQL 16 or newer in /nowhere"):
        find_binaries(Path("/nowhere"))


def _start_elsewhere(data_dir: Path, fate: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data_dir), fate], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert b"running" in process.stdout.readline()
    return process


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()
