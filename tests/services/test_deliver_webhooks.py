"""Reports reach the customer: signed, in order, at least once, and no origin holds up another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from standardwebhooks import Webhook

from heliograph.domain.history import milliseconds
from heliograph.domain.report_events import (
    Destination,
    EventBlock,
    StoredEvent,
    decode_attempts,
    decode_block,
    decode_retry,
    encode_events,
)
from heliograph.domain.report_url import ReportUrl, bucket_of, parse_report_url
from heliograph.domain.webhook_event import secret_text
from heliograph.outbound_http import OutboundHttp, OutboundLimits
from heliograph.services.deliver_webhooks import DeliverWebhooks
from heliograph.services.replay_reports import replay_origin
from heliograph.storage.database import Connection, Database, connect, transaction_on
from tests.support.report_receiver import Received, ReportReceiver
from tests.support.rows import IDS, NOW, NOW_MS, insert_account

SECRET = secret_text(bytes(range(32)))


class Clock:
    """Wall clock and monotonic clock that a test moves on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened)
    await opened.execute(
        "INSERT INTO webhook_secret (account_id, secret_id, sealed) VALUES (1, 'a', $1)", SECRET.encode()
    )
    yield opened
    await opened.close()


@asynccontextmanager
async def reporter(dsn: str, holder: str = "me") -> AsyncIterator[DeliverWebhooks]:
    clock = Clock()
    async with Database(dsn) as database:
        http = OutboundHttp(loopback_allowed=True, limits=OutboundLimits(request=0.5))
        service = DeliverWebhooks(
            database,
            http,
            IDS,
            holder=holder,
            now=clock.now,
            monotonic=clock.monotonic,
            draw=lambda: 0.5,
            unseal=bytes.decode,
            pace=0.001,
        )
        await service.lease()
        await service.lease()
        yield service
        await http.aclose()


def event(message_id: bytes, number: int, code: int, destination: int = 0) -> StoredEvent:
    return StoredEvent(message_id, message_id, number, code, NOW_MS, "46701740605", 2, 700_000, destination)


async def insert_block(
    connection: Connection, url: str, *events: StoredEvent, reference: str | None = None
) -> None:
    block = EventBlock("SEK", [Destination(url, reference)], list(events))
    await insert_encoded_block(connection, url, block)


async def insert_encoded_block(connection: Connection, url: str, block: EventBlock) -> None:
    parsed = parse_report_url(url, http_allowed=True, loopback_allowed=True)
    assert isinstance(parsed, ReportUrl)
    await connection.execute(
        "INSERT INTO report_block VALUES ($1, $2, 1, $3, $4, $5, $6)",
        bucket_of(parsed.origin),
        IDS.new(int(NOW.timestamp())),
        parsed.origin,
        NOW - timedelta(seconds=1),
        len(block.events),
        encode_events(block),
    )


async def run_until(service: DeliverWebhooks, done: Callable[[], bool], seconds: float = 60.0) -> None:
    """Claim and record until the condition holds."""
    async with asyncio.timeout(seconds):
        while not done():
            await service.claim()
            await service.record()
            await asyncio.sleep(0.005)


async def queue_is_empty(connection: Connection) -> bool:
    counts = "SELECT (SELECT count(*) FROM report_block) + (SELECT count(*) FROM report_retry)"
    return bool(await connection.fetchval(counts) == 0)


async def settle(service: DeliverWebhooks) -> None:
    """Let what is in hand end and be recorded."""
    async with asyncio.timeout(60):
        for _ in range(3):
            await service.record()
            await asyncio.sleep(0.02)


def new_id() -> bytes:
    return IDS.new(int(NOW.timestamp()))


def codes_of(received: list[Received], message_id: bytes) -> list[int]:
    return [r.report["code"] for r in received if r.report["messageId"] == message_id.hex()]


