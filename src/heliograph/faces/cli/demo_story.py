"""What the demo sends, shows and checks, step by step. A difference ends it with one sentence."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Console
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from heliograph.domain.status import is_final
from heliograph.faces.cli.amounts import money
from heliograph.faces.cli.api_client import ApiClient, Document
from heliograph.faces.cli.command_refused import NOT_AS_IT_SHOULD_BE, CommandRefused
from heliograph.faces.cli.demo_process import DemoProcess
from heliograph.faces.cli.report_inbox import ReportInbox
from heliograph.faces.cli.status_words import codes_of, journey_text
from heliograph.faces.cli.terminal import print_table
from heliograph.simulator.handset_client import HandsetClient, HandsetClientError
from heliograph.storage.database import Database
from heliograph.storage.ledger_proof import prove_ledger

POLL_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 25.0
LINE_WIDTH: Final = 100

EXAMPLE: Final = (
    '{ "sender": "iP1", "recipients":[ "456189040623", "175368927054", "392094880589", "568798567631" ],'
    ' "body": "A very nice message", }'
)
"""The example of iP.1's page, its trailing comma included."""
_IMPOSSIBLE: Final = [101, 408]
_ACCEPTED: Final = [101, 102, 103]
EXAMPLE_CODES: Final = {
    "456189040623": _IMPOSSIBLE,
    "175368927054": _IMPOSSIBLE,
    "392094880589": [*_ACCEPTED, 110, 111, 201],
    "568798567631": [*_ACCEPTED, 110, 111, 201],
}

BODY: Final = (
    "Hello {name}! Heliograph carries this text over SMPP to a simulated handset, in several SMS that the "
    "phone joins again, because it is long and because of the sun at its end. \N{SUN WITH FACE}"
)
NAMES: Final = {"46701740605": "Alice"}
"""Who is known by name; all others take the ``default``."""
ANYBODY: Final = "whoever you are"
TEMPLATE_CODES: Final = {
    "46701740605": [*_ACCEPTED, 110, 111, 201],
    "46701740606": [*_ACCEPTED, 110, 111, 112, 201],
    "46701740612": [*_ACCEPTED, 110, 111, 512],
}
"""Test numbers: delivered; delivered after a while on its way; not in use."""
READ: Final = ("46701740605", "46701740606")
"""The handsets that are looked at."""


def print_heading(console: Console, title: str) -> None:
    """The beginning of a step."""
    console.print()
    rule = Rule(Text(title, style="bold"), align="left", style="cyan")
    console.print(rule, width=min(console.width, LINE_WIDTH))


