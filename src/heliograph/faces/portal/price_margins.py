"""Margins beside prices: what the carrier takes, what is left, and why it may not be known."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import msgspec

from heliograph.domain.margins import CostSheet, Margin, Ways, comparable, find_margins, worst_of_rows
from heliograph.domain.routing import Route
from heliograph.storage.carrier_costs import read_cost_sheets
from heliograph.storage.database import Transaction


class ShownMargin(msgspec.Struct, frozen=True):
    """The worst margin of a row of a price list; without a cost, why there is none."""

    cost: int | None = None
    amount: int | None = None
    percent: float | None = None
    """Of the price; None for what is given away."""
    carrier: str = ""
    carrier_id: int | None = None
    narrower: str = ""
    """The prefix that the worst numbers have, where it is longer than the row's."""
    is_loss: bool = False
    is_thin: bool = False
    reason: str = "unknown"
    """``no_route``, ``currency`` or ``unknown``."""
    currency: str = ""
    """Of the cost that is not compared."""


class Scales(msgspec.Struct, frozen=True):
    """What the prices of a list are weighed with."""

    ways: Ways
    sheets: list[CostSheet]
    """Of every carrier that the prices lead to, in any currency."""
    currency: str
    least_percent: float

    @property
    def other_sheets(self) -> list[CostSheet]:
        """Those that are not compared, since their currency is another."""
        return [sheet for sheet in self.sheets if sheet.currency != self.currency]

    async def weigh(self, prices: Mapping[str, int], rows: Collection[str] = ()) -> "Weighed":
        """The worst margin of each row, where any carrier has a cost sheet."""
        if not self.sheets:
            return Weighed(self, {})
        # Apart from the loop, which answers others meanwhile.
        return await asyncio.to_thread(self._weigh, prices, rows)

    def _weigh(self, prices: Mapping[str, int], rows: Collection[str]) -> "Weighed":
        margins = find_margins(prices, self.ways, comparable(self.sheets, self.currency), rows=rows)
        return Weighed(self, worst_of_rows(margins))


class Weighed:
    """The worst margin of each row of a price list; in words only of the rows that are asked for."""

    def __init__(self, scales: Scales, worst: Mapping[str, Margin]) -> None:
        self._worst = worst
        self._least_percent = scales.least_percent
        self._names = {sheet.carrier_id: sheet.carrier for sheet in scales.sheets}
        self._others = {sheet.carrier_id: sheet.currency for sheet in scales.other_sheets}
        self.thin = frozenset(row for row, margin in worst.items() if margin.is_thin(scales.least_percent))
        """Rows of which too little is left."""

    def get(self, row: str) -> ShownMargin | None:
        """The margin of a row; None where no carrier has a cost sheet."""
        margin = self._worst.get(row)
        if margin is None:
            return None
        if margin.carrier_id is None or margin.amount is None:
            if not margin.carriers:
                return ShownMargin(reason="no_route")
            foreign = sorted(self._others[each] for each in margin.carriers if each in self._others)
            return ShownMargin(reason="currency", currency=foreign[0]) if foreign else ShownMargin()
        return ShownMargin(
            cost=margin.cost,
            amount=margin.amount,
            percent=margin.amount * 100 / margin.price if margin.price else None,
            carrier=self._names[margin.carrier_id],
            carrier_id=margin.carrier_id,
            narrower="" if margin.prefix == margin.row else margin.prefix,
            is_loss=margin.is_loss,
            is_thin=margin.is_thin(self._least_percent),
        )


async def read_scales(
    tx: Transaction, routes: Sequence[Route], accounts: Collection[int], currency: str, least_percent: float
) -> Scales:
    """What the prices that these accounts pay are weighed with; of any account if there is none."""
    ways = Ways(routes, accounts)
    return Scales(ways, await read_cost_sheets(tx, ways.reached), currency, least_percent)
