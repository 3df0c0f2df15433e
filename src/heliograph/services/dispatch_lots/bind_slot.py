"""One bind slot of one carrier: keeps the lease and the link, and flies."""

import asyncio
import random
import ssl
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from heliograph.carriers.bind_keeper import BindKeeper
from heliograph.carriers.carrier import CarrierSettings
from heliograph.carriers.harvest import Harvest
from heliograph.carriers.lane import Lane
from heliograph.carriers.link import Link, LinkLost
from heliograph.carriers.sent_segments import SentSegments
from heliograph.carriers.translate import Delivery
from heliograph.domain.flight import ClaimedLot, SentSegment
from heliograph.domain.history import milliseconds
from heliograph.domain.ids import IdSource
from heliograph.domain.lot import LotMessage
from heliograph.failpoints import failpoint
from heliograph.services.dispatch_lots.flight_commit import Claim, commit_flight, reconcile
from heliograph.services.dispatch_lots.slot_lease import LeaseSettings, SlotLease
from heliograph.storage.blacklist import find_begun, find_blacklisted
from heliograph.storage.database import Database, is_connection_failure
from heliograph.storage.lots import LotsTakenOver

log = structlog.get_logger()

EVERY_TENTH: Final = 10
"""Each tenth flight takes priority 1 first, so that it gets a tenth of the capacity at least."""
_FEWEST_LOTS: Final = 8
_MOST_LOTS: Final = 500
_FIRST_PAUSE: Final = 0.1
_ALARM_SPACING: Final = 300.0


class DispatchSettings(LeaseSettings, frozen=True, kw_only=True):
    """How dispatchers work; all times in seconds."""

    group: float = 0.010
    """How long the oldest outcome waits for others to be committed with it, while more are to come."""
    poll: float = 0.5
    """Mean pause between two looks at an empty queue that no wake-up asks for."""
    reload: float = 3.0
    """How often carriers are read again."""
    drain: float = 30.0
    """How long a graceful stop waits for answers."""
    longest_pause: float = 5.0
    """Between two tries while the database does not answer."""


class ReceiptSink(Protocol):
    """Where what a carrier delivers is stored and answered."""

    def receive(self, link: Link, deliveries: list[Delivery]) -> None:
        """Store and then answer; returns at once."""

    def segments_committed(self, segments: Sequence[SentSegment]) -> None:
        """Answers are in the database now: receipts that came before them can be matched."""

    async def drain(self) -> None:
        """Return when everything received so far is stored and answered, or cannot be for now."""


