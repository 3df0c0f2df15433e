"""Finds prices that leave too little once the carrier is paid, for the alarms; the keeper's minutely look."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from heliograph.domain.margins import CostSheet, Ways, comparable, find_margins, worst_of_carriers
from heliograph.domain.routing import Route
from heliograph.storage.carrier_costs import read_cost_sheets
from heliograph.storage.carrier_settings import list_routes
from heliograph.storage.database import Database, Transaction
from heliograph.storage.price_list_users import read_price_list_users
from heliograph.storage.price_lists import StoredPriceList, list_price_lists, list_prices
from heliograph.storage.thin_margins import ThinMargin, list_thin_margins, replace_thin_margins

_UsedList = tuple[StoredPriceList, frozenset[int], dict[str, int]]
"""A price list, its users as routes tell them apart, and its prices."""


class WatchMargins:
    """One step weighs every price list in use against the cost sheets; several keepers may do so at once.

    ``least_percent`` of a price must be left; 0: only losses count.
    """

    def __init__(self, database: Database, *, least_percent: float = 0.0) -> None:
        self._database = database
        self._least_percent = least_percent

    async def step(self, now: datetime) -> int:
        """Look once; always 0, since there is nothing to come back for at once."""
        async with self._database.transaction() as tx:
            before = await list_thin_margins(tx)
            sheets = await read_cost_sheets(tx)
            if not sheets and not before:
                return 0
            routes = await list_routes(tx) if sheets else []
            lists = await _lists_in_use(tx, routes) if sheets else []
        # Apart from the loop: large tables take a while.
        found = await asyncio.to_thread(_weigh, lists, routes, sheets, self._least_percent)
        if set(found) != set(before):
            async with self._database.transaction() as tx:
                await _store(tx, found, before)
        return 0


async def _lists_in_use(tx: Transaction, routes: Sequence[Route]) -> list[_UsedList]:
    users = await read_price_list_users(tx, routes)
    return [
        (each, users[each.price_list_id].ids, await list_prices(tx, each.price_list_id))
        for each in await list_price_lists(tx)
        if each.price_list_id in users
    ]


def _weigh(
    lists: Iterable[_UsedList], routes: Sequence[Route], sheets: Sequence[CostSheet], least_percent: float
) -> list[ThinMargin]:
    found: list[ThinMargin] = []
    for price_list, accounts, prices in lists:
        margins = find_margins(prices, Ways(routes, accounts), comparable(sheets, price_list.currency))
        for carrier_id, (worst, count) in worst_of_carriers(margins, least_percent).items():
            assert worst.cost is not None
            found.append(
                ThinMargin(carrier_id, price_list.price_list_id, worst.prefix, worst.price, worst.cost, count)
            )
    return found


async def _store(tx: Transaction, found: Iterable[ThinMargin], before: Iterable[ThinMargin]) -> None:
    by_carrier: dict[int, list[ThinMargin]] = {each.carrier_id: [] for each in before}
    for each in found:
        by_carrier.setdefault(each.carrier_id, []).append(each)
    for carrier_id, margins in sorted(by_carrier.items()):
        await replace_thin_margins(tx, carrier_id, margins)