async def test_a_report_has_the_documented_body_and_a_signature_that_verifies(
    database: str, connection: Connection
) -> None:
    message = new_id()
    async with ReportReceiver() as receiver, reporter(database) as service:
        await insert_block(connection, receiver.url, event(message, 3, 201), reference="order 7")
        await run_until(service, lambda: len(receiver.received) == 1)
        await settle(service)
    (received,) = receiver.received
    assert received.report == {
        "messageId": message.hex(),
        "id": message.hex(),
        "batchId": message.hex(),
        "recipient": "46701740605",
        "code": 201,
        "duration": 1,
        "created": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "segments": 2,
        "price": 0.7,
        "currency": "sek",
        "reference": "order 7",
    }
    assert received.headers["webhook-id"] == f"{message.hex()}-3-201"
    assert Webhook(SECRET).verify(received.body, received.headers) == received.report
    assert await queue_is_empty(connection)
    stored = await connection.fetchval("SELECT attempts FROM report_attempt")
    assert [(a.message_id, a.attempt, a.status) for a in decode_attempts(stored)] == [(message, 1, 200)]


@pytest.mark.parametrize("status", [200, 422])
async def test_how_an_answer_began_is_kept_where_it_refuses(
    database: str, connection: Connection, status: int
) -> None:
    """Without the numbers that a receiver repeats: attempts outlive those of messages."""
    says = b'{"error": "no order for 46701740605",\n"code": 17}\0 ' + b"x" * 400
    async with ReportReceiver(lambda _: status, says) as receiver, reporter(database) as service:
        await insert_block(connection, receiver.url, event(new_id(), 3, 201))
        await run_until(service, lambda: len(receiver.received) == 1)
        await settle(service)
    (attempt,) = decode_attempts(await connection.fetchval("SELECT attempts FROM report_attempt"))
    if status == 200:
        assert attempt.answer == ""
    else:
        assert attempt.answer.startswith('{"error": "no order for …",\n"code": 17}  xxx')
        assert len(attempt.answer) <= 300


async def test_of_an_incoming_message_no_answer_is_kept(database: str, connection: Connection) -> None:
    """A receiver that repeats what it got would have its text kept with the attempt."""
    async with ReportReceiver(lambda _: 422, b"what is Hello?") as receiver, reporter(database) as service:
        posted = Destination(receiver.url, None, b'{"body": "Hello"}')
        block = EventBlock("SEK", [posted], [event(new_id(), 1, 201)])
        await insert_encoded_block(connection, receiver.url, block)
        await run_until(service, lambda: len(receiver.received) == 1)
        await settle(service)
    (attempt,) = decode_attempts(await connection.fetchval("SELECT attempts FROM report_attempt"))
    assert (attempt.status, attempt.answer) == (422, "")


async def test_the_reports_of_a_message_keep_their_order_over_failures(
    database: str, connection: Connection
) -> None:
    message, other = new_id(), new_id()
    refusals = iter([503, 503])

    def decide(received: Received) -> int:
        return next(refusals, 200) if received.report["code"] == 111 else 200

    async with ReportReceiver(decide) as receiver, reporter(database) as service:
        await insert_block(
            connection, receiver.url, event(message, 1, 110), event(message, 2, 111), event(other, 1, 110)
        )
        await insert_block(connection, receiver.url, event(message, 3, 201))
        await run_until(service, lambda: 201 in codes_of(receiver.received, message))
        await settle(service)
    assert codes_of(receiver.received, message) == [110, 111, 111, 111, 201]
    ids = [r.headers["webhook-id"] for r in receiver.received if r.report["code"] == 111]
    assert len(set(ids)) == 1
    assert await queue_is_empty(connection)


async def test_a_final_report_takes_the_place_of_intermediates_that_failed_three_times(
    database: str, connection: Connection
) -> None:
    message = new_id()
    async with (
        ReportReceiver(lambda received: 200 if received.report["code"] == 201 else 500) as receiver,
        reporter(database) as service,
    ):
        await insert_block(
            connection, receiver.url, event(message, 1, 110), event(message, 2, 111), event(message, 3, 201)
        )
        await run_until(service, lambda: 201 in codes_of(receiver.received, message))
        await settle(service)
    assert codes_of(receiver.received, message) == [110, 110, 110, 201]
    assert await queue_is_empty(connection)


