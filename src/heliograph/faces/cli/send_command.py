"""`heliograph send`: a text from the terminal, over the API, followed to the handset."""

import asyncio
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from heliograph.domain.status import BatchStatus, Code, is_final
from heliograph.faces.cli.api_client import ApiClient, Document
from heliograph.faces.cli.command_options import AsJson, Flag, InstallationArgument
from heliograph.faces.cli.command_refused import NOT_AS_IT_SHOULD_BE, CommandRefused
from heliograph.faces.cli.standard_input import is_standard_input
from heliograph.faces.cli.status_words import codes_of, journey_text, status_sentence, status_text
from heliograph.faces.cli.terminal import console_for, print_json, print_table

POLL_SECONDS: Final = 0.25
SHOWN_MESSAGES: Final = 20
"""A batch of at most so many messages is shown message by message, a larger one by status."""


async def send(
    text: str,
    recipients: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    /,
    *,
    file: Path | None = None,
    sender: str = "iP1",
    datacoding: Literal["auto", "gsm", "ucs"] = "auto",
    flash: Flag = False,
    priority: Literal[1, 2] = 1,
    reference: str | None = None,
    tag: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    report_url: str | None = None,
    follow: bool = True,
    wait: float = 60.0,
    url: Annotated[str | None, Parameter(env_var="HELIOGRAPH_URL")] = None,
    key: Annotated[str | None, Parameter(env_var="HELIOGRAPH_KEY")] = None,
    data: Path | None = None,
    json: AsJson = False,
    installation: InstallationArgument,
) -> int:
    """Send a text and follow it to the handset.

    The exit code is 1 if a message ends in any other way than delivered. What
    is still on its way when the wait is over is told, and makes it neither.
    Without --url and --key, the installation that runs on this machine is used
    with its first key.

    Parameters
    ----------
    text
        The text; - reads it from standard input.
    recipients
        Phone numbers with the country code first, without + or 00.
    file
        A file with a number a line, or a CSV file whose first line names `{placeholders}` of the text
        after the column of numbers.
    sender
        What the handset shows.
    datacoding
        auto takes GSM-7 wherever the text fits.
    flash
        Show it at once, without keeping it.
    priority
        2 is sent first and costs more.
    reference
        Your own mark on the batch.
    tag
        A label of the batch; may be repeated.
    report_url
        Where delivery reports go.
    follow
        Wait for the final statuses.
    wait
        For how many seconds at most.
    url
        Where the API answers, without /v2.
    key
        The API key.
    data
        Data directory of the embedded installation.
    json
        Print the batch as JSON.
    """
    body: dict[str, Any] = {
        "sender": sender,
        "recipients": _recipients(recipients, file),
        "body": sys.stdin.read() if is_standard_input(text) else text,
        "type": "flash" if flash else "sms",
        "datacoding": datacoding,
        "priority": priority,
        "reference": reference,
        "tags": list(tag),
        "deliveryReportUrl": report_url,
    }
    address, token = _where(url, key, None if url and key else installation.data_dir(data))
    async with ApiClient(address, token) as api:
        batch = await api.send(msgspec.json.encode(body))
        console = console_for(to_stderr=json)
        _print_accepted(console, batch)
        if follow:
            batch = await _follow(api, console, batch, wait)
            if not json:
                await _print_end(api, console, batch)
            await _print_undelivered(api, console_for(to_stderr=True), batch)
            _print_waiting(console_for(to_stderr=True), batch)
    if json:
        print_json(batch)
    return NOT_AS_IT_SHOULD_BE if follow and _undelivered(batch) else 0


