"""The product as users run it: `heliograph serve`, or single roles of it, and what each process costs."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.process_accounting import forget_peak, living_children, memory_mb
from heliograph.parent_death import signal_at_parent_death

ROLES: Final = ("api", "dispatcher", "reporter", "keeper")
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 40.0


class ProductFailed(Exception):
    """The product did not start, or ended by itself; the end of its log."""


class RunningProduct:
    """Processes of the product on one database.

    ``roles`` None: all of them under their supervisor. Else these, each by itself, and with ``profiles``
    each writes what it spent its time on into a file of that folder.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        roles: Sequence[str] | None = None,
        *,
        profiles: Path | None = None,
    ) -> None:
        self.port = _free_port()
        self.members: dict[str, int] = {}
        """Process ids by role; the supervisor is one of them."""
        self._environment = {**os.environ, **environment, "HELIOGRAPH_HTTP_PORT": str(self.port)}
        self._log = log
        self._profiles = profiles
        self._roles = roles
        self._processes: list[asyncio.subprocess.Process] = []

    def __repr__(self) -> str:
        return f"<RunningProduct {self.members}>"

    async def start(self) -> None:
        """Start, and wait until the API answers and every role runs. Raises ProductFailed."""
        if self._roles is None:
            supervisor = await self._start("heliograph", "serve")
            await self._wait_until(lambda: self._found_roles(supervisor.pid))
        else:
            for role in self._roles:
                process = await self._start_role(role)
                self.members[role] = process.pid
        if "api" in self.members:
            await self._wait_until(self._is_reachable)

    async def _start_role(self, role: str) -> asyncio.subprocess.Process:
        if self._profiles is None:
            return await self._start("heliograph", "serve", "--role", role)
        return await self._start("bench.profile_role", role, str(self._profiles / role))

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *arguments),
                env=self._environment,
                stdout=log,
                stderr=log,
                preexec_fn=signal_at_parent_death(signal.SIGTERM),
            )
        self._processes.append(process)
        return process

    def _found_roles(self, supervisor: int) -> bool:
        found = {role_of(pid): pid for pid in living_children(supervisor)}
        found.pop("", None)
        self.members = {"supervisor": supervisor, **found}
        return found.keys() >= set(ROLES)

    def _is_reachable(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
            return True
        return False

    async def _wait_until(self, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not holds():
                    self._check_alive()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise ProductFailed(self._last_words()) from None

    def _check_alive(self) -> None:
        if any(process.returncode is not None for process in self._processes):
            raise ProductFailed(self._last_words())

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-20:])

    def peak_mb(self) -> float:
        """The peaks of all processes together."""
        return sum(memory_mb(pid) for pid in self.members.values())

    def forget_peaks(self) -> None:
        """Let the peaks begin anew."""
        for pid in self.members.values():
            forget_peak(pid)

    async def stop(self) -> None:
        """SIGTERM, and wait; by force if that takes too long."""
        for process in self._processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        self._processes.clear()
        self.members.clear()


def role_of(pid: int) -> str:
    """The role that the supervisor started a process for; empty for none."""
    try:
        arguments = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode().split("\0")
    except OSError:
        return ""
    return next((argument for argument in reversed(arguments) if argument in ROLES), "")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