async def test_an_event_that_comes_while_an_earlier_one_waits_is_sent_after_it(
    database: str, connection: Connection
) -> None:
    message = new_id()
    is_up = False
    async with (
        ReportReceiver(lambda received: 200 if is_up else 500) as receiver,
        reporter(database) as service,
    ):
        await insert_block(connection, receiver.url, event(message, 1, 110))
        await run_until(service, lambda: len(receiver.received) == 1)
        await settle(service)
        await connection.execute("UPDATE report_retry SET due_at = $1", NOW + timedelta(hours=1))
        await insert_block(connection, receiver.url, event(message, 2, 201))
        await service.claim()
        await settle(service)
        assert await connection.fetchval("SELECT count(*) FROM report_block") == 0
        is_up = True
        await connection.execute("UPDATE report_retry SET due_at = $1", NOW - timedelta(hours=1))
        await run_until(service, lambda: 201 in codes_of(receiver.received, message))
        await settle(service)
    assert codes_of(receiver.received, message) == [110, 110, 201]
    assert await queue_is_empty(connection)


async def test_what_a_second_try_brought_is_not_claimed_again_before_it_is_written_down(
    database: str, connection: Connection
) -> None:
    message = new_id()
    refusals = iter([503])
    async with (
        ReportReceiver(lambda received: next(refusals, 204)) as receiver,
        reporter(database) as service,
    ):
        await insert_block(connection, receiver.url, event(message, 1, 110), event(message, 2, 201))
        await run_until(service, lambda: len(receiver.received) == 1)
        await settle(service)
        async with asyncio.timeout(60):
            while 201 not in codes_of(receiver.received, message):
                await service.claim()
                await asyncio.sleep(0.005)
        for _ in range(3):
            await service.claim()
            await asyncio.sleep(0.05)
        await insert_block(connection, receiver.url, event(message, 3, 501))
        await service.claim()
        await asyncio.sleep(0.05)
        await settle(service)
        await settle(service)
    assert codes_of(receiver.received, message) == [110, 110, 201, 501]
    assert await queue_is_empty(connection)


async def test_a_receiver_that_hangs_does_not_hold_up_another(database: str, connection: Connection) -> None:
    async with (
        ReportReceiver(lambda received: 0) as bad,
        ReportReceiver() as good,
        reporter(database) as service,
    ):
        await insert_block(connection, bad.url, *[event(new_id(), 1, 201) for _ in range(50)])
        await insert_block(connection, good.url, *[event(new_id(), 1, 201) for _ in range(50)])
        await run_until(service, lambda: len(good.received) == 50, seconds=5)


async def test_a_failing_origin_rests_after_ten_failures_in_a_row(
    database: str, connection: Connection
) -> None:
    async with ReportReceiver(lambda received: 500) as receiver, reporter(database) as service:
        for _ in range(12):
            await insert_block(connection, receiver.url, event(new_id(), 1, 201))
        await run_until(service, lambda: len(receiver.received) >= 10)
        await settle(service)
        before = len(receiver.received)
        await insert_block(connection, receiver.url, event(new_id(), 1, 201))
        for _ in range(5):
            await service.claim()
            await settle(service)
        assert len(receiver.received) == before
    row = await connection.fetchrow("SELECT failures, open_until FROM report_origin")
    assert row is not None
    assert row["failures"] >= 10
    assert milliseconds(row["open_until"]) > NOW_MS


async def test_a_url_that_is_gone_is_not_tried_again(database: str, connection: Connection) -> None:
    async with ReportReceiver(lambda received: 410) as receiver, reporter(database) as service:
        await insert_block(connection, receiver.url, event(new_id(), 1, 110))
        await run_until(service, lambda: len(receiver.received) == 1)
        await settle(service)
        await service.claim()
        await settle(service)
    assert len(receiver.received) == 1
    assert await connection.fetchval("SELECT parked FROM report_retry")
    assert await connection.fetchval("SELECT count(*) FROM report_block") == 0


