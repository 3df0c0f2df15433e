"""POST /v2/batches?dryRun=true: what accepting would make of a request, and nothing done."""

import random
from typing import Any

import pytest

from heliograph.domain.key_rights import KeyRights, KeyScope
from heliograph.faces.api.explain_documents import MOST_LISTED
from heliograph.storage.blacklist import BlacklistSource, add_to_blacklist
from heliograph.storage.database import Connection, connect
from tests.support.accepting import AcceptingApi, Answer, accepting_api, utc_now

BATCH = {"sender": "iP1", "recipients": ["46701740605"], "body": "A nice message"}
TABLES = ("batch", "message", "ledger", "lot", "idempotency", "summary", "report_block")


async def explained(api: AcceptingApi, body: object, query: bytes = b"dryRun=true") -> Any:
    answer = await api.post(body, query=query)
    assert answer.status == 200, answer.body
    return answer.json


async def rows(connection: Connection) -> list[int]:
    return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]


async def test_each_message_is_explained(database: str) -> None:
    async with accepting_api(database) as api:
        document = await explained(
            api, BATCH | {"recipients": ["46701740605", "1"], "body": "It’s " + "x" * 70}
        )
    window = document["deliveryWindows"][0]
    characters = [{"character": "’", "codePoint": "U+2019", "count": 1, "positions": [3], "replacement": "'"}]
    told = {
        "encoding": "UCS",
        "segments": 2,
        "segmentsAsGsm": 1,
        "forcingCharacters": characters,
        "body": None,
    }
    assert document["recipients"] == [
        told
        | {"recipient": "46701740605", "code": 103, "price": 0.7, "carrier": "simulator", "window": window},
        told | {"recipient": "1", "code": 408, "price": 0.0, "carrier": None, "window": window},
    ]
    assert document["messageSummary"] == {"103": {"messages": 1, "sms": 2}, "408": {"messages": 1, "sms": 2}}
    assert document["priceSummary"] == {"total": 0.7, "currency": "SEK", "average": 0.35}
    assert (document["messages"], document["segments"], document["listed"]) == (2, 4, 2)
    assert (document["balance"], document["balanceSuffices"]) == (1000.0, True)
    assert document["warnings"] == []


async def test_texts_are_shown_as_they_are_rendered(database: str) -> None:
    async with accepting_api(database) as api:
        document = await explained(
            api,
            BATCH
            | {
                "recipients": {"46701740605": {"name": "Bob"}, "46701740606": {"name": "漢"}},
                "body": "Hi {name}",
                "datacoding": "gsm",
            },
        )
    first, second = document["recipients"]
    assert (first["body"], first["code"], first["encoding"]) == ("Hi Bob", 103, "GSM")
    assert (second["body"], second["code"], second["segmentsAsGsm"]) == ("Hi 漢", 409, None)
    assert second["forcingCharacters"][0]["replacement"] is None
    assert document["warnings"]


async def test_what_cannot_be_paid_is_402_and_says_so(database: str) -> None:
    async with accepting_api(database, test_credit=1) as api:
        document = await explained(api, BATCH | {"recipients": [f"4670174060{n}" for n in range(5, 9)]})
    assert {one["code"] for one in document["recipients"]} == {402}
    assert document["balanceSuffices"] is False
    assert (document["balance"], document["priceSummary"]["total"]) == (1.0, 1.4)


async def test_beyond_the_daily_cap_it_is_402_as_in_a_send(database: str) -> None:
    async with accepting_api(database) as api:
        connection = await connect(database)
        await connection.execute("UPDATE account SET daily_cap = 500000")
        assert (await explained(api, BATCH))["recipients"][0]["code"] == 103
        assert (await api.post(BATCH)).status == 201
        told, sent = await explained(api, BATCH), await api.post(BATCH)
        await agreed_codes(connection, told, sent)
        await connection.close()
    assert told["recipients"][0]["code"] == 402
    assert told["balanceSuffices"] is True


@pytest.mark.parametrize("query", [b"dryRun=true", b"dryRun=1", b"DRYRUN=Yes", b"a=b&dryrun=TRUE"])
async def test_nothing_is_stored_and_a_key_stays_unused(database: str, query: bytes) -> None:
    async with accepting_api(database) as api:
        connection = await connect(database)
        before = await rows(connection)
        await api.post(BATCH, query=query, headers={"idempotency-key": "k"})
        assert await rows(connection) == before
        assert await connection.fetchval("SELECT amount FROM balance") == 1_000_000_000
        assert (await api.post(BATCH | {"body": "Other"}, headers={"idempotency-key": "k"})).status == 201
        await connection.close()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (b"dryRun=maybe", "dryRun is true or false, or left out."),
        (b"dryRun=", "dryRun is true or false, or left out."),
        (b"dryRun=true&dryrun=true", "dryRun is given more than once."),
    ],
)
async def test_another_value_is_refused_and_nothing_sent(database: str, query: bytes, sentence: str) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(BATCH, query=query)
        connection = await connect(database)
        assert await connection.fetchval("SELECT count(*) FROM batch") == 0
        await connection.close()
    assert answer.status == 400
    assert answer.json["errors"] == {"dryRun": [sentence]}


