"""Margins beside prices: what the carrier takes, what is left, and why it may not be known."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final

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


NO_MARGIN: Final = ShownMargin()


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

    async def weigh(self, prices: Mapping[str, int], rows: Collection[str] = ()) -> dict[str, ShownMargin]:
        """The worst margin of each row, where any carrier has a cost sheet."""
        if not self.sheets:
            return {}
        # Apart from the loop, which answers others meanwhile.
        return await asyncio.to_thread(self._weigh, prices, rows)

    def _weigh(self, prices: Mapping[str, int], rows: Collection[str]) -> dict[str, ShownMargin]:
        margins = find_margins(prices, self.ways, comparable(self.sheets, self.currency), rows=rows)
        names = {sheet.carrier_id: sheet.carrier for sheet in self.sheets}
        others = {sheet.carrier_id: sheet.currency for sheet in self.other_sheets}
        return {row: self._shown(margin, names, others) for row, margin in worst_of_rows(margins).items()}

    def _shown(self, margin: Margin, names: Mapping[int, str], others: Mapping[int, str]) -> ShownMargin:
        if margin.carrier_id is None or margin.amount is None:
            if not margin.carriers:
                return ShownMargin(reason="no_route")
            foreign = sorted(others[each] for each in margin.carriers if each in others)
            return ShownMargin(reason="currency", currency=foreign[0]) if foreign else ShownMargin()
        return ShownMargin(
            cost=margin.cost,
            amount=margin.amount,
            percent=margin.amount * 100 / margin.price if margin.price else None,
            carrier=names[margin.carrier_id],
            carrier_id=margin.carrier_id,
            narrower="" if margin.prefix == margin.row else margin.prefix,
            is_loss=margin.is_loss,
            is_thin=margin.is_thin(self.least_percent),
        )


async def read_scales(
    tx: Transaction, routes: Sequence[Route], accounts: Collection[int], currency: str, least_percent: float
) -> Scales:
    """What the prices that these accounts pay are weighed with; of any account if there is none."""
    ways = Ways(routes, accounts)
    return Scales(ways, await read_cost_sheets(tx, ways.reached), currency, least_percent)
