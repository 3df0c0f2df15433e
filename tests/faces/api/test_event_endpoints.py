"""GET /v2/events over HTTP, with a real database."""

from datetime import timedelta

import httpx
import pytest

from heliograph.domain.encoding import Encoding
from heliograph.domain.feed_events import Cursor, cursor_text
from heliograph.domain.incoming import IncomingText, Wish
from heliograph.domain.incoming_report import incoming_body, incoming_document
from heliograph.domain.message_change import MessageChange
from heliograph.domain.report_events import decode_block
from heliograph.domain.webhook_event import ReportEvent, report_body
from heliograph.storage.database import Connection, transaction_on
from heliograph.storage.incoming_messages import IncomingMessage, insert_incoming
from heliograph.storage.message_changes import apply_changes
from tests.support.accepting import accepting_api
from tests.support.rows import IDS, NOW, NOW_MS, insert_batch
from tests.support.served_api import decoded, insert_key, served_api

URL = "http://127.0.0.1:8099/reports"


async def deliver(connection: Connection, message: bytes) -> None:
    change = MessageChange(
        account_id=1,
        message_id=message,
        segment=0,
        segments=1,
        rank=9,
        code=201,
        at_ms=NOW_MS,
        intent_ms=0,
        refund=False,
    )
    async with transaction_on(connection) as tx:
        await apply_changes(tx, [change], now=NOW, ids=IDS)


