"""How long texts and phone numbers are kept, and what stays in a number's place after that."""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from heliograph.domain.history import ENTRY_BYTES, entries, milliseconds
from heliograph.domain.ids import message_range
from heliograph.domain.status import is_final

DEFAULT_DAYS: Final = 90
LEAST_DAYS: Final = 10
"""As long as what carriers call an SMS is kept, with its number's last digits: for late receipts."""
MOST_DAYS: Final = 3_650
REST: Final = timedelta(hours=1)
"""How long nothing of a batch has changed before it is erased: then what reports it has are written down."""
_HASH_BYTES: Final = 8
_ERASED: Final = re.compile(f"erased:[0-9a-f]{{{2 * _HASH_BYTES}}}")


def read_days(text: str) -> int | None:
    """Days as somebody typed them; None for what is none, or too few, or too many."""
    days = int(text) if len(text) <= 4 and text.isascii() and text.isdigit() else 0
    return days if LEAST_DAYS <= days <= MOST_DAYS else None


class ErasedNumbers:
    """What stands in the place of erased numbers: a hash with a key of the installation.

    The same number of the same account has the same hash, so it can be counted and found again by who has
    the key; without the key the hash tells nothing, though there are few phone numbers.
    """

    def __init__(self, secret_key: bytes) -> None:
        self._key = sha256(b"heliograph erased numbers\0" + secret_key).digest()

    def of(self, account_id: int, number: str) -> str:
        """``erased:`` and 16 hexadecimal digits."""
        hashed = hmac.digest(self._key, f"{account_id} {number}".encode(), "sha256")
        return f"erased:{hashed[:_HASH_BYTES].hex()}"


def is_erased(number: str) -> bool:
    """Whether this stands in the place of a number. Nothing that is sent or received looks like it."""
    return _ERASED.fullmatch(number) is not None


class OldBatch(NamedTuple):
    """A batch whose time may be over."""

    batch_id: bytes
    incoming: bool
    sender: str
    planned_at: datetime
    """When it was accepted, or when its last delivery window opened if that was later."""
    message_count: int

    @property
    def message_range(self) -> tuple[bytes, bytes]:
        """Its first and its last message."""
        return message_range(self.batch_id, self.message_count)


class OldMessage(NamedTuple):
    """A message of such a batch."""

    message_id: bytes
    recipient: str
    code: int
    history: bytes


def is_over(
    batch: OldBatch, messages: Sequence[OldMessage], *, days: int, now: datetime, oldest_report: datetime
) -> bool:
    """Whether texts and numbers of a batch may go: kept long enough, every message final, nothing afoot.

    ``oldest_report`` is the first report of the account that waits for its first try, else now.
    """
    if batch.planned_at + timedelta(days=days) > now:
        return False
    before = milliseconds(min(oldest_report, now) - REST)
    return all(
        is_final(message.code) and _changed_at(message.history, batch) < before for message in messages
    )


def _changed_at(history: bytes, batch: OldBatch) -> int:
    return entries(history[-ENTRY_BYTES:])[0].at_ms if history else milliseconds(batch.planned_at)
