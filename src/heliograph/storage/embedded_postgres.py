"""Our own PostgreSQL: made, started and stopped in a data directory, reached by a Unix socket only.

The server runs with full durability. Nobody but root and the user who runs Heliograph can connect: peer
authentication, in a socket folder that only the server's user may enter. Inside the data directory:

    lock            held while a Heliograph uses the directory
    postgres/       the cluster
    conf/           its configuration, written at each start; local.conf is the operator's and kept
    run/            the socket, unless the path is too long; then `socket-folder` tells where it is
    log/            the server's log, one file for each day of the week
    programs/       a copy of PostgreSQL's programs, only where its user cannot read the originals
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict
from urllib.parse import quote

from heliograph.parent_death import signal_at_parent_death
from heliograph.storage.postgres_binaries import (
    Binaries,
    EmbeddedPostgresError,
    ServerUser,
    find_binaries,
    first_unreachable,
    readable_binaries,
    server_user,
)
from heliograph.storage.postgres_configuration import (
    ADMIN_ROLE,
    BOOTSTRAP_SQL,
    DATABASE,
    DURABILITY,
    OWNER_ROLE,
    PORT,
    write_configuration,
)
from heliograph.storage.postmaster import children, end_process, end_survivor, is_ready

START_SECONDS = 300.0
_LEFTOVER_SECONDS = 30.0
_SOCKET_PATH_BYTES = 107
_LEFTOVER_SIGNS = ("pre-existing shared memory block", '"postmaster.pid" already exists')


class DataDirectoryLocked(EmbeddedPostgresError):
    """Another Heliograph uses the data directory."""


class DataDirectoryUnreachable(EmbeddedPostgresError):
    """The system user that runs PostgreSQL cannot enter the data directory."""


class StartFailed(EmbeddedPostgresError):
    """PostgreSQL did not start, or not with the durability it must have."""


class _LeftoverProcesses(Exception):
    """Processes of a killed server still hold its memory; they are about to end."""


class EmbeddedPostgres:
    """One PostgreSQL server in ``data_dir``.

    ``settings`` are server settings on top of ours (never those of durability); ``bin_dir`` overrides the
    search for programs. Use from one thread. If the main thread starts it, the server stops in an orderly
    way when this process dies; in any case the next start ends a server that survived.
    """

    def __init__(
        self, data_dir: Path, *, bin_dir: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self._data_dir = Path(os.path.abspath(data_dir))
        self._bin_dir = bin_dir
        self._settings = dict(settings or {})
        self._cluster = self._data_dir / "postgres"
        self._socket_dir = self._data_dir / "run"
        self._start_log = self._data_dir / "start.log"
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        state = f"running as {self._process.pid}" if self._process and self.is_running() else "stopped"
        return f"<EmbeddedPostgres {self._data_dir} {state}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def dsn(self, database: str = DATABASE, role: str = OWNER_ROLE) -> str:
        """How to connect; only valid after a start."""
        return _dsn(self._socket_dir, database, role)

    @property
    def admin_dsn(self) -> str:
        """How to connect as the cluster's superuser, to its maintenance database."""
        return self.dsn("postgres", ADMIN_ROLE)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Make the cluster if there is none, start the server, wait until it answers, return the DSN.

        Waits through a crash recovery of up to 300 s. Raises EmbeddedPostgresError.
        """
        if self.is_running():
            return self.dsn()
        user = server_user()
        try:
            _make_data_dir(self._data_dir, user)
            self._take_lock()
            self._launch(user)
            self._bootstrap()
        except BaseException:
            self.stop()
            raise
        return self.dsn()

    def stop(self) -> None:
        """Stop in fast mode, immediately if that takes over 60 s; harmless when nothing runs."""
        if self._process is not None:
            end_process(self._process.pid, self._ended_within)
            self._process = None
        recorded = self._data_dir / "socket-folder"
        if self._lock is not None and recorded.is_file():
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            recorded.unlink()
        self._release_lock()

    def crash(self) -> None:
        """Kill every process of the server at once, as a power cut would (page cache excepted)."""
        if self._process is None:
            return
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)  # a stopped postmaster cannot react to the end of its children
        for child in [*children(pid), pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._release_lock()

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        descriptor = os.open(self._data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise DataDirectoryLocked(
                f"{self._data_dir} is in use by another heliograph (process {holder})"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock = descriptor

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _launch(self, user: ServerUser) -> None:
        binaries = readable_binaries(find_binaries(self._bin_dir), user, self._data_dir)
        end_survivor(self._cluster)
        self._make_cluster(binaries, user)
        self._socket_dir = _socket_folder(self._data_dir, user)
        _own_folder(self._data_dir / "log", user)
        configuration = write_configuration(
            self._data_dir,
            socket_dir=self._socket_dir,
            major=binaries.major,
            durability=self.durability(),
            settings=self._settings,
            system_users={user.name, _own_name(user)},
        )
        self._binaries = binaries
        deadline = time.monotonic() + _LEFTOVER_SECONDS
        while True:
            try:
                return self._run_postmaster(binaries, user, configuration)
            except _LeftoverProcesses as leftover:
                if time.monotonic() > deadline:
                    raise StartFailed(f"PostgreSQL did not start: {leftover}") from None
                time.sleep(0.1)

    def durability(self) -> Mapping[str, str]:
        """The settings that make a commit last; asserted after each start."""
        return DURABILITY

    def _make_cluster(self, binaries: Binaries, user: ServerUser) -> None:
        if self._cluster.is_dir():
            found = (self._cluster / "PG_VERSION").read_text().strip()
            if found != str(binaries.major):
                raise StartFailed(
                    f"{self._cluster} was made by PostgreSQL {found}; the programs are {binaries.major}"
                )
            return
        # Renamed into place only when complete, so that a crash never leaves half a cluster.
        unfinished = self._data_dir / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _own_folder(unfinished, user)
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        answer = subprocess.run(  # noqa: S603 - a program of the chosen installation
            [
                *(binaries.program("initdb"), "-D", str(unfinished), "--username", ADMIN_ROLE),
                *("--auth=reject", "--encoding=UTF8", "--data-checksums", "--no-instructions"),
                *(locale if binaries.major >= 17 else locale[:1]),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            **_as_user(user),
        )
        if answer.returncode != 0:
            raise StartFailed(f"initdb failed: {_last_line(answer.stderr)}")
        unfinished.rename(self._cluster)

    def _run_postmaster(self, binaries: Binaries, user: ServerUser, configuration: Path) -> None:
        with open(self._start_log, "wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of the chosen installation
                [binaries.program("postgres"), "-D", self._cluster, "-c", f"config_file={configuration}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C at the terminal is for us, not for the server
                preexec_fn=signal_at_parent_death(signal.SIGINT),
                **_as_user(user),
            )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        pause = 0.002
        while process.poll() is None:
            if is_ready(self._cluster / "postmaster.pid", process.pid):
                return
            if time.monotonic() > deadline:
                raise StartFailed(f"PostgreSQL was not ready after {START_SECONDS:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.2, 0.1)
        reason = self._failure()
        if any(sign in reason for sign in _LEFTOVER_SIGNS):
            raise _LeftoverProcesses(reason)
        raise StartFailed(f"PostgreSQL did not start: {reason}")

    def _failure(self) -> str:
        logs = sorted((self._data_dir / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        for log in [self._start_log, *reversed(logs)]:
            lines = log.read_text("utf-8", "replace").splitlines()
            fatal = [number for number, line in enumerate(lines) if "FATAL:" in line or "PANIC:" in line]
            if fatal:
                # "contains errors" alone helps nobody; the line before it tells which.
                line = lines[fatal[-1] - ("contains errors" in lines[fatal[-1]])]
                return line.partition(":  ")[2]
        return _last_line(self._start_log.read_text("utf-8", "replace"))

    def _bootstrap(self) -> None:
        answer = subprocess.run(  # noqa: S603 - a program of the chosen installation, constant arguments
            [self._binaries.program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", self.admin_dsn],
            input=BOOTSTRAP_SQL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
        )
        if answer.returncode != 0:
            raise StartFailed(f"PostgreSQL refused our first statements: {_last_line(answer.stderr)}")
        found = dict(line.split("=", 1) for line in answer.stdout.splitlines())
        expected = {**self.durability(), "data_checksums": "on"}
        wrong = [
            f"{name} is {found.get(name)}" for name, value in expected.items() if found.get(name) != value
        ]
        if wrong:
            raise StartFailed(f"PostgreSQL would not keep what it commits: {', '.join(wrong)}")

    def _ended_within(self, seconds: float) -> bool:
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def running_dsn(data_dir: Path) -> str:
    """How to connect to the server that another process runs in a data directory."""
    recorded = data_dir / "socket-folder"
    inside = Path(os.path.abspath(data_dir)) / "run"
    return _dsn(Path(recorded.read_text()) if recorded.is_file() else inside, DATABASE, OWNER_ROLE)


def _dsn(socket_dir: Path, database: str, role: str) -> str:
    host = quote(str(socket_dir), safe="/")
    return f"postgresql:///{quote(database)}?host={host}&port={PORT}&user={quote(role)}"


def _make_data_dir(data_dir: Path, user: ServerUser) -> None:
    try:
        data_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
        if not any(data_dir.iterdir()):
            # Another user may pass through to its own folders, and read nothing else.
            data_dir.chmod(0o700 if user.is_us else 0o711)
    except OSError as error:
        raise DataDirectoryUnreachable(
            f"the data directory {data_dir} cannot be used: {error.strerror}"
        ) from None
    closed = first_unreachable(data_dir, user)
    if closed is not None:
        raise DataDirectoryUnreachable(
            f"PostgreSQL runs as user {user.name}, who cannot enter {closed}; "
            "choose a data directory below /var/lib, or let that user in"
        )


def _own_folder(path: Path, user: ServerUser) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(0o700)
    if not user.is_us:
        os.chown(path, user.uid, user.gid)


def _own_name(user: ServerUser) -> str:
    return user.name if user.is_us else "root"


def _socket_folder(data_dir: Path, user: ServerUser) -> Path:
    inside = data_dir / "run"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_BYTES:
        _own_folder(inside, user)
        return inside
    record = data_dir / "socket-folder"
    if record.is_file():
        shutil.rmtree(record.read_text(), ignore_errors=True)
    outside = Path(tempfile.mkdtemp(prefix="heliograph-", dir="/tmp"))
    record.write_text(str(outside))
    _own_folder(outside, user)
    return outside


class _Privileges(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as_user(user: ServerUser) -> _Privileges:
    return {} if user.is_us else {"user": user.uid, "group": user.gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    # Nothing of the caller's PG* variables or locale may leak into the server.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"