async def test_an_event_is_its_report_with_the_id_of_its_webhook(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    batch, (message,) = await insert_batch(connection, url=URL)
    await deliver(connection, message)
    page = decoded(await api.get("/v2/events/"))
    (event,) = page["events"]
    stored = decode_block(await connection.fetchval("SELECT events FROM report_block")).events[0]
    assert event.pop("eventId") == f"{message.hex()}-{stored.number}-201"
    assert event.pop("type") == "deliveryReport"
    assert event.pop("number") == stored.number
    body = report_body(
        ReportEvent(
            "", message.hex(), batch.hex(), stored.recipient, 201, 1, stored.at_ms, 1, stored.price, "SEK"
        )
    )
    assert event == httpx.Response(200, content=body).json()
    assert page["hasMore"] is False
    after = decoded(await api.get("/v2/events", params={"after": page["cursor"]}))
    assert after["events"] == []


async def test_pages_go_on_where_the_last_one_ended(connection: Connection, api: httpx.AsyncClient) -> None:
    _, messages = await insert_batch(connection, recipients=["46701740605", "46701740606", "46701740607"])
    for message in messages:
        await deliver(connection, message)
    first = decoded(await api.get("/v2/events?limit=2"))
    assert first["hasMore"] is True
    second = decoded(await api.get("/v2/events", params={"after": first["cursor"], "limit": 2}))
    assert second["hasMore"] is False
    found = [event["id"] for page in (first, second) for event in page["events"]]
    assert found == [message.hex() for message in messages]


async def test_a_message_from_a_handset_is_an_event(connection: Connection, api: httpx.AsyncClient) -> None:
    first, second = (
        IncomingMessage(
            1,
            IDS.new(int(NOW.timestamp())),
            IDS.new(int(NOW.timestamp())),
            "46701740605",
            "46790000000",
            IncomingText(text, Encoding.UCS2, flash=False),
            1,
            0,
        )
        for text in ('Ja, "tack" \n', "Nej")
    )
    async with transaction_on(connection) as tx:
        await insert_incoming(tx, [first, second], NOW)
    page = decoded(await api.get("/v2/events"))
    assert [event["body"] for event in page["events"]] == [first.text.body, "Nej"]
    event = page["events"][0]
    assert event["eventId"] == f"{first.message_id.hex()}-1-201"
    assert (event["type"], event["direction"], event["sender"]) == ("incomingMessage", "MO", "46701740605")
    assert (event["recipient"], event["code"], event["price"]) == ("46790000000", 201, 0)
    assert (event["id"], event["batchId"]) == (first.message_id.hex(), first.batch_id.hex())
    assert event["created"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert decoded(await api.get("/v2/events", params={"after": page["cursor"]}))["events"] == []
    of_batch = decoded(await api.get("/v2/events", params={"batchId": second.batch_id.hex()}))
    assert [event["body"] for event in of_batch["events"]] == ["Nej"]
    api.headers.update(await insert_key(connection, 2))
    assert decoded(await api.get("/v2/events"))["events"] == []


@pytest.mark.parametrize(
    ("text", "missing", "wish"),
    [
        (IncomingText("STOP", Encoding.GSM7, flash=False), 0, Wish.STOP),
        (IncomingText("start", Encoding.UCS2, flash=True), 0, Wish.START),
        (IncomingText("Long…", Encoding.GSM7, flash=False), 1, None),
        (IncomingText("ff00", Encoding.BINARY, flash=False), 0, None),
    ],
)
async def test_such_an_event_has_every_field_of_what_is_posted(
    connection: Connection, api: httpx.AsyncClient, text: IncomingText, missing: int, wish: Wish | None
) -> None:
    message = IncomingMessage(
        1,
        IDS.new(int(NOW.timestamp())),
        IDS.new(int(NOW.timestamp())),
        "46701740605",
        "46790000000",
        text,
        2,
        missing,
        wish,
    )
    async with transaction_on(connection) as tx:
        await insert_incoming(tx, [message], NOW)
    posted = incoming_document(
        message_id=message.message_id,
        batch_id=message.batch_id,
        owner="ip1-00001",
        sender=message.sender,
        recipient=message.recipient,
        text=text,
        segments=2,
        received_at=NOW,
        incomplete=bool(missing),
        wish=wish,
    )
    (event,) = decoded(await api.get("/v2/events"))["events"]
    told = httpx.Response(200, content=incoming_body(posted)).json()
    assert event["messageType"] == told.pop("type"), "type names the event"
    assert event["direction"].lower() == told.pop("direction")
    assert {name: event.get(name, "absent") for name in told} == told
    assert ("optOut" in event, "incomplete" in event) == (wish is not None, bool(missing))


async def test_filters(connection: Connection, api: httpx.AsyncClient) -> None:
    batch, (message,) = await insert_batch(connection)
    _, (other,) = await insert_batch(connection)
    await deliver(connection, message)
    await deliver(connection, other)
    of_batch = decoded(await api.get(f"/v2/events?batchId={batch.hex()}&codes=201,202"))["events"]
    assert [event["id"] for event in of_batch] == [message.hex()]
    assert decoded(await api.get("/v2/events?codes=202"))["events"] == []
    foreign, _ = await insert_batch(connection, 2)
    answers = [await api.get(f"/v2/events?batchId={wanted.hex()}") for wanted in (foreign, b"x" * 12)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("after=x", "after"),
        ("after=", "after"),
        ("codes=", "codes"),
        ("codes=201,x", "codes"),
        ("codes=999", "codes"),
        ("batchId=12", "batchId"),
    ],
)
async def test_each_wrong_parameter_is_named(api: httpx.AsyncClient, query: str, field: str) -> None:
    problem = decoded(await api.get(f"/v2/events?{query}"), 400)
    assert list(problem["errors"]) == [field]


async def test_cursors_of_another_account_and_of_what_is_gone_are_refused(api: httpx.AsyncClient) -> None:
    gone = Cursor(int((NOW - timedelta(days=8)).timestamp()), 5)
    of_other = Cursor(int(NOW.timestamp()), 5)
    problem = decoded(await api.get("/v2/events", params={"after": cursor_text(gone, 1)}), 400)
    assert "Events are kept from" in problem["errors"]["after"][0]
    problem = decoded(await api.get("/v2/events", params={"after": cursor_text(of_other, 2)}), 400)
    assert "no cursor of this account" in problem["errors"]["after"][0]


async def test_without_a_key_nothing_is_told(api: httpx.AsyncClient) -> None:
    del api.headers["Authorization"]
    assert (await api.get("/v2/events")).status_code == 401


async def test_refusals_of_accept_are_told(database: str) -> None:
    async with accepting_api(database) as accepting, served_api(database) as api:
        body = {"sender": "iP1", "recipients": ["46701740605", "46"], "body": "Hello", "datacoding": "gsm"}
        assert (await accepting.post(body)).status == 201
        headers = {"Authorization": f"Bearer {accepting.started.token}"}
        (event,) = decoded(await api.get("/v2/events", headers=headers))["events"]
    assert (event["recipient"], event["code"], event["number"]) == ("46", 408, 1)
