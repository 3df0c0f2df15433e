"""The timeline of a message: from a real submit over its receipts to the attempts to report it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from heliograph.domain.history import Entry, entry, milliseconds, moment_of
from heliograph.domain.ids import id_at
from heliograph.domain.report_events import Attempt, encode_events
from heliograph.domain.report_url import BUCKETS, ReportUrl, bucket_of, stored_report_url
from heliograph.services.trace_message import numbered, spans_of
from heliograph.smpp import DeliverSm
from heliograph.smpp.codec import encode
from heliograph.storage.database import Connection, Database, connect, transaction_on
from heliograph.storage.receipts import insert_receipt_block
from tests.simulator.running_carrier import running_carrier
from tests.support.dispatching import all_codes, carrier, dispatch_service, numbers, queue, running, until
from tests.support.rows import IDS, NOW, insert_account, insert_batch
from tests.support.served_api import decoded, insert_key, served_api

LONG = "x" * 400
"""Three segments."""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened)
    await opened.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'carrier one', '127.0.0.1', 2775, 'esme', ''), (2, 'two', '127.0.0.1', 2776, 'esme', '')"
    )
    yield opened
    await opened.close()


@pytest.fixture
async def api(database: str, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """The API, called with account 1's key."""
    async with served_api(database) as client:
        client.headers.update(await insert_key(connection, 1))
        yield client


async def path_of(connection: Connection, message_id: bytes) -> str:
    batch_id = await connection.fetchval("SELECT batch_id FROM message WHERE message_id = $1", message_id)
    return f"/v2/batches/{batch_id.hex()}/messages/{message_id.hex()}/timeline"


def of_kind(document: Any, kind: str) -> list[Any]:
    return [entry for entry in document["entries"] if entry["kind"] == kind]


async def delivered(connection: Connection, database: str, body: str) -> list[bytes]:
    """Messages that went through a simulated carrier to their end."""
    async with Database(database) as pools, running_carrier() as (_, port):
        messages = await queue(connection, numbers(5), body=body)

        async def is_over() -> bool:
            return await all_codes(connection, messages) == {201}

        async with running(dispatch_service(pools, [carrier(port)])):
            await until(is_over)
    return messages


async def test_a_delivered_message_tells_its_whole_way(
    database: str, connection: Connection, api: httpx.AsyncClient
) -> None:
    messages = await delivered(connection, database, "Hello")
    document = decoded(await api.get(await path_of(connection, messages[2])))
    assert document["messageId"] == messages[2].hex()
    assert (document["carrier"], document["code"], document["final"]) == ("carrier one", 201, True)
    smsc_id = await connection.fetchval("SELECT smsc_id FROM segment WHERE message_id = $1", messages[2])
    assert document["submitted"] == [{"segment": 1, "smscId": smsc_id}]
    assert document["waiting"] is None
    assert document["entries"][0]["kind"] == "accepted"
    assert document["entries"][0]["price"] == 0.35
    assert [entry["code"] for entry in of_kind(document, "status")] == [102, 103, 110, 111, 201]
    receipts = of_kind(document, "receipt")
    assert [(one["code"], one["segment"], one["smscId"]) for one in receipts] == [(201, 1, smsc_id)]
    assert "stat:DELIVRD" in receipts[0]["text"]
    moments = [entry["at"] for entry in document["entries"]]
    (route,), (answer,) = of_kind(document, "route"), of_kind(document, "answer")
    assert (route["carrier"], answer["smscId"], answer["commandStatus"]) == ("carrier one", smsc_id, 0)
    assert len(moments) == len(receipts) + 8


async def test_each_segment_of_a_long_message_and_its_receipt_are_told(
    database: str, connection: Connection, api: httpx.AsyncClient
) -> None:
    messages = await delivered(connection, database, LONG)
    document = decoded(await api.get(await path_of(connection, messages[0])))
    assert [one["segment"] for one in document["submitted"]] == [1, 2, 3]
    assert sorted(one["segment"] for one in of_kind(document, "receipt")) == [1, 2, 3]


async def test_a_message_that_waits_says_what_for(connection: Connection, api: httpx.AsyncClient) -> None:
    messages = await queue(connection, numbers(5), lot_size=2, carrier_id=2)
    opens_at = NOW + timedelta(hours=9)

    async def waiting() -> tuple[Any, Any]:
        document = decoded(await api.get(await path_of(connection, messages[3])))
        return document["carrier"], document["waiting"]

    assert await waiting() == ("two", {"reason": "carrier", "notBefore": None})
    await connection.execute(
        "INSERT INTO bind_lease (carrier_id, slot, epoch, holder, leased_until, bound_at)"
        " VALUES (2, 0, 1, 'here:1:aa', now() + interval '1 hour', now())"
    )
    assert await waiting() == ("two", {"reason": "turn", "notBefore": None})
    await connection.execute("UPDATE carrier SET enabled = false WHERE carrier_id = 2")
    assert await waiting() == ("two", {"reason": "carrier", "notBefore": None})
    await connection.execute("UPDATE lot SET state = 0, opens_at = $1", opens_at)
    not_before = opens_at.isoformat().replace("+00:00", "Z")
    assert await waiting() == ("two", {"reason": "window", "notBefore": not_before})
    await connection.execute("UPDATE lot SET state = 3")
    assert await waiting() == ("two", {"reason": "pause", "notBefore": None})
    await connection.execute("UPDATE lot SET state = 2")
    assert await waiting() == (None, None)
    route = of_kind(decoded(await api.get(await path_of(connection, messages[0]))), "route")
    assert route == []


