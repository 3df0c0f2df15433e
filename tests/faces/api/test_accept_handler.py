"""POST /v2/batches from the first byte of the request to the last of the answer, on a real database."""

import asyncio
import json
from typing import Any

import pytest

from heliograph.faces.api.documents import whole_batch
from heliograph.faces.api.request_bodies import BodyLimits
from heliograph.faces.api.schemas import encode_document
from heliograph.storage.batch_reading import count_messages, find_batch
from heliograph.storage.database import connect
from tests.support.accepting import accepting_api, request, utc_now

BATCH = {"sender": "iP1", "recipients": ["46701740605"], "body": "A nice message"}
# The example of a call on the page, with its trailing comma.
PAGE_EXAMPLE = (
    b'{ "sender": "iP1", "recipients":[ "456189040623", "175368927054", "392094880589", "568798567631" ], '
    b'"body": "A very nice message", }'
)


async def test_a_send_is_201_with_the_batch_and_where_it_is(database: str) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(BATCH | {"datacoding": "GSM", "reference": "custom-id-123", "tags": ["auth"]})
        assert answer.status == 201
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["location"] == f"/v2/batches/{answer.json['id']}"
        created = answer.json["created"]
        assert answer.json == {
            "id": answer.json["id"],
            "sender": "iP1",
            "body": "A nice message",
            "owner": "ip1-10001",
            "direction": "MT",
            "type": "sms",
            "datacoding": "GSM",
            "priority": 1,
            "templated": False,
            "priceSummary": {"total": 0.35, "currency": "SEK", "average": 0.35},
            "messageSummary": {"103": {"messages": 1, "sms": 1}},
            "deliveryWindows": [{"opens": created, "closes": answer.json["deliveryWindows"][0]["closes"]}],
            "status": 111,
            "deliveryReportUrl": None,
            "reference": "custom-id-123",
            "tags": ["auth"],
            "created": created,
        }
        assert len(answer.json["id"]) == 24
        assert created.endswith("Z")
        assert len(created) == 20


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"recipients": ["46701740605", "1"], "type": "flash", "priority": 2, "body": "x" * 200},
        {"recipients": {"46701740605": {"a": "b"}}, "body": "{a}", "datacoding": "auto", "tags": ["t", "u"]},
        {
            "deliveryWindows": [{"opens": "2090-01-01T00:00:00Z"}],
            "deliveryReportUrl": "https://example.org/r",
        },
        {"recipients": [f"4670{number:07}" for number in range(600)]},
        {"recipients": [f"4670{number:07}" for number in range(4000)]},
    ],
    ids=["plain", "flash", "templated", "scheduled", "600", "unpaid"],
)
async def test_the_answer_is_what_reading_the_batch_shows(database: str, change: dict[str, Any]) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(BATCH | change)
        account = await api.accounts.account(api.started.account_id)
        assert account is not None
        async with api.database.reader(account.account_id) as tx:
            batch = await find_batch(tx, account.account_id, bytes.fromhex(answer.json["id"]))
            assert batch is not None
            counts = await count_messages(tx, account.account_id, batch.batch_id, batch.message_count)
        shown = whole_batch(batch, counts, account=account, now=utc_now())
        answered = answer.json
        answered.pop("warnings", None)
        assert answered == json.loads(encode_document(shown))


async def test_the_page_example_with_its_trailing_comma_is_accepted(database: str) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(PAGE_EXAMPLE)
        assert answer.status == 201
        assert sum(count["messages"] for count in answer.json["messageSummary"].values()) == 4


async def test_the_quick_start_names_the_recipient_that_is_no_number(database: str) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(BATCH | {"recipients": ["RECIPIENT-NUMBER"]})
        assert answer.status == 400
        assert list(answer.json["errors"]) == ["recipients[0]"]


@pytest.mark.parametrize("path", ["/v2/batches", "/v2/batches/"])
async def test_a_slash_at_the_end_changes_nothing(database: str, path: str) -> None:
    async with accepting_api(database) as api:
        assert (await api.post(BATCH, path=path)).status == 201


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v2/batches"), ("PUT", "/v2/batches"), ("POST", "/v2/batches/x")]
)
async def test_everything_else_is_passed_on(database: str, method: str, path: str) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(b"", method=method, path=path, token=None)
        assert (answer.status, answer.body) == (299, b"passed on")


BAD_KEY = (
    "Idempotency-Key must be 1 to 255 visible ASCII characters, alone or in double quotes, and be sent once."
)

