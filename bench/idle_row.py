"""How long a single message takes from the request to the wire when nothing else is to be done."""

import asyncio

from bench.latency import p50_p99_ms
from bench.load_client import Load, number_of
from bench.measurement import Run
from bench.measuring_bed import SETTLE_SECONDS, MeasuringBed
from bench.run_checks import AT_GATEWAY, Expected, check_run, is_all_answered, last_message, raise_differences
from bench.running_product import RunningProduct

PACE = 20.0
"""Requests a second: each finds the product at rest."""


async def idle_runs(bed: MeasuringBed, *, requests: int, runs: int) -> list[Run]:
    """Runs whose latencies go from the request, as the client sends it, to its submit_sm at the carrier."""
    async with bed.product() as product:
        await _idle_run(bed, product, max(1, requests // 10))
        return await bed.machine.runs(lambda: _idle_run(bed, product, requests), runs)


async def _idle_run(bed: MeasuringBed, product: RunningProduct, requests: int) -> Run:
    load = Load(requests, recipients=1, connections=4, pace=PACE)
    await bed.carrier.ask("send_receipts", False)
    first = await bed.prepare(product, load, with_reports=False)
    after = await last_message(bed.connection, bed.account.account_id)
    await bed.carrier.ask("note_arrivals")
    before = bed.reading(product)
    answers = await bed.send(load)
    await asyncio.sleep(SETTLE_SECONDS)
    await bed.wait_for(lambda: is_all_answered(bed.connection), "lots stayed in the queue")
    ours, tools = bed.split(bed.reading(product).since(before))
    arrivals: dict[str, float] = await bed.carrier.ask("arrivals")
    recipients = [number_of(first + place) for place in range(requests)]
    raise_differences({"recipients at the carrier": (arrivals.keys(), set(recipients))})
    await check_run(bed.connection, bed.account.account_id, after, Expected(requests, AT_GATEWAY, queued=0))
    took = [
        arrivals[recipient] - sent_at for recipient, sent_at in zip(recipients, answers.sent_at, strict=True)
    ]
    return Run(requests, answers.ended - answers.began, ours, tools, *p50_p99_ms(took), product.peak_mb())
