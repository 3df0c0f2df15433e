import asyncio
import re

import pytest
import structlog.testing
from hypothesis import given
from hypothesis import strategies as st

from heliograph.loop import FIRST_PAUSE_SECONDS, failure_pause, run_loop, wait_for_any

LONG = 3600.0


class Steps:
    """A step that gives the planned answers, one a call, and then asks the loop to stop."""

    def __init__(self, *answers: int | Exception) -> None:
        self.stop = asyncio.Event()
        self.calls = 0
        self._answers = list(answers)

    async def __call__(self) -> int:
        self.calls += 1
        answer = self._answers.pop(0)
        if not self._answers:
            self.stop.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def run(
    steps: Steps, *, wake: asyncio.Event | None = None, poll_seconds: float = LONG, pause: float = 0.0
) -> None:
    async with asyncio.timeout(60):
        await run_loop(
            steps,
            name="test",
            stop=steps.stop,
            wake=wake,
            poll_seconds=poll_seconds,
            longest_pause_seconds=pause,
        )


async def test_work_done_asks_for_the_next_step_at_once() -> None:
    steps = Steps(5, 1, 100, 0)
    await run(steps)
    assert steps.calls == 4


async def test_without_work_it_polls() -> None:
    steps = Steps(0, 0, 0)
    await run(steps, poll_seconds=0.001)
    assert steps.calls == 3


async def test_a_wakeup_ends_the_pause() -> None:
    wake = asyncio.Event()
    steps = Steps(0, 0)
    task = asyncio.create_task(run(steps, wake=wake))
    while steps.calls == 0:
        await asyncio.sleep(0)
    wake.set()
    await task
    assert steps.calls == 2


async def test_a_wakeup_during_a_step_is_not_lost() -> None:
    wake = asyncio.Event()
    stop = asyncio.Event()
    calls: list[int] = []

    async def step() -> int:
        calls.append(1)
        if len(calls) == 1:
            wake.set()
        else:
            stop.set()
        return 0

    async with asyncio.timeout(60):
        await run_loop(step, name="test", stop=stop, wake=wake, poll_seconds=LONG)
    assert len(calls) == 2


async def test_stopping_lets_the_step_end_and_begins_no_other() -> None:
    stop, began, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()
    ended: list[bool] = []

    async def step() -> int:
        began.set()
        await may_end.wait()
        ended.append(True)
        return 1

    loop = asyncio.create_task(run_loop(step, name="test", stop=stop, poll_seconds=LONG))
    await began.wait()
    stop.set()
    await asyncio.sleep(0)
    assert not loop.done()
    may_end.set()
    await loop
    assert ended == [True]


async def test_stopping_ends_a_pause() -> None:
    stop = asyncio.Event()

    async def step() -> int:
        asyncio.get_running_loop().call_soon(stop.set)
        return 0

    async with asyncio.timeout(60):
        await run_loop(step, name="test", stop=stop, poll_seconds=LONG)


async def test_a_failure_is_logged_once_for_each_kind_and_its_end_too() -> None:
    steps = Steps(*[OSError("46701234567")] * 3, ValueError(), ValueError(), 1, OSError(), 0)
    with structlog.testing.capture_logs() as logs:
        await run(steps)
    assert steps.calls == 8
    seen = [(line["event"], re.sub(r" at .*", "", str(line.get("error", "")))) for line in logs]
    assert seen == [
        ("loop.failed", "OSError"),
        ("loop.failed", "ValueError"),
        ("loop.recovered", ""),
        ("loop.failed", "OSError"),
        ("loop.recovered", ""),
    ]
    assert "46701234567" not in str(logs)


async def test_a_cancelled_step_ends_the_loop() -> None:
    async def step() -> int:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run_loop(step, name="test", stop=asyncio.Event(), poll_seconds=LONG)


@given(failures=st.integers(1, 10_000), longest=st.floats(0.1, 3600))
def test_the_pause_after_failures_grows_to_its_limit(failures: int, longest: float) -> None:
    pause = failure_pause(failures, longest)
    full = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 100), longest)
    assert full / 2 <= pause <= full


async def test_waiting_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    await wait_for_any(asyncio.Event(), None, asyncio.Event(), seconds=0.001)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