class BindSlot:
    """One slot. Its ``run`` ends when it was told to stop and nothing is on the wire any more."""

    def __init__(
        self,
        carrier: CarrierSettings,
        slot: int,
        *,
        database: Database,
        ids: IdSource,
        sent: SentSegments,
        receipts: ReceiptSink,
        holder: str,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        settings: DispatchSettings,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.carrier = carrier
        self.slot = slot
        self._database = database
        self._ids = ids
        self._receipts = receipts
        self._clock = clock
        self._now = now
        self._settings = settings
        self._log = log.bind(carrier=carrier.name, slot=slot)
        self._changed = asyncio.Event()
        self.is_stopping = False
        self._stop_deadline = 0.0
        self._alarmed_at: dict[tuple[str, int], float] = {}
        self.lease = self._new_lease(holder)
        self.lane = self._new_lane(sent)
        self.keeper = BindKeeper(
            carrier,
            slot,
            self.lane,
            clock=clock,
            tls=tls,
            until_allowed=self.lease.until_writable,
            on_bound=self._bound,
            on_unbound=self.lease.renew_soon,  # operators see a bind, and why there is none, by its lease
            on_alarm=self._alarm,
        )
        self._harvest: Harvest | None = None
        self._is_uncertain = False
        self._failures = 0
        self._not_before = 0.0
        self._hungry = True
        self._poll_at = 0.0
        self._flew_at = 0.0
        self.flights = 0
        """Claims ever made."""
        self._lots_at_once = _FEWEST_LOTS

    def _bound(self) -> None:
        self.lease.renew_soon()
        self.wake()

    def _new_lease(self, holder: str) -> SlotLease:
        return SlotLease(
            self.carrier.carrier_id,
            self.slot,
            database=self._database,
            ids=self._ids,
            holder=holder,
            settings=self._settings,
            clock=self._clock,
            now=self._now,
            is_bound=lambda: self.keeper.is_bound,
            answered=lambda: self.lane.answered,
            fault=lambda: self.keeper.fault,
            on_taken=self.wake,
            on_lost=self._give_up,
        )

    def _new_lane(self, sent: SentSegments) -> Lane:
        return Lane(
            self.carrier.profile,
            sent,
            tps=self.carrier.profile.tps / self.carrier.bind_count,
            clock=self._clock,
            wall_ms=lambda: milliseconds(self._now()),
            may_write=self.lease.may_write,
            on_change=self._changed.set,
            on_deliveries=self._receipts.receive,
            on_alarm=self._alarm,
        )

    def __repr__(self) -> str:
        return f"<BindSlot {self.carrier.name}/{self.slot} {self.lease!r} {self.keeper!r} {self.lane!r}>"

    def wake(self) -> None:
        """There may be lots to claim."""
        self._hungry = True
        self._changed.set()

    def stop(self) -> None:
        """Claim nothing more; ``run`` ends once every answer came and is committed."""
        self.is_stopping = True
        self._stop_deadline = self._clock() + self._settings.drain
        self._changed.set()

    async def run(self) -> None:
        """Hold the slot until stopped."""
        name = f"{self.carrier.name}/{self.slot}"
        async with asyncio.TaskGroup() as tasks:
            lease = tasks.create_task(self.lease.keep(), name=f"lease of {name}")
            link = tasks.create_task(self.keeper.keep(), name=f"link of {name}")
            await self._fly_until(self._is_drained)
            await self._receipts.drain()
            link.cancel()
            await asyncio.wait((link,))
            # What the link left unanswered is recorded before the slot goes to somebody else.
            await self._fly_until(lambda: not self._has_outcomes())
            lease.cancel()
            await asyncio.wait((lease,))
            await self.lease.release()

    def _give_up(self) -> None:
        """The slot is another's: its lots are, too."""
        book = self.lane.book
        book.lose(book.lots.keys())
        if self.keeper.link is not None:
            self.keeper.link.abort("the slot is another's")

    # --- Flights ---

    def _has_outcomes(self) -> bool:
        return self._harvest is not None or self.lane.book.has_outcomes

    def _is_drained(self) -> bool:
        if not self.is_stopping:
            return False
        book = self.lane.book
        if self._clock() >= self._stop_deadline:
            self._log.warning("dispatch.not_drained", on_wire=book.on_wire)
            return True
        return book.on_wire == 0 and not self._has_outcomes()

    async def _fly_until(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            pause = self._seconds_to_flight()
            if pause > 0:
                await self._pause(pause)
                continue
            try:
                await self._fly()
                self._failures = 0
            except Exception as error:
                self._note_failure(error)
                if self.is_stopping and self._clock() >= self._stop_deadline:
                    return

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        if is_connection_failure(error) or isinstance(error, LotsTakenOver):
            self._is_uncertain = True
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures - 1, 10), self._settings.longest_pause)
        self._not_before = self._clock() + pause * random.uniform(0.5, 1.0)
        if self._failures == 1 or self._failures % 20 == 0:
            self._log.error("dispatch.flight_failed", error=type(error).__name__, failures=self._failures)

    async def _pause(self, seconds: float) -> None:
        handle = asyncio.get_running_loop().call_later(seconds, self._changed.set)
        await self._changed.wait()
        self._changed.clear()
        handle.cancel()

    def _seconds_to_flight(self) -> float:
        now = self._clock()
        if self._harvest is not None:
            return self._not_before - now
        due = min(self._seconds_to_commit(now), self._seconds_to_claim(now))
        if self.is_stopping:
            due = min(due, max(0.001, self._stop_deadline - now))
        return max(due, self._not_before - now)

    def _seconds_to_commit(self, now: float) -> float:
        book = self.lane.book
        if not book.has_outcomes:
            return 1.0
        if book.on_wire == 0 or self.lane.first_outcome_at is None:
            return 0.0
        return self.lane.first_outcome_at + self._settings.group - now

    def _seconds_to_claim(self, now: float) -> float:
        wait = self.lane.seconds_to_load() if self._may_claim() else None
        if wait is None:
            return 1.0
        if not self._hungry:
            return max(wait, self._poll_at - now)
        if self.lane.book.busy:
            # While others are on the wire, claims wait for each other and so grow into groups.
            return max(wait, self._flew_at + self._settings.group - now)
        return wait

    def _may_claim(self) -> bool:
        return (
            self.keeper.is_bound
            and self.carrier.submits
            and not self.is_stopping
            and self.lease.owner is not None
            and self.lane.rebind_after is None
            and self.lease.may_write()
        )

    async def _fly(self) -> None:
        """One flight: commit outcomes and the next intent, then write what was intended."""
        if self._is_uncertain:
            await self._settle_uncertainty()
        if self._harvest is None:
            self._harvest = self.lane.book.harvest()
            self.lane.first_outcome_at = None
        harvest = self._harvest
        if harvest:
            failpoint("dispatch.answered")
        claim = self._next_claim(harvest)
        owner = self.lease.owner or self.lease.last_owner
        if owner is None or (claim is None and not harvest):
            self._harvest = None
            return
        if self.lease.owner is None:
            harvest.give_up([held.lot.lot_id for held, _ in harvest.records])
        claimed = await commit_flight(self._database, owner, harvest, claim, ids=self._ids, now=self._now())
        failpoint("dispatch.post_commit")
        self._harvest = None
        self._flew_at = self._clock()
        self.lane.book.confirm(harvest)
        if claim is not None:
            self._learn(claim, claimed)
            self._write(claimed, await self._unwanted_among(claimed))
        if accepted := harvest.accepted:
            self._receipts.segments_committed(accepted)

    def _next_claim(self, harvest: Harvest) -> Claim | None:
        if not self._may_claim():
            return None
        capacity = self.lane.capacity(coming_free=harvest.slots)
        if capacity <= 0 or not (self._hungry or self._clock() >= self._poll_at):
            return None
        self._hungry = False
        self.flights += 1
        return Claim(
            segments=capacity,
            lots=min(self._lots_at_once, capacity),
            first_priority=1 if self.flights % EVERY_TENTH == 0 else 2,
            at_hand=self.lane.book.lots_at_hand(),
        )

    def _learn(self, claim: Claim, claimed: Sequence[ClaimedLot]) -> None:
        """From what a claim brought: whether there is more, and how many lots to look at the next time."""
        got = sum(lot.end - lot.start for lot in claimed)
        if got >= claim.segments or len(claimed) >= claim.lots:
            self._hungry = True
        if got < claim.segments and len(claimed) >= claim.lots:
            self._lots_at_once = min(2 * self._lots_at_once, _MOST_LOTS)
        elif len(claimed) < self._lots_at_once // 4:
            self._lots_at_once = max(self._lots_at_once // 2, _FEWEST_LOTS)
        self._poll_at = self._clock() + self._settings.poll * random.uniform(0.5, 1.5)

    async def _unwanted_among(self, claimed: Sequence[ClaimedLot]) -> set[bytes]:
        """Messages to whom their account blacklisted since they were accepted, and of which nothing was sent.

        Asked after the claim, so that whoever is blacklisted before it gets nothing. What was begun goes on
        to its end: a part of a text is of no use to anybody. A crash from here on leaves in doubt what was
        never sent: the safe side.
        """
        suspect: dict[int, list[LotMessage]] = {}
        for lot in claimed:
            if lot.is_suspect:
                suspect.setdefault(lot.account_id, []).extend(self.lane.beginning(lot))
        unwanted: set[bytes] = set()
        try:
            for account_id, messages in suspect.items():
                unwanted |= await self._unwanted_of(account_id, messages)
        except Exception:
            self._is_uncertain = True  # what was claimed is not in hand: the intent is taken back
            raise
        return unwanted

    async def _unwanted_of(self, account_id: int, messages: Sequence[LotMessage]) -> set[bytes]:
        recipients = sorted({message.recipient for message in messages})
        blacklisted = await find_blacklisted(self._database, account_id, recipients)
        found = [message for message in messages if message.recipient in blacklisted]
        parts = [
            message.message_id for message in found if message.only is not None and not message.second_try
        ]
        begun = await find_begun(self._database, account_id, parts) if parts else ()
        return {message.message_id for message in found if message.message_id not in begun}

    def _write(self, claimed: Iterable[ClaimedLot], unwanted: Collection[bytes]) -> None:
        blocks = self.lane.load(claimed, unwanted)
        if not blocks:
            return
        # The rule that all promises rest on: the intent is committed, and only now, while our own clock
        # says that the lease is ours, may a segment be written. A crash before this line leaves in doubt
        # what was never sent, never the other way round.
        link = self.keeper.link
        if link is None or not self.lease.may_write():
            self.lane.unload(blocks)
            return
        try:
            self.lane.refuse(link.submit(blocks))
        except LinkLost:
            self.lane.unload(blocks)
        failpoint("dispatch.written")

    async def _settle_uncertainty(self) -> None:
        """A commit failed half way, or was refused: learn what the database holds before going on."""
        owner = self.lease.owner
        if owner is not None:
            harvest = self._harvest or Harvest.empty()
            if not await reconcile(
                self._database, owner, self.lane.book, harvest, lease=self._settings.duration
            ):
                self.lease.lose()
        self._is_uncertain = False

    def _alarm(self, name: str, command_status: int) -> None:
        """Raise an alarm, each kind at most every five minutes."""
        now = self._clock()
        key = name, command_status
        if now >= self._alarmed_at.get(key, -_ALARM_SPACING) + _ALARM_SPACING:
            self._alarmed_at[key] = now
            self._log.warning("carrier.alarm", alarm=name, command_status=f"0x{command_status:08X}")
