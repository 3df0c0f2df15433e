"""Runs a step again and again: at once while there is work, else on a wake-up or after a jittered pause.

A wake-up is a hint that may get lost; the pause bounds what that costs. A step that fails is tried again
after a growing pause, and its failure is logged once for each kind until it succeeds.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from heliograph.telemetry import describe_error

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger()


async def run_loop(
    step: Callable[[], Awaitable[int]],
    *,
    name: str,
    stop: asyncio.Event,
    poll_seconds: float,
    wake: asyncio.Event | None = None,
    longest_pause_seconds: float = LONGEST_PAUSE_SECONDS,
) -> None:
    """Run ``step`` until ``stop`` is set; a step in progress is always finished.

    ``step`` returns how much it did: more than 0 asks to be called again at once. ``poll_seconds`` is the
    mean pause without work; each pause is 25 % shorter to longer, so that processes do not poll in step.
    """
    seen: set[str] = set()
    failures = 0
    while not stop.is_set():
        if wake is not None:
            wake.clear()  # before the step: a wake-up that comes during it asks for another one
        try:
            done = await step()
        except Exception as error:
            failures += 1
            _log_once(seen, name, error)
            await wait_for_any(stop, seconds=failure_pause(failures, longest_pause_seconds))
            continue
        if failures:
            log.info("loop.recovered", loop=name, failures=failures)
            seen.clear()
            failures = 0
        if done > 0:
            await asyncio.sleep(0)
        else:
            await wait_for_any(stop, wake, seconds=poll_seconds * random.uniform(0.75, 1.25))


def failure_pause(failures: int, longest_seconds: float) -> float:
    """Seconds to wait after that many failures in a row: doubling, half of it random."""
    pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 30), longest_seconds)
    return pause * random.uniform(0.5, 1.0)


async def wait_for_any(*events: asyncio.Event | None, seconds: float) -> None:
    """Return when one of the events is set, or after that many seconds."""
    present = [event for event in events if event is not None]
    if any(event.is_set() for event in present):
        return
    waiters = [asyncio.ensure_future(event.wait()) for event in present]
    try:
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()


def _log_once(seen: set[str], name: str, error: Exception) -> None:
    described = describe_error(error)
    if described not in seen:
        seen.add(described)
        log.error("loop.failed", loop=name, error=described)
