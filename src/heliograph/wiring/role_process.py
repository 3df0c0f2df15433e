"""One role in a process of its own, under a supervisor or alone."""

import asyncio
import os
import signal
import sys
from typing import Final

import structlog
import uvloop

from heliograph.settings import EMBEDDED_DSN_VARIABLE, Settings, SettingsError
from heliograph.storage.migrations_runner import MigrationError
from heliograph.storage.server_check import UnsuitableServer
from heliograph.supervisor import WRONG_CONFIGURATION, report_ready, stop_with_parent
from heliograph.telemetry import configure_logging, describe_error
from heliograph.wiring.administration import require_schema
from heliograph.wiring.parts import utc_now

FAILED: Final = 1

log = structlog.get_logger()


def run_role_process(role: str, settings: Settings) -> int:
    """Work until SIGTERM, SIGINT or the end of the supervisor; the exit code.

    It is 2 where another start would change nothing, which a supervisor takes for an answer, and 1 for
    whatever may pass, such as a database that cannot be reached.
    """
    set_up_logging(settings, role)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_work(role, settings))
    except (SettingsError, UnsuitableServer, MigrationError) as error:
        sys.stderr.write(f"heliograph: {role}: {error}\n")
        return WRONG_CONFIGURATION
    except Exception as error:
        log.critical("role.failed", error=describe_error(_first_of(error)))
        return FAILED
    return 0


def set_up_logging(settings: Settings, role: str) -> None:
    """Logs of this process as the settings say."""
    chosen = settings.log.format
    as_json = chosen == "json" or (chosen == "auto" and not sys.stderr.isatty())
    configure_logging(level=settings.log.level, as_json=as_json, role=role)


async def _work(role: str, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stop_with_parent(stop)
    if role == "simulator":
        return await _simulate(settings, stop)
    # Each role loads only what it needs: the carrier is a stranger to all of this.
    from heliograph.wiring.roles import run_role

    dsn = _dsn(settings)
    await require_schema(dsn)
    await run_role(role, settings, dsn, stop=stop)


async def _simulate(settings: Settings, stop: asyncio.Event) -> None:
    from heliograph.simulator.run_simulator import run_simulator
    from heliograph.wiring.simulated_carrier import simulator_settings

    await run_simulator(
        simulator_settings(settings), now=utc_now, stop=stop, on_ready=lambda address: report_ready()
    )


def _dsn(settings: Settings) -> str:
    dsn = settings.database_url or os.environ.get(EMBEDDED_DSN_VARIABLE)
    if not dsn:
        raise SettingsError("a role alone needs HELIOGRAPH_DATABASE_URL; `heliograph serve` runs all of them")
    return dsn


def _first_of(error: BaseException) -> BaseException:
    """The failure itself, where tasks that ran together wrapped it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
