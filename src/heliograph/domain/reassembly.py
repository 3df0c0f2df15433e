"""Joining the segments that one handset sends to one of our numbers, in whatever order and however often.

A message is whole once each of its segments came; one that misses some is given out incomplete when nothing
more came for a set time. What was given out is remembered for a while, since a carrier that did not hear our
answer delivers again.

Rules where segments say too little: one that came before with the same octets is a repetition. With other
octets in the same place of the same reference it begins another message. One that fits several messages of
one reference goes to the oldest.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from heliograph.domain.incoming import IncomingSegment, Piece

MOST_WAITING: Final = 16
"""Unfinished messages kept of one handset; one more gives the oldest out as it is."""
MOST_REMEMBERED: Final = 400
"""Segments remembered of one handset."""


class Patience(msgspec.Struct, frozen=True):
    """How long what is kept; milliseconds."""

    segments_ms: int
    """How long a message waits for another segment, and how long segments of several are remembered."""
    repeat_ms: int
    """Within what time a message of one segment that comes again is a repetition."""


class Waiting(msgspec.Struct, array_like=True, gc=False):
    """A message that misses segments."""

    reference: int
    total: int
    latest_ms: int
    """When the latest of its segments came."""
    pieces: list[Piece]


class Remembered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A segment of a message that was given out."""

    mark: bytes
    until_ms: int


class Kept(msgspec.Struct, array_like=True, gc=False):
    """Everything kept of one handset and one number; its MessagePack is what is stored."""

    waiting: list[Waiting] = []
    remembered: list[Remembered] = []


class JoinedMessage(msgspec.Struct, frozen=True):
    """A message to be given out."""

    total: int
    """How many segments it has."""
    pieces: Sequence[Piece | None]
    """In their order; None for one that did not come."""

    @property
    def is_incomplete(self) -> bool:
        return None in self.pieces


class Arrived(msgspec.Struct, frozen=True):
    """A message with who sent it to which number of ours."""

    sender: str
    recipient: str
    message: JoinedMessage


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Kept)


class Reassembly:
    """The segments between one handset and one number. Times in milliseconds since 1970."""

    def __init__(self, patience: Patience, stored: bytes = b"") -> None:
        self._patience = patience
        self._kept = _decoder.decode(stored) if stored else Kept()

    def __repr__(self) -> str:
        kept = self._kept
        return f"<Reassembly {len(kept.waiting)} waiting, {len(kept.remembered)} segments remembered>"

    def add(self, segment: IncomingSegment, at_ms: int) -> list[JoinedMessage]:
        """Take a segment; the messages it makes whole, and one that must give way where too many wait."""
        self._forget(at_ms)
        place = segment.place
        piece = Piece(place.sequence, segment.data_coding, segment.user_data)
        mark = _mark(place.reference, place.total, piece)
        if any(mark == remembered.mark for remembered in self._kept.remembered):
            return []
        if place.total == 1:
            self._remember([mark], at_ms + self._patience.repeat_ms)
            return [JoinedMessage(1, [piece])]
        of_reference = [
            waiting
            for waiting in self._kept.waiting
            if (waiting.reference, waiting.total) == (place.reference, place.total)
        ]
        if any(piece in waiting.pieces for waiting in of_reference):
            return []
        for waiting in of_reference:
            if all(known.sequence != piece.sequence for known in waiting.pieces):
                waiting.pieces.append(piece)
                waiting.latest_ms = at_ms
                whole = len(waiting.pieces) == waiting.total
                return [self._give_out(waiting, at_ms)] if whole else []
        self._kept.waiting.append(Waiting(place.reference, place.total, at_ms, [piece]))
        if len(self._kept.waiting) > MOST_WAITING:
            return [self._give_out(min(self._kept.waiting, key=lambda waiting: waiting.latest_ms), at_ms)]
        return []

    def release(self, at_ms: int) -> list[JoinedMessage]:
        """The messages that waited long enough, incomplete."""
        self._forget(at_ms)
        over = [
            waiting
            for waiting in self._kept.waiting
            if waiting.latest_ms + self._patience.segments_ms <= at_ms
        ]
        return [self._give_out(waiting, at_ms) for waiting in over]

    def next_look_ms(self) -> int | None:
        """When there is something to release or to forget; None if nothing is kept."""
        kept, patience = self._kept, self._patience
        times = [waiting.latest_ms + patience.segments_ms for waiting in kept.waiting]
        if kept.remembered:
            # All at once: a look for each would write as often as messages come.
            times.append(max(remembered.until_ms for remembered in kept.remembered))
        return min(times, default=None)

    def stored(self) -> bytes:
        """What to store."""
        return _encoder.encode(self._kept)

    def _give_out(self, waiting: Waiting, at_ms: int) -> JoinedMessage:
        self._kept.waiting.remove(waiting)
        marks = [_mark(waiting.reference, waiting.total, piece) for piece in waiting.pieces]
        self._remember(marks, at_ms + self._patience.segments_ms)
        by_sequence = {piece.sequence: piece for piece in waiting.pieces}
        pieces = [by_sequence.get(sequence) for sequence in range(1, waiting.total + 1)]
        return JoinedMessage(waiting.total, pieces)

    def _remember(self, marks: Iterable[bytes], until_ms: int) -> None:
        remembered = self._kept.remembered
        remembered += [Remembered(mark, until_ms) for mark in marks]
        del remembered[: max(0, len(remembered) - MOST_REMEMBERED)]

    def _forget(self, at_ms: int) -> None:
        kept = self._kept
        kept.remembered = [remembered for remembered in kept.remembered if remembered.until_ms > at_ms]


def _mark(reference: int, total: int, piece: Piece) -> bytes:
    """What stands for a segment: 8 octets of a hash of all it says."""
    said = f"{reference} {total} {piece.sequence} {piece.data_coding} ".encode() + piece.user_data
    return blake2b(said, digest_size=8).digest()
