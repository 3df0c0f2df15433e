"""One bind slot of a carrier: its pace, its send window, what it loads and what the link brings back.

Nothing here waits or touches a database. A flight asks ``capacity``, gives what it claimed to ``load``,
writes the blocks to the link, and commits what ``book.harvest`` collected.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

import msgspec

from heliograph.carriers.link import Block, Link, Unanswered
from heliograph.carriers.outcome_book import OutcomeBook, Token
from heliograph.carriers.sent_segments import SentSegments
from heliograph.carriers.translate import Delivery, SubmitTranslator, read_delivery, read_poison, storable
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.flight import ClaimedLot, beginning
from heliograph.domain.lot import LotMessage
from heliograph.domain.outcome import IN_DOUBT, Kind, Outcome, decide
from heliograph.domain.status import Code
from heliograph.domain.token_bucket import CarrierPace
from heliograph.smpp.pdus import DataSm, DeliverSm, GenericNack, Pdu, SubmitSmResp
from heliograph.smpp.session_events import (
    Answered,
    Event,
    LateResponse,
    PeerFault,
    ResponseTimeout,
    Unbound,
    UnexpectedResponse,
)
from heliograph.smpp.submit_template import Recipient, SubmitTemplate

_QUEUE_FULL: Final = 0x14
_SYSTEM_ERROR: Final = 0x08
_NACKED: Final = 0x08
"""How a generic_nack without a status is taken: refused for now."""
QUEUE_FULL_SHARE: Final = 10
"""More refusals for a full queue than this in a hundred answers slow the whole bind down."""
SYSTEM_ERRORS_IN_A_ROW: Final = 5
SYSTEM_ERROR_PAUSE_SECONDS: Final = 60.0
GROUP_SECONDS: Final = 0.02
"""So much of the pace is claimed at once, at least: a flight for every single segment would be a waste."""

_NEVER_WRITTEN: Final = Outcome(Kind.BIND, Code.RETRYING, 0.0)
_UNSENDABLE: Final = Outcome(Kind.BUG, Code.REJECTED, None, True)

_Groups = dict[SubmitTemplate, tuple[list[Recipient], list[Token]]]


class Lane:
    """One bind slot.

    ``wall_ms`` is the time in milliseconds since 1970, ``clock`` monotonic seconds; ``on_change`` is called
    when there may be something to do, ``on_deliveries`` with what the carrier delivered, ``on_alarm`` with
    the name of an alarm and the command_status that raised it.
    """

    def __init__(
        self,
        profile: CarrierProfile,
        sent: SentSegments,
        *,
        tps: float,
        clock: Callable[[], float],
        wall_ms: Callable[[], int],
        may_write: Callable[[], bool],
        on_change: Callable[[], None],
        on_deliveries: Callable[[Link, list[Delivery]], None],
        on_alarm: Callable[[str, int], None],
    ) -> None:
        self._profile = profile
        self._translator = SubmitTranslator(profile)
        self._clock = clock
        self._wall_ms = wall_ms
        self._on_change = on_change
        self._on_deliveries = on_deliveries
        self._on_alarm = on_alarm
        self._queue_full: deque[int] = deque()
        self._system_errors = 0
        self._paused_until = clock()
        self.may_write = may_write
        self.book = OutcomeBook(sent)
        self.pace = CarrierPace(tps, clock())
        self.answered = 0
        """Answers ever taken."""
        self.first_outcome_at: float | None = None
        """When the oldest outcome that is not harvested came, by ``clock``."""
        self.rebind_after: float | None = None
        """Once the carrier said something that makes the bind unusable: how long to wait before the next."""

    def __repr__(self) -> str:
        return f"<Lane window {self._profile.window}, {self.book!r}>"

    # --- Segments go out ---

    @property
    def window_free(self) -> int:
        """Free places in the send window."""
        return self._profile.window - self.book.busy

    def seconds_to_load(self) -> float | None:
        """How long until a claim is worth while; None while the send window is full."""
        if self.window_free <= 0:
            return None
        now = self._clock()
        group = min(self.window_free, max(1, int(self.pace.rate(now) * GROUP_SECONDS)))
        return max(self._paused_until - now, self.pace.seconds_until(group, now), 0.0)

    def capacity(self, *, coming_free: int = 0) -> int:
        """How many segments may be claimed now; ``coming_free`` places come free with the same commit."""
        now = self._clock()
        if now < self._paused_until:
            return 0
        return min(self.window_free + coming_free, self.pace.available(now))

    def beginning(self, lot: ClaimedLot) -> list[LotMessage]:
        """The messages of a lot of which nothing was submitted from it before this claim."""
        try:
            contents = self.book.contents_of(lot)
        except msgspec.MsgspecError:
            return []  # told where it is loaded
        return [contents.messages[position] for position in beginning(lot, contents)]

    def load(self, claimed: Iterable[ClaimedLot], unwanted: Collection[bytes] = ()) -> list[Block]:
        """Take claimed lots in hand; the blocks of submit_sm to be written for them.

        Messages that are ``unwanted``, since their recipients were blacklisted, are closed instead.
        """
        groups: _Groups = {}
        before = self.book.busy
        for lot in claimed:
            self._load_lot(lot, groups, unwanted)
        self.pace.take(self.book.busy - before, self._clock())
        if self.book.has_outcomes:
            self._begin_group()
        return [Block(template, recipients, tokens) for template, (recipients, tokens) in groups.items()]

    def _load_lot(self, lot: ClaimedLot, groups: _Groups, unwanted: Collection[bytes]) -> None:
        book, translator = self.book, self._translator
        try:
            held = book.hold(lot)
        except msgspec.MsgspecError:
            # It stays ours and untouched until a person looks; the others go on.
            self._on_alarm("lot_unreadable", 0)
            return
        if unwanted and lot.is_suspect:
            for position in beginning(lot, held.contents):
                if held.contents.messages[position].message_id in unwanted:
                    book.close_unsent(held, position, Code.RECIPIENT_REJECTED, self._wall_ms())
        intent_ms = int(lot.intent_at.timestamp() * 1000)
        messages, places = held.contents.messages, held.places
        for index in range(lot.start, lot.end):
            if not book.sends(held, index):
                continue
            position, segment = places[index]
            message = messages[position]
            token = (held, index, intent_ms)
            try:
                text = held.text(message.text, translator)
                short_message = text.segment(segment, message.message_id)
            except (ValueError, IndexError):
                self._refuse_text(token)
                continue
            group = groups.get(text.template)
            if group is None:
                group = groups[text.template] = ([], [])
            group[0].append((message.recipient, short_message))
            group[1].append(token)

    def _refuse_text(self, token: Token) -> None:
        self._on_alarm("message_unsendable", 0)
        self.book.settle(token, _UNSENDABLE, self._wall_ms())

    def refuse(self, tokens: Iterable[object]) -> None:
        """Segments that no submit_sm can carry: our fault, and final."""
        for token in tokens:
            self._on_alarm("message_unsendable", 0)
            self.book.settle(token, _UNSENDABLE, self._wall_ms())
            self._begin_group()

    def unload(self, blocks: Iterable[Block]) -> None:
        """Blocks that were never written: their segments go back to the queue."""
        for block in blocks:
            for token in block.tokens:
                self.book.settle(token, _NEVER_WRITTEN, 0)
                self._begin_group()

    # --- What the link brings ---

    def take_events(self, link: Link, events: Sequence[Event]) -> None:
        """What a session reported."""
        now_ms = self._wall_ms()
        deliveries: list[Delivery] = []
        for event in events:
            if type(event) is Answered:
                self._answer(event.token, event.response, now_ms)
            elif type(event) is DeliverSm or type(event) is DataSm:
                deliveries.append(read_delivery(event, self._profile))
            else:
                self._take_rare(event, now_ms, deliveries)
        if self.book.has_outcomes:
            self._begin_group()
        if deliveries:
            self._on_deliveries(link, deliveries)
        self._on_change()

    def _take_rare(self, event: Event, now_ms: int, deliveries: list[Delivery]) -> None:
        match event:
            case ResponseTimeout(token=token):
                self.book.settle(token, IN_DOUBT, now_ms)
            case LateResponse(token=token, response=response):
                self._answer(token, response, now_ms, late=True)
            case PeerFault(error=error, answer_owed=True):
                deliveries.append(read_poison(error))
                self._on_alarm("carrier_poison_pdu", error.command_status)
            case PeerFault(error=error):
                self._on_alarm("carrier_protocol_fault", error.command_status)
            case UnexpectedResponse(response=response):
                self._on_alarm("carrier_unexpected_response", response.command_status)
            case Unbound(by_peer=True):
                self.rebind_after = 0.0
            case _:
                pass

    def take_loss(self, link: Link, reason: str, unanswered: Sequence[Unanswered]) -> None:
        """The link is gone: what was written is in doubt, what certainly was not goes back to the queue."""
        now_ms = self._wall_ms()
        for token, was_written in unanswered:
            self.book.settle(token, IN_DOUBT if was_written else _NEVER_WRITTEN, now_ms)
            self._begin_group()
        self._on_change()

    def _answer(self, token: object, response: Pdu, now_ms: int, *, late: bool = False) -> None:
        self.answered += 1
        status = response.command_status
        raw_id = response.message_id if type(response) is SubmitSmResp else ""
        if type(response) is GenericNack:
            status = status or _NACKED
        elif status == 0 and not self._profile.status_overrides:
            self._system_errors = 0
            self.book.accept(token, storable(self._profile.submitted_id(raw_id)), now_ms, late=late)
            return
        outcome = decide(status, self.book.tries(token), self._profile)
        self._heed(status, outcome)
        if outcome.kind is Kind.OK:
            self.book.accept(token, storable(self._profile.submitted_id(raw_id)), now_ms, late=late)
        else:
            self.book.note_refusal(token, status, outcome, now_ms, late=late)
            self.book.settle(token, outcome, now_ms, late=late)

    def _heed(self, status: int, outcome: Outcome) -> None:
        """What an answer other than OK means for the whole bind."""
        now = self._clock()
        if outcome.alarm:
            self._on_alarm("carrier_refusal", status)
        if outcome.kind is Kind.THROTTLE or (status == _QUEUE_FULL and self._is_queue_full_everywhere()):
            self.pace.throttle(now)
        elif outcome.kind is Kind.BIND:
            self.rebind_after = max(self.rebind_after or 0.0, outcome.retry_after or 0.0)
        self._system_errors = self._system_errors + 1 if status == _SYSTEM_ERROR else 0
        if self._system_errors == SYSTEM_ERRORS_IN_A_ROW:
            self._system_errors = 0
            self._paused_until = now + SYSTEM_ERROR_PAUSE_SECONDS
            self._on_alarm("carrier_system_errors", status)

    def _is_queue_full_everywhere(self) -> bool:
        recent = self._queue_full
        recent.append(self.answered)
        while recent[0] <= self.answered - 100:
            recent.popleft()
        return len(recent) > QUEUE_FULL_SHARE

    def _begin_group(self) -> None:
        if self.first_outcome_at is None:
            self.first_outcome_at = self._clock()