def _recipients(given: Sequence[str], file: Path | None) -> list[str] | dict[str, dict[str, str]]:
    if file is None:
        if not given:
            raise CommandRefused("no recipients: name phone numbers after the text, or a --file of them")
        return list(given)
    try:
        rows = [row for row in csv.reader(file.read_text("utf-8-sig").splitlines()) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandRefused(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    if rows and not rows[0][0].strip().isdigit():
        names = [name.strip() for name in rows[0][1:]]
        named = {row[0].strip(): dict(zip(names, row[1:], strict=False)) for row in rows[1:]}
        return {number: {} for number in given} | named
    return [*given, *(row[0].strip() for row in rows)]


def _where(url: str | None, key: str | None, folder: Path | None) -> tuple[str, str]:
    """Address and key: as given, else of the installation in that folder."""
    address = url or _line_of(
        folder, "address", "no Heliograph runs in {}: start `heliograph serve`, or --url"
    )
    return address, key or _line_of(folder, "first-key", "there is no first key in {}: give one with --key")


def _line_of(folder: Path | None, name: str, otherwise: str) -> str:
    assert folder is not None
    try:
        return (folder / name).read_text("ascii").strip()
    except FileNotFoundError:
        raise CommandRefused(otherwise.format(folder)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandRefused(f"{folder / name}: {getattr(error, 'strerror', None) or error}") from None


def _print_accepted(console: Console, batch: Document) -> None:
    price, count = batch["priceSummary"], _message_count(batch)
    noun = "message" if count == 1 else "messages"
    told = f"batch {batch['id']}: {count:,} {noun}, {price['total']:g} {price['currency']}"
    console.print(Text.assemble(("Accepted ", "bold green"), told), soft_wrap=True)
    for warning in batch.get("warnings", ()):
        console.print(Text(f"Note: {warning}", style="yellow"), soft_wrap=True)


async def _follow(api: ApiClient, console: Console, batch: Document, seconds: float) -> Document:
    """Look at the batch until every message has its final status, or the time is over."""
    deadline = asyncio.get_running_loop().time() + seconds
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("On their way", total=_message_count(batch))
        while batch["status"] in (BatchStatus.ONGOING, BatchStatus.PLANNED):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(POLL_SECONDS)
            batch = await api.get_batch(batch["id"])
            progress.update(task, completed=_ended_count(batch))
    return batch


async def _print_end(api: ApiClient, console: Console, batch: Document) -> None:
    """The way of every message, or how many have which status where they are many."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    if _message_count(batch) <= SHOWN_MESSAGES:
        for heading in ("Recipient", "SMS", "Statuses"):
            table.add_column(heading, overflow="fold")
        for listed in await api.list_messages(batch["id"], SHOWN_MESSAGES):
            message = await api.get_message(batch["id"], listed["id"])
            table.add_row(message["recipient"], str(message["segments"]), journey_text(codes_of(message)))
    else:
        for heading in ("Status", "Messages", "SMS"):
            table.add_column(heading, justify="left" if heading == "Status" else "right")
        for code, count in batch["messageSummary"].items():
            table.add_row(status_text(int(code)), f"{count['messages']:,}", f"{count['sms']:,}")
    print_table(console, table)


def _print_waiting(console: Console, batch: Document) -> None:
    """Say what has no final status when the wait is over: the exit code does not tell."""
    waiting = _message_count(batch) - _ended_count(batch)
    if waiting:
        console.print(f"{waiting:,} still on their way; see GET /v2/batches/{batch['id']}", soft_wrap=True)


async def _print_undelivered(api: ApiClient, console: Console, batch: Document) -> None:
    """Say why the exit code is 1: which messages were not delivered, or how many where they are many."""
    counts = _undelivered(batch)
    if not counts:
        return
    if _message_count(batch) <= SHOWN_MESSAGES:
        listed = await api.list_messages(batch["id"], SHOWN_MESSAGES)
        ended = [(message["recipient"], codes_of(message)[-1]) for message in listed]
        lines = [
            f"{recipient}: {status_sentence(code)}" for recipient, code in ended if _is_undelivered(code)
        ]
    else:
        lines = [f"{count:,} with {status_sentence(code)}" for code, count in sorted(counts.items())]
    console.print(Text("\n".join(("Not delivered:", *lines))), soft_wrap=True)


def _message_count(batch: Document) -> int:
    return sum(count["messages"] for count in batch["messageSummary"].values())


def _ended_count(batch: Document) -> int:
    return sum(count["messages"] for code, count in batch["messageSummary"].items() if is_final(int(code)))


def _undelivered(batch: Document) -> dict[int, int]:
    """How many messages ended with which other status than delivered."""
    counts = {int(code): count["messages"] for code, count in batch["messageSummary"].items()}
    return {code: count for code, count in counts.items() if count and _is_undelivered(code)}


def _is_undelivered(code: int) -> bool:
    return is_final(code) and code != Code.DELIVERED