async def test_what_was_posted_and_not_recorded_is_posted_again_with_the_same_id(
    database: str, connection: Connection
) -> None:
    async with ReportReceiver() as receiver:
        async with reporter(database) as first:
            await insert_block(connection, receiver.url, event(new_id(), 1, 201))
            await first.claim()
            await receiver.wait_for(1)
            await first.release()
        async with reporter(database, "another") as second:
            await run_until(second, lambda: len(receiver.received) == 2)
            await settle(second)
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert await queue_is_empty(connection)


async def test_two_reporters_share_the_buckets(database: str, connection: Connection) -> None:
    async with reporter(database, "one") as one, reporter(database, "two") as two:
        for _ in range(3):
            await one.lease()
            await two.lease()
        held = await connection.fetch(
            "SELECT holder, count(*) AS buckets FROM bucket_lease"
            " WHERE leased_until > now() AND bucket >= 0 GROUP BY 1 ORDER BY 1"
        )
    assert [(row["holder"], row["buckets"]) for row in held] == [("one", 32), ("two", 32)]


async def test_an_incoming_message_is_posted_as_it_stands_signed_and_tried_again(
    connection: Connection, database: str
) -> None:
    document = b'{"id":"x","body":"Hej","direction":"mo"}'
    answers = iter([500, 200])
    async with ReportReceiver(lambda _: next(answers)) as customer, reporter(database) as service:
        message_id = IDS.new(int(NOW.timestamp()))
        block = EventBlock("SEK", [Destination(customer.url, None, document)], [event(message_id, 1, 201)])
        await insert_encoded_block(connection, customer.url, block)
        await run_until(service, lambda: len(customer.received) == 2)
        await settle(service)
    assert [received.body for received in customer.received] == [document, document]
    assert {received.headers["webhook-id"] for received in customer.received} == {f"{message_id.hex()}-1-201"}
    for received in customer.received:
        Webhook(SECRET).verify(received.body, received.headers)
    assert await queue_is_empty(connection)


def test_events_stored_before_there_were_incoming_messages_are_read() -> None:
    old = msgspec.msgpack.encode(["SEK", [["https://example.com/r", None]], []])
    assert decode_block(old).destinations == [Destination("https://example.com/r", None, None)]


async def test_an_origin_that_was_disabled_gets_what_it_missed_once_somebody_asks_for_it(
    database: str, connection: Connection
) -> None:
    first, second = new_id(), new_id()
    answers = [410]
    async with ReportReceiver(lambda _: answers[0]) as receiver, reporter(database) as service:
        await insert_block(connection, receiver.url, event(first, 4, 111), event(first, 5, 201))
        await run_until(service, lambda: len(receiver.received) == 1)
        await settle(service)
        ((origin, state),) = service._desk.origins.items()
        state.breaker.disabled = True
        await connection.execute("UPDATE report_origin SET failures = 900, disabled_at = now()")
        await insert_block(connection, receiver.url, event(second, 4, 201))
        answers[0] = 200
        assert await service.claim() == 0
        async with transaction_on(connection) as tx:
            done = await replay_origin(tx, *origin, now=datetime.now(UTC), ids=IDS)
        assert (done.was_disabled, done.queued) == (True, 3)
        assert await service.claim() == 0
        await service.lease()
        await run_until(service, lambda: len(receiver.received) == 4)
        await settle(service)
    assert codes_of(receiver.received[1:], first) == [111, 201]
    assert codes_of(receiver.received[1:], second) == [201]
    ids = [r.headers["webhook-id"] for r in receiver.received]
    assert ids.count(ids[0]) == 2
    assert await queue_is_empty(connection)


