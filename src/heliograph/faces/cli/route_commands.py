"""`heliograph route`: which carrier takes a message."""

from cyclopts import App

from heliograph.domain.new_route import TEST_PREFIX, judge_new_route
from heliograph.domain.sender import check_sender
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account, get_carrier
from heliograph.faces.cli.prefixes import parse_prefix
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.storage.accounts import list_accounts
from heliograph.storage.carrier_settings import create_route, list_carriers, list_routes, remove_route
from heliograph.storage.database import Transaction

app = App(
    name="route",
    help="Say which carrier takes which messages.",
    help_epilogue=examples("heliograph route create telco --prefix 46"),
)


@app.command(
    help_epilogue=examples(
        "heliograph route create telco",
        "heliograph route create telco --prefix 46 --account ip1-10001 --sender Acme",
    )
)
async def create(
    carrier: str,
    /,
    *,
    prefix: str = "",
    account: str | None = None,
    sender: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Send matching messages to a carrier.

    The longest prefix wins; among those, a route for the account, then one for
    the sender. A number that no route matches is refused with 502 and costs
    nothing.

    Parameters
    ----------
    carrier
        Its name.
    prefix
        How the numbers begin: 46 (default: every number).
    account
        Only this account's messages.
    sender
        Only messages of this sender.
    """
    parse_prefix(prefix)
    if sender is not None and (refusal := check_sender(sender)):
        raise CommandRefused(refusal.sentence)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_carrier(tx, carrier)
        account_id = None if account is None else (await get_account(tx, account)).account_id
        route_id = await create_route(
            tx, found.carrier_id, prefix=prefix, account_id=account_id, sender=sender
        )
        notes = await _notes(tx, route_id)
    document = {
        "id": route_id,
        "carrier": carrier,
        "prefix": prefix,
        "account": account,
        "sender": sender,
        "notes": notes,
    }
    done("\n".join((f"Route {route_id} leads to {carrier}.", *notes)), document, as_json=options.json)


async def _notes(tx: Transaction, route_id: int) -> list[str]:
    """What is easily overlooked when a route is made."""
    carriers = {carrier.carrier_id: carrier for carrier in await list_carriers(tx)}
    simulated = {carrier.carrier_id for carrier in carriers.values() if carrier.simulated}
    judged, notes = judge_new_route(route_id, await list_routes(tx), simulated), []
    if judged.preferred is not None:
        older = judged.preferred
        notes.append(
            f"It takes nothing yet: route {older.route_id} to {carriers[older.carrier_id].name} is for the"
            f" same messages, and older. `heliograph route remove {older.route_id}` makes way."
        )
    if judged.takes_test_numbers:
        simulator = next(carriers[each].name for each in sorted(simulated))
        notes.append(
            "It takes the test numbers as well, which no simulated handset shows any more."
            f" `heliograph route create {simulator} --prefix {TEST_PREFIX}` keeps them there."
        )
    return notes


@app.command(name="list", help_epilogue=examples("heliograph route list"))
async def list_all(*, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument) -> None:
    """List every route."""
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        carriers = {carrier.carrier_id: carrier.name for carrier in await list_carriers(tx)}
        numbers = {account.account_id: account.number for account in await list_accounts(tx)}
        rows = [
            {
                "id": route.route_id,
                "prefix": route.prefix,
                "account": numbers.get(route.account_id) if route.account_id else None,
                "sender": route.sender,
                "carrier": carriers[route.carrier_id],
            }
            for route in await list_routes(tx)
        ]
    columns = {"id": "Id", "prefix": "Prefix", "account": "Account", "sender": "Sender", "carrier": "Carrier"}
    show_rows(rows, columns, as_json=options.json, empty="No routes yet: every message ends with 502.")


@app.command(help_epilogue=examples("heliograph route remove 3"))
async def remove(
    route_id: int, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Remove a route; messages already accepted keep their carrier.

    Parameters
    ----------
    route_id
        Its id, as `heliograph route list` shows it.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        if not -(2**31) <= route_id < 2**31 or not await remove_route(tx, route_id):
            raise CommandRefused(f"there is no route {route_id}; see `heliograph route list`")
    done(f"Route {route_id} is removed.", {"id": route_id, "removed": True}, as_json=options.json)
