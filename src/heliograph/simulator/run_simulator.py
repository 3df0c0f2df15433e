"""The simulated carrier as a process of its own: SMPP on one port, handsets on another."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec
from aiohttp import web

from heliograph.simulator.handset_api import handset_api
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smsc import Smsc


class SimulatorAddress(msgspec.Struct, frozen=True):
    """Where it listens, free ports filled in."""

    smpp_host: str
    smpp_port: int
    http_host: str
    http_port: int

    @property
    def handsets_url(self) -> str:
        return f"http://{self.http_host}:{self.http_port}"


async def run_simulator(
    settings: SimulatorSettings,
    *,
    now: Callable[[], datetime],
    stop: asyncio.Event,
    on_ready: Callable[[SimulatorAddress], None],
) -> None:
    """Run until ``stop`` is set. ``now`` is the time of day, aware, UTC; ``on_ready`` hears the addresses.

    Raises OSError when a port is taken or the journal cannot be opened.
    """
    smsc = Smsc(settings, now=now)
    smpp_host, smpp_port = await smsc.start()
    runner = web.AppRunner(handset_api(smsc), access_log=None, shutdown_timeout=1.0)
    try:
        await runner.setup()
        site = web.TCPSite(runner, settings.http_host, settings.http_port)
        await site.start()
        http_host, http_port = runner.addresses[0][:2]
        on_ready(SimulatorAddress(smpp_host, smpp_port, http_host, http_port))
        await stop.wait()
    finally:
        await runner.cleanup()
        await smsc.stop()
