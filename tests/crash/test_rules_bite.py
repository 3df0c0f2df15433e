"""Breaking any rule of the crash matrix is found by it: each rule is altered in a copy of the code and run.

A matrix that only ever passes proves nothing about itself. The faults are those that the code as it is
survives in ``test_crashes``.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import heliograph
from tests.crash.altered_rules import ALTERED_RULES, AlterationOutdated, Edit, altered_copy
from tests.crash.crash_faults import FAULTS
from tests.crash.crash_run import crash_run
from tests.crash.installation import Installation
from tests.support.postgres import Postgres

IN_THE_SUITE = ("submit_sm written before the intent is committed", "201 before the batch is committed")
SETTLE_SECONDS = 10.0
"""What was lost never settles, so there is no point in waiting for it."""
SEED = 1

PACKAGE = Path(heliograph.__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "altered" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--crash-runs") is not None
        metafunc.parametrize("altered", list(ALTERED_RULES) if everything else IN_THE_SUITE)


@pytest.mark.parametrize("name", ALTERED_RULES)
def test_every_alteration_fits_the_code(tmp_path: Path, name: str) -> None:
    rule = ALTERED_RULES[name]
    folder = altered_copy(PACKAGE, tmp_path, rule.edits)
    assert rule.fault in FAULTS
    for path in {edit.file for edit in rule.edits if edit.file.endswith(".py")}:
        compile((folder / PACKAGE.name / path).read_text("utf-8"), path, "exec")


@pytest.mark.parametrize("old", ["no such text", "import"])
def test_an_alteration_that_does_not_fit_is_noticed(tmp_path: Path, old: str) -> None:
    with pytest.raises(AlterationOutdated):
        altered_copy(PACKAGE, tmp_path, [Edit("failpoints.py", old, "")])


@pytest.mark.acceptance
@pytest.mark.xdist_group("processes")
async def test_a_broken_rule_is_found(
    own_postgres: Postgres,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    altered: str,
) -> None:
    rule = ALTERED_RULES[altered]
    source = altered_copy(PACKAGE, tmp_path, rule.edits)
    server = own_postgres.server
    dsn = own_postgres.dsn(await asyncio.to_thread(own_postgres.create_database))
    async with Installation(server, dsn, tmp_path, seed=SEED, source=source) as installation:
        outcome = await crash_run(installation, FAULTS[rule.fault], settle_seconds=SETTLE_SECONDS)
    record_property("altered rule", (altered, _counted(outcome.verdict.faults)))
    assert rule.shows_as in outcome.verdict.faults


def _counted(faults: dict[str, object]) -> dict[str, object]:
    return {name: len(value) if isinstance(value, list) else value for name, value in faults.items()}
