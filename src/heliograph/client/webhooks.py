"""Receiving: is a webhook genuine, and what does it say? Signed as Standard Webhooks 1.0 has it."""

import binascii
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from heliograph.client.client_errors import WebhookRefused
from heliograph.client.received_documents import DeliveryReport, Message

TOLERANCE_SECONDS = 300
_PREFIX = "whsec_"


def verify_webhook(
    payload: bytes,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> DeliveryReport:
    """The report in a webhook that is genuine and at most ``tolerance`` seconds old or ahead.

    ``payload`` is the body exactly as received, ``headers`` may be in any letter case, ``secrets`` begin with
    ``whsec_``; during a change of secrets give both. ``now`` is in seconds since 1970, by default the clock.
    Raises WebhookRefused.
    """
    _verify(payload, headers, secrets, time.time() if now is None else now, tolerance)
    return _read(payload, DeliveryReport)


def verify_incoming(
    payload: bytes,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> Message:
    """The message from a handset in a webhook that is genuine; everything else as in ``verify_webhook``."""
    _verify(payload, headers, secrets, time.time() if now is None else now, tolerance)
    return _read(payload, Message)


Document = TypeVar("Document", bound=msgspec.Struct)


def _read(payload: bytes, kind: type[Document]) -> Document:
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.MsgspecError as error:
        raise WebhookRefused(f"the body is no webhook of Heliograph's of this kind: {error}") from None


def _verify(
    payload: bytes, headers: Mapping[str, str], secrets: str | Sequence[str], now: float, tolerance: float
) -> None:
    given = {name.lower(): value for name, value in headers.items()}
    try:
        webhook_id = given["webhook-id"]
        timestamp = given["webhook-timestamp"]
        signatures = given["webhook-signature"]
    except KeyError as missing:
        raise WebhookRefused(f"the header {missing.args[0]} is missing") from None
    if not _is_timely(timestamp, now, tolerance):
        raise WebhookRefused("webhook-timestamp is too old, too new, or no time")
    signed = f"{webhook_id}.{timestamp}.".encode() + payload
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not _is_signed(signed, keys, signatures):
        raise WebhookRefused("no signature in webhook-signature is right")


def _is_timely(timestamp: str, now: float, tolerance: float) -> bool:
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    return is_number and abs(now - int(timestamp)) <= tolerance


def _is_signed(signed: bytes, keys: Sequence[bytes], signatures: str) -> bool:
    """Compares every key with every signature, so that the time taken tells nothing."""
    received = signatures.encode().split()
    expected = [
        b"v1," + binascii.b2a_base64(hmac.digest(key, signed, "sha256"), newline=False) for key in keys
    ]
    return any([hmac.compare_digest(mine, theirs) for mine in expected for theirs in received])


def _key(secret: str) -> bytes:
    encoded = secret.strip().removeprefix(_PREFIX).rstrip("=")
    try:
        key = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True)
    except ValueError:
        key = b""
    if not secret.strip().startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("a webhook secret is whsec_ and the base64 of 24 to 64 bytes")
    return key
