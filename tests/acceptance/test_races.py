"""Requests that meet: repeats of one with the same key over a crash, and cancels against the dispatcher."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from heliograph.domain.pricing import UNIT
from heliograph.services.first_start import STANDARD_PRICE
from tests.crash.installation import CREDIT, Installation, owner_connection
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

REPEATS = 50
RACES = 1_000
AT_ONCE = 20
OPENS_AFTER = 10.0
"""When the window of all the batches opens, in seconds."""
HEAD_START = 0.6
"""The cancels begin a little before, so that they meet the dispatcher in their midst."""
FIRST_NUMBER = 46_720_000_000
LONGEST_SECONDS = 120.0

_MONEY = """
SELECT (SELECT sum(amount) FROM ledger)::bigint AS ledger,
       (SELECT sum(amount) FROM balance)::bigint AS balance,
       (SELECT count(*) FROM ledger WHERE kind = 2) AS charges, (SELECT count(*) FROM batch) AS batches
"""
_RESULTS = "SELECT recipient, code, refunded FROM message"


@pytest.fixture
async def installation(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Installation]:
    dsn = postgres.dsn(await asyncio.to_thread(postgres.create_database))
    async with Installation(postgres.server, dsn, tmp_path, seed=1, answer_seconds=0.0) as running:
        await running.start()
        yield running


def client_of(installation: Installation) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        base_url=installation.address,
        headers={"Authorization": f"Bearer {installation.first.token}"},
        timeout=aiohttp.ClientTimeout(total=20),
        connector=aiohttp.TCPConnector(limit=REPEATS),
    )


def order(recipient: int) -> dict[str, object]:
    return {"sender": "iP1", "recipients": [str(recipient)], "body": "Once", "datacoding": "gsm"}


async def test_50_repeats_of_one_request_over_a_crash_make_one_batch_and_one_charge(
    installation: Installation,
) -> None:
    async with client_of(installation) as session:

        async def send_until_answered() -> str:
            while True:
                try:
                    async with session.post(
                        "/v2/batches", json=order(FIRST_NUMBER), headers={"Idempotency-Key": "once"}
                    ) as answer:
                        if answer.status == 201:
                            return str((await answer.json())["id"])
                        assert answer.status in (409, 503), await answer.text()
                except (aiohttp.ClientError, TimeoutError, ConnectionError):
                    pass
                await asyncio.sleep(0.05)

        sending = [asyncio.create_task(send_until_answered()) for _ in range(REPEATS)]
        await asyncio.sleep(random.Random(1).uniform(0.0, 0.02))
        installation.members["api"].kill()
        async with asyncio.timeout(LONGEST_SECONDS):
            ids = set(await asyncio.gather(*sending))
    assert len(ids) == 1
    async with owner_connection(installation.dsn) as connection:
        money = await connection.fetchrow(_MONEY)
    assert money is not None
    assert (money["batches"], money["charges"]) == (1, 1)
    assert money["ledger"] == money["balance"] == CREDIT * UNIT - STANDARD_PRICE


async def test_1_000_cancels_against_the_dispatcher_never_both_submit_and_refund(
    installation: Installation,
) -> None:
    opens = datetime.now(UTC) + timedelta(seconds=OPENS_AFTER)
    batches: list[str] = []
    async with client_of(installation) as session:

        async def send(numbers: Iterable[int]) -> None:
            for number in numbers:
                window = {"opens": opens.isoformat()}
                async with session.post(
                    "/v2/batches", json=order(number) | {"deliveryWindows": [window]}
                ) as answer:
                    assert answer.status == 201, await answer.text()
                    batches.append((await answer.json())["id"])

        async def cancel(batch_ids: Iterable[str]) -> None:
            for batch_id in batch_ids:
                async with session.delete(f"/v2/batches/{batch_id}") as answer:
                    assert answer.status in (200, 409), await answer.text()

        async with asyncio.timeout(LONGEST_SECONDS):
            numbers = iter(range(FIRST_NUMBER, FIRST_NUMBER + RACES))
            await asyncio.gather(*(send(numbers) for _ in range(AT_ONCE)))
            random.Random(2).shuffle(batches)
            await asyncio.sleep((opens - datetime.now(UTC)).total_seconds() - HEAD_START)
            chosen = iter(batches)
            await asyncio.gather(*(cancel(chosen) for _ in range(AT_ONCE)))
    async with owner_connection(installation.dsn) as connection:
        async with asyncio.timeout(LONGEST_SECONDS):
            while await connection.fetchval("SELECT EXISTS (SELECT FROM message WHERE code < 200)"):
                await asyncio.sleep(0.2)
        results = await connection.fetch(_RESULTS)
        money = await connection.fetchrow(_MONEY)

    canceled = {row["recipient"] for row in results if row["code"] == 203}
    delivered = {row["recipient"] for row in results if row["code"] == 201}
    submitted = [submit.recipient for submit in installation.carrier_testimony().submitted]
    print(f"\n{len(canceled)} canceled, {len(delivered)} delivered")
    assert len(results) == RACES == len(canceled) + len(delivered)
    assert sorted(submitted) == sorted(delivered)
    assert {row["recipient"] for row in results if row["refunded"]} == canceled
    assert money is not None
    assert money["ledger"] == money["balance"] == CREDIT * UNIT - STANDARD_PRICE * len(delivered)
