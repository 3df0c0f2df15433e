"""The lease of one bind slot: taken, renewed, lost or given back. It decides who may write."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
import structlog

from heliograph.domain.ids import IdSource
from heliograph.services.dispatch_lots.take_over import release_slot, take_slot
from heliograph.storage.bind_leases import renew_bind_lease
from heliograph.storage.database import Database, Purpose, is_connection_failure
from heliograph.storage.lots import Owner

log = structlog.get_logger()


class LeaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long a lease is, in seconds."""

    lease: float = 15.0
    """A bind slot whose holder was silent for so long is another's to take."""
    margin: float = 3.0
    """So long before the end of its lease a holder stops writing, by its own clock."""

    @property
    def duration(self) -> timedelta:
        """The lease as the database takes it."""
        return timedelta(seconds=self.lease)


class SlotLease:
    """The lease of one slot. ``clock`` is monotonic; ``is_bound`` tells whether its link is bound,
    ``answered`` how many segments were ever answered there, ``fault`` why it is not bound.
    """

    def __init__(
        self,
        carrier_id: int,
        slot: int,
        *,
        database: Database,
        ids: IdSource,
        holder: str,
        settings: LeaseSettings,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        is_bound: Callable[[], bool],
        answered: Callable[[], int],
        fault: Callable[[], str | None],
        on_taken: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._carrier_id = carrier_id
        self._slot = slot
        self._database = database
        self._ids = ids
        self._holder = holder
        self._settings = settings
        self._clock = clock
        self._now = now
        self._is_bound = is_bound
        self._answered = answered
        self._fault = fault
        self._counted = (0, clock())
        """How many were answered when somebody last looked, and when that was."""
        self._on_taken = on_taken
        self._on_lost = on_lost
        self._log = log.bind(carrier_id=carrier_id, slot=slot)
        self._prolonged = asyncio.Event()
        self._has_news = asyncio.Event()
        self._write_deadline = clock()
        self.owner: Owner | None = None
        """Who we are to the database while the slot is ours, as far as we know."""
        self.last_owner: Owner | None = None

    def __repr__(self) -> str:
        left = max(0.0, self._write_deadline - self._clock())
        return f"<SlotLease epoch {self.owner.epoch if self.owner else None}, {left:.1f} s to write>"

    def may_write(self) -> bool:
        """Whether the slot is certainly ours, even if the database does not answer any more."""
        return self._clock() < self._write_deadline

    async def until_writable(self) -> None:
        """Return when the slot is ours."""
        while not self.may_write():
            self._prolonged.clear()
            await self._prolonged.wait()

    async def keep(self) -> None:
        """Take the slot as soon as it is free and hold it, until cancelled."""
        pause = self._settings.lease / 3
        while True:
            self._has_news.clear()
            try:
                if self.owner is None:
                    await self._take()
                else:
                    await self._renew(self.owner)
            except Exception as error:
                if not is_connection_failure(error):
                    self._log.error("dispatch.lease_failed", error=type(error).__name__)
                await asyncio.sleep(min(1.0, pause) * random.uniform(0.5, 1.0))
            else:
                await self._rest(pause * random.uniform(0.8, 1.0))

    def renew_soon(self) -> None:
        """Renew without waiting for the time to do it: there is something to tell of the slot."""
        self._has_news.set()

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_news.wait(), seconds)

    async def release(self) -> None:
        """Give the slot back."""
        owner, self.owner = self.owner, None
        self._write_deadline = self._clock()
        if owner is not None:
            with suppress(Exception):  # the lease runs out by itself
                await release_slot(self._database, owner, ids=self._ids, now=self._now())

    def lose(self) -> None:
        """The slot turned out to be another's."""
        self._log.warning("dispatch.slot_lost")
        self.owner = None
        self._write_deadline = self._clock()
        self._on_lost()

    async def _take(self) -> None:
        asked_at = self._clock()
        owner = await take_slot(
            self._database,
            self._carrier_id,
            self._slot,
            holder=self._holder,
            lease=self._settings.duration,
            ids=self._ids,
            now=self._now(),
        )
        if owner is not None:
            self.owner = self.last_owner = owner
            self._log.info("dispatch.slot_taken", epoch=owner.epoch)
            self._prolong(asked_at)
            self._on_taken()

    async def _renew(self, owner: Owner) -> None:
        asked_at = self._clock()
        answered = self._answered_per_second(asked_at)
        async with self._database.transaction(Purpose.HOT) as tx:
            is_mine = await renew_bind_lease(
                tx,
                *owner,
                lease=self._settings.duration,
                bound=self._is_bound(),
                answered_per_second=answered,
                fault=self._fault(),
            )
        if is_mine:
            self._prolong(asked_at)
        elif self.owner is owner:
            self.lose()

    def _answered_per_second(self, asked_at: float) -> float | None:
        """How fast the carrier answered since this was last asked; None where that was a moment ago."""
        before, since = self._counted
        if asked_at - since < self._settings.lease / 6:
            return None
        self._counted = (self._answered(), asked_at)
        return (self._counted[0] - before) / (asked_at - since)

    def _prolong(self, asked_at: float) -> None:
        # Counted from before the question, so that our own clock always ends the lease first.
        self._write_deadline = asked_at + self._settings.lease - self._settings.margin
        self._prolonged.set()
