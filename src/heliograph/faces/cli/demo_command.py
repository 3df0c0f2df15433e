"""`heliograph demo`: everything at once, in under a minute, with nothing left behind."""

import asyncio
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from heliograph.faces.cli.api_client import Document
from heliograph.faces.cli.command_ground import Installation
from heliograph.faces.cli.command_options import AsJson, Flag, InstallationArgument
from heliograph.faces.cli.command_refused import INTERRUPTED
from heliograph.faces.cli.demo_process import DemoProcess, running_demo
from heliograph.faces.cli.demo_story import DemoStory, print_heading
from heliograph.faces.cli.first_words import TEST_NUMBER, curl_command
from heliograph.faces.cli.report_inbox import ReportInbox
from heliograph.faces.cli.terminal import console_for, print_json


async def demo(
    *,
    keep: Flag = False,
    json: AsJson = False,
    installation: InstallationArgument,
) -> int:
    """Start everything in a fresh folder, send messages over HTTP, follow them to the handset, and check it.

    The example of iP.1's page goes first, as it stands there; then a template
    with a long text. What arrives at the simulated handsets and in the delivery
    reports is compared with what should. If anything differs, one sentence says
    so and the exit code is 1.

    Parameters
    ----------
    keep
        Stay up afterwards, until Ctrl-C.
    json
        Print what was found as JSON; what people read goes to stderr.
    """
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await _run(console_for(to_stderr=json), installation, keep=keep, as_json=json)
    except asyncio.CancelledError:
        return INTERRUPTED
    return 0


async def _run(console: Console, installation: Installation, *, keep: bool, as_json: bool) -> None:
    began = time.monotonic()
    print_heading(console, "Heliograph")
    console.print("Starting PostgreSQL, a simulated carrier and four processes in a fresh folder ...")
    async with running_demo() as process:
        console.print(f"[green]Ready[/] after {time.monotonic() - began:.1f} s at {process.url}")
        async with ReportInbox(process.webhook_secret, now=installation.now) as inbox:
            story = DemoStory(console, process, inbox)
            await story.send_the_example()
            await story.send_a_template()
            await story.show_reports()
            await story.show_handset(installation.handsets_url(process.folder))
            async with installation.open_ground(process.folder) as ground:
                await story.prove_the_ledger(ground.database)
        _print_farewell(console, process, keep=keep)
        if as_json:
            print_json(_document(process, story, seconds=time.monotonic() - began))
        if keep:
            await _wait_for_the_end()
        console.print("Stopping ...")
    console.print(f"[green]Everything was as it should be.[/] {time.monotonic() - began:.0f} s in all.\n")


def _print_farewell(console: Console, process: DemoProcess, *, keep: bool) -> None:
    print_heading(console, "Go on by hand")
    if keep:
        console.print(f"Everything stays up until Ctrl-C. The API is described at {process.url}/docs\n")
        handset = f"heliograph handset read {TEST_NUMBER} --data {process.folder}"
    else:
        console.print("This installation ends now, and its address and key with it. Start one that stays:\n")
        console.print(Text(commands_to_stay(), style="cyan"), soft_wrap=True)
        console.print(
            "\nIt shows its own address and key, and a link into the portal in the browser, with a phone on"
            " the screen. Then send with a line like this:\n",
            soft_wrap=True,
        )
        handset = f"heliograph handset read {TEST_NUMBER}"
    console.print(Text(curl_command(process.url, process.key), style="cyan"), soft_wrap=True)
    console.print(Text(handset, style="cyan"), soft_wrap=True)
    console.print(f"\nThe API is described at {process.url}/docs\n", soft_wrap=True)


def commands_to_stay() -> str:
    """How to start `heliograph serve`: after `make demo` the shell does not know the command yet."""
    activate = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("heliograph") is not None or not activate.exists():
        return "heliograph serve"
    here = Path.cwd()
    shown = activate.relative_to(here) if activate.is_relative_to(here) else activate
    return f". {shlex.quote(str(shown))}\nheliograph serve"


def _document(process: DemoProcess, story: DemoStory, *, seconds: float) -> Document:
    return {
        "asItShouldBe": True,
        "seconds": round(seconds, 1),
        "address": process.url,
        "key": process.key,
        "data": str(process.folder),
        "batches": story.batches,
    }


async def _wait_for_the_end() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
