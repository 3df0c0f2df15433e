"""What a carrier answered instead of accepting a segment, as it is stored for the timeline of its message."""

from collections.abc import Sequence

import msgspec


class RefusedSegment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One answer that is no acceptance: it proves that the carrier did not take the segment."""

    message_id: bytes
    segment: int
    """From 0."""
    command_status: int
    """SMPP 3.4, 5.1.3."""
    at_ms: int
    is_tried_again: bool


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[RefusedSegment])


def encode_refusals(refusals: Sequence[RefusedSegment]) -> bytes:
    """The stored form of one block."""
    return _encoder.encode(refusals)


def decode_refusals(stored: bytes) -> list[RefusedSegment]:
    """A block from its stored form."""
    return _decoder.decode(stored)
