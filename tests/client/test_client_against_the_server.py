"""Both clients against `heliograph serve`: real processes, real HTTP, the simulated carrier."""

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from heliograph.client import (
    ApiError,
    AsyncHeliograph,
    Conflict,
    DeliveryReport,
    DeliveryWindow,
    Heliograph,
    InvalidRequest,
    NotFound,
    Unauthorized,
    verify_webhook,
)
from tests.acceptance.conftest import Served
from tests.support.report_receiver import ReportReceiver

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

ABSENT = "0" * 24


@pytest.fixture
def sms(served: Served) -> Iterator[Heliograph]:
    """A client of the first account."""
    with Heliograph(served.key, url=served.url) as client:
        yield client


def test_a_batch_is_sent_followed_and_read(sms: Heliograph) -> None:
    recipients = ["46701740605", "46701740612"]
    sent = sms.send("iP1", recipients, "A very nice message", datacoding="gsm", reference="order 1")
    assert (sent.status, sent.reference, sent.is_finished) == (111, "order 1", False)
    finished = sms.wait(sent.id, timeout=30)
    assert finished.message_summary is not None
    assert {code: count.messages for code, count in finished.message_summary.items()} == {201: 1, 512: 1}
    messages = list(sms.list_messages(sent.id))
    assert {message.recipient: message.code for message in messages} == {
        recipients[0]: 201,
        recipients[1]: 512,
    }
    whole = sms.get_message(sent.id, messages[0].id)
    assert [status.code for status in whole.statuses] == [101, 102, 103, 110, 111, 201]
    assert whole.statuses[-1].is_final


def test_a_template_with_warnings(sms: Heliograph) -> None:
    batch = sms.send(
        "iP1", {"46701740605": {"name": "Åsa"}, "46701740606": {}}, "Hi {name}", datacoding="ucs"
    )
    assert batch.templated
    assert batch.price_summary is not None
    assert batch.price_summary.currency == "SEK"
    long = sms.send("iP1", ["46701740605"], "x" * 71, datacoding="ucs")
    assert "gsm" in long.warnings[0]


def test_pages_hold_every_batch_once(sms: Heliograph) -> None:
    tag = uuid.uuid4().hex
    sent = [sms.send("iP1", ["46701740605"], f"Number {n}", tags=[tag]).id for n in range(5)]
    assert [batch.id for batch in sms.list_batches(tags=[tag], page_size=2)] == sent
    assert [batch.id for batch in sms.list_batches(tags=[tag], page_size=2, newest_first=True)] == sent[::-1]
    of_two = sms.send("iP1", ["46701740605"], "A comma", tags=[f"{tag},b"]).id
    assert [batch.id for batch in sms.list_batches(tags=[f"{tag},b"])] == [of_two]
    many = sms.send("iP1", [str(46_720_000_000 + n) for n in range(120)], "Hi", tags=[tag])
    messages = [message.id for message in sms.list_messages(many.id, page_size=50)]
    assert len(set(messages)) == len(messages) == 120


def test_a_batch_of_tomorrow_is_canceled(sms: Heliograph) -> None:
    opens = datetime.now(UTC) + timedelta(days=1)
    batch = sms.send("iP1", ["46701740605"], "Later", delivery_windows=[DeliveryWindow(opens=opens)])
    assert batch.status == 101
    assert sms.cancel_batch(batch.id).status == 203
    assert sms.get_batch(batch.id).is_finished


def test_the_same_key_sends_once_and_another_body_is_refused(sms: Heliograph) -> None:
    key = uuid.uuid4().hex
    first = sms.send("iP1", ["46701740605"], "Once", idempotency_key=key)
    again = sms.send("iP1", ["46701740605"], "Once", idempotency_key=key)
    assert again.id == first.id
    with pytest.raises(InvalidRequest) as raised:
        sms.send("iP1", ["46701740605"], "Twice", idempotency_key=key)
    assert raised.value.status == 422


def test_refusals_are_exceptions_with_their_sentences(served: Served, sms: Heliograph) -> None:
    with pytest.raises(InvalidRequest) as invalid:
        sms.send("Nobody", ["RECIPIENT-NUMBER"], " ")
    assert set(invalid.value.errors) == {"sender", "recipients[0]", "body"}
    with pytest.raises(NotFound):
        sms.get_batch(ABSENT)
    with pytest.raises(NotFound):
        next(sms.list_messages(ABSENT))
    with Heliograph("hg_wrong", url=served.url) as stranger, pytest.raises(Unauthorized, match="API key"):
        stranger.get_batch(ABSENT)


def test_what_was_sent_cannot_be_canceled(sms: Heliograph) -> None:
    batch = sms.send("iP1", ["46701740624"], "No receipt will come")
    while [message.code for message in sms.list_messages(batch.id)] != [111]:
        time.sleep(0.05)
    with pytest.raises(Conflict):
        sms.cancel_batch(batch.id)


