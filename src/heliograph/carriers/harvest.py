"""Outcomes on their way to the database: one flight's worth, of many lots."""

from collections.abc import Collection, Iterable, Sequence
from typing import Self

from heliograph.carriers.lot_in_hand import LotInHand, Record
from heliograph.domain.flight import DoubtfulSegment, FinishedLot, LotProgress, SentSegment, TriedAgain
from heliograph.domain.message_change import RANK_CLOSED, MessageChange
from heliograph.domain.refused_segment import RefusedSegment


class Harvest:
    """Outcomes on their way to the database, in the order in which lots met them."""

    def __init__(self, records: list[tuple[LotInHand, Record]], late: Record) -> None:
        self.late = late
        self._records: list[tuple[LotInHand, Record]] = []
        self.progress: dict[bytes, LotProgress] = {}
        self.finished: list[FinishedLot] = []
        for held, record in records:
            self._records.append((held, record))
            if held.is_finished:
                self.finished.append(held.finished())
            else:
                self.progress[held.lot.lot_id] = held.progress(record.taken_out)

    @classmethod
    def empty(cls) -> Self:
        """A harvest of nothing."""
        return cls([], Record())

    def __repr__(self) -> str:
        return f"<Harvest of {self.slots} segments, {len(self.finished)} lots finished>"

    @property
    def records(self) -> Sequence[tuple[LotInHand, Record]]:
        """The outcomes of lots that were the lane's own when the harvest was made."""
        return self._records

    @property
    def slots(self) -> int:
        """How many places of the send window come free."""
        return sum(record.slots for _, record in self._records) + self.late.slots

    @property
    def accepted(self) -> list[SentSegment]:
        """Every accepted segment."""
        return [one for _, record in self._records for one in record.accepted] + self.late.accepted

    @property
    def accepted_again(self) -> list[tuple[bytes, int]]:
        """Every accepted segment whose first try is in doubt, and stays so."""
        return [
            one for _, record in self._records for one in record.accepted_again
        ] + self.late.accepted_again

    @property
    def changes(self) -> list[MessageChange]:
        """Every change of a message."""
        return [one for _, record in self._records for one in record.changes] + self.late.changes

    @property
    def doubtful(self) -> list[DoubtfulSegment]:
        """Every segment newly in doubt."""
        return [one for _, record in self._records for one in record.doubtful]

    @property
    def refused(self) -> list[RefusedSegment]:
        """Every answer that was no acceptance."""
        return [one for _, record in self._records for one in record.refused] + self.late.refused

    @property
    def again(self) -> list[TriedAgain]:
        """Segments to be tried again, those of late answers not among them."""
        return [one for _, record in self._records for one in record.again]

    @property
    def resolved(self) -> set[tuple[bytes, int]]:
        """Segments that were in doubt, noted by us or by whoever took their lot over, and are no longer."""
        late = self.late
        keys = {(change.message_id, change.segment) for change in late.changes}
        return (keys | {one.key for one in late.again}) - set(late.accepted_again)

    @property
    def refused_late(self) -> set[tuple[bytes, int]]:
        """Those of them that the carrier did not take, for now or for good."""
        late = self.late
        keys = {(change.message_id, change.segment) for change in late.changes if change.rank == RANK_CLOSED}
        return keys | {one.key for one in late.again}

    def __bool__(self) -> bool:
        late = self.late
        return bool(self._records or late.slots or late.changes or late.again or late.accepted)

    def drop_late(self, keys: Collection[tuple[bytes, int]]) -> None:
        """Forget late refusals of segments of which a later try is on its way."""
        late = self.late
        late.changes = [one for one in late.changes if (one.message_id, one.segment) not in keys]
        late.again = [one for one in late.again if one.key not in keys]

    def give_up(self, lot_ids: Iterable[bytes]) -> None:
        """Treat the outcomes of these lots as those of lots that are another's: as late answers."""
        lost = frozenset(lot_ids)
        for held, record in self._records:
            if held.lot.lot_id in lost:
                self.late.absorb(record)
                self.progress.pop(held.lot.lot_id, None)
        self._records = [pair for pair in self._records if pair[0].lot.lot_id not in lost]
        self.finished = [lot for lot in self.finished if lot.lot_id not in lost]
