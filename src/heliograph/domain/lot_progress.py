"""How far a lot has come: which segments the intent covers, which were answered, what was taken out.

Segments of a lot are numbered through, message after message, as they stand in its contents.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from heliograph.domain.lot import LotContents, LotMessage


class Place(NamedTuple):
    """A message of a lot and where its segments lie in the lot."""

    position: int
    """Of the message, from 0."""
    message: LotMessage
    first: int
    """Number of its first segment in the lot."""

    @property
    def end(self) -> int:
        """One past the number of its last segment."""
        return self.first + self.message.to_submit

    def number_in_message(self, segment: int) -> int:
        """Which segment of the message a segment of the lot is."""
        offset = segment - self.first
        return offset if self.message.only is None else self.message.only[offset]


def places(contents: LotContents) -> Iterator[Place]:
    """The messages of a lot with their places."""
    first = 0
    for position, message in enumerate(contents.messages):
        yield Place(position, message, first)
        first += message.to_submit


def unsent(contents: LotContents, next_segment: int, skipped: Collection[int]) -> list[Place]:
    """Messages with a segment that no intent covers, without those that were taken out."""
    return [place for place in places(contents) if place.end > next_segment and place.position not in skipped]


def submitted_message_ids(contents: LotContents, next_segment: int, skipped: Collection[int]) -> bytes:
    """The ids of the messages that an intent covers at least in part, 12 bytes each."""
    return b"".join(
        place.message.message_id
        for place in places(contents)
        if place.first < next_segment and place.position not in skipped
    )


def is_settled(next_segment: int, answered: bytes | None) -> bool:
    """Whether every segment that the intent covers has its outcome."""
    return not unanswered(next_segment, answered)


def unanswered(next_segment: int, answered: bytes | None) -> list[int]:
    """The segments that the intent covers and that have no outcome."""
    bits = int.from_bytes(answered or b"", "little")
    return [number for number in range(next_segment) if not bits >> number & 1]
