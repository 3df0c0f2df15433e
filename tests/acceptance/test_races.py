"""Requests that meet: repeats of one with the same key over a crash, and cancels against the dispatcher."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Iterable
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
OPENS_AFTER = 8.0
"""How long after it was sent the window of a batch opens, in seconds."""
OPENS_EVERY = 0.25
"""Batches of such a piece of time open as one, so that they share lots."""
HEAD_START = 0.6
"""The cancels begin a little before, so that they meet the dispatcher in their midst."""
AT_LEAST = 50
"""So many must be canceled, and as many sent: else nothing met."""
FIRST_NUMBER = 46_720_000_000
LONGEST_SECONDS = 120.0

_MONEY = """
SELECT (SELECT sum(amount) FROM ledger)::bigint AS ledger,
       (SELECT sum(amount) FROM balance)::bigint AS balance,
       (SELECT count(*) FROM ledger WHERE kind = 2) AS charges, (SELECT count(*) FROM batch) AS batches
"""
_HOLD_PAYMENTS = "SELECT FROM balance FOR UPDATE"
_RESULTS = "SELECT recipient, code, refunded FROM message"


@pytest.fixture
async def installation(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Installation]:
    dsn = postgres.dsn(await asyncio.to_thread(postgres.create_database))
    async with Installation(postgres.server, dsn, tmp_path, seed=1, answer_seconds=0.0) as prepared:
        yield prepared


def client_of(installation: Installation) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        base_url=installation.address,
        headers={"Authorization": f"Bearer {installation.first.token}"},
        timeout=aiohttp.ClientTimeout(total=20),
        connector=aiohttp.TCPConnector(limit=REPEATS),
    )


def order(recipient: int) -> dict[str, object]:
    return {"sender": "iP1", "recipients": [str(recipient)], "body": "Once", "datacoding": "gsm"}


class Repeats:
    """One request, sent by many at once until the API is dead, and then again until it is answered."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.told_to_wait: set[int] = set()
        """Who heard that the request is at work."""
        self.cut_off: set[int] = set()
        """Who lost the connection, or found nobody there any more."""
        self.go_on = asyncio.Event()
        """Set when they may send again after that."""
        self.replayed = 0
        self._session = session

    async def send(self, sender: int) -> str:
        """The id of the batch that it was told in the end."""
        while (answered := await self._ask(sender)) is None:
            if sender in self.cut_off:
                await self.go_on.wait()
                await asyncio.sleep(0.05)
        return answered

    async def _ask(self, sender: int) -> str | None:
        headers = {"Idempotency-Key": "once"}
        try:
            async with self._session.post("/v2/batches", json=order(FIRST_NUMBER), headers=headers) as answer:
                if answer.status == 201:
                    self.replayed += "Idempotent-Replayed" in answer.headers
                    return str((await answer.json())["id"])
                assert answer.status in (409, 503), await answer.text()
                self.told_to_wait.add(sender)
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            self.cut_off.add(sender)
        return None


@pytest.mark.parametrize(
    ("place", "committed"), [("api.pre_commit", 0), ("api.post_commit", 1), ("api.pre_response", 1)]
)
async def test_50_repeats_of_one_request_over_a_crash_make_one_batch_and_one_charge(
    installation: Installation, place: str, committed: int
) -> None:
    await installation.start(failpoints={"api": f"{place}:1"})
    api = installation.members["api"]
    async with client_of(installation) as session, owner_connection(installation.dsn) as connection:
        repeats = Repeats(session)
        async with asyncio.timeout(LONGEST_SECONDS), asyncio.TaskGroup() as group:
            async with connection.transaction():
                # The batch cannot be paid until the other 49 have come too and were told that it is at work.
                await connection.execute(_HOLD_PAYMENTS)
                sending = [group.create_task(repeats.send(sender)) for sender in range(REPEATS)]
                await until(lambda: len(repeats.told_to_wait) == REPEATS - 1)
                assert not repeats.cut_off
            await until(lambda: len(repeats.cut_off) == REPEATS and api.deaths == 1)
            assert repeats.replayed == 0
            at_death = [row["batch_id"].hex() for row in await connection.fetch("SELECT batch_id FROM batch")]
            repeats.go_on.set()
        money = await connection.fetchrow(_MONEY)
    answered = {task.result() for task in sending}
    assert len(at_death) == committed
    assert len(answered) == 1
    assert not committed or answered == set(at_death)
    assert repeats.replayed == (REPEATS if committed else REPEATS - 1)
    assert money is not None
    assert (money["batches"], money["charges"]) == (1, 1)
    assert money["ledger"] == money["balance"] == CREDIT * UNIT - STANDARD_PRICE
    assert (api.deaths, api.ended_with) == (1, [])


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds."""
    while not holds():
        await asyncio.sleep(0.01)


async def test_1_000_cancels_against_the_dispatcher_never_both_submit_and_refund(
    installation: Installation,
) -> None:
    await installation.start()
    first_opens = next_opening()
    batches: list[str] = []
    async with client_of(installation) as session:

        async def send(numbers: Iterable[int]) -> None:
            for number in numbers:
                wanted = order(number) | {"deliveryWindows": [{"opens": next_opening().isoformat()}]}
                async with session.post("/v2/batches", json=wanted) as answer:
                    assert answer.status == 201, await answer.text()
                    batches.append((await answer.json())["id"])

        async def cancel(chosen: Iterable[tuple[int, str]]) -> None:
            for place, batch_id in chosen:
                if place >= RACES // 2:
                    # However fast the cancels are, the dispatcher shall meet half of them.
                    await until(lambda: installation.carrier.counts.submits >= AT_LEAST)
                async with session.delete(f"/v2/batches/{batch_id}") as answer:
                    assert answer.status in (200, 409), await answer.text()

        async with asyncio.timeout(LONGEST_SECONDS):
            numbers = iter(range(FIRST_NUMBER, FIRST_NUMBER + RACES))
            await asyncio.gather(*(send(numbers) for _ in range(AT_ONCE)))
            random.Random(2).shuffle(batches)
            await asyncio.sleep((first_opens - datetime.now(UTC)).total_seconds() - HEAD_START)
            chosen = iter(enumerate(batches))
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
    assert min(len(canceled), len(delivered)) >= AT_LEAST
    assert sorted(submitted) == sorted(delivered)
    assert {row["recipient"] for row in results if row["refunded"]} == canceled
    assert money is not None
    assert money["ledger"] == money["balance"] == CREDIT * UNIT - STANDARD_PRICE * len(delivered)


def next_opening() -> datetime:
    """When a batch that is sent now opens."""
    seconds = (datetime.now(UTC) + timedelta(seconds=OPENS_AFTER)).timestamp()
    return datetime.fromtimestamp(math.ceil(seconds / OPENS_EVERY) * OPENS_EVERY, UTC)
