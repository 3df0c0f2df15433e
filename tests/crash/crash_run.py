"""One crash run: send under a fault, wait until everything has settled, let the checker judge."""

import asyncio
from contextlib import suppress
from typing import NamedTuple

import asyncpg

from heliograph.storage.database import Connection
from tests.crash.checker import Verdict, judge, segments_in_doubt
from tests.crash.client import Client
from tests.crash.crash_faults import Fault
from tests.crash.installation import Installation, owner_connection

MESSAGES = 1_200
SEND_SECONDS = 60.0
SETTLE_SECONDS = 45.0
_FAILPOINT_PASSES = (2, 10)

_MOVING = """
SELECT (SELECT count(*)
        FROM message m
        WHERE code < 200 AND NOT EXISTS (SELECT FROM in_doubt d WHERE d.message_id = m.message_id))
    + (SELECT count(*) FROM report_block) + (SELECT count(*) FROM report_retry)
"""


class Outcome(NamedTuple):
    """What came of a run."""

    verdict: Verdict
    ended: dict[str, list[int]]
    """Exit codes of members that ended by themselves."""
    deaths: dict[str, int]


async def crash_run(
    installation: Installation, fault: Fault, *, settle_seconds: float = SETTLE_SECONDS
) -> Outcome:
    """Send under the fault and judge what came of it."""
    passes = installation.random.randint(*_FAILPOINT_PASSES)
    client_seed = installation.random.randrange(1 << 30)
    failpoints = {role: f"{place}:{passes}" for role, place in fault.failpoints.items()}
    await installation.start(failpoints=failpoints, faults=fault.carrier)
    client = Client(
        installation.address, installation.first.token, report_url=installation.receiver.url, seed=client_seed
    )
    async with asyncio.timeout(SEND_SECONDS), asyncio.TaskGroup() as group:
        group.create_task(client.send(MESSAGES))
        await fault.disturb(installation)
        client.end()
    # What does not settle is judged as it stands: the verdict says what is missing.
    with suppress(TimeoutError):
        async with asyncio.timeout(settle_seconds):
            await _settled(installation)
    async with owner_connection(installation.dsn) as connection:
        verdict = await judge(
            connection, client.accepted, installation.carrier_testimony(), installation.reported
        )
    members = installation.members.items()
    return Outcome(
        verdict,
        {role: member.ended_with for role, member in members if member.ended_with},
        {role: member.deaths for role, member in members},
    )


async def _settled(installation: Installation) -> None:
    """Return once every message that can end has ended, and every report was delivered."""
    while True:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            async with owner_connection(installation.dsn) as connection:
                while not await _is_settled(connection, installation):
                    await asyncio.sleep(0.1)
                return
        await asyncio.sleep(0.1)


async def _is_settled(connection: Connection, installation: Installation) -> bool:
    if await connection.fetchval(_MOVING):
        return False
    doubtful = await segments_in_doubt(connection)
    submitted = installation.carrier_testimony().submitted if doubtful else []
    return not doubtful & {(submit.recipient, submit.segment) for submit in submitted}
