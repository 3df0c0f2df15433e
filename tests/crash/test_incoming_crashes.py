"""No message from a handset is lost, none stored twice: processes are killed at every place of its way.

Every run is seeded. The carrier delivers again what it got no answer to, as carriers do.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.incoming_faults import INCOMING_FAULTS
from tests.crash.incoming_run import MESSAGES, incoming_crash_run
from tests.crash.installation import Installation
from tests.support.postgres import Postgres

IN_THE_SUITE = (
    "dispatcher killed between commit and answer",
    "keeper killed between giving out and storing",
)

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    runs = metafunc.config.getoption("--crash-runs")
    names = IN_THE_SUITE if runs is None else tuple(INCOMING_FAULTS)
    metafunc.parametrize(
        ("name", "seed"), [(name, seed) for name in names for seed in range(1, (runs or 1) + 1)]
    )


async def test_no_message_from_a_handset_is_lost_or_stored_twice(
    own_postgres: Postgres,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    name: str,
    seed: int,
) -> None:
    fault = INCOMING_FAULTS[name]
    server = own_postgres.server
    if not server.is_running():
        await asyncio.to_thread(server.start)  # a run before this one failed while it was away
    dsn = own_postgres.dsn(await asyncio.to_thread(own_postgres.create_database))
    async with Installation(server, dsn, tmp_path, seed=seed, settings=fault.settings) as installation:
        outcome = await incoming_crash_run(installation, fault)
    record_property("incoming crash run", (name, outcome.verdict._asdict()))
    assert outcome.verdict.faults == {}
    assert outcome.ended == {}
    assert outcome.verdict.messages >= MESSAGES
    if fault.kills:
        assert outcome.deaths[fault.kills], "nothing was killed: the run proves nothing"
    if fault.repeats:
        assert outcome.verdict.repeated, "nothing was delivered again: the run proves nothing"
    if fault.posts_again:
        assert outcome.verdict.posted_again, "nothing was POSTed again: the run proves nothing"
    if fault.withheld:
        assert outcome.verdict.incomplete, "nothing was given out incomplete: the run proves nothing"
