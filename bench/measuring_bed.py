"""Everything that a row needs: server, account, carrier, report sink, load client, and the product."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bench import carrier_process, load_client, report_sink
from bench.bench_server import SECRET_KEY, BenchAccount, BenchServer, make_account, write_checkpoint
from bench.child_process import ChildProcess
from bench.load_client import Answers, Load, Target
from bench.process_accounting import CpuReading
from bench.quiet_runs import QuietMachine
from bench.run_checks import raise_differences
from bench.running_product import ROLES, RunningProduct
from heliograph.services.count_traffic import CountTraffic
from heliograph.services.fill_conversations import FillConversations
from heliograph.settings import Settings
from heliograph.storage.database import Connection, connect
from heliograph.wiring.parts import open_parts, utc_now

POLL_SECONDS: Final = 0.01
SETTLE_SECONDS: Final = 0.5
"""CPU is read so long after a run's end, so that nothing done for its messages is left out."""
_RUN_SECONDS: Final = 300.0
_KEEPER_LAG: Final = timedelta(minutes=6)
"""How old a message is at most when the keeper counts it for the first time."""
_CALLS_FOR_NEXT_WORK: Final = 2
"""One call may only find out up to where there is work, for the next one."""


class RunTooLong(Exception):
    """A run did not come to its end in time; how far it came."""


class MeasuringBed:
    """The tools and the database, for all rows; the product starts and stops with the rows."""

    def __init__(
        self,
        server: BenchServer,
        account: BenchAccount,
        connection: Connection,
        carrier: ChildProcess,
        sink: ChildProcess,
        client: ChildProcess,
        *,
        report_port: int,
    ) -> None:
        self.server = server
        self.account = account
        self.connection = connection
        self.carrier = carrier
        self.sink = sink
        self.client = client
        self.machine = QuietMachine()
        self._report_url = f"http://127.0.0.1:{report_port}/reports"
        self._next_number = 0
        self.profiles: Path | None = None
        """Where roles write what they spent their time on; each then runs by itself, without supervisor."""

    def __repr__(self) -> str:
        return f"<MeasuringBed {self.server.folder}>"

    @asynccontextmanager
    async def product(self, roles: Sequence[str] | None = None) -> AsyncIterator[RunningProduct]:
        """The product, running: whole, or only some roles. Ready to submit if it has a dispatcher."""
        environment = {
            "HELIOGRAPH_DATABASE_URL": self.server.dsn,
            "HELIOGRAPH_SECRET_KEY": SECRET_KEY,
            "HELIOGRAPH_REPORTS_LOOPBACK_ALLOWED": "true",
            "HELIOGRAPH_LOG_LEVEL": "warning",
        }
        if self.profiles is not None:
            roles = roles or ROLES
        log = self.server.folder / "product.log"
        product = RunningProduct(environment, log, roles, profiles=self.profiles)
        await self._finish_chores()
        try:
            await product.start()
            if "dispatcher" in product.members:
                await self.wait_for(self._is_bound, "the carrier was never bound")
            yield product
        finally:
            await product.stop()

    async def _finish_chores(self) -> None:
        """Count, file and flush what earlier rows left: it would else be done, minutes late, in this row."""
        settings = Settings(database_url=self.server.dsn, secret_key=SECRET_KEY)
        async with open_parts(settings, self.server.dsn) as parts:
            later = utc_now() + _KEEPER_LAG
            for step in (CountTraffic(parts.database).step, FillConversations(parts.database).step):
                for _ in range(_CALLS_FOR_NEXT_WORK):
                    while await step(later):
                        pass
        await write_checkpoint(self.server)

    async def _is_bound(self) -> bool:
        links: int = await self.carrier.ask("links")
        return links > 0

    async def prepare(
        self, product: RunningProduct, load: Load, *, with_reports: bool, client: ChildProcess | None = None
    ) -> int:
        """Build the requests of a load, to numbers that were never used before; the place of the first."""
        url = self._report_url if with_reports else None
        target = Target("127.0.0.1", product.port, self.account.token, url)
        fresh = load._replace(first=self._next_number)
        self._next_number += load.requests * load.recipients
        await (client or self.client).ask("prepare", target, fresh)
        return fresh.first

    async def send(self, load: Load, client: ChildProcess | None = None) -> Answers:
        """Send the prepared load; every answer must be 201."""
        answers: Answers = await (client or self.client).ask("run")
        raise_differences({"answers by status": (answers.statuses, {201: load.requests})})
        return answers

    def reading(self, product: RunningProduct) -> CpuReading:
        """CPU used so far by everything."""
        members = {**product.members, "postgres": self.server.postmaster, **self._tools()}
        return CpuReading.of(members, trees=["postgres"])

    def _tools(self) -> dict[str, int]:
        return {tool.name: tool.pid for tool in (self.client, self.carrier, self.sink)}

    def split(self, used: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
        """CPU used, parted into ours (with PostgreSQL) and the tools'."""
        tools = self._tools()
        ours = {name: seconds for name, seconds in used.items() if name not in tools}
        return ours, {name: used[name] for name in tools}

    async def settle_database(self) -> None:
        """Do now what the database would else do in the middle of a run."""
        await self.connection.execute("VACUUM (ANALYZE)")
        await write_checkpoint(self.server)

    async def wait_for(self, holds: Callable[[], Awaitable[bool]], otherwise: str) -> float:
        """Wait until something holds; when it did, by the monotonic clock. Raises RunTooLong."""
        deadline = time.monotonic() + _RUN_SECONDS
        while not await holds():
            if time.monotonic() > deadline:
                raise RunTooLong(otherwise)
            await asyncio.sleep(POLL_SECONDS)
        return time.monotonic()


@asynccontextmanager
async def measuring_bed(server: BenchServer, *, past: int) -> AsyncIterator[MeasuringBed]:
    """Start the tools, prepare the database with ``past`` delivered messages."""
    async with AsyncExitStack() as stack:

        async def tool(name: str, setup: Any) -> ChildProcess:
            return await stack.enter_async_context(ChildProcess(name, setup))

        carrier = await tool("carrier", carrier_process.set_up)
        sink = await tool("report sink", report_sink.set_up)
        client = await tool("load client", load_client.set_up)
        account = await make_account(server, carrier_port=await carrier.ask("port"), past=past)
        connection = await connect(server.dsn)
        stack.push_async_callback(connection.close)
        report_port = await sink.ask("port")
        yield MeasuringBed(server, account, connection, carrier, sink, client, report_port=report_port)
