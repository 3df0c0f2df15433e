"""A tool in a process of its own: it answers questions over a pipe and ends with the bench.

The tools are not what is measured, so each runs apart and its CPU time is shown beside ours.
"""

import asyncio
import gc
import multiprocessing
import os
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any, Self

import uvloop

Answerer = Callable[..., Any]
Setup = Callable[..., Awaitable[dict[str, Answerer]]]
"""Prepares a tool in its running loop; what it can be asked, by name. Answers may be awaitables."""

_SECONDS_TO_END = 10.0


class ToolFailed(Exception):
    """A tool could not do what it was asked; its own words."""


class ChildProcess:
    """One tool. ``ask`` waits for its answer without holding up the loop. Use as a context."""

    def __init__(self, name: str, setup: Setup, *arguments: Any) -> None:
        self.name = name
        # Spawned, not forked: a tool shares neither loop nor memory with the bench.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_run_tool, args=(theirs, setup, arguments), name=name, daemon=True
        )
        self._process.start()
        theirs.close()
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<ChildProcess {self.name}[{self._process.pid}]>"

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        await self._answer()  # that of its setup
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._pipe.close()
        await asyncio.to_thread(self._process.join, _SECONDS_TO_END)
        if self._process.is_alive():
            self._process.kill()

    async def ask(self, question: str, *arguments: Any) -> Any:
        """The tool's answer. Raises ToolFailed."""
        async with self._turn:
            self._pipe.send((question, arguments))
            return await self._answer()

    async def _answer(self) -> Any:
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        loop.add_reader(self._pipe.fileno(), came.set)
        try:
            await came.wait()
        finally:
            loop.remove_reader(self._pipe.fileno())
        try:
            succeeded, answer = self._pipe.recv()
        except (EOFError, OSError):
            raise ToolFailed(f"{self.name} ended by itself") from None
        if not succeeded:
            raise ToolFailed(f"{self.name}: {answer}")
        return answer


def _run_tool(pipe: Pipe, setup: Setup, arguments: tuple[Any, ...]) -> None:
    gc.disable()  # short-lived, without cycles: collecting would only cost what is not ours
    uvloop.run(_serve(pipe, setup, arguments))


async def _serve(pipe: Pipe, setup: Setup, arguments: tuple[Any, ...]) -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    try:
        answers = await setup(*arguments)
        pipe.send((True, None))
    except Exception as error:
        pipe.send((False, repr(error)))
        return
    loop.add_reader(pipe.fileno(), asked.set)
    os.set_blocking(pipe.fileno(), True)  # uvloop undid it, and long answers are sent in one go
    while True:
        await asked.wait()
        asked.clear()
        try:
            question, given = pipe.recv()
        except EOFError:
            return
        try:
            answer = answers[question](*given)
            pipe.send((True, await answer if asyncio.iscoroutine(answer) else answer))
        except Exception as error:
            pipe.send((False, repr(error)))
