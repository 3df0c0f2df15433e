"""The event feed as it is stored and pointed into: packed events, and the cursor that a reader holds.

An event is stored in 24 bytes; what its report says beside the status is looked up when it is read.
"""

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from heliograph.domain.ids import ID_BYTES

_EVENT = Struct(">12sIQ")
_TIME_BITS = 48
EVENT_BYTES = _EVENT.size

_CURSOR = Struct(">BIQ12sI")
_CHECK = Struct(">I")
_VERSION = 1


class FeedEvent(NamedTuple):
    """One code that a message reached."""

    message_id: bytes
    number: int
    """Its place in the message's history, from 1."""
    code: int
    at_ms: int


def pack_event(message_id: bytes, number: int, code: int, at_ms: int) -> bytes:
    """An event as stored; a block is events one behind the other."""
    return _EVENT.pack(message_id, number, (code << _TIME_BITS) | at_ms)


def unpack_events(stored: bytes) -> Iterator[FeedEvent]:
    """The events of a block, in order."""
    for message_id, number, reached in _EVENT.iter_unpack(stored):
        yield FeedEvent(message_id, number, reached >> _TIME_BITS, reached & ((1 << _TIME_BITS) - 1))


class Cursor(NamedTuple):
    """Up to where a reader has read: all before the block, and ``taken`` events of it.

    ``seconds`` is when that block was written or, at the end of the feed, when the end was seen.
    """

    seconds: int
    transaction_id: int
    block_id: bytes = bytes(ID_BYTES)
    taken: int = 0


def cursor_text(cursor: Cursor, account_id: int) -> str:
    """The cursor as its reader is given it: means nothing to anybody else, also not to another account."""
    packed = _CURSOR.pack(_VERSION, *cursor)
    return urlsafe_b64encode(packed + _check(packed, account_id)).decode().rstrip("=")


def parse_cursor(text: str, account_id: int) -> Cursor | None:
    """The cursor that an account was given, or None for any other text."""
    try:
        octets = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    packed, check = octets[: _CURSOR.size], octets[_CURSOR.size :]
    if len(packed) != _CURSOR.size or check != _check(packed, account_id):
        return None
    version, *fields = _CURSOR.unpack(packed)
    cursor = Cursor(*fields)
    # What the decoder overlooks (characters that are none of base64's) is no cursor either.
    return cursor if version == _VERSION and cursor_text(cursor, account_id) == text else None


def _check(packed: bytes, account_id: int) -> bytes:
    return _CHECK.pack(zlib.crc32(account_id.to_bytes(8, "big"), zlib.crc32(packed)))
