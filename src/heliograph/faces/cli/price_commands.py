"""`heliograph price`: what a message costs, by price list and prefix."""

import re
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from heliograph.domain.pricing import as_number
from heliograph.domain.typed_values import shown_prefix
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_price_list
from heliograph.faces.cli.prefixes import parse_prefix
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.faces.cli.typed_names import checked_name
from heliograph.faces.cli.typed_prices import parse_prices, read_price_file
from heliograph.storage.price_lists import (
    create_price_list,
    find_price_list_by_name,
    list_price_lists,
    list_prices,
    remove_price,
    remove_price_list,
    set_prices,
)

app = App(
    name="price",
    help="Set what an SMS costs.",
    help_epilogue=examples("heliograph price set standard 46=0.35 default=0.80"),
)


@app.command(help_epilogue=examples("heliograph price create euro --currency EUR"))
async def create(
    name: str,
    /,
    *,
    currency: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make an empty price list; a number without a price cannot be sent to.

    Parameters
    ----------
    name
        What you call it.
    currency
        Three letters (default: as set).
    """
    checked_name(name, "the price list")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        chosen = (currency or ground.currency).upper()
        if not re.fullmatch("[A-Z]{3}", chosen):
            raise CommandRefused(f"{chosen!r} is no currency: three letters, such as SEK")
        if await find_price_list_by_name(tx, name) is not None:
            raise CommandRefused(f"there is a price list {name!r} already")
        await create_price_list(tx, name=name, currency=chosen)
    done(f"Price list {name} is made.", {"name": name, "currency": chosen}, as_json=options.json)


@app.command(name="list", help_epilogue=examples("heliograph price list"))
async def list_all(*, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument) -> None:
    """List the price lists."""
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        rows = [
            {"name": each.name, "currency": each.currency, "prices": each.prices}
            for each in await list_price_lists(tx)
        ]
    columns = {"name": "Name", "currency": "Currency", "prices": "Prices"}
    show_rows(rows, columns, as_json=options.json, empty="No price lists yet.")


@app.command(help_epilogue=examples("heliograph price show standard"))
async def show(
    name: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Show the prices of a list: of one SMS, by how the number begins; the longest prefix counts.

    Parameters
    ----------
    name
        The price list.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_price_list(tx, name)
        prices = await list_prices(tx, found.price_list_id)
    rows = [
        {"prefix": shown_prefix(prefix), "price": as_number(amount), "currency": found.currency}
        for prefix, amount in sorted(prices.items())
    ]
    columns = {"prefix": "Prefix", "price": "Price", "currency": "Currency"}
    show_rows(rows, columns, as_json=options.json, empty="No prices yet: nothing can be sent.")


@app.command(
    name="set",
    help_epilogue=examples(
        "heliograph price set standard 46=0.35 default=0.80",
        "heliograph price set standard --file prices.csv",
    ),
)
async def set_many(
    name: str,
    prices: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    /,
    *,
    file: Path | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Set prices; those not named stay as they are.

    Parameters
    ----------
    name
        The price list.
    prices
        PREFIX=PRICE of one SMS; the prefix `default` is for every number.
    file
        A CSV file with lines of prefix,price.
    """
    amounts = parse_prices(prices)
    if file is not None:
        amounts |= read_price_file(file)
    if not amounts:
        raise CommandRefused("no prices given: write them as 46=0.35")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_price_list(tx, name)
        await set_prices(tx, found.price_list_id, amounts)
    done(f"{name} has {len(amounts)} new prices.", {"name": name, "set": len(amounts)}, as_json=options.json)


@app.command(help_epilogue=examples("heliograph price remove standard 4670", "heliograph price remove euro"))
async def remove(
    name: str,
    prefix: str | None = None,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Remove one price, or a whole list that no account uses.

    Parameters
    ----------
    name
        The price list.
    prefix
        The prefix whose price goes (default: the whole list).
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_price_list(tx, name)
        if prefix is None:
            if not await remove_price_list(tx, found.price_list_id):
                raise CommandRefused(f"price list {name!r} is used by an account")
        elif not await remove_price(tx, found.price_list_id, parse_prefix(prefix)):
            raise CommandRefused(f"price list {name!r} has no price for {prefix!r}")
    sentence = f"{name} is removed." if prefix is None else f"{name} has no price for {prefix} any more."
    done(sentence, {"name": name, "prefix": prefix, "removed": True}, as_json=options.json)
