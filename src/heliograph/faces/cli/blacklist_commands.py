"""`heliograph blacklist`: the numbers that an account never sends to."""

from typing import Any, Final

from cyclopts import App

from heliograph.domain.msisdn import recipient_fault
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.storage.blacklist import (
    BlacklistSource,
    add_to_blacklist,
    list_blacklist_events,
    remove_from_blacklist,
)
from heliograph.storage.blacklist_reading import list_blacklist

app = App(
    name="blacklist",
    help="See and change the numbers that an account never sends to.",
    help_epilogue=examples("heliograph blacklist add ip1-10001 46701740605"),
)

_ALL: Final = 2**31 - 1


@app.command(help_epilogue=examples("heliograph blacklist add ip1-10001 46701740605"))
async def add(
    account: str, number: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Let an account send nothing more to a number; it counts for the next send.

    Parameters
    ----------
    account
        The account's number.
    number
        The phone number: digits, country code first.
    """
    if fault := recipient_fault(number, "number"):
        raise CommandRefused(fault.sentence)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        is_new = await add_to_blacklist(
            tx, found.account_id, number, now=ground.now(), source=BlacklistSource.OPERATOR
        )
        if not is_new:
            raise CommandRefused(f"{number} is on the blacklist of {account} already")
    document = {"account": account, "msisdn": number}
    done(f"{account} sends nothing more to {number}.", document, as_json=options.json)


@app.command(help_epilogue=examples("heliograph blacklist remove ip1-10001 46701740605"))
async def remove(
    account: str, number: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Let an account send to a number again; somebody who asked for silence must have agreed.

    Parameters
    ----------
    account
        The account's number.
    number
        As it stands in the list.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        removed = await remove_from_blacklist(
            tx, found.account_id, number, now=ground.now(), source=BlacklistSource.OPERATOR
        )
        if removed is None:
            raise CommandRefused(f"{number} is not on the blacklist of {account}")
    document = {"account": account, "msisdn": number, "removed": True}
    done(f"{account} may send to {number} again.", document, as_json=options.json)


@app.command(name="list", help_epilogue=examples("heliograph blacklist list ip1-10001 --json"))
async def list_of_account(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List the numbers that an account never sends to, oldest first.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        entries = await list_blacklist(tx, found.account_id, start=0, limit=_ALL, newest_first=False)
    rows: list[dict[str, Any]] = [{"msisdn": each.msisdn, "created": each.created_at} for each in entries]
    columns = {"msisdn": "Number", "created": "Added"}
    show_rows(rows, columns, as_json=options.json, empty="Nobody is on the blacklist.")


@app.command(help_epilogue=examples("heliograph blacklist history ip1-10001 46701740605"))
async def history(
    account: str, number: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Show when a number was added and removed, and by whom: api, stop, start or operator.

    Parameters
    ----------
    account
        The account's number.
    number
        The phone number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        events = await list_blacklist_events(tx, found.account_id, number)
    rows: list[dict[str, Any]] = [
        {"at": each.happened_at, "change": each.kind, "source": each.source} for each in events
    ]
    columns = {"at": "When", "change": "Change", "source": "By"}
    show_rows(rows, columns, as_json=options.json, empty=f"{number} was never on the blacklist.")
