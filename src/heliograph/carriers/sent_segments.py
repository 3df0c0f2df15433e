"""The segments that a carrier accepted lately, by the hash of its id: most receipts are matched from here."""

from collections.abc import Iterable
from typing import Final

from heliograph.domain.flight import SentSegment

MOST_REMEMBERED: Final = 50_000


class SentSegments:
    """What this process knows of one carrier's ids; everything older is in the database.

    An id is ``pending`` from its answer to the commit of that answer.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self.pending: dict[int, SentSegment] = {}
        self.committed: dict[int, SentSegment] = {}
        self._most = most

    def __repr__(self) -> str:
        return f"<SentSegments {len(self.committed)} committed, {len(self.pending)} pending>"

    def commit(self, segments: Iterable[SentSegment]) -> None:
        """The answers of these segments are in the database now."""
        pending, committed = self.pending, self.committed
        for segment in segments:
            pending.pop(segment.smsc_hash, None)
            committed[segment.smsc_hash] = segment
        excess = len(committed) - self._most
        if excess > 0:
            for smsc_hash in [smsc_hash for smsc_hash, _ in zip(committed, range(excess), strict=False)]:
                del committed[smsc_hash]
