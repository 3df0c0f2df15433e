"""Nothing lost, nothing twice: processes are killed at the worst moments, and outside parties judge.

Every run is seeded. The client repeats what it got no answer to with the same idempotency key, the carrier
sends receipts again until they are answered, as both do in life.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.crash_faults import FAULTS
from tests.crash.crash_run import MESSAGES, crash_run
from tests.crash.installation import Installation
from tests.support.postgres import Postgres

RUNS_IN_THE_SUITE = 1

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        runs = metafunc.config.getoption("--crash-runs") or RUNS_IN_THE_SUITE
        metafunc.parametrize("seed", range(1, runs + 1))


@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_is_lost_and_nothing_is_sent_twice(
    own_postgres: Postgres,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    name: str,
    seed: int,
) -> None:
    fault = FAULTS[name]
    server = own_postgres.server
    if not server.is_running():
        await asyncio.to_thread(server.start)  # a run before this one failed while it was away
    dsn = own_postgres.dsn(await asyncio.to_thread(own_postgres.create_database))
    async with Installation(server, dsn, tmp_path, seed=seed) as installation:
        outcome = await crash_run(installation, fault)
    record_property("crash run", (name, outcome.verdict._asdict()))
    assert outcome.verdict.faults == {}
    assert outcome.ended == {}
    assert outcome.verdict.accepted >= MESSAGES
    assert outcome.verdict.most_in_doubt <= fault.may_doubt
    if fault.kills:
        assert outcome.deaths[fault.kills], "nothing was killed: the run proves nothing"
