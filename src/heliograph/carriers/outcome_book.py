"""What became of the segments of one bind slot: collected by lot, harvested for a commit, then confirmed.

A place in the send window comes free only with the commit of its outcome, so what is in doubt after a crash
never exceeds the window.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, cast

from heliograph.carriers.harvest import Harvest
from heliograph.carriers.lot_in_hand import LotInHand, Record
from heliograph.carriers.sent_segments import SentSegments
from heliograph.carriers.translate import recipient_tail, smsc_hash
from heliograph.domain.flight import ClaimedLot, DoubtfulSegment, SentSegment, given_up_at, window_for
from heliograph.domain.history import moment_of
from heliograph.domain.lot import LotContents, decode_contents
from heliograph.domain.message_change import RANK_CLOSED, RANK_IN_DOUBT, RANK_NONE, RANK_OK, MessageChange
from heliograph.domain.outcome import Kind, Outcome
from heliograph.domain.refused_segment import RefusedSegment
from heliograph.domain.status import Code

Token = tuple[LotInHand, int, int]
"""What stands in the send window for a segment: its lot, its index there, the time of its intent in ms."""

_MOST_STOPPED: Final = 10_000
_MOST_IDLE_LOTS: Final = 200


class OutcomeBook:
    """The outcomes of one lane and the lots they belong to."""

    def __init__(self, sent: SentSegments) -> None:
        self._sent = sent
        self._touched: dict[LotInHand, None] = {}
        self._late = Record()
        self._stopped: dict[bytes, None] = {}
        self.lots: dict[bytes, LotInHand] = {}
        self.busy = 0
        """Places of the send window that are taken: on the wire, or answered and not committed."""
        self.on_wire = 0
        self.nameless = 0
        """Accepted segments whose answer named no id: no receipt can be matched to them."""

    def __repr__(self) -> str:
        return (
            f"<OutcomeBook {self.on_wire} on the wire, {self.busy - self.on_wire} uncommitted, "
            f"{len(self.lots)} lots>"
        )

    @property
    def has_outcomes(self) -> bool:
        """Whether there is something to harvest."""
        late = self._late
        return bool(self._touched or late.slots or late.changes or late.again)

    # --- Segments go out ---

    def hold(self, lot: ClaimedLot) -> LotInHand:
        """The lot as one in hand, with the intent that was just claimed."""
        held = self.lots.get(lot.lot_id)
        if held is None:
            assert lot.payload is not None
            held = self.lots[lot.lot_id] = LotInHand(lot, decode_contents(lot.payload))
        held.skipped.update(lot.skipped)
        held.lot = lot
        held.end = lot.end
        return held

    def lots_at_hand(self) -> list[bytes]:
        """The lots whose contents need not be read again."""
        return [lot_id for lot_id, held in self.lots.items() if held.end < held.lot.segment_count]

    def contents_of(self, lot: ClaimedLot) -> LotContents:
        """What is in a lot that was claimed and is not in hand yet, or not further than before."""
        held = self.lots.get(lot.lot_id)
        if held is not None:
            return held.contents
        assert lot.payload is not None
        return decode_contents(lot.payload)

    def close_unsent(self, held: LotInHand, position: int, code: int, now_ms: int) -> None:
        """A message of which nothing was sent leaves its lot, its price returned; second tries just leave."""
        message = held.contents.messages[position]
        if not message.second_try:
            held.record.changes.append(
                MessageChange(
                    held.lot.account_id,
                    message.message_id,
                    0,
                    message.segments,
                    RANK_CLOSED,
                    code,
                    now_ms,
                    refund=True,
                )
            )
        held.take_out(position)
        self._touched[held] = None

    def sends(self, held: LotInHand, index: int) -> bool:
        """Count a segment as on the wire, unless its message was taken out: then it needs no outcome."""
        position = held.places[index].position
        message = held.contents.messages[position]
        is_stopped = message.message_id in self._stopped and not message.second_try
        if position in held.skipped or is_stopped:
            held.mark(index)
            self._touched[held] = None
            return False
        if message.segments > 1:
            held.waiting[position] = held.waiting.get(position, 0) + 1
        self.busy += 1
        self.on_wire += 1
        return True

    # --- Outcomes come in ---

    def accept(self, token: object, smsc_id: str, now_ms: int, *, late: bool = False) -> None:
        """The carrier accepted a segment under an id, which is '' if it named none."""
        held, index, intent_ms = cast("Token", token)
        position, segment = held.places[index]
        message = held.contents.messages[position]
        account_id, message_id, segments = held.lot.account_id, message.message_id, message.segments
        record = self._record_for(held, index, late=late)
        if smsc_id:
            hashed = smsc_hash(smsc_id)
            tail = recipient_tail(message.recipient)
            sent = SentSegment(hashed, segment, segments, tail, account_id, message_id, smsc_id)
            record.accepted.append(sent)
            self._sent.pending[hashed] = sent
        else:
            self.nameless += 1
        if message.second_try:
            record.accepted_again.append((message_id, segment))
        record.changes.append(
            MessageChange(
                account_id, message_id, segment, segments, RANK_OK, Code.AT_GATEWAY, now_ms, intent_ms
            )
        )
        if segments > 1 and not late:
            self._end_waiting(held, position)

    def note_refusal(
        self, token: object, command_status: int, outcome: Outcome, now_ms: int, *, late: bool = False
    ) -> None:
        """Keep what the carrier answered, for whoever looks at the message's way; ``settle`` follows."""
        held, index, _ = cast("Token", token)
        position, segment = held.places[index]
        message_id = held.contents.messages[position].message_id
        record = self._late if late or held.is_lost else held.record
        record.refused.append(
            RefusedSegment(message_id, segment, command_status, now_ms, outcome.is_requeued)
        )

    def settle(self, token: object, outcome: Outcome, now_ms: int, *, late: bool = False) -> None:
        """A segment met any outcome but OK."""
        held, index, intent_ms = cast("Token", token)
        if outcome.kind is Kind.IN_DOUBT:
            self._doubt(held, index, intent_ms, now_ms)
        elif self._stays_in_doubt(held, index, outcome, now_ms, late=late):
            self._record_for(held, index, late=late)
        elif outcome.is_requeued:
            self._queue_again(held, index, intent_ms, outcome, now_ms, late=late)
        else:
            self._close(held, index, intent_ms, outcome.code, now_ms, late=late)
        position = held.places[index].position
        if not late and held.contents.messages[position].segments > 1:
            self._end_waiting(held, position)

    def _stays_in_doubt(
        self, held: LotInHand, index: int, outcome: Outcome, now_ms: int, *, late: bool
    ) -> bool:
        """Whether a second try ends here: refused, for good or too late, it says nothing of the first."""
        message = held.contents.messages[held.places[index].position]
        if not message.second_try:
            return False
        return (
            late
            or held.is_lost
            or not outcome.is_requeued
            or (outcome.kind is Kind.RETRY and window_for(held.lot, _due(outcome, now_ms)) is None)
        )

    def tries(self, token: object) -> int:
        """How often the message of a segment was refused for now before."""
        held, index, _ = cast("Token", token)
        return held.contents.messages[held.places[index].position].tries

    def _record_for(self, held: LotInHand, index: int, *, late: bool) -> Record:
        """Where the outcome of a segment belongs."""
        if late:
            return self._late  # it was in doubt, which was recorded and freed its place
        self.on_wire -= 1
        held.mark(index)
        if held.is_lost:
            record = self._late
        else:
            record = held.record
            self._touched[held] = None
        record.slots += 1
        return record

    def _doubt(self, held: LotInHand, index: int, intent_ms: int, now_ms: int) -> None:
        record = self._record_for(held, index, late=False)
        if held.is_lost:
            return  # noted by whoever took the lot over
        position, segment = held.places[index]
        message = held.contents.messages[position]
        submitted_at = moment_of(intent_ms)
        record.doubtful.append(
            DoubtfulSegment(
                message.message_id,
                segment,
                message.segments,
                held.lot.account_id,
                message.recipient,
                submitted_at,
                given_up_at(message.last_close, submitted_at, moment_of(now_ms)),
                message.second_try,
            )
        )
        record.changes.append(_change(held, index, RANK_IN_DOUBT, Code.SENDING, now_ms, intent_ms))

    def _queue_again(
        self, held: LotInHand, index: int, intent_ms: int, outcome: Outcome, now_ms: int, *, late: bool
    ) -> None:
        position = held.places[index].position
        message = held.contents.messages[position]
        tries, due = message.tries, None
        if outcome.kind is Kind.RETRY:
            due = _due(outcome, now_ms)
            tries += 1
            if window_for(held.lot, due) is None:
                self._close(held, index, intent_ms, Code.EXPIRED, now_ms, late=late)
                return
        record = self._record_for(held, index, late=late)
        if due is not None and not message.second_try:
            record.changes.append(_change(held, index, RANK_NONE, Code.RETRYING, now_ms, intent_ms))
        record.again.append(held.tried_again(index, tries=tries, due=due))
        if record is held.record:
            if message.segments == 1:
                held.take_out(position)
            else:
                held.requeued.add(position)

    def _close(
        self, held: LotInHand, index: int, intent_ms: int, code: int, now_ms: int, *, late: bool
    ) -> None:
        """The message has failed for good. What is left of it is not submitted."""
        position = held.places[index].position
        message = held.contents.messages[position]
        record = self._record_for(held, index, late=late)
        change = _change(held, index, RANK_CLOSED, code, now_ms, intent_ms)
        if message.segments > 1:
            self._stop(message.message_id)
        if late or message.segments == 1:
            record.changes.append(change)
            if record is held.record:
                held.take_out(position)
        else:
            held.refused.setdefault(position, change)

    def _end_waiting(self, held: LotInHand, position: int) -> None:
        """One segment less of a message is on the wire.

        A refusal closes its message only when all the others are answered: one of them may have been
        accepted, and then the price does not return.
        """
        held.waiting[position] -= 1
        if held.waiting[position]:
            return
        refusal = held.refused.pop(position, None)
        if refusal is not None:
            (self._late if held.is_lost else held.record).changes.append(refusal)
        if not held.is_lost and (refusal is not None or held.has_left(position)):
            held.take_out(position)

    def _stop(self, message_id: bytes) -> None:
        self._stopped[message_id] = None
        if len(self._stopped) > _MOST_STOPPED:
            del self._stopped[next(iter(self._stopped))]

    # --- Outcomes are committed ---

    def harvest(self) -> Harvest:
        """Everything that came since the last one, to be committed and then confirmed."""
        records = [(held, held.take_record()) for held in self._touched]
        self._touched = {}
        late, self._late = self._late, Record()
        return Harvest(records, late)

    def confirm(self, harvest: Harvest) -> None:
        """The harvest is committed: its places in the send window are free."""
        self.busy -= harvest.slots
        self._sent.commit(harvest.accepted)
        for lot in harvest.finished:
            self.lots.pop(lot.lot_id, None)
        for lot_id, progress in harvest.progress.items():
            held = self.lots.get(lot_id)
            if held is not None:
                held.committed = progress.answered
        if len(self.lots) > _MOST_IDLE_LOTS:
            self._forget_idle()

    def _forget_idle(self) -> None:
        """Lots that wait for their turn again may have been moved or closed by now: read them anew then."""
        idle = [
            lot_id
            for lot_id, held in self.lots.items()
            if held.answered_count == held.end and held not in self._touched
        ]
        for lot_id in idle:
            del self.lots[lot_id]

    def lose(self, lot_ids: Iterable[bytes]) -> None:
        """These lots are another's by now: what is still to come of them counts as late."""
        for lot_id in list(lot_ids):
            held = self.lots.pop(lot_id, None)
            if held is not None:
                held.is_lost = True
                self._touched.pop(held, None)
                self._late.absorb(held.take_record())

    def reconcile(self, harvest: Harvest, owned: Mapping[bytes, tuple[int, bytes]]) -> dict[bytes, int]:
        """Learn what the database holds after a commit whose fate is unknown, or refused.

        ``owned`` gives for each lot of the owner how far its intent reaches and which segments are answered.
        Returns how far the intent must be taken back for lots that were claimed without our learning it.
        """
        gone = {held.lot.lot_id for held, _ in harvest.records} - owned.keys()
        done = {
            lot_id
            for lot_id, progress in harvest.progress.items()
            if lot_id in owned and owned[lot_id][1] != progress.before
        }
        harvest.give_up(gone | done)
        self.lose(self.lots.keys() - owned.keys())
        rewind = {}
        for lot_id, (next_segment, answered) in owned.items():
            held = self.lots.get(lot_id)
            if held is not None:
                held.committed = answered
            reached = held.end if held is not None else int.from_bytes(answered, "little").bit_length()
            if next_segment > reached:
                rewind[lot_id] = reached
        return rewind


def _due(outcome: Outcome, now_ms: int) -> datetime:
    """When to try again what was refused for now."""
    delay = timedelta(seconds=outcome.retry_after or 0.0)
    # Whole seconds, so that what was refused together is tried again together.
    return datetime.fromtimestamp(ceil((moment_of(now_ms) + delay).timestamp()), tz=UTC)


def _change(held: LotInHand, index: int, rank: int, code: int, at_ms: int, intent_ms: int) -> MessageChange:
    position, segment = held.places[index]
    message = held.contents.messages[position]
    return MessageChange(
        held.lot.account_id,
        message.message_id,
        segment,
        message.segments,
        rank,
        code,
        at_ms,
        intent_ms,
        rank == RANK_CLOSED,
    )
