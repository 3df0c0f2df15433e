"""Starts the processes of an installation, starts them again when they die, and ends them together.

A child tells through an inherited pipe that it is ready, and watches another one that closes when the
supervisor dies; on Linux the kernel signals it as well. Ctrl-C at the terminal reaches the supervisor only,
which passes it on.
"""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from heliograph.loop import failure_pause, wait_for_any
from heliograph.parent_death import signal_at_parent_death

READY_VARIABLE = "_HELIOGRAPH_READY_PIPE"
PARENT_VARIABLE = "_HELIOGRAPH_PARENT_PIPE"
WRONG_CONFIGURATION = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildProgram:
    """A process to keep running; ``environment`` is added to ours, ``descriptors`` are inherited.

    It is started once the program ``after`` was ready, or had the time to be, and that one is asked to stop
    only once this one has ended.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: Sequence[int] = ()
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long and how often the supervisor waits."""

    ready_seconds: float = 60.0  # a child that is not ready by then is started again
    stop_seconds: float = 40.0  # then children that are still there are killed
    quick_seconds: float = 10.0  # a life shorter than this is a failed start
    longest_pause_seconds: float = 30.0
    failed_starts: int = 5  # in a row, of a child that never was ready: then give up


class Supervisor:
    """Keeps the programs running until it is asked to stop; use once.

    ``on_ready`` is called each time all children are ready, with nothing restarting.
    """

    def __init__(
        self,
        programs: Sequence[ChildProgram],
        *,
        patience: Patience | None = None,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._on_ready = on_ready
        self._children = [_Child(program, self) for program in programs]
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._exit_code = 0
        self._parent_pipe = -1

    def __repr__(self) -> str:
        return f"<Supervisor {' '.join(map(str, self._children))}>"

    async def run(self) -> int:
        """Run until SIGTERM, SIGINT or ``stop``; a second signal ends the children by force.

        Returns the exit code: 0 after an orderly stop, 2 when a child found its configuration wrong, 1 when
        a child could not be started at all.
        """
        watched, self._parent_pipe = os.pipe()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        try:
            async with asyncio.TaskGroup() as group:
                for child in self._children:
                    group.create_task(child.keep_running(watched), name=f"child {child.program.name}")
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            os.close(watched)
            os.close(self._parent_pipe)
        return self._exit_code

    def stop(self) -> None:
        """Begin an orderly stop of all children."""
        self._stop.set()

    def _on_signal(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def give_up(self, exit_code: int) -> None:
        """Begin an orderly stop of all children, with an exit code that says what it is for."""
        self._exit_code = self._exit_code or exit_code
        self._stop.set()

    async def _wait_for(self, name: str | None) -> None:
        """Wait until a program was ready once, or we are to stop, or it had the time."""
        for child in self._children:
            if child.program.name == name:
                await wait_for_any(self._stop, child.was_ready, seconds=self._patience.ready_seconds)

    async def _until_nobody_needs(self, name: str) -> None:
        """Wait until the programs that are started after a program have ended, or had the time."""
        for child in self._children:
            if child.program.after == name:
                await wait_for_any(self._hurry, child.has_ended, seconds=self._patience.stop_seconds)

    def _child_is_ready(self) -> None:
        if self._on_ready is not None and all(child.is_ready for child in self._children):
            self._on_ready()


class _Child:
    """One program: its present process, and how its starts went so far."""

    def __init__(self, program: ChildProgram, supervisor: Supervisor) -> None:
        self.program = program
        self.is_ready = False
        self._supervisor = supervisor
        self._patience = supervisor._patience
        self._came_up = False  # in its present life
        self.was_ready = asyncio.Event()  # in any life
        self.has_ended = asyncio.Event()  # for good
        self._failed_starts = 0
        self._process: Process | None = None

    def __str__(self) -> str:
        pid = self._process.pid if self._process else "-"
        return f"{self.program.name}[{pid}]={'ready' if self.is_ready else 'down'}"

    async def keep_running(self, watched: int) -> None:
        try:
            await self._keep_running(watched)
        finally:
            self.has_ended.set()

    async def _keep_running(self, watched: int) -> None:
        stop = self._supervisor._stop
        await self._supervisor._wait_for(self.program.after)
        while not stop.is_set():
            born = asyncio.get_running_loop().time()
            self._came_up = False
            exit_code = await self._live(watched)
            if stop.is_set():
                return
            lived = asyncio.get_running_loop().time() - born
            failed_start = not self._came_up or lived < self._patience.quick_seconds
            self._failed_starts = self._failed_starts + 1 if failed_start else 1
            if self._is_hopeless(exit_code):
                return
            pause = failure_pause(self._failed_starts, self._patience.longest_pause_seconds)
            log.error(
                "child.died", child=self.program.name, exit_code=exit_code, restart_seconds=round(pause, 2)
            )
            await wait_for_any(stop, seconds=pause)

    def _is_hopeless(self, exit_code: int) -> bool:
        wrong = exit_code == WRONG_CONFIGURATION
        # A child that worked before is tried for ever: the others still do their part.
        if wrong or (not self.was_ready.is_set() and self._failed_starts >= self._patience.failed_starts):
            log.error("child.given_up", child=self.program.name, exit_code=exit_code)
            self._supervisor.give_up(WRONG_CONFIGURATION if wrong else 1)
            return True
        return False

    async def _live(self, watched: int) -> int:
        """One life of the process, from start to end; its exit code."""
        ready_read, ready_write = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.program.argv,
                env={
                    **os.environ,
                    **self.program.environment,
                    READY_VARIABLE: str(ready_write),
                    PARENT_VARIABLE: str(watched),
                },
                pass_fds=(ready_write, watched, *self.program.descriptors),
                start_new_session=True,
                preexec_fn=signal_at_parent_death(signal.SIGTERM),
            )
        except OSError as error:
            os.close(ready_read)
            log.error("child.not_started", child=self.program.name, reason=error.strerror)
            return 127
        finally:
            os.close(ready_write)
        self._process = process
        try:
            return await self._attend(process, ready_read)
        finally:
            self.is_ready = False
            self._process = None

    async def _attend(self, process: Process, ready_read: int) -> int:
        ended = asyncio.ensure_future(process.wait())
        stop = asyncio.ensure_future(self._supervisor._stop.wait())
        ready = asyncio.ensure_future(_says_ready(ready_read))
        try:
            first = asyncio.FIRST_COMPLETED
            patience = self._patience.ready_seconds
            await asyncio.wait((ended, stop, ready), timeout=patience, return_when=first)
            if ready.done() and ready.result():
                self._note_ready()
                await asyncio.wait((ended, stop), return_when=first)
            elif ready.done():
                # It closed the pipe without the word: it is ending, or will never say it.
                await asyncio.wait((ended, stop), timeout=patience, return_when=first)
            await self._end(process, ended)
            return ended.result()
        finally:
            for task in (stop, ready, ended):
                task.cancel()
            if ended.cancelled() or not ended.done():
                _send(process, signal.SIGKILL)
                # Whoever goes on before it is reaped leaves a transport that no loop will ever close.
                await process.wait()

    def _note_ready(self) -> None:
        self.is_ready = self._came_up = True
        self.was_ready.set()
        log.info("child.ready", child=self.program.name)
        self._supervisor._child_is_ready()

    async def _end(self, process: Process, ended: asyncio.Future[int]) -> None:
        if ended.done():
            return
        if self._supervisor._stop.is_set():
            await self._supervisor._until_nobody_needs(self.program.name)
        _send(process, signal.SIGTERM)
        hurry = asyncio.ensure_future(self._supervisor._hurry.wait())
        await asyncio.wait(
            (ended, hurry), timeout=self._patience.stop_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        hurry.cancel()
        if not ended.done():
            log.warning("child.killed", child=self.program.name)
            _send(process, signal.SIGKILL)
            await ended


def report_ready() -> None:
    """In a child: tell the supervisor, if there is one, that this process does its work."""
    descriptor = os.environ.pop(READY_VARIABLE, None)
    if descriptor is not None:
        with contextlib.suppress(BrokenPipeError):
            os.write(int(descriptor), b"ready\n")
        os.close(int(descriptor))


def stop_with_parent(stop: asyncio.Event, *, patience_seconds: float = 40.0) -> None:
    """In a child: set ``stop`` when the supervisor dies, and end by force if that takes too long."""
    descriptor = os.environ.get(PARENT_VARIABLE)
    if descriptor is None:
        return
    loop = asyncio.get_running_loop()

    def parent_died() -> None:
        loop.remove_reader(int(descriptor))
        stop.set()
        loop.call_later(patience_seconds, os._exit, 1)

    loop.add_reader(int(descriptor), parent_died)


def _send(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


async def _says_ready(descriptor: int) -> bool:
    """Wait for the child's word, or for the end of the pipe; closes it."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
        return os.read(descriptor, 16) == b"ready\n"
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
