"""The processes behind the API: keeper, reporter, dispatcher, and the simulated carrier."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

from heliograph.carriers.carrier import CarrierSettings
from heliograph.carriers.sent_segments import SentSegments
from heliograph.loop import run_loop
from heliograph.outbound_http import OutboundHttp, OutboundLimits
from heliograph.services.close_unreported import CloseUnreported
from heliograph.services.deliver_webhooks import DeliverWebhooks
from heliograph.services.dispatch_lots import DispatchService, DispatchSettings
from heliograph.services.keep_house import KeepHouse
from heliograph.services.record_receipts import ReceiptSettings, RecordReceipts
from heliograph.services.release_lots import ReleaseLots
from heliograph.storage.carrier_settings import carrier_password, list_carriers
from heliograph.storage.wakeups import WakeupListener
from heliograph.supervisor import report_ready
from heliograph.wiring.parts import LOTS, REPORTS, Parts, holder_name, on_the_clock, run_together, utc_now

HOUSE_SECONDS: Final = 60.0


async def run_keeper(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Open and close windows, close what got no final word, keep house."""
    settings = parts.settings
    release = ReleaseLots(
        parts.database,
        parts.ids,
        receipt_wait=timedelta(hours=settings.receipts.wait_hours),
        on_released=parts.wake_dispatchers,
    )
    close = CloseUnreported(parts.database, parts.ids)
    house = KeepHouse(parts.database)
    poll = settings.keeper.poll_seconds

    report_ready()
    await run_together(
        run_loop(on_the_clock(release.step), name="release lots", stop=stop, poll_seconds=poll),
        run_loop(on_the_clock(close.step), name="close unreported", stop=stop, poll_seconds=poll),
        run_loop(on_the_clock(house.step), name="keep house", stop=stop, poll_seconds=HOUSE_SECONDS),
    )


async def run_reporter(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Deliver reports to customers."""
    settings = parts.settings.reports
    http = OutboundHttp(
        loopback_allowed=parts.settings.loopback_reports_allowed,
        limits=OutboundLimits(
            connect=settings.connect_seconds,
            request=settings.request_seconds,
            answer_octets=settings.max_answer_bytes,
            connections_per_origin=settings.connections_per_origin,
        ),
    )
    service = DeliverWebhooks(
        parts.database,
        http,
        parts.ids,
        holder=holder_name(),
        now=utc_now,
        monotonic=time.monotonic,
        draw=random.random,
        unseal=parts.sealer.open,
        pace=settings.schedule_scale,
        lease_seconds=settings.lease_seconds,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(http.aclose)
        listener = await stack.enter_async_context(WakeupListener(dsn, [REPORTS]))
        service.room = listener.event(REPORTS)
        await service.lease()
        report_ready()
        await run_together(
            run_loop(service.lease, name="lease buckets", stop=stop, poll_seconds=service.renew_seconds),
            run_loop(
                service.claim,
                name="claim reports",
                stop=stop,
                poll_seconds=settings.poll_seconds,
                wake=service.room,
            ),
            run_loop(service.record, name="record attempts", stop=stop, poll_seconds=1.0, wake=service.news),
        )
        await service.finish()


async def run_dispatcher(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Bind to carriers, submit, store receipts."""
    settings, receipts = parts.settings.dispatch, parts.settings.receipts

    async def load_carriers() -> Sequence[CarrierSettings]:
        return await enabled_carriers(parts)

    def make_recorder(carrier: CarrierSettings, sent: SentSegments) -> RecordReceipts:
        return RecordReceipts(
            carrier,
            sent,
            database=parts.database,
            ids=parts.ids,
            clock=time.monotonic,
            now=utc_now,
            settings=ReceiptSettings(
                collect=receipts.gather_seconds,
                silence=receipts.silence_seconds,
                look_again=receipts.unmatched_retry_seconds,
                poll=receipts.unmatched_retry_seconds,
            ),
        )

    async with WakeupListener(dsn, [LOTS]) as listener:
        service = DispatchService(
            parts.database,
            parts.ids,
            load_carriers=load_carriers,
            make_recorder=make_recorder,
            wake=listener.event(LOTS),
            holder=holder_name(),
            clock=time.monotonic,
            now=utc_now,
            settings=DispatchSettings(
                lease=settings.lease_seconds,
                margin=settings.lease_seconds / 5,
                poll=settings.poll_seconds,
                drain=settings.stop_seconds,
            ),
        )
        report_ready()
        await service.run(stop)


async def enabled_carriers(parts: Parts) -> list[CarrierSettings]:
    """The carriers to bind to, with their passwords."""
    async with parts.database.transaction() as tx:
        return [
            CarrierSettings(
                carrier_id=row.carrier_id,
                name=row.name,
                host=row.host,
                port=row.port,
                system_id=row.system_id,
                password=await carrier_password(tx, row.carrier_id, sealer=parts.sealer) or "",
                bind_mode=row.bind_mode,
                bind_count=row.bind_count,
                tls=row.tls,
                profile=row.profile,
                revision=row.revision,
            )
            for row in await list_carriers(tx)
            if row.enabled
        ]
