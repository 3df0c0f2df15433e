"""A lot while a lane submits it: its segments, what is on the wire, and what must be recorded of it."""

from datetime import datetime

from heliograph.carriers.translate import PreparedText, SubmitTranslator
from heliograph.domain.flight import (
    ClaimedLot,
    DoubtfulSegment,
    FinishedLot,
    LotProgress,
    SentSegment,
    TriedAgain,
    may_get_receipts,
    segment_places,
    stored_bits,
)
from heliograph.domain.lot import LotContents
from heliograph.domain.message_change import MessageChange
from heliograph.domain.refused_segment import RefusedSegment


class Record:
    """Outcomes of one lot that are not committed yet."""

    __slots__ = (
        "accepted",
        "accepted_again",
        "again",
        "changes",
        "doubtful",
        "refused",
        "slots",
        "taken_out",
    )

    def __init__(self) -> None:
        self.accepted: list[SentSegment] = []
        self.accepted_again: list[tuple[bytes, int]] = []
        """Message id and number of each accepted segment whose first try is in doubt."""
        self.changes: list[MessageChange] = []
        self.doubtful: list[DoubtfulSegment] = []
        self.refused: list[RefusedSegment] = []
        self.again: list[TriedAgain] = []
        self.taken_out: list[int] = []
        self.slots = 0
        """How many places of the send window come free once this is committed."""

    def absorb(self, other: "Record") -> None:
        """Take over another record's outcomes; what is in doubt in it is for its lot's new owner to note."""
        self.accepted += other.accepted
        self.accepted_again += other.accepted_again
        self.changes += [change for change in other.changes if change.rank != 1]
        self.again += other.again
        self.refused += other.refused
        self.slots += other.slots


class LotInHand:
    """One lot. Segments are numbered through the lot, messages by their position in it."""

    __slots__ = (
        "_prepared",
        "answered_count",
        "bits",
        "committed",
        "contents",
        "end",
        "is_lost",
        "left",
        "lot",
        "places",
        "record",
        "refused",
        "requeued",
        "skipped",
        "waiting",
    )

    def __init__(self, lot: ClaimedLot, contents: LotContents) -> None:
        self.lot = lot
        self.contents = contents
        self.places = segment_places(contents.messages)
        self.bits = int.from_bytes(lot.answered, "little")
        self.answered_count = self.bits.bit_count()
        self.committed = lot.answered
        self.end = lot.start
        """Segments below it are intended."""
        self.skipped = set(lot.skipped)
        self.left: set[int] = set()
        """Positions of messages that left the lot: refused for good, or queued anew."""
        self.waiting: dict[int, int] = {}
        """By position of a message of several segments: how many of them are on the wire."""
        self.refused: dict[int, MessageChange] = {}
        """By position: the refusal of a message some of whose segments are still on the wire."""
        self.requeued: set[int] = set()
        """Positions of messages of several segments some of which were queued anew."""
        self.record = Record()
        self.is_lost = False
        """Whether the lot is another's by now, or gone."""
        self._prepared: list[PreparedText | None] = [None] * len(contents.texts)

    def text(self, number: int, translator: SubmitTranslator) -> PreparedText:
        """A text of the lot, encoded at its first use."""
        prepared = self._prepared[number]
        if prepared is None:
            prepared = self._prepared[number] = translator.prepare(self.contents.texts[number])
        return prepared

    def mark(self, index: int) -> None:
        """Note that a segment has its outcome, or needs none."""
        bit = 1 << index
        if not self.bits & bit:
            self.bits |= bit
            self.answered_count += 1

    def take_out(self, position: int) -> None:
        """Note that a message leaves the lot: what is left of it is not submitted."""
        if position not in self.left:
            self.left.add(position)
            self.skipped.add(position)
            self.record.taken_out.append(position)

    def has_left(self, position: int) -> bool:
        """Whether a message was queued anew and none of its segments is still to be submitted from here."""
        is_intended = self.end >= len(self.places) or self.places[self.end].position > position
        return is_intended and position in self.requeued

    @property
    def is_finished(self) -> bool:
        """Whether every segment of the lot has its outcome."""
        return self.end == self.lot.segment_count == self.answered_count

    def finished(self) -> FinishedLot:
        """The lot as it leaves the queue."""
        without = self.skipped | self.left
        return FinishedLot(self.lot.lot_id, self.lot.account_id, may_get_receipts(self.contents, without))

    def progress(self, taken_out: list[int]) -> LotProgress:
        """How far the lot came."""
        answered = stored_bits(self.bits, self.lot.segment_count)
        return LotProgress(self.lot.lot_id, self.committed, answered, tuple(taken_out))

    def take_record(self) -> Record:
        """What has to be recorded; the lot begins a new record."""
        record, self.record = self.record, Record()
        return record

    def tried_again(self, index: int, *, tries: int, due: datetime | None) -> TriedAgain:
        """A segment of the lot that is to be tried again."""
        position, segment = self.places[index]
        return TriedAgain(
            self.lot, self.contents.texts, self.contents.messages[position], segment, tries, due
        )
