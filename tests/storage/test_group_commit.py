"""Batches accepted together: one transaction, exact money, and no batch lost or doubled when it fails."""

import asyncio
from typing import Any

import pytest

from heliograph.domain.ids import IdSource
from heliograph.domain.lot import decode_contents
from heliograph.storage.accounts import add_sender, create_account, top_up
from heliograph.storage.api_keys import create_key
from heliograph.storage.database import Purpose, connect
from tests.support.accepting import AcceptingApi, Answer, accepting_api, utc_now

BATCH = {"sender": "iP1", "recipients": ["46701740605"], "body": "Hello", "datacoding": "gsm"}
PRICE = 350_000


async def value(api: AcceptingApi, statement: str) -> Any:
    rows = await api.database.fetch(Purpose.GENERAL, statement)
    return rows[0][0]


async def ledger_minus_balance(api: AcceptingApi) -> int:
    return int(
        await value(api, "SELECT (SELECT sum(amount) FROM ledger) - (SELECT sum(amount) FROM balance)")
    )


async def post_many(api: AcceptingApi, count: int, **change: Any) -> list[Answer]:
    return list(await asyncio.gather(*[api.post(BATCH | change) for _ in range(count)]))


def codes(answer: Answer) -> dict[str, int]:
    return {code: counts["messages"] for code, counts in answer.json["messageSummary"].items()}


async def test_requests_that_come_together_share_commits_charges_and_lots(database: str) -> None:
    async with accepting_api(database) as api:
        answers = await post_many(api, 100)
        assert {answer.status for answer in answers} == {201}
        assert len({answer.json["id"] for answer in answers}) == 100
        assert await value(api, "SELECT count(*) FROM message WHERE code = 103 AND rank = 0") == 100
        charges = await value(api, "SELECT count(*) FROM ledger WHERE kind = 2")
        assert charges < 20
        assert await value(api, "SELECT count(*) FROM lot") == charges
        assert await value(api, "SELECT sum(charged) FROM batch") == 100 * PRICE
        assert await value(api, "SELECT -sum(amount) FROM ledger WHERE kind = 2") == 100 * PRICE
        assert await ledger_minus_balance(api) == 0


async def test_every_message_to_be_sent_stands_in_exactly_one_lot(database: str) -> None:
    async with accepting_api(database) as api:
        await post_many(api, 60)
        await api.post(BATCH | {"recipients": ["46701740605", "46701740606", "1"], "body": "Other"})
        in_lots: list[bytes] = []
        for row in await api.database.fetch(Purpose.GENERAL, "SELECT * FROM lot"):
            contents = decode_contents(row["payload"])
            ids = [message.message_id for message in contents.messages]
            assert (min(ids), max(ids)) == (row["first_id"], row["last_id"])
            assert row["segment_count"] == sum(message.segments for message in contents.messages)
            assert row["state"] == 1
            in_lots += ids
        rows = await api.database.fetch(Purpose.GENERAL, "SELECT message_id FROM message WHERE code = 103")
        assert sorted(in_lots) == sorted(row["message_id"] for row in rows)
        assert len(in_lots) == 62


async def test_lots_of_an_account_follow_one_another_in_the_fair_order(database: str) -> None:
    async with accepting_api(database) as api:
        for count in (1, 3, 2):
            await api.post(BATCH | {"recipients": [f"4670174060{number}" for number in range(count)]})
        rows = await api.database.fetch(
            Purpose.GENERAL, "SELECT fair_position, segment_count FROM lot ORDER BY lot_id"
        )
        assert [tuple(row) for row in rows] == [(1000, 1), (4000, 3), (6000, 2)]
        assert await value(api, "SELECT max(position) FROM fair_position") == 6000


async def test_a_newcomer_begins_at_the_virtual_time_of_the_carrier(database: str) -> None:
    async with accepting_api(database) as api:
        await api.database.fetch(
            Purpose.GENERAL, "UPDATE fair_position SET position = 70000 WHERE account_id = 0 AND priority = 1"
        )
        await api.post(BATCH)
        await api.post(BATCH | {"priority": 2})
        rows = await api.database.fetch(
            Purpose.GENERAL, "SELECT priority, fair_position FROM lot ORDER BY priority"
        )
        assert [tuple(row) for row in rows] == [(1, 71_000), (2, 1000)]


