"""The reporter process: delivery reports to customers."""

import asyncio
import random
import time
from contextlib import AsyncExitStack

from heliograph.loop import run_loop
from heliograph.outbound_http import OutboundHttp, OutboundLimits
from heliograph.services.deliver_webhooks import DeliverWebhooks
from heliograph.storage.wakeups import REPORTS_CHANNEL, WakeupListener
from heliograph.supervisor import report_ready
from heliograph.wiring.parts import Parts, holder_name, run_together, utc_now


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
        listener = await stack.enter_async_context(WakeupListener(dsn, [REPORTS_CHANNEL]))
        service.room = listener.event(REPORTS_CHANNEL)
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
