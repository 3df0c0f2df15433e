"""POST /v2/reports/test, with a real database and real receivers."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from heliograph.faces.api.report_test_endpoints import TEST_PATH
from heliograph.services.send_test_report import MOST, NO_URL, SendTestReport
from heliograph.storage.database import Connection
from tests.support.report_receiver import ReportReceiver
from tests.support.served_api import decoded, insert_key

NOBODY_LISTENS = "http://127.0.0.1:65533/reports"


async def try_out(api: httpx.AsyncClient, url: str | None = None, **headers: str) -> Any:
    body = {} if url is None else {"url": url}
    return decoded(await api.post(TEST_PATH, json=body, headers=headers))


async def test_a_signed_test_report_arrives_and_the_answer_says_what_came_back(
    api: httpx.AsyncClient,
) -> None:
    await api.post("/v2/reports/secrets", json={})
    async with ReportReceiver() as receiver:
        answer = await try_out(api, receiver.url)
        (received,) = receiver.received
        assert answer["url"] == receiver.url
    assert answer == {
        "url": answer["url"],
        "received": True,
        "answer": 200,
        "milliseconds": answer["milliseconds"],
        "reason": "",
        "answerStart": answer["answerStart"],
        "headers": answer["headers"],
        "body": received.body.decode(),
    }
    assert {name: received.headers[name] for name in answer["headers"]} == answer["headers"]
    assert received.report["reference"] == "test report"


async def test_a_refusal_and_its_first_words_are_told(api: httpx.AsyncClient) -> None:
    async with ReportReceiver(lambda _: 503) as receiver:
        answer = await try_out(api, receiver.url)
    assert (answer["received"], answer["answer"], answer["reason"]) == (False, 503, "")


async def test_why_nobody_was_reached_is_told(api: httpx.AsyncClient) -> None:
    answer = await try_out(api, NOBODY_LISTENS)
    assert (answer["received"], answer["answer"]) == (False, 0)
    assert answer["reason"].endswith(".")
    private = decoded(await api.post(TEST_PATH, json={"url": "https://169.254.169.254/latest"}), 400)
    assert list(private["errors"]) == ["url"]


async def test_without_a_url_it_goes_where_incoming_messages_go(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    assert decoded(await api.post(TEST_PATH, json={}), 400)["errors"] == {"url": [NO_URL]}
    async with ReportReceiver() as receiver:
        await connection.execute("UPDATE account SET incoming_url = $1 WHERE account_id = 1", receiver.url)
        assert (await try_out(api))["url"] == receiver.url
        assert len(receiver.received) == 1
    api.headers.update(await insert_key(connection, 2))
    assert decoded(await api.post(TEST_PATH, json={}), 400)["errors"] == {"url": [NO_URL]}


@pytest.mark.parametrize("url", [5, "", "shop.example", "https://user@shop.example/", "https://10.0.0.1/"])
async def test_a_wrong_url_is_refused(api: httpx.AsyncClient, url: object) -> None:
    problem = decoded(await api.post(TEST_PATH, json={"url": url}), 400)
    assert list(problem["errors"]) == ["url"]


async def test_nobody_is_knocked_at_again_and_again(api: httpx.AsyncClient, connection: Connection) -> None:
    for _ in range(MOST):
        await try_out(api, NOBODY_LISTENS)
    refused = await api.post(TEST_PATH, json={"url": NOBODY_LISTENS}, headers={"Idempotency-Key": "too-many"})
    assert decoded(refused, 429)["type"].endswith("too_many_requests")
    assert int(refused.headers["retry-after"]) > 0
    assert await connection.fetchval("SELECT count(*) FROM idempotency") == 0
    api.headers.update(await insert_key(connection, 2))
    await try_out(api, NOBODY_LISTENS)


async def open_transactions(connection: Connection) -> int:
    count: int = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%'"
    )
    return count


async def test_no_transaction_is_open_while_the_receiver_is_waited_for(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    found: list[int] = []
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        found.append(await open_transactions(connection))
        asked.set()
        busy = await api.post(TEST_PATH, json={"url": url}, headers={"Idempotency-Key": "one"})
        found.append(busy.status_code)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        first = await try_out(api, url, **{"Idempotency-Key": "one"})
        again = await api.post(TEST_PATH, json={"url": url}, headers={"Idempotency-Key": "one"})
    assert (first["received"], first["answerStart"]) == (True, "ok")
    assert found == [0, 409]
    assert decoded(again) == first
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_whose_test_was_cut_short_by_a_crash_stays_at_work(
    api: httpx.AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stopped(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(SendTestReport, "send", stopped)
    with pytest.raises(asyncio.CancelledError):
        await api.post(TEST_PATH, json={"url": NOBODY_LISTENS}, headers={"Idempotency-Key": "cut"})
    monkeypatch.undo()
    cut = await api.post(TEST_PATH, json={"url": NOBODY_LISTENS}, headers={"Idempotency-Key": "cut"})
    assert decoded(cut, 409)
    other = await api.post(
        TEST_PATH, json={"url": "http://127.0.0.1:65532/"}, headers={"Idempotency-Key": "cut"}
    )
    assert decoded(other, 422)
    assert await connection.fetchval("SELECT status FROM idempotency") == 0


async def test_a_signature_of_a_test_verifies(api: httpx.AsyncClient, connection: Connection) -> None:
    secret = decoded(await api.post("/v2/reports/secrets", json={}), 201)["secret"]
    answer = await try_out(api, NOBODY_LISTENS)
    headers = answer["headers"]
    stamp = int(headers["webhook-timestamp"])
    signed = Webhook(secret).sign(
        headers["webhook-id"], datetime.fromtimestamp(stamp, tz=UTC), answer["body"]
    )
    assert signed in headers["webhook-signature"].split()
