"""The history of a message, compact: eight bytes an entry.

An entry is the code (2 bytes) and the time in milliseconds since 1970 (6 bytes), both big-endian. The
entries of accept (101, 102, 103 or the refusal) are not stored: they follow from the batch's time and the
message's first code.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from heliograph.domain.status import Code, is_final

ENTRY_BYTES = 8
_TIME_BITS = 48


class Entry(NamedTuple):
    """One code of a message and when it was reached."""

    code: int
    at_ms: int
    """Milliseconds since 1970."""


def entry(code: int, at_ms: int) -> bytes:
    """An entry as stored."""
    return ((code << _TIME_BITS) | at_ms).to_bytes(ENTRY_BYTES, "big")


def entries(stored: bytes) -> list[Entry]:
    """The stored entries, oldest first."""
    found = []
    for offset in range(0, len(stored) - ENTRY_BYTES + 1, ENTRY_BYTES):
        number = int.from_bytes(stored[offset : offset + ENTRY_BYTES], "big")
        found.append(Entry(number >> _TIME_BITS, number & ((1 << _TIME_BITS) - 1)))
    return found


def whole_history(stored: bytes, *, code: int, accepted_ms: int) -> list[Entry]:
    """Every entry of a message, those of accept included, oldest first.

    ``code`` is the message's present code: it tells, when nothing is stored, whether accept refused it.
    A message that was never funded (402, 405, 408, 409, 502 at accept) has 101 and the refusal only.
    """
    later = entries(stored)
    if not later and is_final(code):
        return [Entry(Code.ACCEPTED, accepted_ms), Entry(code, accepted_ms)]
    funded = [Entry(number, accepted_ms) for number in (Code.ACCEPTED, Code.QUEUED, Code.FUNDED)]
    return funded + later


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    return int(moment.timestamp() * 1000)


def moment_of(at_ms: int) -> datetime:
    """The aware UTC time of milliseconds since 1970."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
