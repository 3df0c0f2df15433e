"""A send never reaches a blacklisted number: judged by what is committed, in every process, at once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from heliograph.storage import accepted_batches
from heliograph.storage.blacklist import BlacklistSource, add_to_blacklist, remove_from_blacklist
from heliograph.storage.database import Purpose
from tests.support.accepting import AcceptingApi, Answer, accepting_api, utc_now

BARRED, OTHER = "46701740605", "46701740606"
NUMBERS = [f"4670{number:07}" for number in range(12_000)]
SMALL = {"sender": "iP1", "recipients": [BARRED, OTHER], "body": "Hello", "datacoding": "gsm"}
LARGE = SMALL | {"recipients": NUMBERS}
PRICE = 350_000


async def bar(api: AcceptingApi, *numbers: str) -> None:
    async with api.database.transaction() as tx:
        for number in numbers:
            await add_to_blacklist(
                tx, api.started.account_id, number, now=utc_now(), source=BlacklistSource.API
            )


async def allow(api: AcceptingApi, number: str) -> None:
    async with api.database.transaction() as tx:
        await remove_from_blacklist(
            tx, api.started.account_id, number, now=utc_now(), source=BlacklistSource.API
        )


async def rows(api: AcceptingApi, statement: str) -> list[Any]:
    return [tuple(row) for row in await api.database.fetch(Purpose.GENERAL, statement)]


def codes(answer: Answer) -> dict[str, int]:
    assert answer.status == 201, answer.body
    return {code: counts["messages"] for code, counts in answer.json["messageSummary"].items()}


async def make_all_free(api: AcceptingApi) -> None:
    await api.database.fetch(Purpose.GENERAL, "UPDATE price SET amount = 0")


async def test_a_blacklisted_recipient_is_405_and_never_charged(database: str) -> None:
    async with accepting_api(database) as api:
        await bar(api, BARRED)
        answer = await api.post(SMALL)
        assert answer.json["messageSummary"] == {
            "103": {"messages": 1, "sms": 1},
            "405": {"messages": 1, "sms": 1},
        }
        assert answer.json["priceSummary"]["total"] == 0.35
        stored = await rows(api, "SELECT recipient, code, rank, price FROM message ORDER BY recipient")
        assert stored == [(BARRED, 405, 10, 0), (OTHER, 103, 0, PRICE)]
        assert await rows(api, "SELECT segment_count FROM lot") == [(1,)]
        alone = await api.post(SMALL | {"recipients": [BARRED]})
        assert (codes(alone), alone.json["status"]) == ({"405": 1}, 112)
        assert await rows(api, "SELECT sum(amount) FROM ledger WHERE kind = 2") == [(-PRICE,)]


async def test_a_refused_recipient_is_reported(database: str) -> None:
    async with accepting_api(database) as api:
        await bar(api, BARRED)
        await api.post(SMALL | {"deliveryReportUrl": "https://example.org/r"})
        assert await rows(api, "SELECT event_count FROM report_block") == [(1,)]


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("free", [False, True], ids=["paid", "free"])
async def test_the_first_entry_counts_for_the_next_batch_of_every_process(
    database: str, body: dict[str, Any], free: bool
) -> None:
    async with (
        accepting_api(database, test_credit=100_000) as one,
        accepting_api(database, started=one.started, process=b"test2") as two,
    ):
        if free:
            await make_all_free(one)
        for api in (one, two):
            assert "405" not in codes(await api.post(SMALL)), "both know the account, without any entry"
        await bar(one, BARRED, NUMBERS[0], NUMBERS[-1])
        recipients: Sequence[str] = body["recipients"]
        barred = len({BARRED, NUMBERS[0], NUMBERS[-1]}.intersection(recipients))
        for api in (one, two):
            assert codes(await api.post(body)) == {"103": len(recipients) - barred, "405": barred}
        sums = "SELECT (SELECT sum(amount) FROM ledger) - (SELECT amount FROM balance)"
        assert await rows(one, sums) == [(0,)]
        assert await rows(one, "SELECT sum(price) FROM message WHERE code = 405") == [(0,)]


async def test_later_entries_and_removals_count_at_once_too(database: str) -> None:
    async with accepting_api(database) as api:
        await bar(api, BARRED)
        assert codes(await api.post(SMALL)) == {"103": 1, "405": 1}
        await bar(api, OTHER)
        assert codes(await api.post(SMALL)) == {"405": 2}
        await allow(api, BARRED)
        await allow(api, OTHER)
        assert codes(await api.post(SMALL)) == {"103": 2}


async def test_those_who_share_a_commit_with_it_are_judged_once_and_stored_once(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(SMALL)
        await bar(api, BARRED)
        answers = await asyncio.gather(*[api.post(SMALL) for _ in range(20)])
        assert {tuple(codes(answer).items()) for answer in answers} == {(("103", 1), ("405", 1))}
        assert await rows(api, "SELECT count(*) FROM batch") == [(21,)]
        assert await rows(api, "SELECT count(*) FROM message WHERE code = 405") == [(20,)]


async def test_a_repeated_request_gets_the_answer_of_the_first(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(SMALL)
        await bar(api, BARRED)
        first = await api.post(SMALL, headers={"idempotency-key": "k"})
        await allow(api, BARRED)
        again = await api.post(SMALL, headers={"idempotency-key": "k"})
        assert codes(first) == {"103": 1, "405": 1}
        assert (again.headers["idempotent-replayed"], again.body) == ("true", first.body)


async def test_an_account_without_entries_is_not_asked_about_them(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []
    async with accepting_api(database, test_credit=100_000) as api:
        find = api.accounts.blacklisted

        async def noted(account_id: int, numbers: Sequence[str]) -> frozenset[str]:
            asked.append(numbers)
            return await find(account_id, numbers)

        monkeypatch.setattr(api.accounts, "blacklisted", noted)
        await api.post(SMALL)
        await api.post(LARGE)
        assert asked == []
        await bar(api, BARRED)
        await api.post(SMALL)
        await api.post(SMALL)
        assert asked == [SMALL["recipients"]] * 2
        await api.post(LARGE)
        assert [len(each) for each in asked[2:]] == [5_000, 5_000, 2_000]


async def test_without_the_look_in_the_debit_the_first_entry_would_be_missed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What holds the rule is really what holds it."""
    monkeypatch.setattr(accepted_batches, "_unjudged", lambda *_: frozenset())
    async with accepting_api(database) as api:
        await api.post(SMALL)
        await bar(api, BARRED)
        assert codes(await api.post(SMALL)) == {"103": 2}
