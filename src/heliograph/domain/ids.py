"""Identifiers: 96 bits, ordered by time, reserved in blocks.

An id is 4 bytes of seconds since 1970, 5 bytes chosen at random when the process starts, and a 3-byte
counter. It is shown as 24 lower-case hexadecimal digits, the shape of the ids that iP.1 hands out.

The messages of a batch directly follow it: message number n (from 1) of batch b has the id b + n, so the
messages of a batch are one range of their primary key and need no second index.
"""

from collections.abc import Iterator, Sequence
from typing import overload

ID_BYTES = 12
_COUNTER_SIZE = 1 << 24
_RANDOM_BYTES = 5


class IdSource:
    """Hands out ids and blocks of ids; one per process.

    ``process_random`` is 5 random bytes, drawn anew at every start, so that two processes never meet.
    Ids of one source strictly increase, also when the clock steps back.
    """

    __slots__ = ("_counter", "_random", "_seconds")

    def __init__(self, process_random: bytes) -> None:
        if len(process_random) != _RANDOM_BYTES:
            raise ValueError("an id source needs exactly 5 random bytes")
        self._random = int.from_bytes(process_random, "big") << 24
        self._seconds = 0
        self._counter = 0

    def reserve(self, count: int, now_seconds: int) -> int:
        """The first of ``count`` consecutive ids, as an integer of 96 bits.

        The seconds never go below those of the last block; a block that would overflow the counter
        borrows the next second, so that a block never wraps.
        """
        if not 0 < count < _COUNTER_SIZE:
            raise ValueError(f"a block of ids has 1 to {_COUNTER_SIZE - 1} members, not {count}")
        if now_seconds > self._seconds:
            self._seconds, self._counter = now_seconds, 0
        elif self._counter + count > _COUNTER_SIZE:
            self._seconds, self._counter = self._seconds + 1, 0
        first = (self._seconds << 64) | self._random | self._counter
        self._counter += count
        return first

    def new(self, now_seconds: int) -> bytes:
        """One id, as its 12 bytes."""
        return self.reserve(1, now_seconds).to_bytes(ID_BYTES, "big")


def id_bytes(number: int) -> bytes:
    """The 12 bytes of an id given as an integer."""
    return number.to_bytes(ID_BYTES, "big")


def block(first: int, count: int) -> list[bytes]:
    """The ids first, first + 1, ... as 12 bytes each; the block must not overflow the counter."""
    prefix = (first >> 24).to_bytes(9, "big")
    start = first & 0xFFFFFF
    return [prefix + number.to_bytes(3, "big") for number in range(start, start + count)]


class MessageIds(Sequence[bytes]):
    """The ids of messages 1 to ``count`` of a batch, each made when it is asked for."""

    __slots__ = ("_count", "_first")

    def __init__(self, batch_id: bytes, count: int) -> None:
        self._first = int.from_bytes(batch_id, "big") + 1
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...

    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, int):
            return id_bytes(self._first + range(self._count)[place])
        places = range(self._count)[place]
        if places.step != 1:
            raise ValueError("message ids are taken in a row")
        return block(self._first + places.start, len(places))

    def __iter__(self) -> Iterator[bytes]:
        return iter(block(self._first, self._count))


def message_range(batch_id: bytes, count: int) -> tuple[bytes, bytes]:
    """First and last message id of a batch of ``count`` messages."""
    number = int.from_bytes(batch_id, "big")
    return id_bytes(number + 1), id_bytes(number + count)


def seconds_of(identifier: bytes) -> int:
    """When an id was made, in whole seconds since 1970."""
    return int.from_bytes(identifier[:4], "big")


def id_at(seconds: int) -> bytes:
    """The lowest id of a second: the bound of a partition."""
    return seconds.to_bytes(4, "big") + bytes(8)


def parse_id(text: str) -> bytes | None:
    """The 12 bytes of 24 hexadecimal digits in either case, or None for any other text."""
    if len(text) != 2 * ID_BYTES or not text.isascii() or not text.isalnum():
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def week_bounds(seconds: int, weeks: int) -> Iterator[tuple[int, int]]:
    """The ``weeks`` weeks from the one that holds ``seconds`` on, each as (first second, first of the next).

    Weeks begin on Monday 00:00 UTC; 1970-01-01 was a Thursday.
    """
    week = 7 * 86_400
    offset = 3 * 86_400
    start = (seconds + offset) // week * week - offset
    for number in range(weeks):
        yield start + number * week, start + (number + 1) * week