# How POST /v2/batches refuses: what is sent, the status, and the sentence that the customer reads.
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no key": (
        {"body": BATCH, "token": None},
        401,
        "An API key is needed: send the header Authorization: Bearer <API key>.",
    ),
    "unknown key": (
        {"body": BATCH, "token": "API_NYCKEL"},
        401,
        "The API key is unknown, expired or revoked.",
    ),
    "not JSON": (
        {"body": b"sender=iP1", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        415,
        "The body must be JSON: Content-Type: application/json.",
    ),
    "compressed": (
        {"body": BATCH, "headers": {"content-encoding": "gzip"}},
        415,
        "The body must not be compressed: Content-Encoding is not supported.",
    ),
    "too large": (
        {"body": BATCH, "headers": {"content-length": "33554433"}},
        413,
        "The body may have 33554432 bytes at most.",
    ),
    "malformed": (
        {"body": b'{"sender": "iP1"\n "recipients": []}'},
        400,
        'Line 2, column 2: a comma or "}" is expected, not """.',
    ),
    "empty": (
        {"body": b""},
        400,
        "Line 1, column 1: a value is expected, not the end of the body.",
    ),
    "an array": (
        {"body": []},
        400,
        "The body must be a JSON object with sender, recipients and body.",
    ),
    "empty key": (
        {"body": BATCH, "headers": {"idempotency-key": ""}},
        400,
        BAD_KEY,
    ),
    "long key": (
        {"body": BATCH, "headers": {"idempotency-key": "k" * 256}},
        400,
        BAD_KEY,
    ),
    "key with a space": (
        {"body": BATCH, "headers": {"idempotency-key": '"a b"'}},
        400,
        BAD_KEY,
    ),
}


@pytest.mark.parametrize(("sent", "status", "sentence"), REFUSED.values(), ids=REFUSED)
async def test_refusals_and_what_they_say(
    database: str, sent: dict[str, Any], status: int, sentence: str
) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(**sent)
        assert answer.status == answer.json["status"] == status
        assert answer.json["detail"] == sentence
        assert answer.headers["content-type"] == "application/problem+json"
        async with api.database.transaction() as tx:
            assert await tx.fetchval("SELECT count(*) FROM batch") == 0


# Faults of fields that depend on the account: the field and the sentence.
FIELD_FAULTS: dict[str, tuple[dict[str, Any], dict[str, list[str]]]] = {
    "unregistered sender": (
        {"sender": "Nobody"},
        {"sender": ["The sender Nobody is not registered on this account. Registered: iP1, iP1sms."]},
    ),
    "sender in another case": (
        {"sender": "ip1"},
        {"sender": ["The sender ip1 is not registered on this account. iP1 is: letter case matters."]},
    ),
    "plain http": (
        {"deliveryReportUrl": "http://example.org/"},
        {"deliveryReportUrl": ["The URL must start with https://; this account may not use plain http."]},
    ),
    "private address": (
        {"deliveryReportUrl": "https://10.0.0.1/"},
        {"deliveryReportUrl": ["The host of the URL is private."]},
    ),
    "every fault at once": (
        {"sender": "Nobody", "body": " ", "deliveryReportUrl": "https://127.0.0.1/", "priority": 3},
        {
            "sender": ["The sender Nobody is not registered on this account. Registered: iP1, iP1sms."],
            "body": ["body must not be empty or consist of white space only."],
            "priority": ["priority must be 1 (standard) or 2 (high)."],
            "deliveryReportUrl": ["The host of the URL is this machine itself (loopback)."],
        },
    ),
}


