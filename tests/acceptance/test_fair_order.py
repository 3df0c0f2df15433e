"""100,000 messages of one account do not keep another's single one waiting: two flights at most.

A flight is what one intent covers, no more than the send window. How long the other one waits is therefore
counted in the carrier's journal, in messages of the large account, and not measured in seconds.
"""

import asyncio
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from tests.crash.installation import WINDOW, Installation, owner_connection
from tests.crash.journals import Submitted
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

QUEUED = 100_000
FIRST_NUMBER = 46_730_000_000
SINGLE_NUMBERS = [str(46_720_000_000 + number) for number in range(8)]
ANSWER_SECONDS = 0.3
"""The carrier takes its time, so that the queue stays as deep as it is: 100 in 0.3 s."""
LONGEST_SECONDS = 60.0

_LEFT = "SELECT coalesce(sum(segment_count - next_segment), 0) FROM lot WHERE account_id = $1"


async def send(installation: Installation, token: str, recipients: list[str]) -> datetime:
    """Send one batch; when its request was begun, which is before its commit."""
    order = {"sender": "iP1", "recipients": recipients, "body": "Good morning", "datacoding": "gsm"}
    body = io.BytesIO(json.dumps(order).encode())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        begun = datetime.now(UTC)
        async with session.post(f"{installation.address}/v2/batches", data=body) as answer:
            assert answer.status == 201, await answer.text()
    return begun


async def find_submit(installation: Installation, recipient: str) -> tuple[Submitted, list[Submitted]]:
    """The submit to a recipient once it is there, and all that the carrier took before it."""
    async with asyncio.timeout(LONGEST_SECONDS):
        while True:
            submitted = installation.carrier_testimony().submitted
            for number, submit in enumerate(submitted):
                if submit.recipient == recipient:
                    return submit, submitted[:number]
            await asyncio.sleep(0.05)


async def test_a_single_message_passes_100_000_of_another_account(postgres: Postgres, tmp_path: Path) -> None:
    dsn = postgres.dsn(await asyncio.to_thread(postgres.create_database))
    async with Installation(
        postgres.server, dsn, tmp_path, seed=1, answer_seconds=ANSWER_SECONDS
    ) as installation:
        await installation.start()
        other = await installation.open_account("Another account")
        large = [str(FIRST_NUMBER + number) for number in range(QUEUED)]
        await send(installation, installation.first.token, large)
        await find_submit(installation, large[2 * WINDOW])
        waited = []
        for number in SINGLE_NUMBERS:
            begun = await send(installation, other.token, [number])
            _, before = await find_submit(installation, number)
            waited.append(sum(submit.at >= begun for submit in before))
        async with owner_connection(dsn) as connection:
            left = await connection.fetchval(_LEFT, installation.first.account_id)
    print(f"\nmessages of the large account submitted in between: {waited}; {left} still queued")
    assert left > QUEUED - len(SINGLE_NUMBERS) * 10 * WINDOW, "the queue was not deep any more"
    assert max(waited) <= 2 * WINDOW
