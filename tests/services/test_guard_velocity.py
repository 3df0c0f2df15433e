"""The velocity guard: no process lets more pass than a limit; what is watched, refused, recorded and said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from heliograph.domain.key_rights import KeyRights
from heliograph.domain.velocity_rules import GuardMode, GuardRule
from heliograph.services.accept_batch import guard_velocity
from heliograph.storage.blacklist import BlacklistSource, add_to_blacklist
from heliograph.storage.database import Purpose
from heliograph.storage.guard_rules import ALL_ACCOUNTS, set_guard_rule
from heliograph.storage.guard_windows import GuardEvent, list_guard_events
from heliograph.storage.ledger_proof import prove_ledger
from tests.support.accepting import AcceptingApi, Answer, accepting_api

PRICE = 350_000
DAY = 86_400
BLOCKED = (
    "{} of {} messages were refused with status 405: the account may send to {} recipients that begin with {}"
    " in a day."
)


def numbers(count: int, prefix: str = "4670") -> list[str]:
    return [f"{prefix}{number:07}" for number in range(count)]


def batch(*recipients: str, **members: Any) -> dict[str, Any]:
    sent = {"sender": "iP1", "recipients": list(recipients), "body": "Hello", "datacoding": "gsm"}
    return sent | members


async def guard(api: AcceptingApi, *rules: GuardRule, for_all: bool = False) -> None:
    account_id = ALL_ACCOUNTS if for_all else api.started.account_id
    async with api.database.transaction() as tx:
        for rule in rules:
            await set_guard_rule(tx, account_id, rule)
    api.accounts.forget(api.started.account_id)


async def events(api: AcceptingApi) -> list[GuardEvent]:
    async with api.database.transaction() as tx:
        return await list_guard_events(tx, None, limit=10)


async def values(api: AcceptingApi, statement: str) -> list[Any]:
    return [row[0] for row in await api.database.fetch(Purpose.GENERAL, statement)]


async def windows(api: AcceptingApi) -> list[tuple[str, int, int, int]]:
    rows = await api.database.fetch(
        Purpose.GENERAL, "SELECT prefix, recipients, beyond, blocked FROM guard_window ORDER BY prefix"
    )
    return [tuple(row) for row in rows]


def codes(answer: Answer) -> dict[str, int]:
    assert answer.status == 201, answer.body
    return {code: counts["messages"] for code, counts in answer.json["messageSummary"].items()}


@asynccontextmanager
async def two_processes(database: str) -> AsyncIterator[list[AcceptingApi]]:
    async with (
        accepting_api(database) as one,
        accepting_api(database, started=one.started, process=b"test2") as other,
    ):
        yield [one, other]


@pytest.fixture
async def api(database: str) -> AsyncIterator[AcceptingApi]:
    async with accepting_api(database) as opened:
        yield opened


async def test_of_100_parallel_sends_in_two_processes_exactly_the_limit_passes(database: str) -> None:
    async with two_processes(database) as apis:
        await guard(apis[0], GuardRule("46", GuardMode.BLOCK, 37, DAY))
        sent = batch("46701740605", "46701740606", "46701740607")
        answers = await asyncio.gather(*[apis[number % 2].post(sent) for number in range(100)])
        assert sum(codes(answer).get("103", 0) for answer in answers) == 37
        assert sum(codes(answer).get("405", 0) for answer in answers) == 263
        assert await values(apis[0], "SELECT count(*) FROM message WHERE code = 103") == [37]
        assert await values(apis[0], "SELECT -sum(amount) FROM ledger WHERE kind = 2") == [37 * PRICE]
        assert await windows(apis[0]) == [("46", 300, 263, 263)]
        assert (await prove_ledger(apis[0].database)).faults() == []


@pytest.mark.parametrize("count", [12, 1_002])
async def test_what_lies_beyond_the_limit_is_405_and_not_charged(api: AcceptingApi, count: int) -> None:
    await guard(api, GuardRule("225", GuardMode.BLOCK, 5, DAY))
    recipients = [*numbers(count - 8), *numbers(8, "225070")]
    answer = await api.post(batch(*recipients))
    assert codes(answer) == {"103": count - 3, "405": 3}
    assert answer.json["warnings"] == [BLOCKED.format(3, count, 5, 225)]
    refused = await values(api, "SELECT recipient FROM message WHERE code = 405 AND price = 0 AND rank = 10")
    assert sorted(refused) == numbers(8, "225070")[5:], "the first ones pass"
    assert (await prove_ledger(api.database)).faults() == []
    assert codes(await api.post(batch(numbers(1, "225070")[0]))) == {"405": 1}
    assert codes(await api.post(batch(numbers(1)[0]))) == {"103": 1}, "other prefixes are not held back"


async def test_who_is_only_watched_is_sent_to_and_recorded(api: AcceptingApi) -> None:
    await guard(api, GuardRule("46", GuardMode.WATCH, 5, DAY))
    with capture_logs() as logs:
        for _ in range(3):
            answer = await api.post(batch(*numbers(4)))
            assert codes(answer) == {"103": 4}
            assert "warnings" not in answer.json
    assert await windows(api) == [("46", 12, 7, 0)]
    (event,) = await events(api)
    assert (event.prefix, event.recipients, event.most, event.blocks) == ("46", 12, 5, False)
    assert (event.would_have_blocked, event.blocked) == (7, 0)
    told = [line for line in logs if line["event"] == "guard.limit_passed"]
    assert [(line["prefix"], line["limit"], line["would_have_blocked"]) for line in told] == [("46", 5, 3)]


async def test_every_country_is_counted_by_itself_and_one_can_be_left_out(api: AcceptingApi) -> None:
    await guard(api, GuardRule("*", GuardMode.BLOCK, 1, DAY), GuardRule("46", GuardMode.OFF))
    answer = await api.post(batch(*numbers(3), *numbers(2, "225070"), *numbers(3, "479")))
    assert codes(answer) == {"103": 5, "405": 3}
    assert len(answer.json["warnings"]) == 2
    assert await windows(api) == [("225", 2, 1, 1), ("47", 3, 2, 2)]


async def test_rules_for_all_accounts_count_where_an_account_has_none_of_its_own(api: AcceptingApi) -> None:
    await guard(api, GuardRule("46", GuardMode.BLOCK, 1, DAY), for_all=True)
    assert codes(await api.post(batch(*numbers(2)))) == {"103": 1, "405": 1}
    await guard(api, GuardRule("46", GuardMode.BLOCK, 4, DAY))
    assert codes(await api.post(batch(*numbers(3)))) == {"103": 2, "405": 1}


async def test_an_account_without_rules_is_not_counted(
    api: AcceptingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guard(api, GuardRule("46", GuardMode.OFF), for_all=True)

    async def never(*_: object) -> None:
        raise AssertionError("an account without rules was looked at")

    monkeypatch.setattr(guard_velocity.GuardVelocity, "judge", never)
    assert codes(await api.post(batch(*numbers(2)))) == {"103": 2}
    assert await windows(api) == []


async def test_a_new_window_begins_with_the_clock(database: str) -> None:
    now = [datetime.now(UTC).replace(hour=12, minute=59, second=59)]
    async with accepting_api(database, now=lambda: now[0]) as api:
        await guard(api, GuardRule("46", GuardMode.BLOCK, 1, 3600))
        assert codes(await api.post(batch(*numbers(2)))) == {"103": 1, "405": 1}
        now[0] += timedelta(seconds=1)
        assert codes(await api.post(batch(*numbers(2)))) == {"103": 1, "405": 1}
        assert [event.starts_at.hour for event in await events(api)] == [13, 12]


async def test_what_cannot_be_paid_does_not_fill_the_window(database: str) -> None:
    async with accepting_api(database, test_credit=0) as api:
        await guard(api, GuardRule("46", GuardMode.BLOCK, 3, DAY))
        assert codes(await api.post(batch(*numbers(5)))) == {"402": 3, "405": 2}
        assert await windows(api) == [("46", 2, 2, 2)]
        await guard(api, GuardRule("46", GuardMode.WATCH, 3, DAY))
        await api.database.fetch(Purpose.GENERAL, "DELETE FROM guard_window")
        assert codes(await api.post(batch(*numbers(5)))) == {"402": 5}
        assert await windows(api) == [("46", 0, 0, 0)]
        assert await events(api) == []


async def test_messages_that_are_refused_anyway_are_not_counted(api: AcceptingApi) -> None:
    async with api.database.transaction() as tx:
        await add_to_blacklist(
            tx,
            api.started.account_id,
            numbers(1)[0],
            now=datetime.now(UTC),
            source=BlacklistSource.OPERATOR,
        )
    await guard(api, GuardRule("46", GuardMode.BLOCK, 2, DAY))
    assert codes(await api.post(batch(*numbers(3), "461"))) == {"103": 2, "405": 1, "408": 1}
    assert await windows(api) == [("46", 2, 0, 0)]


async def test_a_batch_prepared_anew_is_counted_once(api: AcceptingApi) -> None:
    """The first blacklist entry of an account is noticed by the debit, after the guard has counted."""
    await guard(api, GuardRule("46", GuardMode.BLOCK, 2, DAY))
    assert codes(await api.post(batch(numbers(1)[0]))) == {"103": 1}
    async with api.database.transaction() as tx:
        await add_to_blacklist(
            tx, api.started.account_id, "46701740699", now=datetime.now(UTC), source=BlacklistSource.OPERATOR
        )
    assert codes(await api.post(batch(numbers(1)[0]))) == {"103": 1}
    assert await windows(api) == [("46", 2, 0, 0)]


async def test_a_repeated_request_is_counted_once(database: str) -> None:
    async with two_processes(database) as apis:
        await guard(apis[0], GuardRule("46", GuardMode.BLOCK, 5, DAY))
        answers = await asyncio.gather(
            *[
                api.post(batch(*numbers(2)), headers={"idempotency-key": "once"})
                for api in apis
                for _ in range(3)
            ]
        )
        accepted = [answer for answer in answers if answer.status == 201]
        assert {answer.body for answer in accepted} == {accepted[0].body}
        assert await windows(apis[0]) == [("46", 2, 0, 0)]


async def test_a_dry_run_tells_what_would_be_refused_and_counts_nothing(api: AcceptingApi) -> None:
    await guard(api, GuardRule("46", GuardMode.BLOCK, 3, DAY))
    assert codes(await api.post(batch(*numbers(1)))) == {"103": 1}
    for _ in range(2):
        answer = await api.post(batch(*numbers(4)), query=b"dryRun=true")
        assert answer.status == 200
        assert [each["code"] for each in answer.json["recipients"]] == [103, 103, 405, 405]
        assert [each["price"] for each in answer.json["recipients"]] == [0.35, 0.35, 0, 0]
        assert answer.json["warnings"] == [BLOCKED.format(2, 4, 3, 46)]
        assert answer.json["priceSummary"]["total"] == 0.7
    assert await windows(api) == [("46", 1, 0, 0)]


async def test_test_keys_are_not_guarded(api: AcceptingApi) -> None:
    await guard(api, GuardRule("46", GuardMode.BLOCK, 0, DAY))
    token = await api.make_key(KeyRights(is_test=True))
    assert codes(await api.post(batch(*numbers(2)), token=token)) == {"103": 2}


async def test_an_accepted_batch_stays_accepted_if_nothing_can_be_given_back(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object) -> None:
        raise asyncpg.InterfaceError("gone")

    async with accepting_api(database, test_credit=0) as api:
        await guard(api, GuardRule("46", GuardMode.BLOCK, 3, DAY))
        monkeypatch.setattr(guard_velocity, "uncount_guarded", unreachable)
        assert codes(await api.post(batch(*numbers(2)))) == {"402": 2}
        assert await windows(api) == [("46", 2, 0, 0)], "fuller than it is, never emptier"


async def test_batches_with_many_prefixes_in_two_processes_do_not_wait_for_each_other(database: str) -> None:
    async with two_processes(database) as apis:
        await guard(apis[0], GuardRule("*", GuardMode.BLOCK, 10, DAY))
        there = [f"{prefix}{number:07}" for prefix in ("4670", "479") for number in range(3)]
        sends = [
            apis[number % 2].post(batch(*(there if number % 3 else reversed(there)))) for number in range(60)
        ]
        assert sum(codes(answer).get("103", 0) for answer in await asyncio.gather(*sends)) == 20
        assert await windows(apis[0]) == [("46", 180, 170, 170), ("47", 180, 170, 170)]
        assert {event.prefix for event in await events(apis[0])} == {"46", "47"}
