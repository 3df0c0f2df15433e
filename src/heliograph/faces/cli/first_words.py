"""What a start says: where it answers, and at the first start the key and how to send."""

from typing import Final

from rich.console import Console
from rich.text import Text

from heliograph.faces.cli.command_ground import Started

TEST_NUMBER: Final = "46701740605"
"""Delivered by the simulated carrier, and nobody's number in any other network."""
FIRST_TEXT: Final = "A nice message sent from iP.1 SMS API"


def curl_command(url: str, key: str, recipient: str = TEST_NUMBER) -> str:
    """The quick start of iP.1's page, ready to be pasted."""
    return (
        f'curl -X POST "{url}/v2/batches" \\\n'
        f'-H "Authorization: Bearer {key}" \\\n'
        '-H "Content-Type: application/json" \\\n'
        "-d '{\n"
        '    "sender": "iP1",\n'
        '    "recipients": [\n'
        f'        "{recipient}"\n'
        "    ],\n"
        f'    "body": "{FIRST_TEXT}"\n'
        "}'"
    )


def print_first_words(console: Console, started: Started, *, data_option: str | None) -> None:
    """Say what runs. ``data_option`` is what was given as --data, for the commands that are shown."""
    console.print()
    console.print(Text("Heliograph is ready.", style="bold green"))
    console.print()
    _print_facts(console, started)
    if started.first is not None:
        console.print("\n[bold]Send your first SMS.[/] It goes to a simulated handset, not to a person:\n")
        console.print(Text(curl_command(started.url, started.first.token), style="cyan"), soft_wrap=True)
        option = "" if data_option is None else f" --data {data_option}"
        console.print("\nRead it on the handset:\n")
        console.print(Text(f"heliograph handset read {TEST_NUMBER}{option}", style="cyan"), soft_wrap=True)
        if started.first.inbound_number:
            talk = (
                f"heliograph handset send {TEST_NUMBER} {started.first.inbound_number} 'Hello back'{option}"
            )
            console.print(f"\nWrite to {started.first.inbound_number}, your number, from the handset:\n")
            console.print(Text(talk, style="cyan"), soft_wrap=True)
        console.print("\n[bold]Or look at it in the browser.[/] This link opens the portal, once:\n")
        link = f"{started.url}/portal/welcome/{started.first.portal_link}"
        console.print(Text(link, style="cyan"), soft_wrap=True)
    console.print("\nStop with Ctrl-C.\n", style="dim")
    console.file.flush()


def _print_facts(console: Console, started: Started) -> None:
    first, folder = started.first, started.data_dir
    facts = {
        "API": f"{started.url}/v2/batches",
        "Docs": f"{started.url}/docs",
        "Portal": f"{started.url}/portal/",
    }
    if first is not None:
        credit = f"{first.test_credit:,} {first.currency} of test credit"
        facts["Account"] = f"{first.account_number}, {credit}, senders {', '.join(first.senders)}"
        facts["Key"] = first.token
        if first.inbound_number:
            facts["Your number"] = f"{first.inbound_number}, for messages from handsets"
        facts["Webhook secret"] = first.webhook_secret
    if folder is not None:
        facts["Data"] = f"{folder} (the first key is kept in first-key)"
    if started.handsets_url is not None:
        facts["Handsets"] = f"{started.handsets_url}/handsets"
    for label, value in facts.items():
        console.print(Text.assemble((f"  {label:<17}", "bold"), value), soft_wrap=True)
