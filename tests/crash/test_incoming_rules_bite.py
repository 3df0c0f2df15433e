"""Breaking any rule that messages from handsets rest on is found: each is altered in a copy of the code."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import heliograph
from tests.crash.altered_rules import altered_copy
from tests.crash.incoming_altered_rules import INCOMING_ALTERED_RULES
from tests.crash.incoming_faults import INCOMING_FAULTS
from tests.crash.incoming_run import incoming_crash_run
from tests.crash.installation import Installation
from tests.support.postgres import Postgres

IN_THE_SUITE = ("deliver_sm_resp before the segment is committed",)
SETTLE_SECONDS = 1.0
"""What was lost never settles, so there is no point in waiting for it."""
SEED = 1

PACKAGE = Path(heliograph.__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "altered" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--crash-runs") is not None
        metafunc.parametrize("altered", list(INCOMING_ALTERED_RULES) if everything else IN_THE_SUITE)


@pytest.mark.parametrize("name", INCOMING_ALTERED_RULES)
def test_every_alteration_fits_the_code(tmp_path: Path, name: str) -> None:
    rule = INCOMING_ALTERED_RULES[name]
    folder = altered_copy(PACKAGE, tmp_path, rule.edits)
    assert rule.fault in INCOMING_FAULTS
    for path in {edit.file for edit in rule.edits}:
        compile((folder / PACKAGE.name / path).read_text("utf-8"), path, "exec")


@pytest.mark.acceptance
@pytest.mark.xdist_group("processes")
async def test_a_broken_rule_is_found(
    own_postgres: Postgres,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    altered: str,
) -> None:
    rule = INCOMING_ALTERED_RULES[altered]
    fault = INCOMING_FAULTS[rule.fault]
    source = altered_copy(PACKAGE, tmp_path, rule.edits)
    server = own_postgres.server
    dsn = own_postgres.dsn(await asyncio.to_thread(own_postgres.create_database))
    async with Installation(
        server, dsn, tmp_path, seed=SEED, source=source, settings=fault.settings
    ) as installation:
        # A keeper needs the time that messages wait, before it gives any out.
        settle_seconds = SETTLE_SECONDS + (10.0 if fault.withheld else 0.0)
        outcome = await incoming_crash_run(installation, fault, settle_seconds=settle_seconds)
    faults = outcome.verdict.faults
    record_property("altered rule", (altered, {name: len(found) for name, found in faults.items()}))
    assert rule.shows_as in faults