async def test_another_query_sends(database: str) -> None:
    async with accepting_api(database) as api:
        for query in (b"a=b", b"dryRun=false", b"dryrun=0", b"DRYRUN=No"):
            sent = await api.post(BATCH, query=query)
            assert (sent.status, sent.headers["cache-control"]) == (201, "no-store")


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [(b"", BATCH, 201), (b"dryRun=true", BATCH, 200), (b"dryRun=never", BATCH, 400), (b"", {}, 400)],
)
async def test_no_answer_is_kept_or_guessed_at(
    database: str, query: bytes, body: dict[str, object], status: int
) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(body, query=query)
    assert answer.status == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_it_is_refused_as_a_send_would_be(database: str) -> None:
    async with accepting_api(database) as api:
        for body in (b"{", {}, BATCH | {"sender": "Nobody"}, BATCH | {"body": "’", "datacoding": "gsm"}):
            answer, sent = await api.post(body, query=b"dryRun=true"), await api.post(body)
            assert (answer.status, answer.body) == (sent.status, sent.body)
        assert (await api.post(BATCH, query=b"dryRun=true", token=None)).status == 401
        refused = await api.post(BATCH, query=b"dryRun=true", headers={"content-type": "text/plain"})
        assert refused.status == 415


async def test_of_many_recipients_the_first_are_listed(database: str) -> None:
    numbers = [f"46701{number:06}" for number in range(3_000)]
    async with accepting_api(database, test_credit=10_000) as api:
        document = await explained(api, BATCH | {"recipients": numbers, "datacoding": "gsm"})
    assert document["listed"] == len(document["recipients"]) == MOST_LISTED
    assert [one["recipient"] for one in document["recipients"]] == numbers[:MOST_LISTED]
    assert document["messages"] == 3_000
    assert document["messageSummary"] == {"103": {"messages": 3_000, "sms": 3_000}}
    assert document["priceSummary"]["total"] == 1_050


async def test_fewer_are_listed_where_their_texts_are_very_long(database: str) -> None:
    recipients: Any = {f"46701{number:06}": {} for number in range(500)}
    recipients["default"] = {"a": "x" * 500}
    async with accepting_api(database) as api:
        document = await explained(api, BATCH | {"recipients": recipients, "body": "{a}" * 60})
    assert 50 < document["listed"] < 100
    assert document["messages"] == 500


def random_request(dice: random.Random) -> dict[str, Any]:
    """A request of any kind that accepting takes."""
    numbers = ["46701740605", "46812345678", "4791234567", "1", "999", "15551234567", "4670174060"]
    texts = ["Hello", "x" * 161, "It’s", "漢" * 71, "{a} {b}", "{a}", "é" * 200, "{a}" * 30]
    chosen = dice.sample(numbers, dice.randint(1, len(numbers)))
    values = ["", "Bob", "’", "漢" * 400, "y" * 500]
    if dice.random() < 0.5:
        recipients: Any = {
            number: {name: dice.choice(values) for name in dice.sample("ab", dice.randint(0, 2))}
            for number in chosen
        }
    else:
        recipients = chosen
    return {
        "sender": "iP1",
        "recipients": recipients,
        "body": dice.choice(texts),
        "datacoding": dice.choice(["gsm", "ucs", "auto"]),
        "priority": dice.choice([1, 2]),
    }


async def test_explaining_and_accepting_agree_on_codes_segments_and_prices(database: str) -> None:
    dice = random.Random(4711)
    seen: set[int] = set()
    async with accepting_api(database, test_credit=100) as api:
        connection = await connect(database)
        await connection.execute(
            "DELETE FROM price; INSERT INTO price VALUES (1, '46', 350000), (1, '47', 10)"
        )
        async with api.database.transaction() as tx:
            await add_to_blacklist(
                tx, api.started.account_id, "46812345678", now=utc_now(), source=BlacklistSource.API
            )
        for _ in range(150):
            request = random_request(dice)
            told, sent = await api.post(request, query=b"dryRun=yes"), await api.post(request)
            if sent.status == 400:
                assert told.body == sent.body
                continue
            seen |= await agreed_codes(connection, told, sent)
        await connection.close()
    assert seen >= {103, 402, 405, 408, 409, 502}


async def agreed_codes(connection: Connection, told: Any, sent: Answer) -> set[int]:
    """The codes of a batch, once it is shown that both answers and the rows agree."""
    document = told.json if isinstance(told, Answer) else told
    messages = await connection.fetch(
        "SELECT m.recipient, m.code, m.segments, m.price, m.encoding, m.body FROM message m"
        " WHERE m.batch_id = decode($1, 'hex') ORDER BY m.message_id",
        sent.json["id"],
    )
    funded = all(one["code"] != 402 for one in document["recipients"])
    assert [
        (
            one["recipient"],
            one["code"],
            one["segments"],
            one["price"] if funded else 0,
            one["encoding"],
            one["body"],
        )
        for one in document["recipients"]
    ] == [
        (row[0], row[1], row[2], row[3] / 1_000_000, "UCS" if row[4] else "GSM", row[5]) for row in messages
    ]
    assert document["messageSummary"] == sent.json["messageSummary"]
    assert sent.json["priceSummary"]["total"] == (document["priceSummary"]["total"] if funded else 0)
    assert document.get("warnings") == sent.json.get("warnings", [])
    return {row[1] for row in messages}


@pytest.mark.parametrize(
    ("scopes", "balance"), [({KeyScope.SEND}, None), ({KeyScope.SEND, KeyScope.BILLING}, 1000.0)]
)
async def test_the_balance_is_for_keys_that_may_read_it(
    database: str, scopes: set[KeyScope], balance: float | None
) -> None:
    async with accepting_api(database) as api:
        token = await api.make_key(KeyRights(scopes=frozenset(scopes)))
        answer = await api.post(BATCH, query=b"dryRun=true", token=token)
    assert (answer.status, answer.json["balance"], answer.json["balanceSuffices"]) == (200, balance, True)
