"""Alarms of prices that leave too little once the carrier is paid."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from heliograph.domain.installation_alarms import Alarm, Amount, Severity, WatchedPrices
from heliograph.domain.margins import CostSheet, Ways, not_compared
from heliograph.domain.routing import Route
from heliograph.domain.typed_values import shown_prefix


class ThinPrice(NamedTuple):
    """The worst price of a list for numbers that may go to a carrier, where too little of it is left."""

    price_list_id: int
    price_list: str
    prefix: str
    price: Amount
    carrier: str
    cost: Amount
    prefixes: int
    """How many there are."""


def margin_alarms(
    thin: Iterable[ThinPrice],
    routes: Iterable[Route],
    lists: Iterable[WatchedPrices],
    sheets: Collection[CostSheet],
) -> Iterator[Alarm]:
    """Prices that leave too little once the carrier is paid, and what cannot be compared."""
    for each in thin:
        values: dict[str, str | int | Amount] = {
            "list": each.price_list,
            "price": each.price,
            "prefix": shown_prefix(each.prefix),
            "cost": each.cost,
            "carrier": each.carrier,
            "count": each.prefixes,
        }
        yield Alarm("price_below_cost", Severity.WARNING, values, f"prices/{each.price_list_id}")
    routes = list(routes)
    for price_list in lists if sheets else ():
        if not price_list.accounts:
            continue
        for sheet in not_compared(Ways(routes, price_list.accounts), sheets, price_list.currency):
            currencies = {"list_currency": price_list.currency, "cost_currency": sheet.currency}
            named = {"list": price_list.name, "carrier": sheet.carrier}
            path = f"prices/{price_list.price_list_id}"
            yield Alarm("cost_not_compared", Severity.NOTICE, {**named, **currencies}, path)
