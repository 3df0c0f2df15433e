"""One role's process in a crash run, as a supervisor would keep it: started again whenever it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from heliograph.failpoints import VARIABLE
from heliograph.supervisor import PARENT_VARIABLE, READY_VARIABLE

BYTECODE = Path(__file__).parents[2] / ".pytest_cache" / "bytecode"
"""Compiled once for all processes, even where Python was told to write nothing beside its source."""
RESTART_SECONDS = 0.2
STOP_SECONDS = 20.0


class Member:
    """Its life after life, until it is stopped. ``environment`` is added to ours."""

    def __init__(self, role: str, environment: Mapping[str, str], log: Path) -> None:
        self.role = role
        self.deaths = 0
        """How often it was killed."""
        self.ended_with: list[int] = []
        """Exit codes of lives that nobody ended."""
        self.ready = asyncio.Event()
        """Set while it does its work."""
        self._environment = dict(environment)
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_asked_to_stop = False
        self._is_over = False

    def __repr__(self) -> str:
        return f"<Member {self.role} ready={self.ready.is_set()} deaths={self.deaths} {self.ended_with}>"

    def start(self, failpoint: str = "") -> None:
        """Start it; a failpoint is armed for its first life only."""
        self._task = asyncio.create_task(self._keep_running(failpoint), name=self.role)

    def kill(self) -> None:
        """kill -9."""
        self._send(signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """SIGTERM; once it has ended in good order, it is started again."""
        self._is_asked_to_stop = True
        self._send(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: it neither lives nor dies, as a machine that swaps or a virtual one that is moved."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on as if no time had passed."""
        self._send(signal.SIGCONT)

    async def stop(self) -> None:
        """SIGTERM for good, and wait; kill -9 if it takes too long."""
        self._is_over = True
        if self._task is None:
            return
        self.thaw()
        self.ask_to_stop()
        await asyncio.wait([self._task], timeout=STOP_SECONDS)
        self.kill()
        await self._task

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _keep_running(self, failpoint: str) -> None:
        armed = {VARIABLE: failpoint} if failpoint else {}
        while not self._is_over:
            code = await self._live(armed)
            if code == -signal.SIGKILL:
                self.deaths += 1
            elif code or not self._is_asked_to_stop:
                self.ended_with.append(code)
            self._is_asked_to_stop = False
            armed = {}
            await asyncio.sleep(0 if self._is_over else RESTART_SECONDS)

    async def _live(self, armed: Mapping[str, str]) -> int:
        """One life, from start to end; its exit code."""
        says_ready, ready_pipe = os.pipe()
        parent_pipe, ends_with_us = os.pipe()
        loop = asyncio.get_running_loop()
        pipes = {READY_VARIABLE: str(ready_pipe), PARENT_VARIABLE: str(parent_pipe)}
        try:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "heliograph.wiring.supervised_role", self.role),
                    env={**_clean_environment(), **self._environment, **armed, **pipes},
                    pass_fds=(ready_pipe, parent_pipe),
                    stdout=log,
                    stderr=log,
                )
            os.close(ready_pipe)
            loop.add_reader(says_ready, self._hear, says_ready)
            return await self._process.wait()
        finally:
            loop.remove_reader(says_ready)
            self.ready.clear()
            for descriptor in (says_ready, parent_pipe, ends_with_us):
                os.close(descriptor)

    def _hear(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        if os.read(descriptor, 16):
            self.ready.set()


def _clean_environment() -> dict[str, str]:
    """Ours without settings of Heliograph."""
    left_out = ("HELIOGRAPH_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "PYTHONPYCACHEPREFIX": str(BYTECODE)}
