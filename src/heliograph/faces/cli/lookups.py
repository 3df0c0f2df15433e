"""From the names that people type to what is stored; what does not exist is refused in one line."""

from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.storage.accounts import StoredAccount, list_accounts
from heliograph.storage.carrier_settings import StoredCarrier, list_carriers
from heliograph.storage.database import Transaction
from heliograph.storage.price_lists import StoredPriceList, list_price_lists


async def get_account(tx: Transaction, number: str) -> StoredAccount:
    """The account with that number."""
    for account in await list_accounts(tx):
        if account.number == number:
            return account
    raise CommandRefused(f"there is no account {number!r}; see `heliograph account list`")


async def get_carrier(tx: Transaction, name: str) -> StoredCarrier:
    """The carrier of that name."""
    for carrier in await list_carriers(tx):
        if carrier.name == name:
            return carrier
    raise CommandRefused(f"there is no carrier {name!r}; see `heliograph carrier list`")


async def get_price_list(tx: Transaction, name: str) -> StoredPriceList:
    """The price list of that name."""
    for price_list in await list_price_lists(tx):
        if price_list.name == name:
            return price_list
    raise CommandRefused(f"there is no price list {name!r}; see `heliograph price list`")
