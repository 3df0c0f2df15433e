"""`heliograph handset`: what the simulated handsets got, and what their owners write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cyclopts import App, Parameter
from rich.text import Text

from heliograph.faces.cli.command_options import AsJson, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.server_urls import checked_url, connection_fault
from heliograph.faces.cli.terminal import console_for, done, print_json, show_rows
from heliograph.simulator.handset_client import HandsetClient, HandsetClientError

app = App(
    name="handset",
    help="Read, answer and send on the simulated handsets.",
    help_epilogue=examples(
        "heliograph handset read 46701740605",
        "heliograph handset answer 46701740605 'Yes, please'",
        "heliograph handset send 46701740605 46701740699 STOP",
    ),
)


@Parameter(name="*")
@dataclass(frozen=True)
class HandsetOptions:
    """Which simulated carrier, and how to answer."""

    url: str | None = None
    """Where the handsets are read (default: of the installation that runs on this machine)."""

    data: Path | None = None
    """Data directory of the embedded installation."""

    json: AsJson = False
    """Print JSON for programs."""

    def address(self, installation: InstallationArgument) -> str:
        """Where the handsets are."""
        return self.url or installation.handsets_url(self.data)


USUAL = HandsetOptions()


@app.command(name="list", help_epilogue=examples("heliograph handset list"))
async def list_all(*, options: HandsetOptions = USUAL, installation: InstallationArgument) -> None:
    """List every number that got a message, the latest one first."""
    async with reaching_handsets(options.address(installation)) as client:
        await show_handsets(client, as_json=options.json)


@app.command(
    help_epilogue=examples(
        "heliograph handset read 46701740605", "heliograph handset read 46701740605 --json"
    )
)
async def read(
    msisdn: str, /, *, options: HandsetOptions = USUAL, installation: InstallationArgument
) -> None:
    """Show the messages that a handset got, oldest first.

    Parameters
    ----------
    msisdn
        The number of the handset.
    """
    check_number(msisdn)
    async with reaching_handsets(options.address(installation)) as client:
        await show_messages(client, msisdn, as_json=options.json)


@app.command(help_epilogue=examples("heliograph handset answer 46701740605 'Yes, please'"))
async def answer(
    msisdn: str, text: str, /, *, options: HandsetOptions = USUAL, installation: InstallationArgument
) -> None:
    """Answer the latest message that a handset got.

    Parameters
    ----------
    msisdn
        The number of the handset.
    text
        What its owner writes.
    """
    check_number(msisdn)
    async with reaching_handsets(options.address(installation)) as client:
        messages = await client.list_messages(msisdn)
        if not messages:
            raise CommandRefused(
                f"{msisdn} got no message yet; write first: `heliograph handset send {msisdn} NUMBER TEXT`"
            )
        sender = messages[-1].sender
        if not sender.isdigit():
            raise CommandRefused(
                f"nobody can answer {sender}, which is no number: send as one, such as `heliograph send"
                f" --sender NUMBER Hello {msisdn}`"
            )
        await _send(client, msisdn, sender, text, as_json=options.json)


@app.command(help_epilogue=examples("heliograph handset send 46701740605 46701740699 STOP"))
async def send(
    msisdn: str,
    recipient: str,
    text: str,
    /,
    *,
    options: HandsetOptions = USUAL,
    installation: InstallationArgument,
) -> None:
    """Send an SMS from a handset to an inbound number.

    Parameters
    ----------
    msisdn
        The number of the handset.
    recipient
        The inbound number; see `heliograph number list`.
    text
        What its owner writes.
    """
    check_number(msisdn)
    check_number(recipient)
    async with reaching_handsets(options.address(installation)) as client:
        await _send(client, msisdn, recipient, text, as_json=options.json)


@app.command(help_epilogue=examples("heliograph handset clear", "heliograph handset clear 46701740605"))
async def clear(
    msisdn: str | None = None,
    /,
    *,
    options: HandsetOptions = USUAL,
    installation: InstallationArgument,
) -> None:
    """Forget the messages of a handset, or of all.

    Parameters
    ----------
    msisdn
        The number of one handset.
    """
    if msisdn is not None:
        check_number(msisdn)
    async with reaching_handsets(options.address(installation)) as client:
        await forget_messages(client, msisdn, as_json=options.json)


# --- Shared with `heliograph simulate handsets` ---


@asynccontextmanager
async def reaching_handsets(url: str) -> AsyncIterator[HandsetClient]:
    """The handsets at an address; a failure is one line for the person at the terminal."""
    try:
        async with HandsetClient(checked_url(url)) as client:
            yield client
    except HandsetClientError as error:
        if error.__cause__ is None:
            raise CommandRefused(str(error)) from None
        reason = connection_fault(error.__cause__)
        raise CommandRefused(f"the simulator at {url} does not answer: {reason}") from None


async def show_handsets(client: HandsetClient, *, as_json: bool) -> None:
    """List every number that got a message."""
    rows = [msgspec.structs.asdict(each) for each in await client.list_handsets()]
    columns = {"msisdn": "Number", "messages": "Messages", "arrived_at": "Latest"}
    show_rows(rows, columns, as_json=as_json, empty="No handset got a message yet.")


async def show_messages(client: HandsetClient, msisdn: str, *, as_json: bool) -> None:
    """Show what one number got, oldest first."""
    messages = await client.list_messages(msisdn)
    if as_json:
        print_json(messages)
        return
    console = console_for()
    if not messages:
        console.print(f"{msisdn} got no message yet.")
    for message in messages:
        parts = "" if message.segments == 1 else f", {message.segments} SMS"
        whole = "" if message.complete else ", incomplete"
        flash = ", flash" if message.flash else ""
        about = f"  {message.arrived_at:%Y-%m-%d %H:%M:%S}  {message.encoding}{parts}{flash}{whole}"
        console.print(Text.assemble((message.sender, "bold"), (about, "dim")), soft_wrap=True)
        console.print(message.text, markup=False, soft_wrap=True)
        console.print()


async def forget_messages(client: HandsetClient, msisdn: str | None, *, as_json: bool) -> None:
    """Forget the messages of one number, or of all."""
    await client.clear(msisdn)
    done("The messages are forgotten.", {"cleared": msisdn or "all"}, as_json=as_json)


async def _send(client: HandsetClient, msisdn: str, recipient: str, text: str, *, as_json: bool) -> None:
    segments = await client.send_message(msisdn, recipient, text)
    count = "1 SMS" if segments == 1 else f"{segments} SMS"
    document = {"sender": msisdn, "recipient": recipient, "text": text, "segments": segments}
    done(f"{msisdn} wrote to {recipient} ({count}).", document, as_json=as_json)


def check_number(text: str) -> None:
    """Refuse what is no phone number."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise CommandRefused(f"{text!r} is no phone number: digits only, country code first")
