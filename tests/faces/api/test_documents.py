"""Batch and message documents field by field (the reconstructed specification, sections 6 to 8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from heliograph.domain.history import entry
from heliograph.domain.pricing import PriceTable
from heliograph.domain.status import Code
from heliograph.faces.api.documents import history_of, list_item, message_document, whole_batch
from heliograph.storage.accounts import Account
from heliograph.storage.batch_reading import MessageCount, StoredBatch, status_of
from heliograph.storage.message_reading import StoredMessage

NOW = datetime(2026, 11, 22, 17, 0, 19, 987654, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR = timedelta(hours=1)
BATCH_ID = bytes.fromhex("5bc86b6e85c7209830f96936")

ACCOUNT = Account(
    account_id=1,
    number="ip1-10001",
    name="Test",
    currency="EUR",
    price_list_id=1,
    weight=1,
    report_codes="all",
    http_reports=False,
    is_disabled=False,
    senders=frozenset(),
    prices=PriceTable({}),
)


def batch(**changes: Any) -> StoredBatch:
    stored = StoredBatch(
        batch_id=BATCH_ID,
        created_at=NOW,
        incoming=False,
        sender="46101606060",
        body="Hi my name is {name}",
        flash=True,
        coding="gsm",
        priority=1,
        templated=True,
        opens=[NOW - HOUR],
        closes=[NOW + HOUR],
        delivery_report_url="https://api.example.com/sms/deliveryreport",
        reference="A client reference",
        tags=["marketing", "auth", "etc"],
        message_count=3,
        charged=125_000,
        refunded=0,
        canceled_at=None,
        test=False,
        paused_at=None,
    )
    return msgspec.structs.replace(stored, **changes)


def message(**changes: Any) -> StoredMessage:
    stored = StoredMessage(
        message_id=bytes.fromhex("5bc86b6e85c7209830f96937"),
        recipient="46701740605",
        body="Hi my name is Bob",
        segments=2,
        encoding=2,
        price=82_000,
        code=int(Code.FUNDED),
        refunded=False,
        history=b"",
    )
    return msgspec.structs.replace(stored, **changes)


def as_json(document: msgspec.Struct) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def test_the_batch_of_the_pages_example() -> None:
    counts = {201: MessageCount(1, 2), 101: MessageCount(1, 2), 102: MessageCount(1, 1)}
    assert as_json(whole_batch(batch(), counts, account=ACCOUNT, now=NOW)) == {
        "id": "5bc86b6e85c7209830f96936",
        "sender": "46101606060",
        "body": "Hi my name is {name}",
        "owner": "ip1-10001",
        "direction": "MT",
        "type": "flash",
        "datacoding": "GSM",
        "priority": 1,
        "templated": True,
        "priceSummary": {"total": 0.125, "currency": "EUR", "average": 0.0416},
        "messageSummary": {
            "101": {"messages": 1, "sms": 2},
            "102": {"messages": 1, "sms": 1},
            "201": {"messages": 1, "sms": 2},
        },
        "deliveryWindows": [{"opens": "2026-11-22T16:00:19Z", "closes": "2026-11-22T18:00:19Z"}],
        "status": 111,
        "deliveryReportUrl": "https://api.example.com/sms/deliveryreport",
        "reference": "A client reference",
        "tags": ["marketing", "auth", "etc"],
        "created": "2026-11-22T17:00:19Z",
    }


def test_the_list_leaves_the_summaries_out() -> None:
    shown = as_json(list_item(batch(), {103: 1}, account=ACCOUNT, now=NOW))
    assert "priceSummary" not in shown
    assert "messageSummary" not in shown
    assert shown["status"] == 111


def test_absent_values_are_null() -> None:
    shown = as_json(list_item(batch(delivery_report_url=None, reference=None), {}, account=ACCOUNT, now=NOW))
    assert shown["deliveryReportUrl"] is None
    assert shown["reference"] is None


def test_an_ordinary_batch_in_ucs() -> None:
    shown = as_json(list_item(batch(flash=False, coding="ucs"), {}, account=ACCOUNT, now=NOW))
    assert (shown["type"], shown["datacoding"]) == ("sms", "UCS")


def test_the_price_is_what_was_charged_less_what_was_returned() -> None:
    shown = whole_batch(batch(charged=300_000, refunded=100_000), {}, account=ACCOUNT, now=NOW)
    assert as_json(shown)["priceSummary"] == {"total": 0.2, "currency": "EUR", "average": 0.0666}


@pytest.mark.parametrize(
    ("changes", "codes", "expected"),
    [
        ({"opens": [NOW + HOUR]}, {103: 3}, 101),
        ({"opens": [NOW]}, {103: 3}, 111),
        ({"opens": [NOW - HOUR, NOW + HOUR]}, {103: 3}, 111),
        ({}, {111: 1, 201: 2}, 111),
        ({}, {201: 2, 501: 1}, 112),
        ({"opens": [NOW + HOUR]}, {402: 3}, 112),
        ({"canceled_at": NOW}, {203: 3}, 203),
        ({"incoming": True}, {201: 1}, 201),
    ],
)
def test_the_status_follows_from_direction_windows_and_messages(
    changes: dict[str, Any], codes: dict[int, int], expected: int
) -> None:
    assert status_of(batch(**changes), codes, NOW) == expected


def test_a_message_with_its_whole_history() -> None:
    stored = message(
        code=201, history=entry(110, NOW_MS + 1000) + entry(111, NOW_MS + 2000) + entry(201, NOW_MS + 3000)
    )
    assert as_json(message_document(stored, batch(), account=ACCOUNT, whole=True)) == {
        "id": "5bc86b6e85c7209830f96937",
        "batchId": "5bc86b6e85c7209830f96936",
        "owner": "ip1-10001",
        "sender": "46101606060",
        "recipient": "46701740605",
        "body": "Hi my name is Bob",
        "direction": "mt",
        "segments": 2,
        "type": "Flash",
        "datacoding": "UCS",
        "priority": 1,
        "price": 0.082,
        "currency": "EUR",
        "statuses": [
            {"code": 101, "duration": 0, "created": "2026-11-22T17:00:19Z"},
            {"code": 102, "duration": 0, "created": "2026-11-22T17:00:19Z"},
            {"code": 103, "duration": 0, "created": "2026-11-22T17:00:19Z"},
            {"code": 110, "duration": 0, "created": "2026-11-22T17:00:20Z"},
            {"code": 111, "duration": 0, "created": "2026-11-22T17:00:21Z"},
            {"code": 201, "duration": 1, "created": "2026-11-22T17:00:22Z"},
        ],
        "modified": "2026-11-22T17:00:22Z",
        "reference": "A client reference",
        "mcc": None,
        "mnc": None,
    }


def test_the_list_of_messages_shows_only_the_latest_status() -> None:
    stored = message(code=203, refunded=True, history=entry(203, NOW_MS))
    shown = as_json(message_document(stored, batch(), account=ACCOUNT, whole=False))
    assert shown["statuses"] == [{"code": 203, "duration": 1, "created": "2026-11-22T17:00:19Z"}]


def test_the_text_is_that_of_the_batch_unless_it_was_templated() -> None:
    shown = message_document(message(body=None, encoding=0), batch(flash=False), account=ACCOUNT, whole=True)
    assert shown.body == "Hi my name is {name}"
    assert (shown.type, shown.datacoding) == ("SMS", "GSM")


def codes_of(stored: StoredMessage, **changes: Any) -> list[tuple[int, int]]:
    return [(status.code, status.duration) for status in history_of(stored, batch(**changes))]


def test_a_refund_stands_directly_after_the_final_status() -> None:
    stored = message(code=203, refunded=True, history=entry(203, NOW_MS))
    assert codes_of(stored) == [(101, 0), (102, 0), (103, 0), (203, 1), (104, 1)]


def test_a_late_receipt_follows_the_refund() -> None:
    stored = message(code=201, refunded=True, history=entry(599, NOW_MS) + entry(201, NOW_MS))
    assert codes_of(stored)[3:] == [(599, 1), (104, 1), (201, 1)]


@pytest.mark.parametrize("code", [402, 405, 408, 409, 502])
def test_a_message_refused_at_accept_was_never_queued_nor_funded(code: int) -> None:
    assert codes_of(message(code=code, price=0)) == [(101, 0), (code, 1)]


def test_an_incoming_message_has_one_status() -> None:
    assert codes_of(message(code=201), incoming=True) == [(201, 1)]
