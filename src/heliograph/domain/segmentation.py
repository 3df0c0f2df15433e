"""Splitting a message into segments, their concatenation header, and reading that header from inbound ones.

Limits: 140 octets of user data hold 160 septets or 70 UTF-16 units; with the 6 octets of the header, 153
and 67 (3GPP TS 23.040, 9.2.3.24.1). A septet is one octet here, as SMPP carries it.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from heliograph.domain import gsm7
from heliograph.domain.encoding import Encoding, encode

MAX_SEGMENTS: Final = 255
"""The header counts segments in one octet; a longer text is refused with 409."""

_ALONE: Final = {Encoding.GSM7: 160, Encoding.UCS2: 140, Encoding.BINARY: 140}
_JOINED: Final = {Encoding.GSM7: 153, Encoding.UCS2: 134, Encoding.BINARY: 134}


class TooManySegments(ValueError):
    """The message needs more than 255 segments."""


def segment_count(text: str, encoding: Encoding) -> int:
    """How many segments a text takes; always the number that ``segments`` makes, also beyond 255.

    Raises UnicodeEncodeError when the encoding cannot carry the text.
    """
    if encoding is Encoding.GSM7:
        octets, whole = gsm7.septet_count(text), len(text)
    else:
        octets, whole = len(text.encode("utf-16-be")), 2 * len(text)
    if octets <= _ALONE[encoding]:
        return 1
    if octets == whole:
        return -(-octets // _JOINED[encoding])
    return len(_split(encode(text, encoding), encoding))


def segments(octets: bytes, encoding: Encoding) -> tuple[bytes, ...]:
    """The user data of each segment, without header. Escape pairs and surrogate pairs stay whole.

    Raises TooManySegments beyond 255.
    """
    if len(octets) <= _ALONE[encoding]:
        return (octets,)
    pieces = _split(octets, encoding)
    if len(pieces) > MAX_SEGMENTS:
        raise TooManySegments(f"the message needs {len(pieces)} segments; {MAX_SEGMENTS} is the most")
    return tuple(pieces)


def _split(octets: bytes, encoding: Encoding) -> list[bytes]:
    size, total = _JOINED[encoding], len(octets)
    pieces: list[bytes] = []
    start = 0
    while start < total:
        end = start + size
        if end < total:
            end -= _overhang(octets, end, encoding)
        pieces.append(octets[start:end])
        start = end
    return pieces


def _overhang(octets: bytes, end: int, encoding: Encoding) -> int:
    """How many octets before ``end`` belong to the next segment, since their other half lies there."""
    if encoding is Encoding.GSM7:
        return 1 if octets[end - 1] == gsm7.ESCAPE else 0
    if encoding is Encoding.UCS2:
        return 2 if 0xD8 <= octets[end - 2] <= 0xDB else 0
    return 0


def with_udh(pieces: tuple[bytes, ...], reference: int) -> tuple[bytes, ...]:
    """The segments with an 8-bit concatenation header each; a single one needs none and stays as it is.

    ``reference`` is taken modulo 256; every try of a message uses the same one.
    """
    if len(pieces) == 1:
        return pieces
    head = bytes((0x05, 0x00, 0x03, reference & 0xFF, len(pieces)))
    return tuple(head + bytes((number,)) + piece for number, piece in enumerate(pieces, 1))


class Concatenation(msgspec.Struct, frozen=True):
    """Which piece of which message an inbound segment is; ``sequence`` counts from 1."""

    reference: int
    total: int
    sequence: int


_WITH_8_BITS: Final = (0x00, 3)
_WITH_16_BITS: Final = (0x08, 4)


def read_udh(short_message: bytes) -> tuple[Concatenation | None, bytes]:
    """The concatenation and the user data of an inbound ``short_message`` whose esm_class says UDHI.

    Elements of other kinds are skipped; a header that runs over the end, or a sequence outside 1..total,
    yields no concatenation (3GPP TS 23.040, 9.2.3.24). Never fails.
    """
    if not short_message:
        return None, b""
    end = 1 + short_message[0]
    if end > len(short_message):
        return None, short_message
    position, found = 1, None
    while position + 2 <= end:
        kind, length = short_message[position], short_message[position + 1]
        if (kind, length) in (_WITH_8_BITS, _WITH_16_BITS) and position + 2 + length <= end:
            found = _concatenation(short_message[position + 2 : position + 2 + length])
        position += 2 + length
    return found, short_message[end:]


def _concatenation(value: bytes) -> Concatenation | None:
    total, sequence = value[-2], value[-1]
    if not 1 <= sequence <= total:
        return None
    return Concatenation(int.from_bytes(value[:-2], "big"), total, sequence)


def join(total: int, pieces: Iterable[tuple[int, bytes]]) -> bytes | None:
    """The user data of an inbound message from (sequence, user data) in any order; None while one is missing.

    A piece that came twice counts once, the first one.
    """
    by_sequence: dict[int, bytes] = {}
    for sequence, piece in pieces:
        by_sequence.setdefault(sequence, piece)
    if any(sequence not in by_sequence for sequence in range(1, total + 1)):
        return None
    return b"".join(by_sequence[sequence] for sequence in range(1, total + 1))
