"""A simulated carrier inside the test's own loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smsc import Smsc

NOW = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
SETTINGS = SimulatorSettings(
    system_id="heliograph",
    password="secret",
    receipt_delay=0.01,
    receipt_retry_delay=0.01,
    fixed_delay_factor=0.1,
    enquire_link_seconds=0.0,
    seed=1,
)


@asynccontextmanager
async def running_carrier(settings: SimulatorSettings = SETTINGS) -> AsyncIterator[tuple[Smsc, int]]:
    """The carrier and its port; its time of day stands still."""
    smsc = Smsc(settings, now=lambda: NOW)
    _, port = await smsc.start()
    try:
        yield smsc, port
    finally:
        await smsc.stop()
