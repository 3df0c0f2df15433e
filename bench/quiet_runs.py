"""Runs of a row while the machine is quick: what a busy neighbour slowed is run again.

Chosen by the fixed work alone, never by the figures that are measured.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bench.machine_speed import MachineSpeed
from bench.measurement import Run

_SLOWER: Final = 1.25
"""A run is disturbed when the fixed work took so many times as long as on the idle machine; the load
itself, on cores that share their units, makes it a fifth longer."""
_TRIES: Final = 5
"""At most so many times as many runs as asked for."""
_IDLE_SECONDS: Final = 0.5
_REST_SECONDS: Final = 5.0
"""After a run that was disturbed: whoever disturbs may be gone then."""


class QuietMachine:
    """Makes runs, and knows the quickest that the machine was in any of them."""

    def __init__(self, *, rest_seconds: float = _REST_SECONDS) -> None:
        self._quickest_us = float("inf")
        self._rest_seconds = rest_seconds

    def __repr__(self) -> str:
        return f"<QuietMachine {self._quickest_us:g} us>"

    async def runs(self, once: Callable[[], Awaitable[Run]], runs: int) -> list[Run]:
        """``runs`` runs, none of them disturbed unless the machine stays slow; then the least disturbed."""
        async with MachineSpeed() as idle:
            await asyncio.sleep(_IDLE_SECONDS)
        self._saw(idle.microseconds)
        made: list[Run] = []
        while not self._is_enough(made, runs):
            async with MachineSpeed() as speed:
                run = await once()
            self._saw(speed.microseconds)
            made.append(run._replace(machine_us=speed.microseconds))
            if not self._is_quick(made[-1]):
                await asyncio.sleep(self._rest_seconds)
        return least_disturbed(made, runs)

    def _saw(self, microseconds: float) -> None:
        self._quickest_us = min(self._quickest_us, microseconds)

    def _is_enough(self, made: Sequence[Run], runs: int) -> bool:
        undisturbed = sum(map(self._is_quick, made))
        return undisturbed >= runs or len(made) >= runs * _TRIES

    def _is_quick(self, run: Run) -> bool:
        return run.machine_us <= _SLOWER * self._quickest_us


def least_disturbed(made: Sequence[Run], runs: int) -> list[Run]:
    """The ``runs`` of them during which the fixed work was quickest."""
    return sorted(made, key=lambda run: run.machine_us)[:runs]