async def test_the_committer_wakes_the_dispatchers(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(BATCH)
        assert api.wakeups == ["lots"]
        await api.post(BATCH | {"recipients": ["1"]})
        assert api.wakeups == ["lots"]


async def test_of_200_parallel_sends_exactly_those_are_paid_that_the_credit_covers(database: str) -> None:
    async with accepting_api(database, test_credit=0) as api:
        await credit(api, 37 * PRICE + PRICE // 2)
        answers = await post_many(api, 200)
        assert {answer.status for answer in answers} == {201}
        funded = [answer for answer in answers if codes(answer) == {"103": 1}]
        unpaid = [answer for answer in answers if codes(answer) == {"402": 1}]
        assert (len(funded), len(unpaid)) == (37, 163)
        assert {answer.json["priceSummary"]["total"] for answer in unpaid} == {0.0}
        assert {answer.json["status"] for answer in unpaid} == {112}
        assert await value(api, "SELECT amount FROM balance") == PRICE // 2
        assert await ledger_minus_balance(api) == 0
        assert await value(api, "SELECT count(*) FROM message WHERE code = 103 AND price > 0") == 37
        assert (
            await value(api, "SELECT count(*) FROM message WHERE code = 402 AND price = 0 AND rank = 10")
            == 163
        )
        assert await value(api, "SELECT sum(segment_count) FROM lot") == 37


async def test_two_processes_never_spend_more_than_there_is(database: str) -> None:
    async with accepting_api(database, test_credit=0) as one:
        await credit(one, 20 * PRICE)
        async with accepting_api(database, started=one.started, process=b"test2") as two:
            answers = [*await asyncio.gather(*[api.post(BATCH) for _ in range(50) for api in (one, two)])]
        assert sum(codes(answer) == {"103": 1} for answer in answers) == 20
        assert await value(one, "SELECT amount FROM balance") == 0
        assert await ledger_minus_balance(one) == 0


async def test_a_dear_batch_does_not_keep_a_cheap_one_from_being_paid(database: str) -> None:
    async with accepting_api(database, test_credit=0) as api:
        await credit(api, 2 * PRICE)
        dear = BATCH | {"recipients": [f"4670174060{number}" for number in range(5)]}
        answers = await asyncio.gather(api.post(dear), api.post(BATCH), api.post(dear), api.post(BATCH))
        assert [codes(answer) for answer in answers] == [{"402": 5}, {"103": 1}, {"402": 5}, {"103": 1}]


async def test_an_account_short_of_money_sends_again_after_a_top_up(database: str) -> None:
    async with accepting_api(database, test_credit=0) as api:
        assert codes(await api.post(BATCH)) == {"402": 1}
        await credit(api, PRICE)
        assert codes(await api.post(BATCH)) == {"103": 1}
        assert codes(await api.post(BATCH)) == {"402": 1}


async def test_an_unpaid_batch_with_a_key_replays_what_was_said(database: str) -> None:
    async with accepting_api(database, test_credit=0) as api:
        first = await api.post(BATCH, headers={"idempotency-key": "k"})
        await credit(api, PRICE)
        again = await api.post(BATCH, headers={"idempotency-key": "k"})
        assert codes(first) == {"402": 1}
        assert again.body == first.body


async def test_refused_messages_of_a_batch_with_a_url_are_reported(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(
            BATCH | {"recipients": ["1", "46701740605", "2"], "deliveryReportUrl": "https://example.org/r"}
        )
        assert await value(api, "SELECT sum(event_count) FROM report_block") == 2


async def test_a_batch_of_several_windows_waits_for_the_first_that_is_to_come(database: str) -> None:
    windows = [
        {"opens": "2090-01-01T00:00:00Z", "closes": "2090-01-02T00:00:00Z"},
        {"opens": "2090-02-01T00:00:00Z", "closes": None},
    ]
    async with accepting_api(database) as api:
        answer = await api.post(BATCH | {"deliveryWindows": windows})
        assert answer.json["status"] == 101
        (row,) = await api.database.fetch(Purpose.GENERAL, "SELECT * FROM lot")
        assert (row["state"], row["fair_position"]) == (0, 0)
        assert [f"{row[name]:%F %T}" for name in ("opens_at", "closes_at")] == [
            "2090-01-01 00:00:00",
            "2090-01-02 00:00:00",
        ]
        assert [f"{moment:%F}" for moment in [*row["later_opens"], *row["later_closes"]]] == [
            "2090-02-01",
            "2090-02-04",
        ]
        last_close = decode_contents(row["payload"]).messages[0].last_close
        assert last_close == int(row["later_closes"][0].timestamp())
        stored = await api.database.fetch(Purpose.GENERAL, "SELECT opens, closes FROM batch")
        assert [len(column) for column in stored[0]] == [2, 2]


async def test_a_lost_connection_is_replaced_and_nothing_is_lost_or_doubled(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(BATCH)
        ending = asyncio.create_task(end_hot_connections(database, times=20))
        answers = []
        while not ending.done():
            answers += await post_many(api, 5)
        assert {answer.status for answer in answers} == {201}
        ids = {answer.json["id"] for answer in answers}
        rows = await api.database.fetch(Purpose.GENERAL, "SELECT encode(batch_id, 'hex') AS id FROM batch")
        assert ids <= {row["id"] for row in rows}
        assert len(rows) == len(ids) + 1 == len(answers) + 1
        assert await value(api, "SELECT -sum(amount) FROM ledger WHERE kind = 2") == len(rows) * PRICE
        assert await ledger_minus_balance(api) == 0
        assert await value(api, "SELECT sum(segment_count) FROM lot") == len(rows)


async def end_hot_connections(dsn: str, *, times: int) -> None:
    """End the committer's connection again and again, wherever it is."""
    owner = await connect(dsn)
    for _ in range(times):
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'heliograph hot' AND datname = current_database()"
        )
        await asyncio.sleep(0.02)
    await owner.close()


async def test_a_batch_that_the_database_refuses_does_not_harm_the_others(database: str) -> None:
    async with accepting_api(database) as api:
        owner = await connect(database)
        await owner.execute("ALTER TABLE batch ADD CHECK (body <> 'Poison')")
        await owner.close()
        bodies = ["Hello", "Poison", "Hello", "Poison", "Hello"]
        answers = await asyncio.gather(*[api.post(BATCH | {"body": body}) for body in bodies])
        assert [answer.status for answer in answers] == [201, 500, 201, 500, 201]
        assert await value(api, "SELECT count(*) FROM batch") == 3
        assert await ledger_minus_balance(api) == 0


async def test_stopping_finishes_what_waits_and_takes_nothing_more(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(BATCH)
        waiting = [asyncio.create_task(api.post(BATCH)) for _ in range(10)]
        await asyncio.sleep(0)
        await api.group_commit.__aexit__(None, None, None)
        assert {answer.status for answer in await asyncio.gather(*waiting)} == {201}
        late = await api.post(BATCH)
        assert (late.status, late.json["detail"]) == (
            503,
            "The server is stopping. Nothing was accepted; try again in a moment.",
        )


@pytest.mark.parametrize("size", [500, 501])
async def test_larger_batches_get_a_summary(database: str, size: int) -> None:
    async with accepting_api(database) as api:
        numbers = [f"4670{number:07}" for number in range(size - 1)]
        await api.post(BATCH | {"recipients": [*numbers, "1"]})
        rows = await api.database.fetch(
            Purpose.GENERAL, "SELECT code, messages, segments FROM summary ORDER BY code"
        )
        expected = [(103, size - 1, size - 1), (408, 1, 1)] if size > 500 else []
        assert [tuple(row) for row in rows] == expected


async def credit(api: AcceptingApi, amount: int) -> None:
    """Raise the balance with its ledger entry."""
    async with api.database.transaction() as tx:
        account_id = api.started.account_id
        await tx.execute("UPDATE balance SET amount = amount + $2 WHERE account_id = $1", account_id, amount)
        await tx.execute(
            "INSERT INTO ledger VALUES ($1, decode(md5(random()::text), 'hex'), 1, $2, NULL, now())",
            account_id,
            amount,
        )


async def other_accounts(api: AcceptingApi, count: int, *, test_credit: int) -> list[str]:
    """More accounts on the same price list; their tokens."""
    tokens = []
    ids = IdSource(b"other")
    async with api.database.transaction() as tx:
        for number in range(count):
            account_id, _ = await create_account(
                tx, name=f"{number}", currency="SEK", price_list_id=1, number_prefix="ip1-", now=utc_now()
            )
            await add_sender(tx, account_id, "iP1", now=utc_now())
            await top_up(tx, account_id, test_credit, note=None, now=utc_now(), ids=ids)
            tokens.append(
                await create_key(
                    tx,
                    account_id,
                    name="key",
                    key_id=bytes([number]) * 10,
                    secret=bytes([number]) * 32,
                    now=utc_now(),
                )
            )
    return tokens


async def test_accounts_in_one_commit_are_charged_apart_and_one_short_of_money_harms_no_other(
    database: str,
) -> None:
    async with (
        accepting_api(database, test_credit=0) as one,
        accepting_api(database, started=one.started, process=b"test2") as two,
    ):
        tokens = await other_accounts(one, 8, test_credit=10 * PRICE)
        broke = one.started.token
        answers = await asyncio.gather(
            *[
                api.post(BATCH, token=token)
                for _ in range(5)
                for token in [broke, *tokens]
                for api in (one, two)
            ]
        )
        assert {answer.status for answer in answers} == {201}
        unpaid = [answer for answer in answers if codes(answer) == {"402": 1}]
        assert {answer.json["owner"] for answer in unpaid} == {one.started.account_number}
        assert len(unpaid) == 10
        rows = await one.database.fetch(
            Purpose.GENERAL,
            "SELECT b.amount, (SELECT sum(l.amount) FROM ledger l WHERE l.account_id = b.account_id),"
            " (SELECT sum(charged) FROM batch t WHERE t.account_id = b.account_id),"
            " (SELECT sum(segment_count) FROM lot WHERE lot.account_id = b.account_id)"
            " FROM balance b ORDER BY b.account_id",
        )
        assert [tuple(row) for row in rows] == [(0, None, 0, None), *[(0, 0, 10 * PRICE, 10)] * 8]
