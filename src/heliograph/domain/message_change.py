"""What happened to a segment, and what it makes of its message.

Everything after accept that changes a message - an answer, a receipt, a cancel, an expiry - is a
``MessageChange``. A message of one segment is merged inside the database by comparing ranks; one of
several segments is merged here, from the ranks of all its segments.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from heliograph.domain.status import Code

RANK_NONE = 0
RANK_IN_DOUBT = 1
RANK_OK = 2
RANK_ON_ITS_WAY = 3
RANK_UNKNOWN = 4
RANK_DELIVERED = 9
RANK_CLOSED = 10
"""Closed by ourselves, certainly never accepted by a carrier. Nothing changes it any more."""


class MessageChange(msgspec.Struct, frozen=True, gc=False):
    """One event of one segment."""

    account_id: int
    message_id: bytes
    segment: int
    """From 0."""
    segments: int
    """Of the whole message."""
    rank: int
    """Merge rank; ``RANK_NONE`` with code 114 means that another try is planned."""
    code: int
    """The public code that this event alone would give the message."""
    at_ms: int
    intent_ms: int = 0
    """When the intent to submit was recorded; 0 if the event is no answer. Writes the 110 entry."""
    refund: bool = False
    """Whether the price returns, if no segment was ever accepted."""


class Merged(NamedTuple):
    """A message of several segments after a change."""

    ranks: bytes
    rank: int
    code: int
    refund: bool


def merge_segments(ranks: bytes, code: int, changes: Sequence[MessageChange]) -> Merged:
    """Merge changes into a message of several segments that has ``ranks`` and ``code`` now.

    A failed segment fails the message; it is delivered when all its segments are; else it is as far as
    the segment that lags behind. Closing (rank 10) never undoes what a carrier accepted: the price
    returns only if no segment was accepted or is in doubt.
    """
    merged = bytearray(ranks)
    reasons: dict[int, int] = {}
    closing: MessageChange | None = None
    retrying = refunding = False
    for change in changes:
        if change.rank == RANK_CLOSED:
            closing = change
        elif change.rank == RANK_NONE:
            retrying = True
        elif change.rank > merged[change.segment]:
            if change.refund and merged[change.segment] > RANK_IN_DOUBT:
                continue  # the end of a doubt that something else has ended before
            refunding = refunding or change.refund
            merged[change.segment] = change.rank
            reasons[change.rank] = change.code
    untouched = max(merged) == RANK_NONE
    if closing is not None:
        merged[closing.segment] = max(merged[closing.segment], RANK_CLOSED)
        return Merged(bytes(merged), RANK_CLOSED, closing.code, closing.refund and untouched)
    refund = refunding and not _accepted(merged, ranks)
    return Merged(bytes(merged), *_whole(merged, code, reasons, retrying=retrying), refund)


def _accepted(merged: bytearray, ranks: bytes) -> bool:
    """Whether any segment was certainly accepted, before or by these changes.

    A segment that went from doubt to unknown was not.
    """
    return any(
        after >= RANK_OK and not (after == RANK_UNKNOWN and before <= RANK_IN_DOUBT)
        for before, after in zip(ranks, merged, strict=True)
    )


def _whole(merged: bytearray, code: int, reasons: dict[int, int], *, retrying: bool) -> tuple[int, int]:
    """Rank and code of a message from the ranks of its segments."""
    if RANK_CLOSED in merged:
        return RANK_CLOSED, code
    failures = [rank for rank in merged if RANK_ON_ITS_WAY < rank < RANK_DELIVERED]
    if failures:
        worst = max(failures)
        return worst, reasons.get(worst, code)
    lowest = min(merged)
    if lowest == RANK_DELIVERED:
        return RANK_DELIVERED, Code.DELIVERED
    if lowest >= RANK_OK:
        return lowest, Code.AT_CARRIER if lowest >= RANK_ON_ITS_WAY else Code.AT_GATEWAY
    return RANK_IN_DOUBT, Code.RETRYING if retrying else Code.SENDING


def rounds(changes: Iterable[MessageChange]) -> list[list[MessageChange]]:
    """Split changes so that no round holds a one-segment message twice; order within a message stays.

    All segments of a longer message stay together in one round.
    """
    waiting: list[list[MessageChange]] = []
    seen: dict[bytes, int] = {}
    for change in changes:
        number = seen.get(change.message_id, 0)
        if change.segments == 1:
            seen[change.message_id] = number + 1
        if number == len(waiting):
            waiting.append([])
        waiting[number].append(change)
    return waiting