@pytest.mark.parametrize(("change", "errors"), FIELD_FAULTS.values(), ids=FIELD_FAULTS)
async def test_faults_that_depend_on_the_account(
    database: str, change: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(BATCH | change)
        assert answer.status == 400
        assert answer.json["errors"] == errors


async def test_a_body_that_is_too_large_is_413_while_it_is_read(database: str) -> None:
    async with accepting_api(database, limits=BodyLimits(max_bytes=20)) as api:
        headers = {"authorization": f"Bearer {api.started.token}"}
        answer = await request(api.handler, headers, [b"x" * 15, b"x" * 15, b"x"])
        assert answer.status == 413
        assert answer.headers["connection"] == "close"


async def test_chunks_without_type_or_length_are_read(database: str) -> None:
    async with accepting_api(database) as api:
        body = json.dumps(BATCH).encode()
        headers = {"authorization": f"Bearer {api.started.token}"}
        assert (await request(api.handler, headers, [body[:10], b"", body[10:]])).status == 201


async def test_too_many_failed_keys_are_429(database: str) -> None:
    async with accepting_api(database, failures_per_minute=2) as api:
        for _ in range(2):
            assert (await api.post(BATCH, token="x")).status == 401
        answer = await api.post(BATCH, token="x")
        assert answer.status == 429
        assert 0 < int(answer.headers["retry-after"]) <= 30


async def test_a_large_malformed_body_is_refused_without_holding_up_the_loop(database: str) -> None:
    async with accepting_api(database) as api:
        body = json.dumps(BATCH | {"recipients": ["46701740605"] * 20_000}).encode() + b"x"
        answer, _ = await asyncio.gather(api.post(body), api.post(BATCH))
        assert answer.status == 400
        assert answer.json["detail"].endswith('nothing may follow the value, but "x" does.')


async def test_a_fault_of_ours_is_500_and_tells_nothing(database: str) -> None:
    async with accepting_api(database) as api:
        owner = await connect(database)
        await owner.execute("DROP TABLE lot")
        await owner.close()
        answer = await api.post(BATCH)
        assert answer.status == 500
        assert answer.json["detail"] == (
            "Something went wrong on our side. Nothing is known to have been accepted; with an "
            "Idempotency-Key the request can safely be sent again."
        )


async def test_the_same_key_and_body_get_the_same_answer_once_more(database: str) -> None:
    async with accepting_api(database) as api:
        first = await api.post(BATCH, headers={"idempotency-key": "abc"})
        again = await api.post(BATCH, headers={"idempotency-key": '"abc"'})
        assert first.status == again.status == 201
        assert again.body == first.body
        assert again.headers["location"] == first.headers["location"]
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        async with api.database.transaction() as tx:
            assert await tx.fetchval("SELECT count(*) FROM batch") == 1


async def test_the_same_key_with_another_body_is_422(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(BATCH, headers={"idempotency-key": "abc"})
        answer = await api.post(BATCH | {"body": "Another"}, headers={"idempotency-key": "abc"})
        assert answer.status == 422
        assert answer.json["detail"] == "This Idempotency-Key was used before, with another request."


async def test_a_refused_request_leaves_its_key_free(database: str) -> None:
    async with accepting_api(database) as api:
        assert (await api.post(BATCH | {"body": ""}, headers={"idempotency-key": "abc"})).status == 400
        assert (await api.post(BATCH, headers={"idempotency-key": "abc"})).status == 201


async def test_of_50_repeats_at_once_one_batch_comes_and_nobody_hears_otherwise(database: str) -> None:
    async with accepting_api(database) as api:
        answers = await asyncio.gather(
            *[api.post(BATCH, headers={"idempotency-key": "abc"}) for _ in range(50)]
        )
        assert {answer.status for answer in answers} == {201, 409}
        assert len({answer.body for answer in answers if answer.status == 201}) == 1
        assert {answer.json["detail"] for answer in answers if answer.status == 409} == {
            "A request with this Idempotency-Key is still being processed. Try again in a moment."
        }
        async with api.database.transaction() as tx:
            assert await tx.fetchval("SELECT count(*) FROM batch") == 1


async def test_repeats_at_several_processes_make_one_batch(database: str) -> None:
    async with (
        accepting_api(database) as one,
        accepting_api(database, started=one.started, process=b"test2") as two,
        accepting_api(database, started=one.started, process=b"test3") as three,
    ):
        answers = await asyncio.gather(
            *[
                api.post(BATCH, headers={"idempotency-key": f"key-{number}"})
                for number in range(10)
                for api in (one, two, three)
            ]
        )
        assert {answer.status for answer in answers} == {201}
        assert len({answer.body for answer in answers}) == 10
        async with one.database.transaction() as tx:
            assert await tx.fetchval("SELECT count(*) FROM batch") == 10
            assert await tx.fetchval("SELECT sum(amount) FROM ledger") == await tx.fetchval(
                "SELECT amount FROM balance"
            )


async def test_a_full_queue_is_503_with_the_time_to_wait(database: str) -> None:
    async with accepting_api(database, queue_limit=1) as api:
        answers = await asyncio.gather(*[api.post(BATCH) for _ in range(20)])
        refused = [answer for answer in answers if answer.status != 201]
        assert refused
        assert {answer.status for answer in refused} == {503}
        assert {answer.json["detail"] for answer in refused} == {
            "Too many requests wait to be stored. Nothing was accepted; try again in a moment."
        }
        assert {answer.headers["retry-after"] for answer in refused} == {"1"}
