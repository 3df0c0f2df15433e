"""What a customer receives: the body byte for byte, and a signature other people's libraries accept."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from heliograph.domain.webhook_event import (
    InvalidSecret,
    ReportEvent,
    event_id,
    parse_secret,
    report_body,
    secret_text,
    sign,
    signature_header,
    verify,
    webhook_headers,
)

MESSAGE_ID = "5bcf5d3b1c9d440000a1b2c3"
EVENT = ReportEvent(
    event_id=event_id(MESSAGE_ID, 4, 201),
    message_id=MESSAGE_ID,
    batch_id="5bcf5d3b1c9d440000a1b2c0",
    recipient="46701740605",
    code=201,
    duration=1,
    created_ms=1_540_316_601_999,
    segments=2,
    price_micros=82_000,
    currency="EUR",
    reference="My reference",
)
SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))
NOW = 1_700_000_000


def test_the_body_has_the_documented_fields_in_the_documented_spelling() -> None:
    """ip1-v2-api.md section 9."""
    assert report_body(EVENT) == (
        b'{"messageId":"5bcf5d3b1c9d440000a1b2c3","id":"5bcf5d3b1c9d440000a1b2c3",'
        b'"batchId":"5bcf5d3b1c9d440000a1b2c0","recipient":"46701740605","code":201,"duration":1,'
        b'"created":"2018-10-23T17:43:21Z","segments":2,"price":0.082,"currency":"eur",'
        b'"reference":"My reference"}'
    )


def test_without_a_reference_it_is_null() -> None:
    event = ReportEvent("e", MESSAGE_ID, "b", "46701740605", 110, 0, 0, 1, 0, "SEK")
    assert report_body(event).endswith(
        b'"created":"1970-01-01T00:00:00Z","segments":1,"price":0,"currency":"sek","reference":null}'
    )


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0"), (1, "0.000001"), (82_000, "0.082"), (350_000, "0.35"), (1_000_000, "1"), (10_000_000, "10"),
        (1_234_567, "1.234567"), (100_000_000_000_000_001, "100000000000.000001"), (-350_000, "-0.35"),
        (-1, "-0.000001"),
    ],
)  # fmt: skip
def test_a_price_is_written_exactly(micros: int, text: str) -> None:
    event = ReportEvent("e", MESSAGE_ID, "b", "46701740605", 201, 1, 0, 1, micros, "SEK")
    assert f'"price":{text},'.encode() in report_body(event)


@given(
    reference=st.none() | st.text(),
    micros=st.integers(-(10**18), 10**18),
    created_ms=st.integers(0, 7_258_118_400_000),
    code=st.integers(100, 599),
    segments=st.integers(1, 255),
)
def test_any_event_reads_back_as_what_it_was(
    reference: str | None, micros: int, created_ms: int, code: int, segments: int
) -> None:
    event = ReportEvent(
        event_id="e",
        message_id=MESSAGE_ID,
        batch_id="5bcf5d3b1c9d440000a1b2c0",
        recipient="46701740605",
        code=code,
        duration=0,
        created_ms=created_ms,
        segments=segments,
        price_micros=micros,
        currency="SEK",
        reference=reference,
    )
    body = json.loads(report_body(event), parse_float=Decimal, parse_int=Decimal)
    assert datetime.fromisoformat(body.pop("created")).timestamp() == created_ms // 1000
    assert body == {
        "messageId": MESSAGE_ID,
        "id": MESSAGE_ID,
        "batchId": "5bcf5d3b1c9d440000a1b2c0",
        "recipient": "46701740605",
        "code": code,
        "duration": 0,
        "segments": segments,
        "price": Decimal(micros) / 1_000_000,
        "currency": "sek",
        "reference": reference,
    }


def test_an_event_id_is_stable_unique_and_without_dots() -> None:
    assert event_id(MESSAGE_ID, 4, 201) == "5bcf5d3b1c9d440000a1b2c3-4-201"
    assert len({event_id(MESSAGE_ID, n, code) for n in range(20) for code in (101, 201, 501)}) == 60


@pytest.mark.parametrize(
    ("secret", "webhook_id", "timestamp", "body", "signature"),
    [
        # The vector that the Standard Webhooks reference libraries share.
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ],
)
def test_known_signatures(secret: str, webhook_id: str, timestamp: int, body: bytes, signature: str) -> None:
    assert sign(parse_secret(secret), webhook_id, timestamp, body) == signature


@given(st.binary(min_size=24, max_size=64), st.integers(0, 2**40), st.text())
def test_signatures_equal_the_reference_librarys(secret: bytes, timestamp: int, body: str) -> None:
    at = datetime.fromtimestamp(timestamp % 2**33, UTC)
    expected = Webhook(secret).sign("event-1", at, body)
    assert sign(secret, "event-1", timestamp % 2**33, body.encode()) == expected


def headers_of(block: bytes) -> dict[str, str]:
    assert block.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in block.decode("ascii").removesuffix("\r\n").split("\r\n"))


@pytest.mark.parametrize("secrets", [(SECRET,), (SECRET, OTHER), (OTHER, SECRET)])
def test_the_reference_library_accepts_our_headers(secrets: tuple[bytes, ...]) -> None:
    timestamp = int(datetime.now(UTC).timestamp())
    body = report_body(EVENT)
    headers = headers_of(webhook_headers(secrets, EVENT.event_id, timestamp, body))
    assert Webhook(secret_text(SECRET)).verify(body, headers)["code"] == 201
    assert Webhook(secret_text(SECRET).rstrip("=")).verify(body, headers)["code"] == 201


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_the_reference_library_refuses_tampered_headers(header: str) -> None:
    timestamp = int(datetime.now(UTC).timestamp())
    body = report_body(EVENT)
    headers = headers_of(webhook_headers((SECRET,), EVENT.event_id, timestamp, body))
    changed = {
        "webhook-id": EVENT.event_id + "0",
        "webhook-timestamp": str(timestamp + 1),
        "webhook-signature": sign(OTHER, EVENT.event_id, timestamp, body),
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers | {header: changed[header]})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)


BODY = report_body(EVENT)
SIGNATURE = sign(SECRET, EVENT.event_id, NOW, BODY)
BOTH = signature_header((SECRET, OTHER), EVENT.event_id, NOW, BODY)


def is_genuine(**changed: Any) -> bool:
    received: dict[str, Any] = {
        "secrets": (SECRET,),
        "webhook_id": EVENT.event_id,
        "timestamp": str(NOW),
        "signatures": SIGNATURE,
        "body": BODY,
        "now": NOW,
    }
    return verify(**received | changed)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"now": NOW + 300},
        {"now": NOW - 300},
        {"signatures": BOTH},
        {"signatures": BOTH, "secrets": (OTHER,)},
        {"secrets": (OTHER, SECRET)},
        {"signatures": f"v1a,AAAA {BOTH}"},
    ],
)
def test_a_genuine_event_is_verified(changed: dict[str, Any]) -> None:
    assert is_genuine(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_id": EVENT.event_id + "0"},
        {"timestamp": str(NOW + 1)},
        {"timestamp": f"0{NOW}"},
        {"timestamp": f"{NOW}.0"},
        {"timestamp": ""},
        {"timestamp": "-1"},
        {"timestamp": "٣"},
        {"body": BODY + b" "},
        {"body": b""},
        {"secrets": (OTHER,)},
        {"secrets": ()},
        {"signatures": ""},
        {"signatures": SIGNATURE.replace("v1,", "v2,")},
        {"signatures": SIGNATURE.removeprefix("v1,")},
        {"signatures": "v1,é"},
        {"now": NOW + 301},
        {"now": NOW - 301},
    ],
)
def test_anything_else_is_not(changed: dict[str, Any]) -> None:
    assert not is_genuine(**changed)


def test_a_secret_is_shown_and_read_back() -> None:
    text = secret_text(SECRET)
    assert text == "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert parse_secret(text) == SECRET
    assert parse_secret(text.rstrip("=")) == SECRET


@given(st.binary(min_size=24, max_size=64))
def test_secrets_of_other_makers_are_read(secret: bytes) -> None:
    text = "whsec_" + base64.b64encode(secret).decode()
    assert parse_secret(text) == parse_secret(text.rstrip("=")) == secret


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_AAAA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_" + "A" * 200,
     "whsec_!AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
     "whsec_AAEC wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
     "whsec_é", "WHSEC_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
)  # fmt: skip
def test_text_that_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(InvalidSecret):
        parse_secret(text)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_new_secret_takes_32_random_bytes(length: int) -> None:
    with pytest.raises(InvalidSecret):
        secret_text(bytes(length))
