"""`heliograph simulate`: the simulated carrier alone, and what its handsets got."""

import asyncio
import signal
from pathlib import Path

import msgspec
from cyclopts import App

from heliograph.domain.carrier_rules import carrier_faults
from heliograph.faces.cli.command_options import AsJson, Flag, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.handset_commands import (
    check_number,
    forget_messages,
    reaching_handsets,
    show_handsets,
    show_messages,
)
from heliograph.faces.cli.terminal import done
from heliograph.simulator.run_simulator import SimulatorAddress, run_simulator
from heliograph.simulator.simulator_settings import SimulatorSettings

app = App(
    name="simulate",
    help_epilogue=examples(
        "heliograph simulate --smpp 127.0.0.1:2775 --system-id test --password test",
        "heliograph simulate handsets 46701740605",
    ),
)


@app.default
async def simulate(
    *,
    smpp: str = "127.0.0.1:2775",
    handsets: str = "127.0.0.1:2776",
    system_id: str = "test",
    password: str = "test",  # noqa: S107 - of a carrier that is a toy
    receipt_seconds: float = 1.0,
    journal: Path | None = None,
    json: AsJson = False,
    installation: InstallationArgument,
) -> None:
    """Run the simulated carrier alone, for any SMPP 3.4 client, until told to stop.

    Numbers from 46701740605 to 46701740699 have fixed outcomes; every other
    number is delivered.

    Parameters
    ----------
    smpp
        HOST:PORT where clients bind; port 0 takes any free one.
    handsets
        HOST:PORT where the handsets are read over HTTP.
    system_id
        Who may bind.
    password
        With which password, at most 8 characters.
    receipt_seconds
        How long after a submit its receipt comes.
    journal
        A file to which every submit, receipt and answer is appended.
    json
        Print the addresses as JSON.
    """
    for fault in carrier_faults(system_id=system_id, password=password):
        raise CommandRefused(fault.sentence)
    (smpp_host, smpp_port), (http_host, http_port) = _address(smpp), _address(handsets)
    wanted = {
        "system_id": system_id,
        "password": password,
        "smpp_host": smpp_host,
        "smpp_port": smpp_port,
        "http_host": http_host,
        "http_port": http_port,
        "receipt_delay": receipt_seconds,
        "journal": None if journal is None else str(journal),
    }
    try:
        settings = msgspec.convert(wanted, SimulatorSettings)
    except msgspec.ValidationError as error:
        raise CommandRefused(str(error)) from None

    def tell(address: SimulatorAddress) -> None:
        where = f"{address.smpp_host}:{address.smpp_port}"
        document = {"smpp": where, "handsets": address.handsets_url, "systemId": system_id}
        done(
            f"A simulated carrier takes binds of {system_id} at {where}.\n"
            f"Its handsets are read at {address.handsets_url}/handsets. Stop with Ctrl-C.",
            document,
            as_json=json,
        )

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await run_simulator(settings, now=installation.now, stop=stop, on_ready=tell)
    except OSError as error:
        raise CommandRefused(f"the simulated carrier cannot start: {error.strerror or error}") from None


@app.command(
    name="handsets",
    help_epilogue=examples(
        "heliograph simulate handsets",
        "heliograph simulate handsets 46701740605 --json",
    ),
)
async def read_handsets(
    msisdn: str | None = None,
    /,
    *,
    clear: Flag = False,
    url: str | None = None,
    data: Path | None = None,
    json: AsJson = False,
    installation: InstallationArgument,
) -> None:
    """Show what the simulated handsets got: all of them, or the messages of one.

    Parameters
    ----------
    msisdn
        The number of one handset.
    clear
        Forget the messages instead.
    url
        Where the handsets are read (default: of the installation that runs on this machine).
    data
        Data directory of the embedded installation.
    json
        Print JSON for programs.
    """
    if msisdn is not None:
        check_number(msisdn)
    async with reaching_handsets(url or installation.handsets_url(data)) as client:
        if clear:
            await forget_messages(client, msisdn, as_json=json)
        elif msisdn is None:
            await show_handsets(client, as_json=json)
        else:
            await show_messages(client, msisdn, as_json=json)


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not separator or not bare or not (port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise CommandRefused(f"{text!r} is no HOST:PORT, such as 127.0.0.1:2775")
    return bare, int(port)