def test_threads_may_share_a_client(sms: Heliograph) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(sms.send("iP1", ["46701740605"], "Hi").id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8


async def test_the_asynchronous_client_does_the_same(served: Served) -> None:
    async with AsyncHeliograph(served.key, url=served.url) as sms:
        batches = await asyncio.gather(*(sms.send("iP1", ["46701740605"], "Hi") for _ in range(20)))
        assert len({batch.id for batch in batches}) == 20
        finished = await sms.wait(batches[0].id, timeout=30)
        assert finished.status == 112
        assert [message.code async for message in sms.list_messages(batches[0].id)] == [201]
        newest = [batch.id async for batch in sms.list_batches(page_size=7, newest_first=True)]
        assert {batch.id for batch in batches} <= set(newest)
        with pytest.raises(ApiError):
            await sms.cancel_batch(ABSENT)


async def test_reports_are_received_and_verified(served: Served) -> None:
    secret = (served.folder / "first-webhook-secret").read_text().strip()
    async with ReportReceiver() as receiver, AsyncHeliograph(served.key, url=served.url) as sms:
        batch = await sms.send("iP1", ["46701740605"], "Hi", delivery_report_url=receiver.url)
        received = await receiver.wait_for(3, seconds=30)
    reports = [verify_webhook(each.body, each.headers, secret) for each in received]
    assert all(isinstance(report, DeliveryReport) for report in reports)
    assert [report.code for report in reports if isinstance(report, DeliveryReport)] == [110, 111, 201]
    assert {report.batch_id for report in reports} == {batch.id}


def test_the_blacklist_is_kept(sms: Heliograph) -> None:
    number = "46701740699"
    assert sms.block(number).msisdn == number
    assert sms.block(number).created == sms.get_blacklisted(number).created
    assert sms.get_blacklisted(number).created.tzinfo is not None
    assert [entry.msisdn for entry in sms.list_blacklist(page_size=1)] == [number]
    batch = sms.send("iP1", [number], "Hi")
    assert [message.code for message in sms.list_messages(batch.id)] == [405]
    assert sms.unblock(number).msisdn == number
    with pytest.raises(NotFound):
        sms.get_blacklisted(number)


def test_senders_are_registered_and_removed(sms: Heliograph) -> None:
    assert sms.register_sender("Acme").sender == "Acme"
    assert sms.register_sender("Acme").created == sms.get_sender("Acme").created
    assert {"Acme", "iP1", "iP1sms"} <= {each.sender for each in sms.list_senders(page_size=1)}
    assert sms.remove_sender("Acme").sender == "Acme"
    with pytest.raises(NotFound):
        sms.get_sender("Acme")
    with pytest.raises(InvalidRequest):
        sms.register_sender("a!")


def test_the_account_shows_what_a_send_costs(sms: Heliograph) -> None:
    before = sms.get_account()
    assert (before.account, before.currency) == ("ip1-10001", "SEK")
    batch = sms.send("iP1", ["46701740605"], "Hi")
    assert batch.price_summary is not None
    assert round(before.balance - sms.get_account().balance, 6) == batch.price_summary.total


def test_events_are_read_once_from_cursor_to_cursor(sms: Heliograph) -> None:
    batch = sms.send("iP1", ["46701740605", "46701740612"], "Hi")
    sms.wait(batch.id, timeout=30)
    codes: dict[str, list[int]] = {}
    seen: list[str] = []
    page = sms.read_events(limit=1, batch_id=batch.id)
    while True:
        for event in page.events:
            codes.setdefault(event.recipient, []).append(event.code)
            seen.append(event.event_id)
        if not page.has_more:
            break
        page = sms.read_events(page.cursor, limit=1, batch_id=batch.id)
    assert codes["46701740605"][-1] == 201
    assert codes["46701740612"][-1] == 512
    assert len(set(seen)) == len(seen)
    final = sms.read_events(codes=[201, 512], batch_id=batch.id).events
    assert sorted(event.code for event in final) == [201, 512]


async def test_the_asynchronous_client_has_the_other_calls_too(served: Served) -> None:
    async with AsyncHeliograph(served.key, url=served.url) as sms:
        await sms.block("46701740698")
        assert "46701740698" in [entry.msisdn async for entry in sms.list_blacklist()]
        await sms.unblock("46701740698")
        assert (await sms.get_account()).organization
        assert (await sms.register_sender("Acme2")).sender in [
            each.sender async for each in sms.list_senders()
        ]
        await sms.remove_sender("Acme2")
        assert (await sms.read_events(limit=1)).cursor


def test_both_clients_have_the_same_calls() -> None:
    def calls_of(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert calls_of(Heliograph) == calls_of(AsyncHeliograph)
