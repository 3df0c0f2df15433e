"""Collects one carrier's deliveries and stores them; the answer follows the commit, never precedes it."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from heliograph.carriers.carrier import CarrierSettings
from heliograph.carriers.link import Link
from heliograph.carriers.sent_segments import SentSegments
from heliograph.carriers.translate import Delivery, DeliveryKind
from heliograph.carriers.waiting_deliveries import WaitingDelivery, answer_all, links_of
from heliograph.domain.flight import SentSegment
from heliograph.domain.ids import IdSource
from heliograph.domain.incoming import IncomingSegment
from heliograph.domain.reassembly import Arrived
from heliograph.failpoints import failpoint
from heliograph.services.record_receipts.receipt_matching import Told, change_of, match_segments, told_by
from heliograph.services.record_receipts.unmatched_retry import AT_ONCE, UnmatchedRetry
from heliograph.storage.database import Database, Purpose, Transaction, is_retryable
from heliograph.storage.message_changes import apply_changes
from heliograph.storage.receipts import (
    UnmatchedReceipt,
    insert_receipt_block,
    insert_unmatched_receipts,
    list_unmatched_hashes,
)

log = structlog.get_logger()

_MOST_HASHES = 1_000_000
_DRAIN_SECONDS = 2.0


class ReceiptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries are stored; times in seconds."""

    collect: float = 0.020
    """How long the first of a group waits for others, while others come."""
    quiet: float = 0.004
    """A group is stored once nothing came for so long: most carriers stop at some number unanswered."""
    most: int = 500
    """In one transaction."""
    silence: float = 30.0
    """After so long without a commit the link is closed, so that the carrier delivers again elsewhere."""
    most_waiting: int = 5_000
    """Deliveries kept while they cannot be stored; further ones are forgotten unanswered."""
    look_again: float = 10.0
    """When a receipt without a segment is looked at again for the first time."""
    poll: float = 5.0
    """How often those whose time has come are looked for."""


class IncomingSink(Protocol):
    """Takes messages from handsets, in two steps of one transaction."""

    async def join(
        self, tx: Transaction, carrier_id: int, segments: Sequence[IncomingSegment], now: datetime
    ) -> list[Arrived]:
        """Take segments; the messages they make whole."""

    async def store(self, tx: Transaction, arrived: Sequence[Arrived], now: datetime) -> int:
        """Store those messages."""


