"""The processes of an installation by role."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from heliograph.settings import Settings
from heliograph.wiring.api_role import run_api
from heliograph.wiring.background_roles import run_dispatcher, run_keeper, run_reporter
from heliograph.wiring.parts import Parts, open_parts

Role = Callable[[Parts, str, asyncio.Event], Awaitable[None]]

ROLES: Final[dict[str, Role]] = {
    "api": run_api,
    "dispatcher": run_dispatcher,
    "reporter": run_reporter,
    "keeper": run_keeper,
}


async def run_role(role: str, settings: Settings, dsn: str, *, stop: asyncio.Event) -> None:
    """Work as one role until ``stop`` is set; tells the supervisor once it does.

    Raises UnsuitableServer or MigrationError for a database it must not work on.
    """
    async with open_parts(settings, dsn) as parts:
        await ROLES[role](parts, dsn, stop)
