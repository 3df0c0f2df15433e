"""Price lists: what a segment costs by prefix. Amounts are in millionths of the list's currency."""

from collections.abc import Mapping

import msgspec

from heliograph.storage.database import Transaction, load_query


class StoredPriceList(msgspec.Struct, frozen=True):
    """A price list and how many prices it holds."""

    price_list_id: int
    name: str
    currency: str
    prices: int


async def create_price_list(tx: Transaction, *, name: str, currency: str) -> int:
    """A new, empty price list; its id."""
    price_list_id: int = await tx.fetchval(load_query("create_price_list"), name, currency)
    return price_list_id


async def list_price_lists(tx: Transaction) -> list[StoredPriceList]:
    """Every price list, by id."""
    return [StoredPriceList(**dict(row)) for row in await tx.fetch(load_query("list_price_lists"))]


async def find_price_list_by_name(tx: Transaction, name: str) -> int | None:
    """The id of a price list."""
    found: int | None = await tx.fetchval(load_query("find_price_list_by_name"), name)
    return found


async def set_prices(tx: Transaction, price_list_id: int, prices: Mapping[str, int]) -> None:
    """Set the price of a segment for each prefix; the empty prefix is for every number."""
    prefixes = sorted(prices)
    await tx.execute(
        load_query("set_prices"), price_list_id, prefixes, [prices[prefix] for prefix in prefixes]
    )


async def list_prices(tx: Transaction, price_list_id: int) -> dict[str, int]:
    """Prices by prefix."""
    row = await tx.fetchrow(load_query("list_prices"), price_list_id)
    assert row is not None
    return dict(zip(row["prefixes"], row["amounts"], strict=True))


async def remove_price(tx: Transaction, price_list_id: int, prefix: str) -> bool:
    """Remove one price; False if it was not there."""
    return await tx.fetchval(load_query("remove_price"), price_list_id, prefix) is not None


async def remove_price_list(tx: Transaction, price_list_id: int) -> bool:
    """Remove a price list with its prices; False if it does not exist or an account uses it."""
    return await tx.fetchval(load_query("remove_price_list"), price_list_id) is not None
