"""`heliograph serve`: PostgreSQL if it is ours, then every role under one supervisor, until told to stop.

In the data directory stand, for scripts, `first-key`, `first-webhook-secret` and `first-portal-link`, and
while requests are taken `address`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from heliograph.faces.cli.command_ground import Started
from heliograph.secret_key import load_secret_key
from heliograph.services.first_start import FirstStart, FirstStartSettings, first_start
from heliograph.settings import EMBEDDED_DSN_VARIABLE, HTTP_FD_VARIABLE, PREFIX, Settings
from heliograph.storage.database import Database
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from heliograph.storage.migrations_runner import check_schema
from heliograph.storage.postgres_binaries import EmbeddedPostgresError
from heliograph.storage.sealing import Sealer
from heliograph.storage.server_check import check_server_settings
from heliograph.supervisor import ChildProgram, Supervisor
from heliograph.wiring.administration import embedded_postgres, prepare_schema, require_schema
from heliograph.wiring.listening_address import bind_listening_socket, shown_url, with_bound_port
from heliograph.wiring.parts import new_ids, utc_now
from heliograph.wiring.role_process import set_up_logging
from heliograph.wiring.simulated_carrier import CarrierPlace, choose_place, correct_carrier

ROLES: Final = ("api", "dispatcher", "reporter", "keeper")
WATCH_SECONDS: Final = 0.5
"""How often we look whether our PostgreSQL still runs."""

OnReady = Callable[[Started], None]

log = structlog.get_logger()


class _StopRequested(BaseException):
    """SIGTERM came while there was no supervisor yet to hear it."""


def serve_installation(settings: Settings, environment: Mapping[str, str], *, on_ready: OnReady) -> int:
    """Run all roles until SIGTERM or SIGINT; the exit code, 0 after an orderly stop.

    ``environment`` is what the children's differs by from ours. Raises SettingsError and whatever else is
    wrong with the database.
    """
    set_up_logging(settings, "supervisor")
    with ExitStack() as stack:
        stack.enter_context(_stop_before_and_after_the_supervisor())
        try:
            listening = stack.enter_context(bind_listening_socket(settings.http))
            settings = with_bound_port(settings, listening)
            variables = {
                **environment,
                f"{PREFIX}HTTP_HOST": settings.http.host,
                f"{PREFIX}HTTP_PORT": str(settings.http.port),
                HTTP_FD_VARIABLE: str(listening.fileno()),
            }
            run = _Embedded(settings) if settings.is_embedded else _OnDatabase(settings)
            stack.enter_context(run)
            return asyncio.run(run.supervise(variables, listening.fileno(), on_ready))
        except (_StopRequested, KeyboardInterrupt):
            return 0
        finally:
            _ignore_signals()


class _OnDatabase:
    """Every role on somebody else's PostgreSQL."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._roles: tuple[str, ...] = ROLES
        self._folder = settings.data_path if settings.is_embedded or settings.data_dir else None
        self._first: FirstStart | None = None
        self._handsets_url: str | None = None
        self._told = False

    def __enter__(self) -> "_OnDatabase":
        load_secret_key(self._settings)
        asyncio.run(_check(self._settings.database_url))
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._remove_address()
        return self

    def __exit__(self, *failure: object) -> None:
        self._remove_address()

    async def supervise(self, variables: Mapping[str, str], descriptor: int, on_ready: OnReady) -> int:
        """Run the roles until told to stop; the exit code."""
        programs = [
            ChildProgram(
                name=role,
                argv=(sys.executable, "-m", "heliograph.wiring.supervised_role", role),
                environment=variables,
                descriptors=(descriptor,) if role == "api" else (),
                after="simulator" if role == "dispatcher" else None,  # it would be refused, and say so
            )
            for role in self._roles
        ]
        supervisor = Supervisor(programs, on_ready=lambda: self._tell(on_ready))
        watch = asyncio.create_task(self.watch(supervisor))
        try:
            return await supervisor.run()
        finally:
            watch.cancel()
            self._remove_address()

    async def watch(self, supervisor: Supervisor) -> None:
        """Nothing here is ours to look after."""

    def _tell(self, on_ready: OnReady) -> None:
        if self._told:
            return
        self._told = True
        url = shown_url(self._settings)
        if self._folder is not None:
            _write(self._folder / "address", url, mode=0o644)
        on_ready(Started(url=url, data_dir=self._folder, first=self._first, handsets_url=self._handsets_url))

    def _remove_address(self) -> None:
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / "address").unlink(missing_ok=True)


