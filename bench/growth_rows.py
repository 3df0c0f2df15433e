"""What growth costs: a message in a deep queue, and a large request to the others and to memory."""

import asyncio
import statistics
from typing import Any

from bench import load_client
from bench.child_process import ChildProcess
from bench.latency import p50_p99_ms
from bench.load_client import Answers, Load
from bench.measurement import microseconds_each
from bench.measuring_bed import MeasuringBed
from bench.process_accounting import memory_mb
from bench.run_checks import empty_queue, is_all_answered, raise_differences
from bench.running_product import RunningProduct

SMALL_QUEUE = 1_000
LARGEST_REQUEST = 100_000
_BESIDE_PACE = 100.0
_QUEUED = "SELECT coalesce(sum(segment_count - next_segment), 0)::bigint FROM lot"


async def growth_of_queue(bed: MeasuringBed, *, depth: int, messages: int, runs: int) -> dict[str, Any]:
    """CPU of a message, accept to stored answer, with 1,000 queued and with ``depth``.

    The queue stays as deep as it is: 1,000 are accepted whenever 1,000 were submitted.
    """
    await bed.carrier.ask("send_receipts", False)
    async with bed.product() as product:
        await _steady_run(bed, product, messages // 4)
        shallow = [await _steady_run(bed, product, messages) for _ in range(runs)]
        await bed.wait_for(lambda: is_all_answered(bed.connection), "lots stayed in the queue")
    await _fill(bed, depth)
    async with bed.product() as product:
        await _steady_run(bed, product, messages // 4)
        deep = [await _steady_run(bed, product, messages) for _ in range(runs)]
        left = await bed.connection.fetchval(_QUEUED)
        peak = product.peak_mb()
    raise_differences({"the queue stayed deep": (left > depth * 0.9, True)})
    await empty_queue(bed.connection)
    at_depth, at_small = (_middle(runs_) for runs_ in (deep, shallow))
    each, each_before = sum(at_depth.values()), sum(at_small.values())
    return {
        "rate_per_s": None,
        "per_cpu_s": round(messages / each),
        "p50_ms": None,
        "p99_ms": None,
        "peak_mb": round(peak, 1),
        "depth": left,
        "ratio": round(each / each_before, 3),
        "per_cpu_s_at_1000": round(messages / each_before),
        "per_cpu_s_of_runs": [round(messages / sum(run.values())) for run in deep],
        "per_cpu_s_of_runs_at_1000": [round(messages / sum(run.values())) for run in shallow],
        "cpu_us_each": microseconds_each(at_depth, messages),
        "cpu_us_each_at_1000": microseconds_each(at_small, messages),
    }


def _middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """The run whose sum is the median."""
    return sorted(runs, key=lambda run: sum(run.values()))[len(runs) // 2]


async def _steady_run(bed: MeasuringBed, product: RunningProduct, messages: int) -> dict[str, float]:
    """CPU seconds by process while ``messages`` are accepted and as many others are submitted."""
    load = Load(1, recipients=SMALL_QUEUE)
    submits = await bed.carrier.ask("submits")
    before = bed.reading(product)
    for accepted in range(0, messages, SMALL_QUEUE):
        await _wait_for_submits(bed, submits + accepted)
        await bed.prepare(product, load, with_reports=False)
        await bed.send(load)
    await _wait_for_submits(bed, submits + messages)
    ours, _ = bed.split(bed.reading(product).since(before))
    return ours


async def _wait_for_submits(bed: MeasuringBed, submits: int) -> None:
    async def reached() -> bool:
        return bool(await bed.carrier.ask("submits") >= submits)

    await bed.wait_for(reached, "the dispatcher stood still")


async def _fill(bed: MeasuringBed, depth: int) -> None:
    """Accept ``depth`` messages that nobody dispatches yet, and let the database settle."""
    load = Load(max(1, depth // LARGEST_REQUEST), recipients=min(depth, LARGEST_REQUEST), connections=1)
    async with bed.product(("api",)) as product:
        await bed.prepare(product, load, with_reports=False)
        await bed.send(load)
    raise_differences({"segments queued": (await bed.connection.fetchval(_QUEUED), depth)})
    await bed.settle_database()


async def large_beside(bed: MeasuringBed, *, runs: int, recipients: int) -> dict[str, Any]:
    """What a request of 100,000 takes in memory, and what it does to single requests meanwhile."""
    singles = Load(round(_BESIDE_PACE * 3), recipients=1, connections=10, pace=_BESIDE_PACE)
    await bed.carrier.ask("send_receipts", False)
    async with bed.product() as product, ChildProcess("large client", load_client.set_up) as large:
        await _alone(bed, product, singles)
        usual, beside, seconds, extra = [], [], [], []
        for _ in range(runs):
            usual += await _alone(bed, product, singles)
            began = {role: memory_mb(pid, "VmRSS") for role, pid in product.members.items()}
            product.forget_peaks()
            took, latencies = await _beside(bed, product, singles, large, recipients)
            beside += latencies
            seconds.append(took)
            extra.append(product.peak_mb() - sum(began.values()))
            await bed.wait_for(lambda: is_all_answered(bed.connection), "lots stayed in the queue")
    (p50, p99), (usual_p50, usual_p99) = p50_p99_ms(beside), p50_p99_ms(usual)
    return {
        "rate_per_s": round(recipients / statistics.median(seconds)),
        "per_cpu_s": None,
        "p50_ms": round(p50, 2),
        "p99_ms": round(p99, 2),
        "peak_mb": None,
        "usual_p50_ms": round(usual_p50, 2),
        "usual_p99_ms": round(usual_p99, 2),
        "p99_ratio": round(p99 / usual_p99, 2),
        "extra_mb": round(max(extra), 1),
        "singles_beside": len(beside),
        "seconds_of_large": [round(took, 2) for took in seconds],
    }


async def _alone(bed: MeasuringBed, product: RunningProduct, singles: Load) -> list[float]:
    await bed.prepare(product, singles, with_reports=False)
    return (await bed.send(singles)).latencies


async def _beside(
    bed: MeasuringBed, product: RunningProduct, singles: Load, large: ChildProcess, recipients: int
) -> tuple[float, list[float]]:
    """Seconds of the large request, and the latencies of the singles that were sent during it."""
    request = Load(1, recipients=recipients, connections=1)
    await bed.prepare(product, singles, with_reports=False)
    await bed.prepare(product, request, with_reports=False, client=large)
    sending = asyncio.create_task(bed.send(singles))
    await asyncio.sleep(0.3)
    whole: Answers = await bed.send(request, client=large)
    others = await sending
    during = [
        latency
        for sent_at, latency in zip(others.sent_at, others.latencies, strict=True)
        if whole.began <= sent_at <= whole.ended
    ]
    return whole.ended - whole.began, during
