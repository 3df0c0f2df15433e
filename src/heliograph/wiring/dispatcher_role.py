"""The dispatcher process: binds to carriers, submits, stores receipts and messages from handsets."""

import asyncio
import time
from collections.abc import Sequence

from heliograph.carriers.carrier import CarrierSettings
from heliograph.carriers.sent_segments import SentSegments
from heliograph.services.dispatch_lots import DispatchService, DispatchSettings
from heliograph.services.record_receipts import ReceiptSettings, RecordReceipts
from heliograph.storage.carrier_settings import carrier_password, list_carriers
from heliograph.storage.wakeups import LOTS_CHANNEL, WakeupListener
from heliograph.supervisor import report_ready
from heliograph.wiring.parts import Parts, holder_name, utc_now


async def run_dispatcher(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Bind to carriers, submit, store receipts and messages from handsets."""
    settings, receipts = parts.settings.dispatch, parts.settings.receipts
    incoming = parts.take_incoming()

    async def load_carriers() -> Sequence[CarrierSettings]:
        return await enabled_carriers(parts)

    def make_recorder(carrier: CarrierSettings, sent: SentSegments) -> RecordReceipts:
        return RecordReceipts(
            carrier,
            sent,
            incoming=incoming,
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

    async with WakeupListener(dsn, [LOTS_CHANNEL]) as listener:
        service = DispatchService(
            parts.database,
            parts.ids,
            load_carriers=load_carriers,
            make_recorder=make_recorder,
            wake=listener.event(LOTS_CHANNEL),
            holder=holder_name(),
            clock=time.monotonic,
            now=utc_now,
            settings=DispatchSettings(
                lease=settings.lease_seconds,
                margin=settings.lease_seconds / 5,
                group=settings.gather_seconds,
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