class _Embedded(_OnDatabase):
    """Every role and the simulated carrier, on a PostgreSQL of our own."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._roles = ("simulator", *ROLES)
        self._server: EmbeddedPostgres = embedded_postgres(settings)
        self._dsn = ""

    def __enter__(self) -> "_Embedded":
        try:
            self._dsn = self._server.start()
            self._remove_address()
            place = choose_place(self._settings)
            self._handsets_url = place.handsets_url
            self._first = asyncio.run(_prepare(self._settings, self._dsn, place))
        except BaseException:
            self._server.stop()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        super().__exit__(*failure)
        self._server.stop()

    async def supervise(self, variables: Mapping[str, str], descriptor: int, on_ready: OnReady) -> int:
        """Run the roles until told to stop; the exit code."""
        return await super().supervise({**variables, EMBEDDED_DSN_VARIABLE: self._dsn}, descriptor, on_ready)

    async def watch(self, supervisor: Supervisor) -> None:
        """Start our PostgreSQL again when it dies; give up when it cannot be started."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._server.is_running():
                continue
            log.error("postgres.died")
            try:
                # In this thread: the kernel ends the server with the thread that started it.
                self._server.start()
            except EmbeddedPostgresError as error:
                log.critical("postgres.not_started", reason=str(error))
                return supervisor.give_up(1)
            log.info("postgres.restarted")


async def _check(dsn: str) -> None:
    await require_schema(dsn)
    async with Database(dsn) as database:
        await check_server_settings(database)
        await check_schema(database)


async def _prepare(settings: Settings, dsn: str, place: CarrierPlace) -> FirstStart | None:
    """Bring the schema up to date; in an empty database make everything a newcomer needs."""
    await prepare_schema(dsn)
    sealer = Sealer(load_secret_key(settings))
    async with Database(dsn) as database:
        made = await first_start(
            database,
            FirstStartSettings(
                simulator_host=place.host,
                simulator_port=place.smpp_port,
                simulator_system_id=place.system_id,
                simulator_password=place.password,
                number_prefix=settings.accounts.number_prefix,
                currency=settings.accounts.currency,
                senders=settings.accounts.default_senders,
                test_credit=settings.accounts.test_credit,
                inbound_number=settings.accounts.test_number,
            ),
            sealer=sealer,
            now=utc_now(),
            ids=new_ids(),
            random_bytes=os.urandom,
        )
        if made is None:
            await correct_carrier(database, place, sealer=sealer)
            return None
    _write(settings.data_path / "first-key", made.token, mode=0o600)
    _write(settings.data_path / "first-webhook-secret", made.webhook_secret, mode=0o600)
    _write(settings.data_path / "first-portal-link", made.portal_link, mode=0o600)
    return made


def _write(path: Path, line: str, *, mode: int) -> None:
    """A file that is there whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, mode)
        file.write(f"{line}\n")
        file.flush()
        os.fsync(descriptor)
    unfinished.rename(path)


@contextmanager
def _stop_before_and_after_the_supervisor() -> Iterator[None]:
    """Make SIGTERM an orderly stop also while PostgreSQL starts; afterwards the stop is not disturbed."""

    def request(number: int, frame: FrameType | None) -> None:
        raise _StopRequested

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGTERM, request)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
