"""What a customer is told about a message, byte for byte, and how it is signed (Standard Webhooks 1.0)."""

import binascii
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from hashlib import _Hash

WHSEC = "whsec_"
SECRET_LENGTH = 32
TOLERANCE_SECONDS = 300

MICROS = 1_000_000


class ReportEvent(msgspec.Struct, frozen=True, gc=False):
    """One change of one message's status, as reported to the customer (ip1-v2-api.md section 9).

    ``created_ms`` is when it happened, in milliseconds since 1970 UTC. ``price_micros`` is the price of the
    whole message in millionths of ``currency`` (three letters, any case). ``duration`` is 1 for a final code,
    else 0. ``event_id`` is the ``webhook-id`` of every try: see ``event_id()``.
    """

    event_id: str
    message_id: str
    batch_id: str
    recipient: str
    code: int
    duration: int
    created_ms: int
    segments: int
    price_micros: int
    currency: str
    reference: str | None = None


class InvalidSecret(ValueError):
    """The signing secret is not ``whsec_`` and base64 of 24 to 64 bytes."""


def event_id(message_id: str, ordinal: int, code: int) -> str:
    """The stable id of a message's ``ordinal``-th change: the same at every try, unique, without dots."""
    return f"{message_id}-{ordinal}-{code}"


_reference_json = msgspec.json.Encoder().encode


def report_body(event: ReportEvent) -> bytes:
    """The JSON of a delivery report: ``messageId`` and ``id``, currency in lower case, time to the second."""
    message_id = event.message_id
    head = (
        f'{{"messageId":"{message_id}","id":"{message_id}","batchId":"{event.batch_id}",'
        f'"recipient":"{event.recipient}","code":{event.code},"duration":{event.duration},'
        f'"created":"{_second_text(event.created_ms // 1000)}","segments":{event.segments},'
        f'"price":{_price_text(event.price_micros)},"currency":"{event.currency.lower()}","reference":'
    )
    reference = event.reference
    return head.encode() + (b"null}" if reference is None else _reference_json(reference) + b"}")


@lru_cache(maxsize=1024)
def _second_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=1024)
def _price_text(micros: int) -> str:
    """A JSON number with exactly the value: no binary fraction ever touches money."""
    whole, fraction = divmod(abs(micros), MICROS)
    sign = "-" if micros < 0 else ""
    return f"{sign}{whole}.{fraction:06d}".rstrip("0").rstrip(".")


def secret_text(random_bytes: bytes) -> str:
    """A new secret as shown to the customer, from 32 bytes of a cryptographic source."""
    if len(random_bytes) != SECRET_LENGTH:
        raise InvalidSecret(f"a new secret is made of {SECRET_LENGTH} bytes, not {len(random_bytes)}")
    return WHSEC + binascii.b2a_base64(random_bytes, newline=False).decode("ascii")


def parse_secret(text: str) -> bytes:
    """The key bytes of ``whsec_<base64>``, with or without its padding; raises InvalidSecret."""
    if not text.startswith(WHSEC):
        raise InvalidSecret(f"a signing secret starts with {WHSEC}")
    encoded = text.removeprefix(WHSEC).rstrip("=")
    try:
        secret = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True)
    except ValueError as error:
        raise InvalidSecret("a signing secret is base64 after its prefix") from error
    if not 24 <= len(secret) <= 64:
        raise InvalidSecret(f"a signing secret has 24 to 64 bytes, not {len(secret)}")
    return secret


def sign(secret: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body``.

    ``timestamp`` is this try's, in seconds since 1970 UTC.
    """
    return "v1," + _digest_text(secret, f"{webhook_id}.{timestamp}.".encode() + body)


def signature_header(secrets: Iterable[bytes], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one per secret, so that old and new work during a rotation."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return " ".join(["v1," + _digest_text(secret, signed) for secret in secrets])


def webhook_headers(secrets: Iterable[bytes], webhook_id: str, timestamp: int, body: bytes) -> bytes:
    """The three header lines of one try, each with its line end, ready for ``OutboundHttp``."""
    signatures = signature_header(secrets, webhook_id, timestamp, body)
    return (
        f"webhook-id: {webhook_id}\r\nwebhook-timestamp: {timestamp}\r\nwebhook-signature: {signatures}\r\n"
    ).encode("ascii")


_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def verify(
    secrets: Iterable[bytes], *, webhook_id: str, timestamp: str, signatures: str, body: bytes, now: int
) -> bool:
    """Whether a received event is genuine and at most 5 minutes old or ahead of ``now`` (seconds UTC).

    ``webhook_id``, ``timestamp`` and ``signatures`` are the received header values; signatures of unknown
    versions are passed over.
    """
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    expected = [b"v1," + _digest_text(secret, signed).encode() for secret in secrets]
    received = signatures.encode().split(b" ")
    return any([hmac.compare_digest(mine, theirs) for mine in expected for theirs in received])


_BLOCK = 64  # octets, of SHA-256
_INNER_PAD = bytes(octet ^ 0x36 for octet in range(256))
_OUTER_PAD = bytes(octet ^ 0x5C for octet in range(256))


@lru_cache(maxsize=1024)
def _keyed(secret: bytes) -> tuple["_Hash", "_Hash"]:
    """HMAC's two hashes after their key block (RFC 2104 section 4 suggests keeping them)."""
    key = (sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return sha256(key.translate(_INNER_PAD)), sha256(key.translate(_OUTER_PAD))


def _digest_text(secret: bytes, signed: bytes) -> str:
    # 1.0 us against the 2.5 of hmac.digest, which sets the key up anew every time.
    inner, outer = _keyed(secret)
    inner, outer = inner.copy(), outer.copy()
    inner.update(signed)
    outer.update(inner.digest())
    return binascii.b2a_base64(outer.digest(), newline=False).decode("ascii")
