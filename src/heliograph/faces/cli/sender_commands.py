"""`heliograph sender`: which senders an account may use."""

from typing import Any

from cyclopts import App

from heliograph.domain.sender import check_sender, kind_of
from heliograph.domain.sender_rules import usable_senders
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.storage.accounts import add_sender, list_senders, remove_sender

app = App(
    name="sender",
    help="Say which senders an account may use.",
    help_epilogue=examples("heliograph sender add ip1-10001 Acme"),
)


@app.command(
    help_epilogue=examples(
        "heliograph sender add ip1-10001 Acme", "heliograph sender add ip1-10001 46101606060"
    )
)
async def add(
    account: str, sender: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Let an account use a sender, at once; a protected name too, or one that looks like it.

    Parameters
    ----------
    account
        The account's number.
    sender
        3 to 11 letters and digits, or a number of at most 15 digits.
    """
    if refusal := check_sender(sender):
        raise CommandRefused(refusal.sentence)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        if not await add_sender(tx, found.account_id, sender, now=ground.now()):
            raise CommandRefused(f"{account} may use {sender} already")
        rules, optional_sender = ground.sender_rules, found.optional_sender
    document: dict[str, Any] = {"account": account, "sender": sender, "kind": str(kind_of(sender))}
    document["protectedName"] = rules.imitated_by(sender)
    document["usable"] = bool(usable_senders([sender], rules, optional_sender=optional_sender))
    said = f"{account} may send as {sender}."
    if not document["usable"]:
        said = f"{account} may send as {sender} once it has the optional-sender service."
    elif document["protectedName"]:
        said += f" No other account may register it: it looks like {document['protectedName']}."
    done(said, document, as_json=options.json)


@app.command(name="list", help_epilogue=examples("heliograph sender list ip1-10001"))
async def list_of_account(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List the senders of an account.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        senders = await list_senders(tx, found.account_id)
    rows = [
        {"sender": each.sender, "kind": str(kind_of(each.sender)), "created": each.created_at}
        for each in senders
    ]
    columns = {"sender": "Sender", "kind": "Kind", "created": "Created"}
    show_rows(rows, columns, as_json=options.json, empty="No senders yet: every send is refused.")


@app.command(help_epilogue=examples("heliograph sender remove ip1-10001 Acme"))
async def remove(
    account: str, sender: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Take a sender away from an account; what was accepted before is still sent.

    Parameters
    ----------
    account
        The account's number.
    sender
        As it was registered.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        if await remove_sender(tx, found.account_id, sender) is None:
            raise CommandRefused(f"{account} has no sender {sender!r}")
    document = {"account": account, "sender": sender, "removed": True}
    done(f"{account} may no longer send as {sender}.", document, as_json=options.json)
