"""Nothing lost, nothing twice: processes are killed at the worst moments, and outside parties judge.

Every run is seeded. The client repeats what it got no answer to with the same idempotency key, the carrier
sends receipts again until they are answered, as both do in life.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from heliograph.simulator.faults import Faults
from heliograph.storage.database import connect
from tests.crash.checker import judge
from tests.crash.client import Client
from tests.crash.installation import WINDOW, Installation
from tests.support.postgres import Postgres, running_postgres

MESSAGES = 1_200
SETTLE_SECONDS = 45.0
RUNS_IN_THE_SUITE = 1

pytestmark = [pytest.mark.acceptance]

Disturb = Callable[[Installation], Awaitable[None]]


async def nothing(installation: Installation) -> None:
    """The fault is built in: a failpoint or the carrier's behaviour."""


def kill_at_random(role: str) -> Disturb:
    """kill -9 of a role three times at moments drawn by the seed."""

    async def disturb(installation: Installation) -> None:
        for _ in range(3):
            await asyncio.sleep(installation.random.uniform(0.3, 1.2))
            installation.members[role].kill()

    return disturb


async def stop_postgres(installation: Installation) -> None:
    """PostgreSQL goes away in the middle and comes back."""
    await asyncio.sleep(installation.random.uniform(0.5, 1.2))
    await asyncio.to_thread(installation.server.stop)
    await asyncio.sleep(installation.random.uniform(0.2, 1.0))
    await asyncio.to_thread(installation.server.start)


async def crash_postgres(installation: Installation) -> None:
    """Every process of PostgreSQL is killed at once; it recovers."""
    await asyncio.sleep(installation.random.uniform(0.5, 1.2))
    await asyncio.to_thread(installation.server.crash)
    await asyncio.to_thread(installation.server.start)


@dataclass(frozen=True)
class Fault:
    """What goes wrong in a run."""

    disturb: Disturb = nothing
    failpoints: Mapping[str, str] = field(default_factory=dict)
    carrier: Faults = field(default_factory=Faults)
    kills: str = ""
    """The role that must have died, or the run proved nothing."""


def at(role: str, place: str) -> Fault:
    """kill -9 at a place in the code, at a pass drawn by the seed."""
    return Fault(failpoints={role: place}, kills=role)


FAULTS = {
    "dispatcher killed at random": Fault(disturb=kill_at_random("dispatcher"), kills="dispatcher"),
    "dispatcher killed between intent commit and write": at("dispatcher", "dispatch.post_commit"),
    "dispatcher killed between answer and outcome commit": at("dispatcher", "dispatch.answered"),
    "dispatcher killed before a receipt is committed": at("dispatcher", "receipts.pre_commit"),
    "dispatcher killed before a committed receipt is answered": at("dispatcher", "receipts.post_commit"),
    "api killed at random": Fault(disturb=kill_at_random("api"), kills="api"),
    "api killed before the commit": at("api", "api.pre_commit"),
    "api killed between commit and answer": at("api", "api.post_commit"),
    "reporter killed between POST and record": at("reporter", "reports.posted"),
    "link cut in mid-window": Fault(carrier=Faults(cut_link_every=700, cut_after_accept=True)),
    "PostgreSQL stopped and started": Fault(disturb=stop_postgres),
    "PostgreSQL killed": Fault(disturb=crash_postgres),
}


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A server that these tests may stop and kill."""
    with running_postgres() as running:
        yield running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        runs = metafunc.config.getoption("--crash-runs") or RUNS_IN_THE_SUITE
        metafunc.parametrize("seed", range(1, runs + 1))


@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_is_lost_and_nothing_is_sent_twice(
    own_postgres: Postgres, tmp_path: Path, name: str, seed: int
) -> None:
    fault = FAULTS[name]
    database = await asyncio.to_thread(own_postgres.create_database)
    dsn = own_postgres.dsn(database)
    async with Installation(own_postgres.server, dsn, tmp_path, seed=seed) as installation:
        most_in_doubt, figures = await run(installation, fault)
    await asyncio.to_thread(own_postgres.drop_database, database)
    assert figures == {}
    assert most_in_doubt <= WINDOW


async def run(installation: Installation, fault: Fault) -> tuple[int, dict[str, object]]:
    """Send under the fault, wait until all is settled, judge: the most in doubt, and what is wrong."""
    passes = installation.random.randint(2, 12)
    failpoints = {role: f"{place}:{passes}" for role, place in fault.failpoints.items()}
    await installation.start(failpoints=failpoints, faults=fault.carrier)
    watch = Watch(installation)
    watching = asyncio.create_task(watch.look_until_settled())
    client = Client(
        installation.address,
        installation.token,
        report_url=installation.receiver.url,
        seed=installation.random.randrange(1 << 30),
    )
    sending = asyncio.create_task(client.send(MESSAGES))
    await fault.disturb(installation)
    await asyncio.wait_for(sending, 60)
    watch.all_is_sent = True
    # What does not settle is judged as it stands: the verdict says what is missing.
    await asyncio.wait([watching], timeout=SETTLE_SECONDS)
    watching.cancel()
    if fault.kills:
        assert installation.members[fault.kills].deaths, "nothing was killed: the run proves nothing"
    connection = await connect(installation.dsn)
    try:
        verdict = await judge(
            connection, client.accepted, installation.carrier_testimony(), installation.reported()
        )
    finally:
        await connection.close()
    assert verdict.accepted >= MESSAGES
    return watch.most_in_doubt, verdict.faults


class Watch:
    """Looks at the database all the time: how many are in doubt, and whether anything still moves."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.most_in_doubt = 0
        self.all_is_sent = False

    async def look_until_settled(self) -> None:
        """Return once all is sent, every message that can end has ended, and every report was delivered."""
        while True:
            try:
                if await self._look():
                    return
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.1)

    async def _look(self) -> bool:
        connection = await connect(self._installation.dsn)
        try:
            row = await connection.fetchrow(STATE)
        finally:
            await connection.close()
        assert row is not None
        doubtful = set(row["in_doubt"])
        self.most_in_doubt = max(self.most_in_doubt, len(doubtful))
        if not self.all_is_sent or row["moving"] or row["reports"]:
            return False
        submitted = {submit.recipient for submit in self._installation.carrier_testimony().submitted}
        return not doubtful & submitted


STATE = """
SELECT ARRAY(SELECT recipient FROM in_doubt) AS in_doubt,
       (SELECT count(*)
        FROM message m
        WHERE code < 200 AND NOT EXISTS (SELECT FROM in_doubt d WHERE d.message_id = m.message_id)) AS moving,
       (SELECT count(*) FROM report_block) + (SELECT count(*) FROM report_retry) AS reports
"""
