"""Prices that leave too little once the carrier is paid, as the keeper found them last."""

from collections.abc import Sequence

import msgspec

from heliograph.storage.database import Transaction, load_query


class ThinMargin(msgspec.Struct, frozen=True):
    """The worst price of a list for what may go to a carrier, and how many such prefixes there are."""

    carrier_id: int
    price_list_id: int
    prefix: str
    price: int
    cost: int
    prefixes: int


async def list_thin_margins(tx: Transaction) -> list[ThinMargin]:
    """Every one, by price list."""
    return [ThinMargin(**dict(row)) for row in await tx.fetch(load_query("list_thin_margins"))]


async def replace_thin_margins(tx: Transaction, carrier_id: int, found: Sequence[ThinMargin]) -> None:
    """Keep those of a carrier that were found now, and no others; each of another price list."""
    lists = [each.price_list_id for each in found]
    await tx.execute(load_query("remove_other_thin_margins"), carrier_id, lists)
    if found:
        await tx.execute(
            load_query("set_thin_margins"),
            carrier_id,
            lists,
            [each.prefix for each in found],
            [each.price for each in found],
            [each.cost for each in found],
            [each.prefixes for each in found],
        )
