"""One crash run with messages from handsets: write under a fault, wait until it has settled, judge."""

import asyncio
from contextlib import suppress
from typing import NamedTuple

import asyncpg

from heliograph.storage.database import Connection, Database
from heliograph.storage.inbound_numbers import set_incoming_url
from tests.crash.handset_traffic import HandsetTraffic
from tests.crash.incoming_checker import IncomingVerdict, Wishes, judge_incoming, read_stored
from tests.crash.incoming_faults import IncomingFault
from tests.crash.installation import Installation, owner_connection

MESSAGES = 150
WRITE_SECONDS = 60.0
SETTLE_SECONDS = 45.0
ROLES = ("dispatcher", "reporter", "keeper")

_STORED_AND_REPORTED = """
SELECT (SELECT count(*) FROM batch WHERE direction = 1) >= $1
    AND NOT EXISTS (SELECT FROM report_block) AND NOT EXISTS (SELECT FROM report_retry)
"""


class IncomingOutcome(NamedTuple):
    """What came of a run."""

    verdict: IncomingVerdict
    ended: dict[str, list[int]]
    """Exit codes of members that ended by themselves."""
    deaths: dict[str, int]


async def incoming_crash_run(
    installation: Installation, fault: IncomingFault, *, settle_seconds: float = SETTLE_SECONDS
) -> IncomingOutcome:
    """Write under the fault and judge what came of it."""
    passes = installation.random.randint(*fault.passes)
    seed = installation.random.randrange(1 << 30)
    failpoints = {role: f"{place}:{passes}" for role, place in fault.failpoints.items()}
    carrier = installation.carrier
    installation.dispatched = lambda: carrier.counts.receipts_acknowledged
    await installation.start(failpoints=failpoints, roles=ROLES)
    await _give_number(installation)
    traffic = HandsetTraffic(carrier, seed=seed, withheld=fault.withheld)
    async with asyncio.timeout(WRITE_SECONDS), asyncio.TaskGroup() as group:
        group.create_task(traffic.write(MESSAGES))
        await fault.disturb(installation, traffic)
        traffic.end()
    # What does not settle is judged as it stands: the verdict says what is missing.
    with suppress(TimeoutError):
        async with asyncio.timeout(settle_seconds):
            await _settled(installation, traffic)
    async with owner_connection(installation.dsn) as connection:
        stored, stored_wishes = await read_stored(connection)
    verdict = judge_incoming(
        traffic.written,
        Wishes(traffic.stopped, traffic.started),
        installation.incoming_testimony(),
        installation.posted_messages,
        stored,
        stored_wishes,
    )
    members = installation.members.items()
    return IncomingOutcome(
        verdict,
        {role: member.ended_with for role, member in members if member.ended_with},
        {role: member.deaths for role, member in members},
    )


async def _give_number(installation: Installation) -> None:
    """The account is told of what handsets write to its number."""
    async with Database(installation.dsn) as database, database.transaction() as tx:
        await set_incoming_url(tx, installation.first.account_id, installation.receiver.url)


async def _settled(installation: Installation, traffic: HandsetTraffic) -> None:
    """Return once everything is answered, stored and reported."""
    while not traffic.is_taken:
        await asyncio.sleep(0.05)
    while True:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            async with owner_connection(installation.dsn) as connection:
                while not await _is_stored_and_reported(connection, len(traffic.written)):
                    await asyncio.sleep(0.1)
                return
        await asyncio.sleep(0.1)


async def _is_stored_and_reported(connection: Connection, messages: int) -> bool:
    return bool(await connection.fetchval(_STORED_AND_REPORTED, messages))