class RecordReceipts:
    """The deliveries of one carrier, over all its links."""

    def __init__(
        self,
        carrier: CarrierSettings,
        sent: SentSegments,
        *,
        incoming: IncomingSink,
        database: Database,
        ids: IdSource,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        settings: ReceiptSettings | None = None,
    ) -> None:
        self._carrier = carrier
        self._incoming = incoming
        self._sent = sent
        self._database = database
        self._ids = ids
        self._clock = clock
        self._now = now
        self._settings = settings or ReceiptSettings()
        self._log = log.bind(carrier=carrier.name)
        self._retry = UnmatchedRetry(carrier.carrier_id, database, ids, sent)
        self._waiting: deque[WaitingDelivery] = deque()
        self._overtakers: list[WaitingDelivery] = []
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._unmatched: set[int] | None = None
        self._answered_since: set[int] = set()
        self._retry_at = clock()
        self._failures = 0
        self.stored = 0
        self.matched = 0
        self.messages = 0
        """Segments from handsets."""
        self.poison = 0

    def __repr__(self) -> str:
        return (
            f"<RecordReceipts {self._carrier.name} {len(self._waiting)} waiting, {self.stored} stored, "
            f"{self.matched} matched, {len(self._unmatched or ())} ids unmatched>"
        )

    # --- What others tell ---

    def receive(self, link: Link, deliveries: list[Delivery]) -> None:
        """Store and then answer; returns at once."""
        if len(self._waiting) + len(deliveries) > self._settings.most_waiting:
            return
        received = self._clock()
        for delivery in deliveries:
            self._waiting.append(WaitingDelivery(link, delivery, received))
        # What is only here may be lost: unanswered, it is still the carrier's.
        failpoint("receipts.received")
        self._idle.clear()
        self._changed.set()

    def segments_committed(self, segments: Sequence[SentSegment]) -> None:
        """Answers are in the database now: receipts that came before them can be matched."""
        if self._overtakers:
            self._waiting.extendleft(reversed(self._overtakers))
            self._overtakers = []
            self._changed.set()
        if self._unmatched:
            known = {segment.smsc_hash for segment in segments} & self._unmatched
            if known:
                self._answered_since |= known
                self._changed.set()

    async def drain(self) -> None:
        """Return when everything received so far is stored and answered, or cannot be for now."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                if self._waiting or self._overtakers:
                    await self._idle.wait()

    # --- Working ---

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._pause()
            try:
                await self._step()
                self._failures = 0
            except Exception as error:
                await self._take_failure(error)

    async def _pause(self) -> None:
        """Wait for something to store, then a moment for more of it; or for something to look at again."""
        if not (self._waiting or self._answered_since):
            await self._wait(max(0.0, self._retry_at - self._clock()))
        while 0 < len(self._waiting) < self._settings.most:
            left = self._waiting[0].received + self._settings.collect - self._clock()
            count = len(self._waiting)
            if left > 0:
                await self._wait(min(left, self._settings.quiet))
            if left <= 0 or len(self._waiting) == count:
                return

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    async def _step(self) -> None:
        if self._unmatched is None:
            async with self._database.transaction(Purpose.HOT) as tx:
                hashes = await list_unmatched_hashes(tx, self._carrier.carrier_id, limit=_MOST_HASHES)
            self._unmatched = set(hashes)
        if self._waiting:
            await self._store()
        if self._answered_since:
            hashes = sorted(self._answered_since)
            self._unmatched -= await self._retry.retry_ids(hashes, self._now())
            self._answered_since.difference_update(hashes)
        if self._clock() >= self._retry_at:
            count, matched = await self._retry.retry_due(self._now())
            self._unmatched -= matched
            self._retry_at = self._clock() + (0.0 if count == AT_ONCE else self._settings.poll)

    async def _store(self) -> None:
        group = self._take_group()
        if group:
            try:
                await self._commit(group)
            except Exception as error:
                if is_retryable(error):
                    self._waiting.extendleft(reversed(group))
                    raise
                await self._store_each(group)
            else:
                answer_all(group)
        if not self._waiting and not self._overtakers:
            self._idle.set()

    def _take_group(self) -> list[WaitingDelivery]:
        """The next deliveries, without receipts that overtook the commit of their own answer."""
        pending = self._sent.pending
        group: list[WaitingDelivery] = []
        while self._waiting and len(group) < self._settings.most:
            one = self._waiting.popleft()
            if one.delivery.smsc_hash in pending and one.delivery.kind is DeliveryKind.RECEIPT:
                self._overtakers.append(one)
            else:
                group.append(one)
        return group

    async def _store_each(self, group: Sequence[WaitingDelivery]) -> None:
        """One of a group cannot be stored: it must not take the others with it."""
        left = deque(group)
        try:
            while left:
                try:
                    await self._commit([left[0]])
                except Exception as error:
                    if is_retryable(error):
                        raise
                    self._log.warning("carrier.alarm", alarm="receipt_poison", error=type(error).__name__)
                    self.poison += 1
                    await self._commit([left[0]], matching=False)
                answer_all([left.popleft()])
        except Exception:
            self._waiting.extendleft(reversed(left))
            raise

    async def _commit(self, group: Sequence[WaitingDelivery], *, matching: bool = True) -> None:
        now, carrier_id = self._now(), self._carrier.carrier_id
        receipts = [one.delivery for one in group if one.delivery.kind is DeliveryKind.RECEIPT]
        told = [told_by(receipt, now) for receipt in receipts] if matching else []
        incoming = [one.delivery.incoming for one in group if one.delivery.incoming] if matching else []
        async with self._database.transaction(Purpose.HOT) as tx:
            segments = await match_segments(tx, carrier_id, told, self._sent, now=now)
            raw = [one.delivery.raw for one in group]
            await insert_receipt_block(tx, carrier_id, self._new_id(now), raw, received_at=now)
            pairs = list(zip(told, segments, strict=True))
            unmatched = [receipt for receipt, segment in pairs if segment is None]
            if unmatched:
                await self._keep_unmatched(tx, unmatched, now)
            arrived = await self._incoming.join(tx, carrier_id, incoming, now) if incoming else []
            changes = [change_of(receipt, segment) for receipt, segment in pairs if segment is not None]
            await apply_changes(tx, changes, now=now, ids=self._ids)
            if arrived:
                await self._incoming.store(tx, arrived, now)
            failpoint("receipts.pre_commit")
        # Only what is committed may be answered: what we say OK to the carrier forgets.
        failpoint("receipts.post_commit")
        self._count(group, matched=len(changes), unmatched=unmatched)

    async def _keep_unmatched(self, tx: Transaction, receipts: Sequence[Told], now: datetime) -> None:
        rows = [
            UnmatchedReceipt(
                self._new_id(now),
                told.smsc_hash,
                told.smsc_id,
                told.recipient,
                told.rank,
                told.code,
                told.received_at,
            )
            for told in receipts
        ]
        next_try_at = now + timedelta(seconds=self._settings.look_again)
        await insert_unmatched_receipts(tx, self._carrier.carrier_id, rows, next_try_at=next_try_at)

    def _new_id(self, now: datetime) -> bytes:
        return self._ids.new(int(now.timestamp()))

    def _count(self, group: Sequence[WaitingDelivery], *, matched: int, unmatched: Sequence[Told]) -> None:
        self.stored += len(group)
        self.matched += matched
        self.messages += sum(one.delivery.kind is DeliveryKind.MESSAGE for one in group)
        self.poison += sum(one.delivery.kind is DeliveryKind.POISON for one in group)
        if self._unmatched is not None and len(self._unmatched) < _MOST_HASHES:
            hashes = {told.smsc_hash for told in unmatched}
            self._unmatched |= hashes
            # Their answer may have been committed while they were.
            self._answered_since |= hashes & self._sent.committed.keys()

    # --- When nothing can be stored ---

    async def _take_failure(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1 or self._failures % 20 == 0:
            self._log.error(
                "receipts.not_stored",
                error=type(error).__name__,
                waiting=len(self._waiting),
                failures=self._failures,
            )
        status = self._carrier.profile.deliver_failure
        if status != "silence":
            answer_all(self._waiting, status)
            self._forget(links_of(self._waiting))
        else:
            self._close_silent_links()
        await asyncio.sleep(min(0.1 * 2.0 ** min(self._failures - 1, 10), 2.0))

    def _close_silent_links(self) -> None:
        """Give up links that waited too long, so that their carrier delivers again once it is bound anew.

        A link whose own submits still wait for answers is given twice the time: they would be in doubt.
        """
        now, silence = self._clock(), self._settings.silence
        waiting = [*self._waiting, *self._overtakers]
        over = []
        for link in links_of(one for one in waiting if now - one.received >= silence):
            oldest = min(one.received for one in waiting if one.link is link)
            if not link.unanswered_count or now - oldest >= 2 * silence:
                link.abort("deliveries cannot be stored")
                over.append(link)
        self._forget(over)

    def _forget(self, links: Sequence[Link]) -> None:
        """What came by these links comes again."""
        self._waiting = deque(one for one in self._waiting if one.link not in links)
        self._overtakers = [one for one in self._overtakers if one.link not in links]