class DemoStory:
    """The steps, in their order."""

    def __init__(self, console: Console, process: DemoProcess, inbox: ReportInbox) -> None:
        self._console = console
        self._process = process
        self._inbox = inbox
        self._spent = 0.0
        self.batches: list[Document] = []
        """What was sent and became of it, for programs."""

    async def send_the_example(self) -> None:
        """POST the page's own example and follow its four recipients."""
        self._head("The example of iP.1's page, as it stands there")
        await self._send_and_follow(EXAMPLE, EXAMPLE_CODES)

    async def send_a_template(self) -> None:
        """POST a template with ``default`` and a long text to test numbers, with reports to our receiver."""
        self._head("A template, a long text and an emoji, to test numbers; with delivery reports")
        request = {
            "sender": "iP1",
            "recipients": {
                **{number: {"name": name} for number, name in NAMES.items()},
                **{number: {} for number in TEMPLATE_CODES if number not in NAMES},
                "default": {"name": ANYBODY},
            },
            "body": BODY,
            "deliveryReportUrl": self._inbox.url,
            "reference": "demo",
        }
        body = msgspec.json.format(msgspec.json.encode(request), indent=2).decode()
        await self._send_and_follow(body, TEMPLATE_CODES)

    async def show_reports(self) -> None:
        """Every code after 103 was reported once, in order, with a right signature."""
        self._head("The delivery reports that arrived at a receiver of ours")
        wanted = {number: codes[len(_ACCEPTED) :] for number, codes in TEMPLATE_CODES.items()}
        await self._inbox.wait_for(sum(map(len, wanted.values())), PATIENCE_SECONDS)
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
        for heading in ("Recipient", "Reports", "Signatures", "Price"):
            table.add_column(heading)
        for number in wanted:
            reports = [each for each in self._inbox.received if each.report["recipient"] == number]
            genuine = sum(each.is_genuine for each in reports)
            price = {f"{each.report['price']:g} {each.report['currency'].upper()}" for each in reports}
            signatures = Text(f"{genuine} of {len(reports)} right", style="green")
            table.add_row(number, journey_text(each.code for each in reports), signatures, ", ".join(price))
        print_table(self._console, table)
        for number, codes in wanted.items():
            self._expect(f"the reports of {number}", self._inbox.codes(number), codes)
        forged = [each.webhook_id for each in self._inbox.received if not each.is_genuine]
        self._expect("reports with a wrong signature", forged, [])
        ids = [each.webhook_id for each in self._inbox.received]
        self._expect("the number of different webhook ids", len(set(ids)), len(ids))

    async def show_handset(self, handsets_url: str) -> None:
        """What a handset shows is the rendered text, joined from its segments."""
        self._head("What the handsets show")
        try:
            async with HandsetClient(handsets_url) as handsets:
                for number in READ:
                    name = NAMES.get(number, ANYBODY)
                    messages = await handsets.wait_for_messages(number, 1, PATIENCE_SECONDS)
                    shown = messages[-1]
                    head = f"{number}  from {shown.sender}, {shown.segments} SMS, {shown.encoding}"
                    self._console.print(Text(head, style="dim"))
                    self._console.print(Text(shown.text, style="italic"), soft_wrap=True)
                    self._expect(f"the text on {number}", shown.text, BODY.replace("{name}", name))
        except (HandsetClientError, TimeoutError) as error:
            raise self._failed(f"the handsets cannot be read: {error or 'no message in time'}") from None

    async def prove_the_ledger(self, database: Database) -> None:
        """Balance, ledger, batches and messages agree, also with what the API said."""
        self._head("The price")
        proof = await prove_ledger(database)
        (account,) = proof.accounts
        self._expect("faults in the ledger", proof.faults(), [])
        self._expect("what the API charged", round(self._spent * 1_000_000), account.charged)
        self._console.print(
            f"{money(account.top_ups, account.currency)} of test credit, less"
            f" {money(account.charged, account.currency)} for {account.batches} batches, leaves"
            f" {money(account.balance, account.currency)}. [green]The ledger is proved.[/]",
            soft_wrap=True,
        )

    async def _send_and_follow(self, request: str, wanted: dict[str, list[int]]) -> None:
        shown = Syntax(request, "json", word_wrap=True, theme="ansi_dark")
        self._console.print(shown, width=min(self._console.width, LINE_WIDTH))
        async with ApiClient(self._process.url, self._process.key) as api:
            began = time.monotonic()
            batch = await api.send(request.encode())
            self._print_accepted(batch, time.monotonic() - began)
            found = await self._follow(api, batch, began)
            price = (await api.get_batch(batch["id"]))["priceSummary"]
        for number, codes in wanted.items():
            self._expect(f"the statuses of {number}", found.get(number), codes)
        self._spent += price["total"]
        self.batches.append({"id": batch["id"], "codes": found, **price})
        self._console.print(f"Price: {price['total']:g} {price['currency']}")

    def _print_accepted(self, batch: Document, seconds: float) -> None:
        answer = Text.assemble(("201 Created", "green"), f" in {seconds * 1000:.0f} ms, batch {batch['id']}")
        self._console.print(answer, soft_wrap=True)
        for warning in batch.get("warnings", ()):
            self._console.print(Text(f"Note: {warning}", style="yellow"), soft_wrap=True)

    async def _follow(self, api: ApiClient, batch: Document, began: float) -> dict[str, list[int]]:
        """Print every new status as it is seen, until all are final; the codes by recipient."""
        count = sum(each["messages"] for each in batch["messageSummary"].values())
        waiting = {each["id"]: each["recipient"] for each in await api.list_messages(batch["id"], count)}
        seen: dict[str, list[int]] = {recipient: [] for recipient in waiting.values()}
        while waiting:
            for message_id, recipient in list(waiting.items()):
                codes = codes_of(await api.get_message(batch["id"], message_id))
                self._print_statuses(time.monotonic() - began, recipient, codes[len(seen[recipient]) :])
                seen[recipient] = codes
                if is_final(codes[-1]):
                    del waiting[message_id]
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise self._failed(f"{', '.join(waiting.values())} got no final status in time")
            await asyncio.sleep(POLL_SECONDS)
        return seen

    def _print_statuses(self, seconds: float, recipient: str, codes: Sequence[int]) -> None:
        if codes:
            moment = (f"  {seconds:6.2f} s  ", "dim")
            line = Text.assemble(moment, f"{recipient:<13}  ", journey_text(codes))
            self._console.print(line, soft_wrap=True)

    def _head(self, title: str) -> None:
        print_heading(self._console, title)

    def _expect(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise self._failed(f"{what}: {found}, but it should be {wanted}")

    def _failed(self, sentence: str) -> CommandRefused:
        return CommandRefused(f"the demo found something wrong: {sentence}", exit_code=NOT_AS_IT_SHOULD_BE)
