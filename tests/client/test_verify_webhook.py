"""Receiving: what is genuine is read, whatever was changed, repeated or signed by others is refused."""

import time
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from heliograph.client import DeliveryReport, WebhookRefused, verify_incoming, verify_webhook
from heliograph.domain.encoding import Encoding
from heliograph.domain.incoming import IncomingText, Wish
from heliograph.domain.incoming_report import incoming_body, incoming_document
from heliograph.domain.webhook_event import (
    ReportEvent,
    parse_secret,
    report_body,
    secret_text,
    signature_header,
)

SECRET, OTHER = secret_text(b"a" * 32), secret_text(b"b" * 32)
NOW = 1_795_000_000
BODY = report_body(
    ReportEvent("e", "5bc8" * 6, "5bc8" * 6, "46701740605", 201, 1, NOW * 1000, 2, 350_000, "SEK", "r")
)


def signed(*secrets: str, body: bytes = BODY, at: int = NOW) -> dict[str, str]:
    """The headers that the server sends."""
    signature = signature_header([parse_secret(secret) for secret in secrets], "m-1-201", at, body)
    return {"Webhook-Id": "m-1-201", "Webhook-Timestamp": str(at), "Webhook-Signature": signature}


def test_a_genuine_report_is_read() -> None:
    report = verify_webhook(BODY, signed(SECRET), SECRET, now=NOW)
    assert isinstance(report, DeliveryReport)
    assert (report.code, report.is_final, report.price, report.currency) == (201, True, 0.35, "sek")
    assert report.reference == "r"


@pytest.mark.parametrize("sent_with", [(SECRET,), (OTHER,), (SECRET, OTHER)])
def test_during_a_change_of_secrets_either_is_right(sent_with: tuple[str, ...]) -> None:
    assert verify_webhook(BODY, signed(*sent_with), [OTHER, SECRET], now=NOW)


def test_it_agrees_with_the_library_of_standard_webhooks() -> None:
    now = int(time.time())
    headers = signed(SECRET, at=now)
    Webhook(SECRET).verify(BODY, {name.lower(): value for name, value in headers.items()})
    assert verify_webhook(BODY, headers, SECRET)


def test_other_versions_of_signatures_are_passed_over() -> None:
    headers = signed(SECRET)
    headers["Webhook-Signature"] = f"v1a,AAAA nonsense {headers['Webhook-Signature']}"
    assert verify_webhook(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Webhook-Id": "m-2-201"}, "no signature"),
        ({"Webhook-Timestamp": str(NOW + 1)}, "no signature"),
        ({"Webhook-Timestamp": str(NOW - 301)}, "webhook-timestamp"),
        ({"Webhook-Timestamp": str(NOW + 301)}, "webhook-timestamp"),
        ({"Webhook-Timestamp": "soon"}, "webhook-timestamp"),
        ({"Webhook-Timestamp": "²"}, "webhook-timestamp"),
        ({"Webhook-Timestamp": "9" * 5000}, "webhook-timestamp"),
        ({"Webhook-Signature": ""}, "no signature"),
        ({"Webhook-Signature": "v1,é"}, "no signature"),
    ],
)
def test_what_was_changed_is_refused(change: dict[str, str], says: str) -> None:
    with pytest.raises(WebhookRefused, match=says):
        verify_webhook(BODY, signed(SECRET) | change, SECRET, now=NOW)


def test_a_changed_body_a_foreign_secret_and_no_secret_are_refused() -> None:
    for body, secrets in ((BODY + b" ", [SECRET]), (BODY, [OTHER]), (BODY, [])):
        with pytest.raises(WebhookRefused, match="no signature"):
            verify_webhook(body, signed(SECRET), secrets, now=NOW)


@pytest.mark.parametrize("missing", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_missing_header_is_named(missing: str) -> None:
    headers = signed(SECRET)
    del headers[missing]
    with pytest.raises(WebhookRefused, match=missing.lower()):
        verify_webhook(BODY, headers, SECRET, now=NOW)


def test_a_genuine_body_of_another_kind_is_refused() -> None:
    for body in (b"{}", b"[", b'{"messageId": 1}'):
        with pytest.raises(WebhookRefused, match="no webhook of Heliograph"):
            verify_webhook(body, signed(SECRET, body=body), SECRET, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!!", "whsec_YQ==", "plain text"])
def test_a_secret_that_is_none_is_our_callers_mistake(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook(BODY, signed(SECRET), secret, now=NOW)


def test_a_message_from_a_handset_is_read() -> None:
    posted = incoming_document(
        message_id=b"m" * 12,
        batch_id=b"b" * 12,
        owner="ip1-10001",
        sender="46701740605",
        recipient="46701740699",
        text=IncomingText("Stop", Encoding.GSM7, flash=False),
        segments=2,
        received_at=datetime.fromtimestamp(NOW, UTC),
        incomplete=True,
        wish=Wish.STOP,
    )
    body = incoming_body(posted)
    headers = signed(SECRET, body=body)
    message = verify_incoming(body, headers, SECRET, now=NOW)
    assert (message.id, message.batch_id) == ((b"m" * 12).hex(), (b"b" * 12).hex())
    assert (message.sender, message.body, message.code, message.price) == ("46701740605", "Stop", 201, None)
    assert (message.incomplete, message.opt_out) == (True, "stop")
    with pytest.raises(WebhookRefused, match="of this kind"):
        verify_webhook(body, headers, SECRET, now=NOW)
    with pytest.raises(WebhookRefused, match="no signature"):
        verify_incoming(body, headers, OTHER, now=NOW)