async def test_what_is_tried_again_waits_in_its_own_lot(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    messages = await queue(connection, numbers(4), lot_size=4)
    await connection.execute("UPDATE lot SET state = 2")
    await connection.execute(
        "INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at,"
        " closes_at, segment_count, first_id, last_id, payload) SELECT carrier_id, $1, account_id,"
        " priority, 0, 0, $2, closes_at, 1, $3, $3, payload FROM lot",
        IDS.new(int(NOW.timestamp())),
        NOW + timedelta(minutes=5),
        messages[2],
    )
    for place, reason in ((1, None), (2, "window"), (3, None)):
        waiting = decoded(await api.get(await path_of(connection, messages[place])))["waiting"]
        assert (waiting and waiting["reason"]) == reason, place


async def test_attempts_to_report_it_and_the_next_one(connection: Connection, api: httpx.AsyncClient) -> None:
    _, messages = await insert_batch(connection, recipients=numbers(2), url="https://example.com/r")
    at_ms = milliseconds(NOW)
    attempts = [
        Attempt(messages[0], 1, 110, 1, at_ms, 204, 12, ""),
        Attempt(messages[1], 1, 110, 1, at_ms, 204, 12, ""),
        Attempt(messages[0], 2, 201, 1, at_ms + 5, 0, 15_000, "timeout"),
    ]
    for bucket, account_id in ((7, 1), (8, 1), (7, 2)):
        await connection.execute(
            "INSERT INTO report_attempt VALUES ($1, $2, $3, $4, $5, $6, $7)",
            bucket % BUCKETS,
            NOW.date(),
            IDS.new(int(NOW.timestamp())),
            account_id,
            messages[0],
            messages[1],
            encode_events(attempts),
        )
    due = NOW + timedelta(minutes=1)
    await connection.execute(
        "INSERT INTO report_retry VALUES (7, $1, 1, 'https://example.com', 1, $2, $3, false, '')",
        messages[0],
        NOW,
        due,
    )
    document = decoded(await api.get(await path_of(connection, messages[0])))
    assert [(one["code"], one["attempt"], one["answer"]) for one in of_kind(document, "report")] == [
        (110, 1, 204),
        (201, 1, 0),
    ]
    assert of_kind(document, "report")[1]["reason"] == "timeout"
    assert document["nextReport"] == due.isoformat().replace("+00:00", "Z")
    assert document["carrier"] is None


async def test_what_the_carrier_refused_is_told_with_its_answer(
    connection: Connection, database: str, api: httpx.AsyncClient
) -> None:
    """46701740630 is refused for good, 46701740636 while the carrier's queue is full."""
    async with Database(database) as pools, running_carrier() as (_, port):
        refused, put_off = await queue(connection, ["46701740630", "46701740636"])

        async def is_over() -> bool:
            return await all_codes(connection, [refused, put_off]) == {408, 114}

        async with running(dispatch_service(pools, [carrier(port)])):
            await until(is_over)
    document = decoded(await api.get(await path_of(connection, refused)))
    assert (document["carrier"], document["submitted"]) == ("carrier one", [])
    (route,), (answer,) = of_kind(document, "route"), of_kind(document, "answer")
    assert route["carrier"] == "carrier one"
    told = {name: answer[name] for name in answer if name != "at"}
    assert told == {
        "kind": "answer",
        "segment": 1,
        "carrier": "carrier one",
        "bind": 1,
        "commandStatus": 0x0B,
        "commandStatusName": "ESME_RINVDSTADR",
        "triedAgain": False,
    }
    document = decoded(await api.get(await path_of(connection, put_off)))
    (answer,) = of_kind(document, "answer")
    assert (answer["commandStatusName"], answer["triedAgain"]) == ("ESME_RMSGQFUL", True)


async def test_doubt_and_second_try_are_told(connection: Connection, api: httpx.AsyncClient) -> None:
    _, (message,) = await insert_batch(connection)
    await connection.execute(
        "UPDATE message SET code = 110, rank = 1, history = $1", entry(110, milliseconds(NOW))
    )
    await connection.execute(
        "INSERT INTO in_doubt (carrier_id, message_id, segment, segments, account_id, recipient,"
        " submitted_at, noted_at, closes_at, resent_at)"
        " VALUES (2, $1, 0, 1, 1, '46701740605', $2, $2, $3, $3)",
        message,
        NOW,
        NOW + timedelta(minutes=15),
    )
    document = decoded(await api.get(await path_of(connection, message)))
    (doubt,), (again,) = of_kind(document, "inDoubt"), of_kind(document, "sentAgain")
    assert (doubt["segment"], again["segment"]) == (1, 1)
    assert datetime.fromisoformat(doubt["at"]) == NOW
    assert datetime.fromisoformat(again["at"]) == NOW + timedelta(minutes=15)


async def test_a_message_from_a_handset_tells_what_it_came_in_and_who_was_told(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    phone, ours, url = "46701740650", "46701740699", "https://example.com/sms"
    await connection.execute("UPDATE account SET incoming_url = $1", url)
    _, (message,) = await insert_batch(
        connection, sender=phone, recipients=[ours], code=201, price=0, incoming=True
    )
    raw = encode(DeliverSm(source_addr=phone, destination_addr=ours, short_message=b"Hi"), 7)
    other = encode(DeliverSm(source_addr="46701740651", destination_addr=ours, short_message=b"Hi"), 8)
    async with transaction_on(connection) as tx:
        await insert_receipt_block(tx, 2, id_at(int(NOW.timestamp())), [other, raw], received_at=NOW)
    parsed = stored_report_url(url)
    assert isinstance(parsed, ReportUrl)
    attempt = Attempt(message, 1, 201, 1, milliseconds(NOW), 200, 12, "")
    await connection.execute(
        "INSERT INTO report_attempt VALUES ($1, $2, $3, 1, $4, $4, $5)",
        bucket_of(parsed.origin),
        NOW.date(),
        IDS.new(int(NOW.timestamp())),
        message,
        encode_events([attempt]),
    )
    document = decoded(await api.get(await path_of(connection, message)))
    assert document["carrier"] == "two"
    (received,), (report,) = of_kind(document, "received"), of_kind(document, "report")
    assert (received["segment"], received["carrier"]) == (1, "two")
    assert (report["answer"], report["attempt"]) == (200, 1)


def test_a_report_that_was_asked_for_again_is_told_from_another_try() -> None:
    tries = [
        Attempt(b"m", 3, 201, number, at, 500, 1, "") for number, at in ((1, 10), (2, 20), (1, 30), (2, 40))
    ]
    of_another_event = Attempt(b"m", 2, 111, 1, 5, 200, 1, "")
    told = [(one.at_ms, ordinal, replay) for one, ordinal, replay in numbered([*tries, of_another_event])]
    assert told == [(5, 1, False), (10, 1, False), (20, 2, False), (30, 3, True), (40, 4, False)]


async def test_a_refused_message_has_only_its_refusal(connection: Connection, api: httpx.AsyncClient) -> None:
    _, messages = await insert_batch(connection, code=408)
    await connection.execute("UPDATE message SET price = 0")
    document = decoded(await api.get(await path_of(connection, messages[0])))
    assert [(one["kind"], one.get("code")) for one in document["entries"]] == [
        ("accepted", None),
        ("status", 408),
    ]
    assert document["submitted"] == []


async def test_what_is_not_there_is_404(connection: Connection, api: httpx.AsyncClient) -> None:
    batch_id, messages = await insert_batch(connection)
    for path in (
        f"/v2/batches/{batch_id.hex()}/messages/{'0' * 24}/timeline",
        f"/v2/batches/{'0' * 24}/messages/{messages[0].hex()}/timeline",
        "/v2/batches/x/messages/y/timeline",
    ):
        decoded(await api.get(path), 404)


async def test_a_look_that_takes_too_long_is_given_up(
    connection: Connection, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, messages = await insert_batch(connection, url="https://example.com/r")
    monkeypatch.setattr("heliograph.storage.message_traces.LONGEST_LOOK", "50ms")
    path = await path_of(connection, messages[0])
    async with connection.transaction():
        await connection.execute("LOCK TABLE report_attempt")
        response = await api.get(path)
    assert decoded(response, 503)["detail"].startswith("Putting the timeline together takes too long")
    assert response.headers["retry-after"]


def test_receipts_are_looked_for_around_every_change_in_bounded_spans() -> None:
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)
    at = milliseconds(start)
    assert spans_of([]) == []
    assert spans_of([Entry(203, at)]) == []
    assert spans_of([Entry(110, at), Entry(111, at + 50)]) == [(start, start + timedelta(seconds=10))]
    later = moment_of(at + 60_000)
    assert spans_of([Entry(110, at), Entry(201, at + 60_000)])[1] == (
        later - timedelta(seconds=1),
        later + timedelta(seconds=1),
    )
    many = spans_of([Entry(110, at + 60_000 * n) for n in range(50)])
    assert len(many) == 8
    assert many[-1][0] > start + timedelta(minutes=48)
