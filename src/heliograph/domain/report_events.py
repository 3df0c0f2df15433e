"""Events for delivery reports as they are stored: in blocks, one per account and origin and transaction.

What is sent to the customer is built from them by ``webhook_event``.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec


class StoredEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One code of one message, to be reported."""

    message_id: bytes
    batch_id: bytes
    number: int
    """Its place in the message's history, from 1; makes the webhook's id stable."""
    code: int
    at_ms: int
    recipient: str
    segments: int
    price: int
    """Of the whole message, in millionths of the currency."""
    destination: int
    """Index into the block's destinations."""


class Destination(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where events of a batch go, and what is the same in all of them."""

    url: str
    reference: str | None
    document: bytes | None = None
    """What is POSTed as it stands: an incoming message. None: a delivery report, made of the event."""


class EventBlock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Events of one account for one origin."""

    currency: str
    destinations: list[Destination]
    events: list[StoredEvent]


class RetryEvents(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The events of one message that still wait, in order, after the first of them failed."""

    currency: str
    destination: Destination
    events: list[StoredEvent]


class Attempt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One POST of one event and what came of it."""

    message_id: bytes
    number: int
    code: int
    attempt: int
    at_ms: int
    status: int
    """HTTP status, or 0 when none came."""
    duration_ms: int
    reason: str
    answer: str = ""
    """How the answer that refused a delivery report began; see ``kept_answer``."""


LONGEST_ANSWER: Final = 300
_NUMBER: Final = re.compile("[0-9]{5,}")
_encoder = msgspec.msgpack.Encoder()
_block_decoder = msgspec.msgpack.Decoder(EventBlock)
_retry_decoder = msgspec.msgpack.Decoder(RetryEvents)
_attempts_decoder = msgspec.msgpack.Decoder(list[Attempt])


def encode_events(value: EventBlock | RetryEvents | list[Attempt]) -> bytes:
    """The stored form."""
    return _encoder.encode(value)


def decode_block(stored: bytes) -> EventBlock:
    """A block from its stored form."""
    return _block_decoder.decode(stored)


def decode_retry(stored: bytes) -> RetryEvents:
    """A retry row's events from their stored form."""
    return _retry_decoder.decode(stored)


def decode_attempts(stored: bytes) -> list[Attempt]:
    """A block of attempts from its stored form."""
    return _attempts_decoder.decode(stored)


def kept_answer(octets: bytes) -> str:
    """What is kept of an answer's body: 300 characters, without the numbers that receivers repeat."""
    text = octets.decode("utf-8", "replace")[:LONGEST_ANSWER]
    return _NUMBER.sub(
        "…", "".join(each if each.isprintable() or each in "\n\t" else " " for each in text)
    ).strip()


def joined(parts: Iterable[RetryEvents]) -> RetryEvents | None:
    """Everything that was given up of a message, each event once and in order: one row holds all."""
    found = list(parts)
    events = {(event.number, event.code): event for part in found for event in part.events}
    if not events:
        return None
    return RetryEvents(
        found[-1].currency, found[-1].destination, sorted(events.values(), key=lambda event: event.number)
    )
