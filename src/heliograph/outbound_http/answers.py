"""What came of one POST: the receiver's answer, or why there is none."""

import re
from email.utils import parsedate_to_datetime
from enum import StrEnum

import msgspec


class Failure(StrEnum):
    """Why a POST has no status."""

    REFUSED = "refused"  # the address may not be called; nothing was sent
    UNRESOLVED = "unresolved"  # the name has no address, or was not answered in time
    UNREACHABLE = "unreachable"  # no connection: refused, no route
    TLS = "tls"  # the certificate or the handshake is not acceptable
    TIMEOUT = "timeout"  # a deadline passed: connect, TLS, or the whole request
    CLOSED = "closed"  # the connection ended before the answer
    MALFORMED = "malformed"  # what came is no HTTP answer, or its head is too large
    STOPPED = "stopped"  # this process is stopping; whether it was received is not known


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The end of one POST. Exactly one of ``status`` and ``failure`` is set.

    ``reason`` is a sentence for the attempt log, empty for a plain answer; it never holds an address or text
    of the receiver. ``retry_after`` is what the receiver asked for, in seconds, unclamped. ``body_start`` is
    the start of the answer's body. A status counts even if the body
    after it was cut off, late or too long.
    """

    status: int | None
    failure: Failure | None
    reason: str
    retry_after: float | None
    duration_ms: int
    body_start: bytes

    @property
    def is_received(self) -> bool:
        """Whether the receiver took the event: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class CallFailed(Exception):
    """No connection could be had; carries what the Answer will say."""

    def __init__(self, failure: Failure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason


_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")
_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*([^\r\n]*)\r\n", re.IGNORECASE)
_DATE = re.compile(rb"\r\ndate:[ \t]*([^\r\n]*)\r\n", re.IGNORECASE)


def retry_after_seconds(raw: bytes) -> float | None:
    """What ``Retry-After`` (RFC 9110 10.2.3) asks for, from the octets of an answer; None if nothing usable.

    A date is read relative to the answer's own ``Date``: the receiver's clock need not agree with ours.
    """
    head = _final_head(raw)
    match = _RETRY_AFTER.search(head)
    if match is None:
        return None
    value = match[1].strip()
    if value.isdigit():
        return float(value[:9])
    date = _DATE.search(head)
    if date is None:
        return None
    try:
        later, sent = (parsedate_to_datetime(text.decode("ascii")) for text in (value, date[1].strip()))
        return max(0.0, (later - sent).total_seconds())
    except (ValueError, TypeError):
        return None


def _final_head(raw: bytes) -> bytes:
    """The head of the final answer with its line ends, without the interim answers (1xx) before it."""
    while _INTERIM.match(raw):
        raw = raw.partition(b"\r\n\r\n")[2]
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n"
