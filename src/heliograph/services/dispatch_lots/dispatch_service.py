"""All lanes of all enabled carriers: follows the carriers' rows, wakes lanes, rescues what others left."""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from heliograph.carriers.carrier import CarrierSettings
from heliograph.carriers.sent_segments import SentSegments
from heliograph.domain.ids import IdSource
from heliograph.services.dispatch_lots.bind_slot import BindSlot, DispatchSettings, ReceiptSink
from heliograph.services.dispatch_lots.take_over import rescue_slot
from heliograph.storage.bind_leases import list_vanished_holders
from heliograph.storage.database import Database, is_connection_failure

log = structlog.get_logger()

_RESTART_SECONDS: Final = 1.0


class Recorder(ReceiptSink, Protocol):
    """A receipt sink that has a loop of its own."""

    async def run(self) -> None:
        """Work until cancelled."""


class RunningCarrier:
    """One carrier's lanes and its recorder of receipts."""

    def __init__(
        self,
        settings: CarrierSettings,
        make_slot: Callable[[int, SentSegments, ReceiptSink], BindSlot],
        recorder: Recorder,
        sent: SentSegments,
    ) -> None:
        self.settings = settings
        self.slots = [make_slot(number, sent, recorder) for number in range(settings.bind_count)]
        self.recorder = recorder
        self._task = asyncio.create_task(self._run(), name=f"carrier {settings.name}")

    def __repr__(self) -> str:
        return f"<RunningCarrier {self.settings!r} {self.slots}>"

    def wake(self) -> None:
        """Let every lane look for lots."""
        for slot in self.slots:
            slot.wake()

    async def stop(self) -> None:
        """Stop gracefully: no segment is in doubt afterwards if the carrier answers in time."""
        for slot in self.slots:
            slot.stop()
        await self._task

    async def _run(self) -> None:
        recorder = asyncio.create_task(self.recorder.run())
        try:
            await asyncio.gather(*(self._keep_running(slot) for slot in self.slots))
        finally:
            recorder.cancel()
            with suppress(asyncio.CancelledError):
                await recorder

    async def _keep_running(self, slot: BindSlot) -> None:
        while True:
            try:
                await slot.run()
                return
            except Exception as error:
                # A fault of ours in one slot must not stop the others, nor this one for ever.
                log.exception("dispatch.slot_failed", slot=repr(slot), error=type(error).__name__)
                if slot.is_stopping:
                    return
                await asyncio.sleep(_RESTART_SECONDS)


class DispatchService:
    """Submits what is queued at every enabled carrier.

    ``load_carriers`` reads the enabled carriers, passwords opened; ``make_recorder`` makes what stores and
    answers a carrier's deliveries; ``wake`` is set from outside when lots became ready; ``holder`` names
    this process in the leases and must be new at every start; ``clock`` is monotonic.
    """

    def __init__(
        self,
        database: Database,
        ids: IdSource,
        *,
        load_carriers: Callable[[], Awaitable[Sequence[CarrierSettings]]],
        make_recorder: Callable[[CarrierSettings, SentSegments], Recorder],
        wake: asyncio.Event,
        holder: str,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        settings: DispatchSettings | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._database = database
        self._ids = ids
        self._load_carriers = load_carriers
        self._make_recorder = make_recorder
        self._wake = wake
        self._holder = holder
        self._clock = clock
        self._now = now
        self._settings = settings or DispatchSettings()
        self._tls = tls or ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._stopped: set[asyncio.Task[None]] = set()
        self.carriers: dict[int, RunningCarrier] = {}

    def __repr__(self) -> str:
        return f"<DispatchService {list(self.carriers.values())}>"

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; then drain every lane and unbind."""
        helpers = [
            asyncio.create_task(self._repeat(self.follow_carriers, self._settings.reload)),
            asyncio.create_task(self._repeat(self.rescue, self._settings.lease / 2)),
            asyncio.create_task(self._pass_wake_ups()),
        ]
        try:
            await stop.wait()
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await asyncio.gather(*(carrier.stop() for carrier in self.carriers.values()), *self._stopped)
            self.carriers.clear()

    async def follow_carriers(self) -> None:
        """Start, stop and restart carriers as their rows say."""
        wanted = {settings.carrier_id: settings for settings in await self._load_carriers()}
        for carrier_id, running in list(self.carriers.items()):
            if wanted.get(carrier_id) != running.settings:
                log.info("dispatch.carrier_stopping", carrier=running.settings.name)
                del self.carriers[carrier_id]
                stopping = asyncio.create_task(running.stop())
                self._stopped.add(stopping)
                stopping.add_done_callback(self._stopped.discard)
        for carrier_id, settings in wanted.items():
            if carrier_id not in self.carriers:
                self.carriers[carrier_id] = self._start(settings)

    def _start(self, settings: CarrierSettings) -> RunningCarrier:
        sent = SentSegments()

        def make_slot(number: int, sent: SentSegments, receipts: ReceiptSink) -> BindSlot:
            return BindSlot(
                settings,
                number,
                database=self._database,
                ids=self._ids,
                sent=sent,
                receipts=receipts,
                holder=self._holder,
                clock=self._clock,
                now=self._now,
                settings=self._settings,
                tls=self._tls if settings.tls else None,
            )

        log.info("dispatch.carrier_starting", carrier=settings.name, binds=settings.bind_count)
        return RunningCarrier(settings, make_slot, self._make_recorder(settings, sent), sent)

    async def rescue(self) -> None:
        """Settle what holders left that vanished, also of slots that nobody is to hold any more."""
        async with self._database.transaction() as tx:
            vanished = await list_vanished_holders(tx)
        for carrier_id, slot in vanished:
            running = self.carriers.get(carrier_id)
            if running is not None and slot < running.settings.bind_count:
                continue  # its own lane takes it, and settles in the same transaction
            if await rescue_slot(
                self._database,
                carrier_id,
                slot,
                holder=self._holder,
                lease=timedelta(seconds=self._settings.lease),
                ids=self._ids,
                now=self._now(),
            ):
                log.warning("dispatch.slot_rescued", carrier_id=carrier_id, slot=slot)

    async def _repeat(self, step: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            try:
                await step()
            except Exception as error:
                if not is_connection_failure(error):
                    log.exception("dispatch.step_failed", step=step.__name__, error=type(error).__name__)
            await asyncio.sleep(seconds * random.uniform(0.75, 1.25))

    async def _pass_wake_ups(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for carrier in self.carriers.values():
                carrier.wake()
