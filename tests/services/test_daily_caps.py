"""A daily cap is never passed, whoever sends at once in however many processes; what is said then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heliograph.storage.account_limits import AccountLimits, set_limits
from heliograph.storage.database import Purpose
from heliograph.storage.ledger_proof import prove_ledger
from tests.support.accepting import AcceptingApi, Answer, accepting_api

BATCH = {"sender": "iP1", "recipients": ["46701740605"], "body": "Hello", "datacoding": "gsm"}
PRICE = 350_000
WARNING = (
    "The account may spend 3.5 SEK a day, and this batch would pass that: none of its messages is sent. "
    "The next day begins at 00:00 UTC."
)


async def cap(api: AcceptingApi, amount: int | None) -> None:
    async with api.database.transaction() as tx:
        await set_limits(tx, api.started.account_id, AccountLimits(None, amount))
    api.accounts.forget(api.started.account_id)


async def values(api: AcceptingApi, statement: str) -> list[Any]:
    return [row[0] for row in await api.database.fetch(Purpose.GENERAL, statement)]


@asynccontextmanager
async def two_processes(database: str, *, credit: int = 1_000) -> AsyncIterator[list[AcceptingApi]]:
    async with (
        accepting_api(database, test_credit=credit) as one,
        accepting_api(database, started=one.started, process=b"test2") as other,
    ):
        yield [one, other]


def is_funded(answer: Answer) -> bool:
    assert answer.status == 201, answer.body
    codes = {code: counts["messages"] for code, counts in answer.json["messageSummary"].items()}
    assert codes in ({"103": 1}, {"402": 1})
    return codes == {"103": 1}


async def send_200(apis: list[AcceptingApi]) -> list[Answer]:
    return list(await asyncio.gather(*[apis[number % 2].post(BATCH) for number in range(200)]))


async def test_of_200_parallel_sends_in_two_processes_exactly_those_within_the_cap_are_paid(
    database: str,
) -> None:
    async with two_processes(database) as apis:
        await cap(apis[0], 37 * PRICE + PRICE // 2)
        answers = await send_200(apis)
        assert sum(map(is_funded, answers)) == 37
        assert await values(apis[0], "SELECT spent FROM daily_spend") == [37 * PRICE]
        assert await values(apis[0], "SELECT -sum(amount) FROM ledger WHERE kind = 2") == [37 * PRICE]
        assert await values(apis[0], "SELECT count(*) FROM message WHERE price > 0") == [37]
        assert (await prove_ledger(apis[0].database)).faults() == []
        for answer in answers:
            assert ("warnings" in answer.json) is not is_funded(answer)


async def test_of_200_parallel_sends_in_two_processes_exactly_those_are_paid_that_the_credit_covers(
    database: str,
) -> None:
    async with two_processes(database, credit=10) as apis:
        answers = await send_200(apis)
        assert sum(map(is_funded, answers)) == 28
        assert await values(apis[0], "SELECT amount FROM balance") == [10_000_000 - 28 * PRICE]
        assert await values(apis[0], "SELECT count(*) FROM daily_spend") == [0], "no cap, no row"


@pytest.mark.parametrize("count", [11, 1_001])
async def test_a_batch_that_would_pass_the_cap_is_402_and_says_why(database: str, count: int) -> None:
    batch = BATCH | {"recipients": [f"4670{number:07}" for number in range(count)]}
    async with accepting_api(database) as api:
        await cap(api, 10 * PRICE)
        answer = await api.post(batch, headers={"idempotency-key": "once"})
        assert (answer.status, answer.json["warnings"]) == (201, [WARNING])
        assert answer.json["messageSummary"] == {"402": {"messages": count, "sms": count}}
        assert answer.json["priceSummary"]["total"] == 0
        again = await api.post(batch, headers={"idempotency-key": "once"})
        assert again.body == answer.body
        assert is_funded(await api.post(BATCH)), "a smaller one still fits"
        assert await values(api, "SELECT spent FROM daily_spend") == [PRICE]


@pytest.mark.parametrize("count", [10, 1_001])
async def test_exactly_the_cap_may_be_spent(database: str, count: int) -> None:
    batch = BATCH | {"recipients": [f"4670{number:07}" for number in range(count)]}
    async with accepting_api(database) as api:
        await cap(api, count * PRICE)
        answer = await api.post(batch)
        assert answer.json["messageSummary"] == {"103": {"messages": count, "sms": count}}
        assert not is_funded(await api.post(BATCH))


async def test_what_the_credit_cannot_pay_says_nothing_of_the_cap(database: str) -> None:
    async with accepting_api(database, test_credit=0) as api:
        await cap(api, PRICE // 2)
        answer = await api.post(BATCH)
        assert not is_funded(answer)
        answer = await api.post(BATCH)
        assert "warnings" not in answer.json


async def test_a_new_day_begins_at_midnight_in_utc(database: str) -> None:
    clock = datetime.now(UTC).replace(hour=23, minute=59, second=59)
    now = [clock]
    async with accepting_api(database, now=lambda: now[0]) as api:
        await cap(api, PRICE)
        assert is_funded(await api.post(BATCH))
        assert not is_funded(await api.post(BATCH))
        now[0] += timedelta(seconds=1)
        assert is_funded(await api.post(BATCH))
        assert not is_funded(await api.post(BATCH))
        assert await values(api, "SELECT spent FROM daily_spend ORDER BY day") == [PRICE, PRICE]


async def test_a_cap_set_at_noon_counts_what_was_spent_in_the_morning(database: str) -> None:
    async with accepting_api(database) as api:
        for _ in range(3):
            assert is_funded(await api.post(BATCH))
        await cap(api, 4 * PRICE)
        assert is_funded(await api.post(BATCH))
        assert not is_funded(await api.post(BATCH))
        assert await values(api, "SELECT spent FROM daily_spend") == [4 * PRICE]


async def test_a_cap_is_raised_and_taken_away(database: str) -> None:
    async with accepting_api(database) as api:
        await cap(api, 0)
        assert not is_funded(await api.post(BATCH))
        await cap(api, PRICE)
        assert is_funded(await api.post(BATCH))
        assert not is_funded(await api.post(BATCH))
        await cap(api, None)
        assert is_funded(await api.post(BATCH))


async def test_batches_that_cost_nothing_pass_any_cap(database: str) -> None:
    async with accepting_api(database) as api:
        await cap(api, 0)
        await api.database.fetch(Purpose.GENERAL, "UPDATE price SET amount = 0")
        assert is_funded(await api.post(BATCH))


async def test_batches_of_one_commit_are_paid_in_order_until_the_cap(database: str) -> None:
    async with accepting_api(database) as api:
        await cap(api, 5 * PRICE)
        answers = await asyncio.gather(*[api.post(BATCH) for _ in range(20)])
        assert [is_funded(answer) for answer in answers] == [True] * 5 + [False] * 15
