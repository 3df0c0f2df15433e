"""Rows that only accept: durable before the answer, with no dispatcher that would take the lots away."""

import asyncio

from bench.load_client import Load
from bench.measurement import Run, latencies_of
from bench.measuring_bed import SETTLE_SECONDS, MeasuringBed
from bench.run_checks import FUNDED, Expected, check_run, empty_queue, last_message
from bench.running_product import RunningProduct

ROLES = ("api", "reporter", "keeper")


async def accept_runs(bed: MeasuringBed, load: Load, *, runs: int) -> list[Run]:
    """Runs of a load, after one that only warms the product up; what was accepted is not sent."""
    async with bed.product(ROLES) as product:
        await accept_run(bed, product, load._replace(requests=max(1, load.requests // 20)))
        return await bed.machine.runs(lambda: accept_run(bed, product, load), runs)


async def accept_run(bed: MeasuringBed, product: RunningProduct, load: Load) -> Run:
    """One run, checked; the queue is empty afterwards."""
    count = load.requests * load.recipients
    await bed.prepare(product, load, with_reports=False)
    after = await last_message(bed.connection, bed.account.account_id)
    before = bed.reading(product)
    answers = await bed.send(load)
    await asyncio.sleep(SETTLE_SECONDS)
    ours, tools = bed.split(bed.reading(product).since(before))
    await check_run(bed.connection, bed.account.account_id, after, Expected(count, FUNDED, queued=count))
    await empty_queue(bed.connection)
    seconds = answers.ended - answers.began
    return Run(count, seconds, ours, tools, *latencies_of(answers), product.peak_mb())
