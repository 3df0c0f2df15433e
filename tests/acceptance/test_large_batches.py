"""100,000 recipients in one request: every one of them ends, the sums are right, and nobody else waits."""

import asyncio
import io
import json
import statistics
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from heliograph.domain.pricing import UNIT
from heliograph.services.first_start import STANDARD_PRICE
from heliograph.storage.database import Connection
from tests.crash.installation import CREDIT, Installation, owner_connection
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

RECIPIENTS = 100_000
FIRST_NUMBER = 46_730_000_000
FIRST_SINGLE = 46_720_000_000
SINGLE_SPACING = 0.05
BEFORE = 20
"""Single requests before the large one, to compare with."""
LONGEST_SECONDS = 240.0

_LEDGER = """
SELECT (SELECT sum(amount) FROM ledger) AS ledger, (SELECT sum(amount) FROM balance) AS balance,
       (SELECT sum(charged - refunded) FROM batch) AS charged
"""


@pytest.fixture
async def installation(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Installation]:
    dsn = postgres.dsn(await asyncio.to_thread(postgres.create_database))
    async with Installation(postgres.server, dsn, tmp_path, seed=1, answer_seconds=0.0) as running:
        await running.start()
        yield running


class Sender:
    """Sends for the first account and measures how long single requests take, in milliseconds."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._url = f"{address}/v2/batches"
        self.sent = 0

    async def send(self, recipients: list[str]) -> dict[str, Any]:
        """The batch as the answer has it."""
        order = {"sender": "iP1", "recipients": recipients, "body": "Good morning", "datacoding": "gsm"}
        body = io.BytesIO(json.dumps(order).encode())
        async with self._session.post(self._url, data=body) as answer:
            assert answer.status == 201, await answer.text()
            batch: dict[str, Any] = await answer.json()
            return batch

    async def read(self, batch_id: str) -> dict[str, Any]:
        """The batch as it is now."""
        async with self._session.get(f"{self._url}/{batch_id}") as answer:
            assert answer.status == 200, await answer.text()
            batch: dict[str, Any] = await answer.json()
            return batch

    async def send_singles(self, *, until: asyncio.Event | None = None, count: int = 1 << 30) -> list[float]:
        """Send single messages one after the other; how long each request took."""
        loop = asyncio.get_running_loop()
        durations: list[float] = []
        while len(durations) < count and not (until and until.is_set()):
            started = loop.time()
            await self.send([str(FIRST_SINGLE + self.sent)])
            durations.append((loop.time() - started) * 1000)
            self.sent += 1
            await asyncio.sleep(SINGLE_SPACING)
        return durations


async def wait_until_final(connection: Connection, batch_id: str | None = None) -> None:
    """Every message of a batch, or of the database, has ended.

    While single messages are being sent there is nearly always one that has not, so only the batch counts.
    """
    unfinished = "SELECT EXISTS (SELECT FROM message WHERE code < 200 AND batch_id = coalesce($1, batch_id))"
    batch = bytes.fromhex(batch_id) if batch_id else None
    async with asyncio.timeout(LONGEST_SECONDS):
        while await connection.fetchval(unfinished, batch):
            await asyncio.sleep(0.5)


def told(durations: list[float]) -> str:
    """Median and 99th percentile."""
    cuts = statistics.quantiles(durations, n=100)
    return f"{len(durations)} singles, p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"


async def test_100_000_recipients_in_one_request(installation: Installation) -> None:
    recipients = [str(FIRST_NUMBER + number) for number in range(RECIPIENTS)]
    timeout = aiohttp.ClientTimeout(total=120)
    headers = {"Authorization": f"Bearer {installation.first.token}", "Content-Type": "application/json"}
    all_final = asyncio.Event()
    async with (
        aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
        owner_connection(installation.dsn) as connection,
    ):
        sender = Sender(session, installation.address)
        before = await sender.send_singles(count=BEFORE)
        singles = asyncio.create_task(sender.send_singles(until=all_final))
        started = asyncio.get_running_loop().time()
        batch = await sender.send(recipients)
        accepted_after = asyncio.get_running_loop().time() - started
        await wait_until_final(connection, batch["id"])
        final_after = asyncio.get_running_loop().time() - started
        all_final.set()
        during = await singles
        await wait_until_final(connection)
        shown = await sender.read(batch["id"])
        sums = await connection.fetchrow(_LEDGER)

    print(f"\nbefore: {told(before)}\nmeanwhile: {told(during)}")
    print(f"100,000 recipients: 201 after {accepted_after:.1f} s, all final after {final_after:.1f} s")

    assert sum(count["messages"] for count in batch["messageSummary"].values()) == RECIPIENTS
    assert shown["messageSummary"] == {"201": {"messages": RECIPIENTS, "sms": RECIPIENTS}}
    assert Decimal(str(shown["priceSummary"]["total"])) == Decimal(STANDARD_PRICE * RECIPIENTS) / UNIT

    messages = RECIPIENTS + sender.sent
    assert sums is not None
    assert sums["charged"] == STANDARD_PRICE * messages
    assert sums["ledger"] == sums["balance"] == CREDIT * UNIT - STANDARD_PRICE * messages

    submits = Counter(submit.recipient for submit in installation.carrier_testimony().submitted)
    assert set(submits.values()) == {1}, "submitted twice"
    assert submits.keys() == {*recipients, *(str(FIRST_SINGLE + number) for number in range(sender.sent))}
