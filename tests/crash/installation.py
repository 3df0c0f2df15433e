"""An installation of real processes around one database, whose members can be killed and come back."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from heliograph.domain.ids import IdSource
from heliograph.domain.pricing import UNIT
from heliograph.services.first_start import FirstStart, FirstStartSettings, first_start
from heliograph.simulator.faults import Faults
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smsc import Smsc
from heliograph.storage.database import Connection, Database, connect
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from heliograph.storage.new_accounts import NewAccount, OpenedAccount, open_account
from heliograph.storage.sealing import Sealer
from tests.crash.doubt_witness import place_witness
from tests.crash.journals import (
    CarrierTestimony,
    IncomingTestimony,
    PostedMessage,
    Reported,
    read_carrier_journal,
    read_incoming_journal,
)
from tests.crash.member import Member
from tests.support.report_receiver import Received, ReportReceiver, take

SECRET_KEY = "5e" * 32
WINDOW = 100
ROLES = ("api", "dispatcher", "reporter", "keeper")
INBOUND_NUMBER = "46101606060"
READY_SECONDS = 60.0
CREDIT = 1_000_000
SYSTEM_ID = "crash"
ANSWER_SECONDS = 0.03
"""How long the carrier takes to answer: so that its window is full most of the time."""

QUICK = {
    "HELIOGRAPH_DISPATCH_LEASE_SECONDS": "2",
    "HELIOGRAPH_DISPATCH_POLL_SECONDS": "0.2",
    "HELIOGRAPH_RECEIPTS_UNMATCHED_RETRY_SECONDS": "0.5",
    "HELIOGRAPH_RECEIPTS_SILENCE_SECONDS": "3",
    "HELIOGRAPH_REPORTS_LEASE_SECONDS": "2",
    "HELIOGRAPH_REPORTS_POLL_SECONDS": "0.2",
    "HELIOGRAPH_REPORTS_SCHEDULE_SCALE": "0.02",
    "HELIOGRAPH_KEEPER_POLL_SECONDS": "0.5",
}
"""Everything that waits waits less, so that a run takes seconds; all else is as by default."""


class Installation:
    """Everything of one run. Use as a context; ``source`` is where the members find another package.

    ``settings`` are variables for every member.
    """

    def __init__(
        self,
        server: EmbeddedPostgres,
        dsn: str,
        folder: Path,
        *,
        seed: int,
        source: Path | None = None,
        settings: Mapping[str, str] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.server = server
        self.dsn = dsn
        self.folder = folder
        self.random = random.Random(seed)
        self.members: dict[str, Member] = {}
        self.receiver = ReportReceiver(self._receive)
        self.decide_on_report = take
        """How the customer's server answers a report."""
        self.reported: list[Reported] = []
        """The reports that it took, in their order."""
        self.posted_messages: list[PostedMessage] = []
        """The messages from handsets that came to it, taken or not."""
        self.carrier = Smsc(
            SimulatorSettings(
                system_id=SYSTEM_ID,
                password=SYSTEM_ID,
                answer_delay=answer_seconds,
                receipt_delay=0.05,
                receipt_retry_delay=0.1,
                journal=str(folder / "carrier.jsonl"),
                seed=seed,
            ),
            now=lambda: datetime.now(UTC),
        )
        """In this process: nobody kills it, and its journal is its word."""
        self.dispatched: Callable[[], int] = lambda: self.carrier.counts.submits
        """Grows as the dispatcher works."""
        self._settings = dict(settings or {})
        self._source = source
        self._stack = AsyncExitStack()
        # Bound all the time but not listened on: the port stays ours while the api is dead.
        self._reserved_port = socket.socket()
        self._reserved_port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved_port.bind(("127.0.0.1", 0))
        self.port: int = self._reserved_port.getsockname()[1]

    @property
    def address(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self._reserved_port)
        await self._stack.enter_async_context(self.receiver)
        return self

    async def __aexit__(self, *failure: object) -> None:
        await asyncio.gather(*(member.stop() for member in self.members.values()))
        await self._stack.aclose()

    async def start(
        self,
        *,
        failpoints: Mapping[str, str] | None = None,
        faults: Faults | None = None,
        roles: Sequence[str] = ROLES,
    ) -> None:
        """Start the carrier, make the first account, start the roles; failpoints by role."""
        self.carrier.change_faults(faults or Faults())
        host, port = await self.carrier.start()
        self._stack.push_async_callback(self.carrier.stop)
        self.first = await self._make_first_account(host, port)
        for role in roles:
            self.add_member(role, failpoint=(failpoints or {}).get(role, ""))
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.gather(*(member.ready.wait() for member in self.members.values()))
            if "api" in roles:
                await self._wait_until_reachable()

    def add_member(self, role: str, *, name: str = "", failpoint: str = "") -> Member:
        """Start a process of a role; further ones of the same role need a name."""
        name = name or role
        member = self.members[name] = Member(role, self._environment(), self.folder / f"{name}.log")
        member.start(failpoint)
        return member

    async def open_account(self, name: str) -> OpenedAccount:
        """One more account like the first one."""
        async with Database(self.dsn) as database, database.transaction() as tx:
            wanted = NewAccount(
                name=name,
                currency=self.first.currency,
                price_list_id=await tx.fetchval("SELECT price_list_id FROM account LIMIT 1"),
                number_prefix="ip1-",
                senders=self.first.senders,
                credit=CREDIT * UNIT,
            )
            return await open_account(
                tx,
                wanted,
                sealer=_sealer(),
                now=datetime.now(UTC),
                ids=IdSource(os.urandom(5)),
                random_bytes=os.urandom,
            )

    async def wait_until_working(self, role: str, *, name: str = "") -> None:
        """Return when a member is up, and, where the work of its role can be seen, some was done since."""
        async with asyncio.timeout(READY_SECONDS):
            await self.members[name or role].ready.wait()
            before = self._work_of(role)
            while before is not None and self._work_of(role) == before:
                await asyncio.sleep(0.02)

    def carrier_testimony(self) -> CarrierTestimony:
        """What the carrier wrote down so far."""
        return read_carrier_journal(self.folder / "carrier.jsonl")

    def incoming_testimony(self) -> IncomingTestimony:
        """What the carrier wrote down so far about messages from handsets."""
        return read_incoming_journal(self.folder / "carrier.jsonl")

    def _receive(self, received: Received) -> int:
        status = self.decide_on_report(received)
        is_taken = 200 <= status < 300
        report, webhook_id = received.report, received.headers["webhook-id"]
        if "direction" in report:
            phone, text, is_incomplete = report["sender"], report["body"], report.get("incomplete", False)
            self.posted_messages.append(
                PostedMessage(webhook_id, phone, text, is_incomplete, received.body, is_taken)
            )
        elif is_taken:
            self.reported.append(Reported(report["messageId"], webhook_id, report["code"]))
        return status

    def _work_of(self, role: str) -> int | None:
        return {
            "dispatcher": self.dispatched(),
            "reporter": len(self.receiver.received),
        }.get(role)

    async def _make_first_account(self, host: str, port: int) -> FirstStart:
        async with Database(self.dsn) as database:
            made = await first_start(
                database,
                FirstStartSettings(
                    simulator_host=host,
                    simulator_port=port,
                    simulator_system_id=SYSTEM_ID,
                    simulator_password=SYSTEM_ID,
                    test_credit=CREDIT,
                    inbound_number=INBOUND_NUMBER,
                ),
                sealer=_sealer(),
                now=datetime.now(UTC),
                ids=IdSource(os.urandom(5)),
                random_bytes=os.urandom,
            )
        assert made is not None
        async with owner_connection(self.dsn) as connection:
            await place_witness(connection)
        return made

    def _environment(self) -> dict[str, str]:
        found = {
            "HELIOGRAPH_DATABASE_URL": self.dsn,
            "HELIOGRAPH_SECRET_KEY": SECRET_KEY,
            "HELIOGRAPH_HTTP_PORT": str(self.port),
            "HELIOGRAPH_REPORTS_LOOPBACK_ALLOWED": "true",
            **QUICK,
            **self._settings,
        }
        return found if self._source is None else found | {"PYTHONPATH": str(self._source)}

    async def _wait_until_reachable(self) -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)


def _sealer() -> Sealer:
    return Sealer(bytes.fromhex(SECRET_KEY))


@asynccontextmanager
async def owner_connection(dsn: str) -> AsyncIterator[Connection]:
    """A connection that sees everything, closed afterwards."""
    connection = await connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