async def test_everything_that_is_given_up_of_a_message_is_kept(
    database: str, connection: Connection
) -> None:
    message_id = new_id()
    async with ReportReceiver(lambda _: 410) as receiver, reporter(database) as service:
        for number, code in ((4, 111), (5, 201)):
            await insert_block(connection, receiver.url, event(message_id, number, code))
            await run_until(service, lambda: len(receiver.received) == number - 3)  # noqa: B023 - run at once
            await settle(service)
    (row,) = await connection.fetch("SELECT parked, events FROM report_retry")
    assert row["parked"]
    assert [(each.number, each.code) for each in decode_retry(row["events"]).events] == [(4, 111), (5, 201)]


async def codes_put_back(connection: Connection) -> list[int]:
    """What a replay of the only origin puts back of what was given up."""
    origin = await connection.fetchval("SELECT origin FROM report_retry")
    await connection.execute("DELETE FROM report_block")
    async with transaction_on(connection) as tx:
        await replay_origin(tx, 1, origin, now=datetime.now(UTC), ids=IDS)
    blocks = await connection.fetch("SELECT events FROM report_block")
    return [each.code for row in blocks for each in decode_block(row["events"]).events]


async def give_up(
    connection: Connection, service: DeliverWebhooks, receiver: ReportReceiver, event: StoredEvent
) -> None:
    """Have one more report come to its end; the receiver says that it is gone."""
    count = len(receiver.received)
    await insert_block(connection, receiver.url, event)
    await run_until(service, lambda: len(receiver.received) == count + 1)
    await settle(service)


@pytest.mark.parametrize("then", [503, 200])
async def test_what_was_given_up_outlives_later_reports_that_are_tried_again(
    database: str, connection: Connection, then: int
) -> None:
    message_id, answers = new_id(), [410]
    async with ReportReceiver(lambda _: answers[0]) as receiver, reporter(database) as service:
        await give_up(connection, service, receiver, event(message_id, 4, 111))
        answers[0] = 503
        await give_up(connection, service, receiver, event(message_id, 5, 201))
        (row,) = await connection.fetch("SELECT parked, events, given_up FROM report_retry")
        assert not row["parked"]
        assert [each.code for each in decode_retry(row["events"]).events] == [201]
        assert [each.code for each in decode_retry(row["given_up"]).events] == [111]
        answers[0] = then
        await connection.execute("UPDATE report_retry SET due_at = now()")
        await run_until(service, lambda: len(receiver.received) == 3)
        await settle(service)
    assert await connection.fetchval("SELECT parked FROM report_retry") is (then == 200)
    assert await codes_put_back(connection) == [111]
    left = 0 if then == 200 else 1
    assert await connection.fetchval("SELECT count(*) FROM report_retry WHERE given_up IS NULL") == left
    assert await connection.fetchval("SELECT count(*) FROM report_retry") == left


async def test_what_was_given_up_before_joins_what_is_given_up_after_a_second_try(
    database: str, connection: Connection
) -> None:
    message_id, answers = new_id(), [410]
    async with ReportReceiver(lambda _: answers[0]) as receiver, reporter(database) as service:
        await give_up(connection, service, receiver, event(message_id, 4, 111))
        answers[0] = 503
        await give_up(connection, service, receiver, event(message_id, 5, 201))
        answers[0] = 410
        await connection.execute("UPDATE report_retry SET due_at = now()")
        await run_until(service, lambda: len(receiver.received) == 3)
        await settle(service)
    (row,) = await connection.fetch("SELECT parked, given_up FROM report_retry")
    assert (row["parked"], row["given_up"]) == (True, None)
    assert await codes_put_back(connection) == [111, 201]


async def test_a_report_whose_schedule_ends_while_others_follow_can_be_replayed(
    database: str, connection: Connection
) -> None:
    message_id = new_id()
    async with (
        ReportReceiver(lambda received: 503 if received.report["code"] == 201 else 200) as receiver,
        reporter(database) as service,
    ):
        service._schedules["standard"] = (0.0, 0.0)
        await insert_block(connection, receiver.url, event(message_id, 4, 201), event(message_id, 5, 501))
        await run_until(service, lambda: codes_of(receiver.received, message_id) == [201, 201, 501])
        await settle(service)
    assert await connection.fetchval("SELECT parked FROM report_retry")
    assert await codes_put_back(connection) == [201]
