"""The rows of the table: what each measures, and which figure must reach what."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from bench import smpp_session
from bench.accept_rows import accept_runs
from bench.growth_rows import LARGEST_REQUEST, growth_of_queue, large_beside
from bench.idle_row import idle_runs
from bench.load_client import Load
from bench.measurement import median_of
from bench.measuring_bed import MeasuringBed
from bench.sending_rows import send_runs

MANY: Final = 1_000
"""Recipients of a request with many."""


class Scale(NamedTuple):
    """How much is done."""

    messages: int = 20_000
    runs: int = 3
    past: int = 1_000_000
    """Delivered messages in the database beforehand."""
    depth: int = 1_000_000
    """Messages queued in the row about it."""
    idle_requests: int = 200


QUICK: Final = Scale(messages=2_000, runs=1, past=50_000, depth=100_000, idle_requests=40)


class Goal(NamedTuple):
    """What a figure of a row must reach, and what it should; ``at_most`` turns both round."""

    figure: str
    floor: float | None
    aim: float
    at_most: bool = False


class Row(NamedTuple):
    """One row."""

    name: str
    work: str
    measure: Callable[[MeasuringBed, Scale], Awaitable[dict[str, Any]]]
    goals: tuple[Goal, ...] = ()
    kannel: str = ""
    """What Kannel 1.4.5 does of the same work (file store, which never calls fsync)."""
    jasmin: str = ""
    """What Jasmin 0.11.1 does of the same work (queues that do not survive their broker)."""


def _sending(recipients: int, *, with_receipts: bool) -> Callable[[MeasuringBed, Scale], Awaitable[Any]]:
    async def measure(bed: MeasuringBed, scale: Scale) -> dict[str, Any]:
        load = Load(max(1, scale.messages // recipients), recipients)
        return median_of(await send_runs(bed, load, runs=scale.runs, with_receipts=with_receipts))

    return measure


def _accepting(recipients: int) -> Callable[[MeasuringBed, Scale], Awaitable[Any]]:
    async def measure(bed: MeasuringBed, scale: Scale) -> dict[str, Any]:
        load = Load(max(1, scale.messages // recipients), recipients)
        return median_of(await accept_runs(bed, load, runs=scale.runs))

    return measure


async def _idle(bed: MeasuringBed, scale: Scale) -> dict[str, Any]:
    return median_of(await idle_runs(bed, requests=scale.idle_requests, runs=scale.runs))


async def _session(bed: MeasuringBed, scale: Scale) -> dict[str, Any]:
    return smpp_session.run()


async def _queue(bed: MeasuringBed, scale: Scale) -> dict[str, Any]:
    return await growth_of_queue(bed, depth=scale.depth, messages=scale.messages, runs=scale.runs)


async def _beside(bed: MeasuringBed, scale: Scale) -> dict[str, Any]:
    return await large_beside(bed, runs=scale.runs, recipients=LARGEST_REQUEST)


_MEMORY: Final = Goal("peak_mb", 300, 200, at_most=True)

ROWS: Final = (
    Row(
        "accept-single",
        "durable before the answer, 1 recipient a request",
        _accepting(1),
        (Goal("rate_per_s", 4_000, 8_000), Goal("p99_ms", None, 20, at_most=True)),
        kannel="7,836/s, p99 10 ms",
        jasmin="1,456/s, p99 78 ms",
    ),
    Row("accept-1000", "durable before the answer, 1,000 recipients a request", _accepting(MANY)),
    Row(
        "accept-100k",
        "durable before the answer, 100,000 recipients in one request",
        _accepting(LARGEST_REQUEST),
        (Goal("rate_per_s", 30_000, 100_000),),
    ),
    Row(
        "smpp-session",
        "the SMPP session alone: submit, answer, receipt, on one loop",
        _session,
        (Goal("per_cpu_s", 100_000, 150_000),),
    ),
    Row(
        "submit-single",
        "submitted, no receipts, no reports, 1 recipient a request",
        _sending(1, with_receipts=False),
        (Goal("per_cpu_s", 4_000, 8_000),),
        kannel="6,944",
        jasmin="435",
    ),
    Row(
        "submit-batch",
        "submitted, no receipts, no reports, 1,000 recipients a request",
        _sending(MANY, with_receipts=False),
        (Goal("per_cpu_s", 8_000, 15_000),),
        kannel="11,905 (20 a request)",
    ),
    Row(
        "e2e-single",
        "receipt and one report a message, 1 recipient a request",
        _sending(1, with_receipts=True),
        (Goal("per_cpu_s", 2_300, 4_500), _MEMORY),
        kannel="2,257 (3,414/s), 50 MB",
        jasmin="150 (110/s), 384 MB",
    ),
    Row(
        "e2e-batch",
        "receipt and one report a message, 1,000 recipients a request",
        _sending(MANY, with_receipts=True),
        (Goal("per_cpu_s", 3_500, 7_000), _MEMORY),
        kannel="2,976 (4,274/s, 20 a request), 51 MB",
    ),
    Row(
        "idle-latency",
        "from the request to submit_sm on the wire, 20 requests a second",
        _idle,
        (Goal("p99_ms", 50, 20, at_most=True), Goal("p50_ms", None, 5, at_most=True)),
    ),
    Row(
        "large-beside",
        "single requests while one of 100,000 recipients is accepted",
        _beside,
        (Goal("p99_ratio", 3, 3, at_most=True), Goal("extra_mb", 250, 250, at_most=True)),
    ),
    Row(
        "growth-queue",
        "a message with 1,000,000 queued, against one with 1,000 queued",
        _queue,
        (Goal("ratio", 1.1, 1.1, at_most=True),),
    ),
)
"""In the order of measuring: the last one leaves much behind."""


def verdict(goal: Goal, value: float) -> str:
    """``aim`` or ``floor``, whichever the figure reaches, or ``missed``."""
    if _reaches(goal, value, goal.aim):
        return "aim"
    return "floor" if goal.floor is None or _reaches(goal, value, goal.floor) else "missed"


def _reaches(goal: Goal, value: float, bound: float) -> bool:
    return value <= bound if goal.at_most else value >= bound
