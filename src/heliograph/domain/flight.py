"""What a dispatcher takes from the queue and what it writes back: values only.

A flight claims lots up to the free send window; later flights record what the carrier answered. Everything
here is decided without a database and without a link.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.lot import LotContents, LotMessage, LotState, LotText
from heliograph.domain.lot_progress import places, unanswered

RECEIPT_WAIT: Final = timedelta(hours=72)
"""How long after its last answer a message may wait for a receipt, and how long one in doubt is kept open."""
RESOLVE_TIME: Final = timedelta(minutes=15)
"""How long a message in doubt is kept open at least, since its receipt may still be on its way."""


class ClaimedLot(msgspec.Struct, frozen=True, gc=False):
    """A lot as the claim returned it; ``start`` to ``end`` is the intent that was recorded with it."""

    lot_id: bytes
    account_id: int
    priority: int
    fair_position: int
    opens_at: datetime
    closes_at: datetime
    later_opens: Sequence[datetime]
    later_closes: Sequence[datetime]
    segment_count: int
    start: int
    end: int
    intent_at: datetime
    skipped: Sequence[int]
    """Positions of messages that were taken out."""
    answered: bytes
    """One bit for each segment that has its outcome, lowest first."""
    payload: bytes | None
    """None when the claimer said that it has the lot's contents at hand."""
    is_suspect: bool = False
    """Whether its account blacklisted a number since its messages were accepted, or about then."""


class HeldLot(NamedTuple):
    """A lot that a dead epoch left behind."""

    lot_id: bytes
    account_id: int
    segment_count: int
    next_segment: int
    intent_at: datetime
    answered: bytes
    skipped: Sequence[int]
    payload: bytes

    @property
    def has_rest(self) -> bool:
        """Whether some of its segments were never intended."""
        return self.next_segment < self.segment_count


class SentSegment(NamedTuple):
    """A segment that a carrier accepted, under the carrier's id."""

    smsc_hash: int
    segment: int
    segments: int
    recipient_tail: int
    account_id: int
    message_id: bytes
    smsc_id: str


class DoubtfulSegment(NamedTuple):
    """A segment that a carrier may have accepted."""

    message_id: bytes
    segment: int
    segments: int
    account_id: int
    recipient: str
    submitted_at: datetime
    closes_at: datetime
    second_try: bool = False
    """Whether it was sent once more already: then it never is again."""
    second_accepted: bool = False
    """Whether the carrier accepted that second try. Told where it is read, never noted."""


class FinishedLot(NamedTuple):
    """A lot whose every segment has its outcome, with the messages that may still get a receipt."""

    lot_id: bytes
    account_id: int
    message_ids: bytes


class LotProgress(NamedTuple):
    """A lot some of whose segments have their outcome; the bits stored until now and those from now on."""

    lot_id: bytes
    before: bytes
    answered: bytes
    taken_out: Sequence[int] = ()
    """Positions of messages that left the lot with this progress: refused for good, or queued anew."""


class QueuedLot(msgspec.Struct, frozen=True, gc=False):
    """A new lot, of messages that are to be tried again."""

    lot_id: bytes
    account_id: int
    priority: int
    state: LotState
    fair_position: int
    opens_at: datetime
    closes_at: datetime
    later_opens: Sequence[datetime]
    later_closes: Sequence[datetime]
    contents: LotContents

    @property
    def segment_count(self) -> int:
        """How many segments it submits."""
        return sum(message.to_submit for message in self.contents.messages)


class TriedAgain(NamedTuple):
    """A segment that leaves its lot to be tried again."""

    lot: ClaimedLot
    texts: Sequence[LotText]
    message: LotMessage
    segment: int
    tries: int
    due: datetime | None
    """None: at once, in its old place of the order."""

    @property
    def key(self) -> tuple[bytes, int]:
        """Message id and number of the segment."""
        return self.message.message_id, self.segment


def lots_again(segments: Iterable[TriedAgain], new_id: Callable[[], bytes]) -> list[QueuedLot]:
    """New lots for segments that are to be tried again: one for each old lot and time.

    Segments of one message stay together. The windows are those of the old lot, from the due time on.
    """
    groups: dict[tuple[bytes, datetime | None], list[TriedAgain]] = {}
    for one in segments:
        groups.setdefault((one.lot.lot_id, one.due), []).append(one)
    return [_lot_again(group, new_id()) for group in groups.values()]


