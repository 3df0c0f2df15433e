"""`heliograph carrier cost`: what carriers take for a segment, which alarms and margins are reckoned with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from heliograph.domain.pricing import as_number
from heliograph.domain.typed_values import shown_prefix
from heliograph.faces.cli.command_ground import Ground
from heliograph.faces.cli.command_options import (
    NO_OPTIONS,
    CommandOptions,
    Flag,
    InstallationArgument,
    examples,
)
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_carrier
from heliograph.faces.cli.prefixes import parse_prefix
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.faces.cli.typed_prices import parse_prices, read_price_file
from heliograph.services.operate_costs import (
    CostsRefused,
    drop_cost,
    drop_costs,
    take_costs,
)
from heliograph.storage.audit_log import INSTALLATION, write_audit_entry
from heliograph.storage.carrier_costs import read_cost_sheets
from heliograph.storage.database import Transaction

ACTOR = "command line"

app = App(
    name="cost",
    help="Say what a carrier takes for an SMS; prices below it raise an alarm.",
    help_epilogue=examples("heliograph carrier cost set telco 46=0.20 default=0.60"),
)


@app.command(
    name="set",
    help_epilogue=examples(
        "heliograph carrier cost set telco 46=0.20 default=0.60",
        "heliograph carrier cost set telco 46=0.02 --currency EUR",
    ),
)
async def set_some(
    name: str,
    costs: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    /,
    *,
    currency: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Set what a carrier takes; costs not named stay as they are.

    Parameters
    ----------
    name
        The carrier.
    costs
        PREFIX=COST of one SMS; the prefix `default` is for every number.
    currency
        Three letters (default: of the carrier's other costs, else as set).
    """
    amounts = parse_prices(costs, kind="cost")
    if not amounts:
        raise CommandRefused("no costs given: write them as 46=0.20")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        taken = await _take(tx, ground, name, amounts, currency, "carrier_cost.set", remove_others=False)
    _say_taken(name, taken, options)


@app.command(
    name="import",
    help_epilogue=examples(
        "heliograph carrier cost import telco costs.csv",
        "heliograph carrier cost import telco costs.csv --currency EUR --remove-others",
    ),
)
async def import_file(
    name: str,
    file: Path,
    /,
    *,
    currency: str | None = None,
    remove_others: Flag = False,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Take what a carrier takes from a table; with a fault in it nothing is changed.

    Parameters
    ----------
    name
        The carrier.
    file
        A CSV file with lines of prefix,cost.
    currency
        Three letters (default: of the carrier's other costs, else as set).
    remove_others
        Remove the costs that are not in the file.
    """
    amounts = read_price_file(file)
    if not amounts:
        raise CommandRefused(f"{file}: there are no costs in it")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        taken = await _take(
            tx, ground, name, amounts, currency, "carrier_costs.imported", remove_others=remove_others
        )
    _say_taken(name, taken, options)


@app.command(
    name="list",
    help_epilogue=examples("heliograph carrier cost list", "heliograph carrier cost list telco --json"),
)
async def list_all(
    name: str | None = None,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """List what carriers take for one SMS, by how the number begins; the longest prefix counts.

    Parameters
    ----------
    name
        The carrier (default: every one).
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        chosen = None if name is None else [(await get_carrier(tx, name)).carrier_id]
        sheets = await read_cost_sheets(tx, chosen)
    rows = [
        {
            "carrier": sheet.carrier,
            "prefix": shown_prefix(prefix),
            "cost": as_number(amount),
            "currency": sheet.currency,
        }
        for sheet in sheets
        for prefix, amount in sorted(sheet.costs.items())
    ]
    columns = {"carrier": "Carrier", "prefix": "Prefix", "cost": "Cost", "currency": "Currency"}
    show_rows(rows, columns, as_json=options.json, empty="No costs yet: no margin can be told.")


@app.command(
    help_epilogue=examples(
        "heliograph carrier cost remove telco 4670", "heliograph carrier cost remove telco"
    )
)
async def remove(
    name: str,
    prefix: str | None = None,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Remove one cost of a carrier, or all of them; others may be in another currency then.

    Parameters
    ----------
    name
        The carrier.
    prefix
        The prefix whose cost goes (default: every one).
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        carrier_id = (await get_carrier(tx, name)).carrier_id
        if prefix is None:
            if not await drop_costs(tx, carrier_id):
                raise CommandRefused(f"{name!r} has no costs")
            await _note(tx, ground, "carrier_costs.removed", name, {})
        else:
            if not await drop_cost(tx, carrier_id, parse_prefix(prefix)):
                raise CommandRefused(f"{name!r} has no cost for {prefix!r}")
            await _note(tx, ground, "carrier_cost.removed", name, {"prefix": prefix})
    sentence = (
        f"{name} has no costs any more." if prefix is None else f"{name} has no cost for {prefix} any more."
    )
    done(sentence, {"name": name, "prefix": prefix, "removed": True}, as_json=options.json)


async def _take(
    tx: Transaction,
    ground: Ground,
    name: str,
    amounts: Mapping[str, int],
    currency: str | None,
    action: str,
    *,
    remove_others: bool,
) -> dict[str, int]:
    """Take costs over; how many were set, removed, and the same before."""
    carrier = await get_carrier(tx, name)
    try:
        changes = await take_costs(
            tx,
            carrier.carrier_id,
            amounts,
            currency=currency,
            usual_currency=ground.currency,
            remove_others=remove_others,
        )
    except CostsRefused as refused:
        raise CommandRefused(f"{name}: {refused}") from None
    changed = sum(1 for change in changes if change.after is not None)
    counts = {"set": changed, "removed": len(changes) - changed, "same": len(amounts) - changed}
    await _note(tx, ground, action, name, {"changes": len(changes)})
    return counts


def _say_taken(name: str, counts: Mapping[str, int], options: CommandOptions) -> None:
    said = f"costs set: {counts['set']}, removed: {counts['removed']}, the same before: {counts['same']}"
    sentence = f"{name}: {said}."
    done(sentence, {"name": name, **counts}, as_json=options.json)


async def _note(
    tx: Transaction, ground: Ground, action: str, name: str, detail: Mapping[str, object]
) -> None:
    await write_audit_entry(
        tx,
        INSTALLATION,
        user_id=None,
        actor=ACTOR,
        action=action,
        subject=name,
        detail=detail,
        now=ground.now(),
        ids=ground.ids,
    )
