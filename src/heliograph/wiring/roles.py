"""The processes of an installation by role."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Final

from heliograph.settings import Settings
from heliograph.wiring.parts import Parts, open_parts

Role = Callable[[Parts, str, asyncio.Event], Awaitable[None]]

ROLES: Final = {
    "api": "heliograph.wiring.api_role:run_api",
    "dispatcher": "heliograph.wiring.dispatcher_role:run_dispatcher",
    "reporter": "heliograph.wiring.reporter_role:run_reporter",
    "keeper": "heliograph.wiring.keeper_role:run_keeper",
}
"""Where each role is composed; a process loads its own only, which halves what the smaller ones hold."""
_GARBAGE_THRESHOLD: Final = (20_000, 20, 50)


async def run_role(role: str, settings: Settings, dsn: str, *, stop: asyncio.Event) -> None:
    """Work as one role until ``stop`` is set; tells the supervisor once it does.

    Raises UnsuitableServer or MigrationError for a database it must not work on.
    """
    module, _, name = ROLES[role].partition(":")
    run: Role = getattr(import_module(module), name)
    collect_seldom()
    async with open_parts(settings, dsn, role=role) as parts:
        await run(parts, dsn, stop)


def collect_seldom() -> None:
    """Spare a process that works as a role what the garbage collector would do in vain.

    What is loaded stays for ever, and hardly anything made for a message refers to itself: the collector need
    not look at the one and only seldom at the other.
    """
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLD)
