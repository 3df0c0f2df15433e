"""The lot: what is queued, claimed and submitted as one.

A lot holds messages of one account for one carrier, of one priority and one release time: a slice of a
large batch, or a mix of small batches that were committed together. Its list of messages never changes;
messages that must be tried again leave as a new lot. Claim, lease, intent and windows are kept per lot.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum, unique

import msgspec

SMALLEST_LOT = 10
"""Lots of fewer segments are made only when no more came together."""
LARGEST_LOT = 500
"""Segments in a lot at most, unless one message alone has more... which it cannot: 255 is its limit."""


@unique
class LotState(IntEnum):
    """Where a lot stands."""

    SCHEDULED = 0
    """Its window has not opened, or its next try is not due."""
    READY = 1
    """May be claimed."""
    SUBMITTED = 2
    """The intent covers all of it; outcomes are still to come."""
    PAUSED = 3
    """Taken out of ready by its owner."""


class LotText(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A text with the way to send it, shared by many messages of a lot."""

    sender: str
    body: str
    encoding: int
    flash: bool


class LotMessage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message of a lot."""

    message_id: bytes
    recipient: str
    text: int
    """Index of its text in the lot."""
    segments: int
    """Segments of the whole message."""
    only: tuple[int, ...] | None = None
    """The segments to submit, from 0; None for all of them. Set when some are tried again."""
    tries: int = 0
    """Tries that ended in a refusal for now."""
    last_close: int = 0
    """When the last window of its batch closes, in seconds since 1970; bounds validity and retries."""
    second_try: bool = False
    """Whether a first try is in doubt: whatever becomes of this one but an acceptance, it stays so."""

    @property
    def to_submit(self) -> int:
        """How many segments of it this lot submits."""
        return self.segments if self.only is None else len(self.only)


class LotContents(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything a dispatcher must know to submit a lot."""

    texts: list[LotText]
    messages: list[LotMessage]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(LotContents)


def encode_contents(contents: LotContents) -> bytes:
    """The contents as stored with the lot."""
    return _encoder.encode(contents)


def decode_contents(payload: bytes) -> LotContents:
    """The contents from their stored form."""
    return _decoder.decode(payload)


def cut_lots(messages: Sequence[LotMessage], *, largest: int) -> Iterator[Sequence[LotMessage]]:
    """Cut messages, in their order, into lots of at most ``largest`` segments.

    A message is never cut; ``largest`` is one second of the carrier's TPS, kept between 10 and 500.
    """
    limit = max(SMALLEST_LOT, min(LARGEST_LOT, largest))
    start = size = 0
    for position, message in enumerate(messages):
        count = message.to_submit
        if size + count > limit and position > start:
            yield messages[start:position]
            start, size = position, 0
        size += count
    if start < len(messages):
        yield messages[start:]


def fair_positions(start: int, segment_counts: Iterable[int], *, weight: int, scale: int = 1000) -> list[int]:
    """Positions of new lots of one account in a carrier's fair order.

    ``start`` is the later of the carrier's virtual time and the account's last position. Each lot moves
    the account on by its segments over the account's weight, in thousandths so that weights up to 1000
    keep apart.
    """
    positions = []
    for count in segment_counts:
        start += max(1, count * scale // weight)
        positions.append(start)
    return positions
