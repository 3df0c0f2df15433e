"""Who pays by a price list, without a row for each of very many accounts."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from heliograph.domain.routing import Route
from heliograph.storage.database import Transaction, load_query


class PriceListUsers(NamedTuple):
    """The accounts of a price list as routes tell them apart."""

    accounts: int = 0
    ids: frozenset[int] = frozenset()
    """Those that a route names, and one that stands for all others."""


NOBODY: Final = PriceListUsers()


async def read_price_list_users(
    tx: Transaction, routes: Iterable[Route], *, with_disabled: bool = False
) -> dict[int, PriceListUsers]:
    """The users of each price list that has any, by its id."""
    named = sorted({route.account_id for route in routes if route.account_id is not None})
    return {
        row["price_list_id"]: PriceListUsers(
            row["accounts"],
            frozenset(row["named"] or ()) | ({row["other"]} if row["other"] is not None else set()),
        )
        for row in await tx.fetch(load_query("read_price_list_users"), named, with_disabled)
    }
