"""An installation of real processes around one database, whose members can be killed and come back."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.failpoints import VARIABLE
from heliograph.services.first_start import FirstStartSettings, first_start
from heliograph.simulator.faults import Faults
from heliograph.simulator.run_simulator import SimulatorAddress, run_simulator
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.storage.database import Database
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from heliograph.storage.sealing import Sealer
from tests.crash.journals import CarrierTestimony, Reported, read_carrier_journal
from tests.support.report_receiver import ReportReceiver

SECRET_KEY = "5e" * 32
WINDOW = 100
ROLES = ("api", "dispatcher", "reporter", "keeper")
RESTART_SECONDS = 0.2


class Member:
    """One role's process, started again whenever it dies, until it is stopped."""

    def __init__(self, role: str, environment: Mapping[str, str], log: Path) -> None:
        self.role = role
        self.deaths = 0
        self._environment = dict(environment)
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    def start(self, failpoint: str = "") -> None:
        """Start it; a failpoint is armed for its first life only."""
        self._task = asyncio.create_task(self._keep_running(failpoint), name=self.role)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM, and wait; kill -9 if it takes more than 20 s."""
        self._stop.set()
        assert self._task is not None
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(self._task), 20)
        except TimeoutError:
            self.kill()
            await self._task

    async def _keep_running(self, failpoint: str) -> None:
        armed = {VARIABLE: failpoint} if failpoint else {}
        while not self._stop.is_set():
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "heliograph", "serve", "--role", self.role),
                    env={**os.environ, **self._environment, **armed},
                    stdout=log,
                    stderr=log,
                )
            code = await self._process.wait()
            if self._stop.is_set():
                return
            self.deaths += code == -signal.SIGKILL
            assert code == -signal.SIGKILL, f"{self.role} ended by itself with {code}"
            armed = {}
            await asyncio.sleep(RESTART_SECONDS)


class Installation:
    """Everything of one crash run. Use as a context."""

    def __init__(self, server: EmbeddedPostgres, dsn: str, folder: Path, *, seed: int) -> None:
        self.server = server
        self.dsn = dsn
        self.folder = folder
        self.random = random.Random(seed)
        self.token = ""
        self.members: dict[str, Member] = {}
        self.receiver = ReportReceiver()
        self._seed = seed
        self._stack = AsyncExitStack()
        self._stop_carrier = asyncio.Event()
        self._port = _free_port()

    @property
    def address(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self._stack.enter_async_context(self.receiver)
        return self

    async def __aexit__(self, *failure: object) -> None:
        for member in self.members.values():
            with suppress(AssertionError):
                await member.stop()
        self._stop_carrier.set()
        await self._stack.aclose()

    async def start(self, *, failpoints: Mapping[str, str], faults: Faults) -> None:
        """Start the carrier, make the first account, start every role; failpoints by role."""
        carrier = await self._stack.enter_async_context(
            _carrier(self.folder / "carrier.jsonl", faults, self._stop_carrier, seed=self._seed)
        )
        await self._make_account(carrier)
        for role in ROLES:
            member = Member(role, self._environment(), self.folder / f"{role}.log")
            self.members[role] = member
            member.start(failpoints.get(role, ""))
        await self._wait_until_reachable()

    async def _make_account(self, carrier: SimulatorAddress) -> None:
        async with Database(self.dsn) as database:
            made = await first_start(
                database,
                FirstStartSettings(
                    simulator_host=carrier.smpp_host,
                    simulator_port=carrier.smpp_port,
                    simulator_system_id="crash",
                    simulator_password="crash",
                    test_credit=1_000_000,
                ),
                sealer=Sealer(bytes.fromhex(SECRET_KEY)),
                now=datetime.now(UTC),
                ids=IdSource(os.urandom(5)),
                random_bytes=os.urandom,
            )
        assert made is not None
        self.token = made.token

    def _environment(self) -> dict[str, str]:
        return {
            "HELIOGRAPH_DATABASE_URL": self.dsn,
            "HELIOGRAPH_SECRET_KEY": SECRET_KEY,
            "HELIOGRAPH_HTTP_PORT": str(self._port),
            "HELIOGRAPH_DISPATCH_LEASE_SECONDS": "2",
            "HELIOGRAPH_DISPATCH_POLL_SECONDS": "0.2",
            "HELIOGRAPH_DISPATCH_RESPONSE_SECONDS": "2",
            "HELIOGRAPH_DISPATCH_FIRST_RECONNECT_SECONDS": "0.1",
            "HELIOGRAPH_DISPATCH_LONGEST_RECONNECT_SECONDS": "0.5",
            "HELIOGRAPH_RECEIPTS_UNMATCHED_RETRY_SECONDS": "0.5",
            "HELIOGRAPH_RECEIPTS_SILENCE_SECONDS": "3",
            "HELIOGRAPH_REPORTS_LEASE_SECONDS": "2",
            "HELIOGRAPH_REPORTS_POLL_SECONDS": "0.2",
            "HELIOGRAPH_REPORTS_SCHEDULE_SCALE": "0.02",
            "HELIOGRAPH_REPORTS_LOOPBACK_ALLOWED": "true",
            "HELIOGRAPH_KEEPER_POLL_SECONDS": "0.5",
        }

    async def _wait_until_reachable(self) -> None:
        async with asyncio.timeout(30):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                    writer.close()
                    return
                await asyncio.sleep(0.05)

    def carrier_testimony(self) -> CarrierTestimony:
        """What the carrier wrote down so far."""
        return read_carrier_journal(self.folder / "carrier.jsonl")

    def reported(self) -> list[Reported]:
        """The reports that arrived so far, in their order."""
        return [
            Reported(r.report["messageId"], r.headers["webhook-id"], r.report["code"])
            for r in self.receiver.received
        ]


@asynccontextmanager
async def _carrier(
    journal: Path, faults: Faults, stop: asyncio.Event, *, seed: int
) -> AsyncIterator[SimulatorAddress]:
    """The simulated carrier, in this process: nobody kills it, and its journal is its word."""
    ready: asyncio.Future[SimulatorAddress] = asyncio.get_running_loop().create_future()
    settings = SimulatorSettings(
        system_id="crash",
        password="crash",
        answer_delay=0.005,
        receipt_delay=0.05,
        receipt_retry_delay=0.1,
        journal=str(journal),
        seed=seed,
        faults=faults,
    )
    running = asyncio.create_task(
        run_simulator(settings, now=lambda: datetime.now(UTC), stop=stop, on_ready=ready.set_result)
    )
    try:
        yield await asyncio.wait_for(ready, 10)
    finally:
        stop.set()
        await running


def without_faults(faults: Faults) -> Faults:
    """The same carrier on its best behaviour."""
    return msgspec.structs.replace(faults, cut_link_every=0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
