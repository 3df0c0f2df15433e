"""How fast the machine is just now: the CPU time of a fixed piece of work, taken again and again.

CPU time is not the same everywhere: a core that shares its execution units or its caches with a busy
neighbour gets less done in each second. Figures are comparable only where this one is.
"""

import asyncio
import statistics
import time
from types import TracebackType
from typing import Final, Self

_PAUSE_SECONDS: Final = 0.1
_STEPS: Final = 4_000


class MachineSpeed:
    """Measures while it is entered; ``microseconds`` is the median so far."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # A row that never yields to the loop would leave no sample at all.
        self._samples.append(_seconds_of_work())
        self._task = asyncio.create_task(self._measure(), name="machine speed")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        self._samples.append(_seconds_of_work())

    @property
    def microseconds(self) -> float:
        """Median CPU time of the work."""
        return round(statistics.median(self._samples) * 1e6, 1)

    async def _measure(self) -> None:
        while True:
            self._samples.append(_seconds_of_work())
            await asyncio.sleep(_PAUSE_SECONDS)


def _seconds_of_work() -> float:
    began = time.thread_time()
    table: dict[int, str] = {}
    for number in range(_STEPS):
        table[number & 255] = f"{number}"
    return time.thread_time() - began
