"""Large batches: in slices, on a connection of their own, with the same outcome as small ones."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from heliograph.domain.lot import LARGEST_LOT, decode_contents
from heliograph.storage.database import Purpose
from tests.support.accepting import AcceptingApi, accepting_api

PRICE = 350_000
NUMBERS = [f"4670{number:07}" for number in range(3_000)]
LARGE = {"sender": "iP1", "recipients": [*NUMBERS, "1"], "body": "Hello", "datacoding": "gsm"}
SMALL = {"sender": "iP1", "recipients": ["46701740605"], "body": "Hello", "datacoding": "gsm"}


async def rows(api: AcceptingApi, statement: str) -> list[Any]:
    return list(await api.database.fetch(Purpose.GENERAL, statement))


async def test_every_message_is_stored_charged_and_in_a_lot(database: str) -> None:
    async with accepting_api(database, test_credit=10_000) as api:
        answer = await api.post(LARGE)
        assert answer.status == 201
        assert answer.json["messageSummary"] == {
            "103": {"messages": 3000, "sms": 3000},
            "408": {"messages": 1, "sms": 1},
        }
        assert answer.json["priceSummary"]["total"] == 1050.0
        stored = await rows(api, "SELECT code, count(*), sum(price) FROM message GROUP BY code ORDER BY code")
        assert [tuple(row) for row in stored] == [(103, 3000, 3000 * PRICE), (408, 1, 0)]
        lots = await rows(api, "SELECT * FROM lot ORDER BY fair_position")
        assert all(row["segment_count"] <= LARGEST_LOT for row in lots)
        recipients = [
            message.recipient for row in lots for message in decode_contents(row["payload"]).messages
        ]
        assert recipients == NUMBERS
        assert [row["fair_position"] for row in lots] == [
            sum(lot["segment_count"] for lot in lots[: place + 1]) * 1000 for place in range(len(lots))
        ]
        moved = await rows(api, "SELECT position FROM fair_position WHERE account_id > 0")
        assert [row["position"] for row in moved] == [3_000_000]
        (totals,) = await rows(
            api, "SELECT (SELECT sum(amount) FROM ledger), (SELECT amount FROM balance), charged FROM batch"
        )
        assert totals[0] == totals[1] == 10_000_000_000 - totals[2]
        assert api.wakeups == ["lots"]


async def test_templated_texts_stand_with_their_messages_and_in_their_lots(database: str) -> None:
    values = {number: {"name": f"N{place % 700}"} for place, number in enumerate(NUMBERS)}
    async with accepting_api(database, test_credit=10_000) as api:
        answer = await api.post(LARGE | {"recipients": values, "body": "Hello {name}"})
        assert answer.json["templated"] is True
        stored = await rows(api, "SELECT recipient, body FROM message")
        expected = {number: f"Hello {one['name']}" for number, one in values.items()}
        assert {row["recipient"]: row["body"] for row in stored} == expected
        in_lots: dict[str, str] = {}
        for row in await rows(api, "SELECT payload FROM lot"):
            contents = decode_contents(row["payload"])
            assert Counter(message.text for message in contents.messages).keys() == set(
                range(len(contents.texts))
            )
            in_lots |= {one.recipient: contents.texts[one.text].body for one in contents.messages}
        assert in_lots == expected


async def test_a_large_batch_that_cannot_be_paid_is_402_throughout(database: str) -> None:
    async with accepting_api(database, test_credit=1) as api:
        answer = await api.post(LARGE | {"deliveryReportUrl": "https://example.org/r"})
        assert answer.json["messageSummary"] == {
            "402": {"messages": 3000, "sms": 3000},
            "408": {"messages": 1, "sms": 1},
        }
        assert answer.json["priceSummary"]["total"] == 0.0
        assert await rows(api, "SELECT 1 FROM lot") == []
        assert [row[0] for row in await rows(api, "SELECT amount FROM balance")] == [1_000_000]
        assert [row[0] for row in await rows(api, "SELECT sum(event_count) FROM report_block")] == [3001]


async def test_of_several_at_once_no_more_are_paid_than_the_credit_covers(database: str) -> None:
    async with accepting_api(database, test_credit=2_000) as api:
        answers = await asyncio.gather(*[api.post(LARGE) for _ in range(3)], api.post(SMALL))
        paid = [answer for answer in answers if "103" in answer.json["messageSummary"]]
        assert len(paid) == 2
        (totals,) = await rows(
            api,
            "SELECT (SELECT sum(amount) FROM ledger), (SELECT amount FROM balance),"
            " (SELECT sum(charged) FROM batch), (SELECT count(*) FROM message WHERE price > 0),"
            " (SELECT sum(segment_count) FROM lot)",
        )
        assert totals[0] == totals[1] == 2_000_000_000 - totals[2]
        assert totals[2] == totals[3] * PRICE
        assert totals[4] == totals[3] == 3001


async def test_a_repeated_key_gets_the_first_answer(database: str) -> None:
    async with (
        accepting_api(database, test_credit=10_000) as one,
        accepting_api(database, started=one.started, process=b"test2") as two,
    ):
        answers = await asyncio.gather(
            *[api.post(LARGE, headers={"idempotency-key": "k"}) for api in (one, two)]
        )
        assert [answer.status for answer in answers] == [201, 201]
        assert answers[0].body == answers[1].body
        assert len(await rows(one, "SELECT 1 FROM batch")) == 1
        assert len(await rows(one, "SELECT 1 FROM message")) == 3001


async def test_scheduled_lots_have_no_place_yet(database: str) -> None:
    windows = [{"opens": "2090-01-01T00:00:00Z"}]
    async with accepting_api(database, test_credit=10_000) as api:
        answer = await api.post(LARGE | {"deliveryWindows": windows})
        assert answer.json["status"] == 101
        assert {tuple(row) for row in await rows(api, "SELECT state, fair_position FROM lot")} == {(0, 0)}
        assert await rows(api, "SELECT 1 FROM fair_position WHERE account_id > 0") == []


@pytest.mark.parametrize("size", [1_000, 1_001])
async def test_at_the_border_both_ways_store_alike(database: str, size: int) -> None:
    async with accepting_api(database, test_credit=10_000) as api:
        await api.post(LARGE | {"recipients": NUMBERS[:size]})
        (stored,) = await rows(
            api,
            "SELECT (SELECT count(*) FROM message), (SELECT sum(segment_count) FROM lot),"
            " (SELECT sum(messages) FROM summary), (SELECT message_count FROM batch),"
            " (SELECT max(position) FROM fair_position)",
        )
        assert tuple(stored) == (size, size, size, size, size * 1000)
