"""Rows that send: submitted to the carrier, or all the way to the customer's report."""

import asyncio
import time

from bench.load_client import Load
from bench.measurement import Run, latencies_of
from bench.measuring_bed import SETTLE_SECONDS, MeasuringBed
from bench.run_checks import (
    AT_GATEWAY,
    DELIVERED,
    Expected,
    check_run,
    is_all_answered,
    is_all_reported,
    last_message,
    raise_differences,
)
from bench.running_product import RunningProduct


async def send_runs(bed: MeasuringBed, load: Load, *, runs: int, with_receipts: bool) -> list[Run]:
    """Runs of a load through the whole product, after one that only warms it up.

    ``with_receipts``: every message gets a receipt and a report, and a run ends with the last report. Else
    it ends when the last answer of the carrier is stored.
    """
    async with bed.product() as product:
        warming = load._replace(requests=max(1, load.requests // 20))
        await send_run(bed, product, warming, with_receipts=with_receipts)
        return await bed.machine.runs(lambda: send_run(bed, product, load, with_receipts=with_receipts), runs)


async def send_run(bed: MeasuringBed, product: RunningProduct, load: Load, *, with_receipts: bool) -> Run:
    """One run, checked."""
    count = load.requests * load.recipients
    await bed.carrier.ask("send_receipts", with_receipts)
    await bed.sink.ask("forget")
    await bed.prepare(product, load, with_reports=with_receipts)
    after = await last_message(bed.connection, bed.account.account_id)
    submits = await bed.carrier.ask("submits")
    before = bed.reading(product)
    answers = await bed.send(load)

    async def is_submitted() -> bool:
        return bool(await bed.carrier.ask("submits") >= submits + count)

    async def is_reported() -> bool:
        return bool(await bed.sink.ask("unique") >= count)

    await bed.wait_for(is_submitted, "not every message reached the carrier")
    if with_receipts:
        ended = await bed.wait_for(is_reported, "not every message was reported")
        await bed.wait_for(lambda: is_all_reported(bed.connection), "reports stayed in the queue")
    await bed.wait_for(lambda: is_all_answered(bed.connection), "lots stayed in the queue")
    if not with_receipts:
        ended = time.monotonic()
    await asyncio.sleep(SETTLE_SECONDS)
    ours, tools = bed.split(bed.reading(product).since(before))
    code = DELIVERED if with_receipts else AT_GATEWAY
    await check_run(bed.connection, bed.account.account_id, after, Expected(count, code, queued=0))
    await _check_tools(bed, submits + count, count if with_receipts else 0)
    return Run(count, ended - answers.began, ours, tools, *latencies_of(answers), product.peak_mb())


async def _check_tools(bed: MeasuringBed, submits: int, reports: int) -> None:
    """Nothing was submitted twice, and the customer was told each final code, once."""
    received = await bed.sink.ask("received")
    raise_differences(
        {
            "submits": (await bed.carrier.ask("submits"), submits),
            "reports by code": (received.codes, {DELIVERED: reports} if reports else {}),
            "different reports": (received.unique, reports),
        }
    )