def _lot_again(group: Sequence[TriedAgain], lot_id: bytes) -> QueuedLot:
    lot, due = group[0].lot, group[0].due
    old = Window(lot.opens_at, lot.closes_at, lot.later_opens, lot.later_closes)
    window = old if due is None else window_for(lot, due) or old
    return QueuedLot(
        lot_id,
        lot.account_id,
        lot.priority,
        LotState.READY if due is None else LotState.SCHEDULED,
        lot.fair_position,
        *window,
        _contents_again(group),
    )


def _contents_again(group: Sequence[TriedAgain]) -> LotContents:
    by_message: dict[bytes, list[TriedAgain]] = {}
    for one in group:
        by_message.setdefault(one.message.message_id, []).append(one)
    numbers: dict[int, int] = {}
    messages = []
    for several in by_message.values():
        message = several[0].message
        only = tuple(sorted({one.segment for one in several}))
        messages.append(
            msgspec.structs.replace(
                message,
                text=numbers.setdefault(message.text, len(numbers)),
                only=None if len(only) == message.segments else only,
                tries=max(one.tries for one in several),
            )
        )
    return LotContents([group[0].texts[number] for number in numbers], messages)


class Window(NamedTuple):
    """A delivery window and those after it."""

    opens_at: datetime
    closes_at: datetime
    later_opens: Sequence[datetime]
    later_closes: Sequence[datetime]


def window_for(lot: ClaimedLot, due: datetime) -> Window | None:
    """The window in which a try falls that is due then, opening then; None if the last one closes before."""
    opens = (lot.opens_at, *lot.later_opens)
    closes = (lot.closes_at, *lot.later_closes)
    for number, closing in enumerate(closes):
        if due < closing:
            return Window(max(due, opens[number]), closing, opens[number + 1 :], closes[number + 1 :])
    return None


def given_up_at(last_close: int, submitted_at: datetime, now: datetime) -> datetime:
    """When a segment in doubt is given up: 72 hours after the intent or at the end of the last window.

    ``last_close`` is in seconds since 1970, 0 if unknown. Never sooner than 15 minutes from ``now``: a
    receipt that can still resolve it must have the time to come.
    """
    latest = submitted_at + RECEIPT_WAIT
    if last_close:
        latest = min(latest, datetime.fromtimestamp(last_close, tz=UTC))
    return max(latest, now + RESOLVE_TIME)


class SegmentPlace(NamedTuple):
    """Which segment of which message stands at an index of a lot."""

    position: int
    segment: int


def segment_places(messages: Sequence[LotMessage]) -> list[SegmentPlace]:
    """The segments of a lot in the order in which they are submitted."""
    return [
        SegmentPlace(position, segment)
        for position, message in enumerate(messages)
        for segment in (range(message.segments) if message.only is None else message.only)
    ]


def beginning(lot: ClaimedLot, contents: LotContents) -> list[int]:
    """The positions of messages of which a claim's intent covers the first submit from this lot."""
    taken_out = frozenset(lot.skipped)
    return [
        position
        for position, message, first in places(contents)
        if lot.start <= first < lot.end and position not in taken_out
    ]


def stored_bits(bits: int, segment_count: int) -> bytes:
    """The answered segments of a lot as stored: one bit a segment, lowest bit of the first octet first."""
    return bits.to_bytes((segment_count + 7) // 8, "little")


def left_in_doubt(lot: HeldLot, contents: LotContents) -> list[SegmentPlace]:
    """The segments of a dead owner's lot that may be with the carrier: intended, in it, no outcome."""
    places = segment_places(contents.messages)
    taken_out = frozenset(lot.skipped)
    return [
        places[index]
        for index in unanswered(lot.next_segment, lot.answered)
        if places[index].position not in taken_out
    ]


def may_get_receipts(contents: LotContents, without: Collection[int]) -> bytes:
    """The ids of a finished lot's messages, packed, but for the positions that left it."""
    return b"".join(
        message.message_id for position, message in enumerate(contents.messages) if position not in without
    )
