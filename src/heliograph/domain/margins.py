"""What is left of a price once the carrier is paid.

Numbers fall into stretches: a stretch is named by a prefix of any of the tables, and holds the numbers that
begin so and with no longer prefix of any table. All numbers of a stretch have one price, one choice of
carriers and one cost at each of them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from heliograph.domain.routing import Route

_DIGITS = 10
_FIRST_DIGITS = 9
"""No phone number begins with 0."""


class CostSheet(msgspec.Struct, frozen=True):
    """What a carrier takes for a segment by prefix, in micro-units of its currency."""

    carrier_id: int
    carrier: str
    currency: str
    costs: Mapping[str, int]


class Margin(msgspec.Struct, frozen=True):
    """The price of a stretch of numbers, and what the dearest carrier that may get them takes."""

    prefix: str
    row: str
    """The row of the price list that the stretch belongs to."""
    price: int
    carriers: frozenset[int]
    """Every carrier that may get these numbers; which one may hang on account and sender."""
    carrier_id: int | None = None
    """The dearest of those whose cost is known and in the currency of the price."""
    cost: int | None = None

    @property
    def amount(self) -> int | None:
        """What is left of a segment's price, in micro-units; None where no cost is known."""
        return None if self.cost is None else self.price - self.cost

    @property
    def is_loss(self) -> bool:
        """Whether the price is below the cost."""
        return self.amount is not None and self.amount < 0

    def is_thin(self, least_percent: float) -> bool:
        """Whether less of the price is left than so many percent; 0 percent: whether it is a loss."""
        return self.amount is not None and self.amount * 100 < least_percent * self.price


class Ways:
    """Which carriers may get a number that some of these accounts send to, under whatever sender.

    Without accounts: of an account that no route names.
    """

    def __init__(self, routes: Iterable[Route], accounts: Collection[int]) -> None:
        self._accounts = frozenset(accounts)
        self._routes: dict[str, list[Route]] = defaultdict(list)
        for route in sorted(routes, key=lambda route: route.precedence):
            if route.account_id is None or route.account_id in self._accounts:
                self._routes[route.prefix].append(route)

    @property
    def prefixes(self) -> frozenset[str]:
        """Every prefix of a route."""
        return frozenset(self._routes)

    @property
    def reached(self) -> frozenset[int]:
        """Every carrier that a route leads to."""
        return frozenset(route.carrier_id for routes in self._routes.values() for route in routes)

    def carriers(self, prefix: str) -> frozenset[int]:
        """The carriers that may get the numbers whose longest prefix among the routes this is."""
        heads = (prefix[:length] for length in range(len(prefix), -1, -1))
        routes = [route for head in heads for route in self._routes.get(head, ())]
        named = {route.account_id for route in routes if route.account_id is not None}
        accounts: set[int | None] = {*named}
        if not self._accounts or self._accounts - named:
            accounts.add(None)  # one of them that no route names
        senders = {None, *(route.sender for route in routes)}
        taken = (_first(routes, account, sender) for account in accounts for sender in senders)
        return frozenset(route.carrier_id for route in taken if route is not None)


def _first(routes: Sequence[Route], account_id: int | None, sender: str | None) -> Route | None:
    """The first route for an account and a sender; None stands for one that no route names."""
    for route in routes:
        if route.account_id in (None, account_id) and route.sender in (None, sender):
            return route
    return None


class _Level(msgspec.Struct, frozen=True):
    """What the tables say of the numbers with a prefix; what it does not change is as above it."""

    prefix: str = ""
    row: str = ""
    price: int | None = None
    carriers: frozenset[int] = frozenset()
    costs: Mapping[int, int] = {}


def find_margins(
    prices: Mapping[str, int], ways: Ways, sheets: Iterable[CostSheet], *, rows: Collection[str] = ()
) -> list[Margin]:
    """The margin of every stretch that has numbers and a price, by prefix; all in one currency.

    ``rows`` are prefixes that count as rows of the price list though they have no price of their own.
    """
    reached, charged = ways.reached, defaultdict[str, dict[int, int]](dict)
    for sheet in sheets:
        if sheet.carrier_id in reached:
            for prefix, amount in sheet.costs.items():
                charged[prefix][sheet.carrier_id] = amount
    routed, own_rows = ways.prefixes, prices.keys() | set(rows)
    prefixes = own_rows | routed | charged.keys()
    without_numbers = _filled(prefixes)
    found: list[Margin] = []
    above = [_Level()]
    # In this order a prefix comes right after those that it begins with.
    for prefix in sorted(prefixes):
        while not prefix.startswith(above[-1].prefix):
            above.pop()
        level = above[-1]
        level = _Level(
            prefix,
            prefix if prefix in own_rows else level.row,
            prices.get(prefix, level.price),
            ways.carriers(prefix) if prefix in routed else level.carriers,
            {**level.costs, **charged[prefix]} if prefix in charged else level.costs,
        )
        above.append(level)
        if level.price is not None and prefix not in without_numbers:
            known = [(level.costs[each], each) for each in level.carriers if each in level.costs]
            dearest = max(known, default=None)
            cost, carrier_id = dearest or (None, None)
            found.append(Margin(prefix, level.row, level.price, level.carriers, carrier_id, cost))
    return found


def _filled(prefixes: Collection[str]) -> set[str]:
    """Prefixes below which every number has a longer one of them, so that their own stretch is empty."""
    by_length: dict[int, set[str]] = defaultdict(set)
    for prefix in prefixes:
        by_length[len(prefix)].add(prefix)
    filled: set[str] = set()
    for length in range(max(by_length, default=0), 0, -1):
        enough = _DIGITS if length > 1 else _FIRST_DIGITS
        heads = Counter(prefix[:-1] for prefix in by_length[length] if prefix[0] != "0")
        whole = {head for head, count in heads.items() if count == enough}
        filled |= whole
        by_length[length - 1] |= whole
    return filled


def worst_of_rows(margins: Iterable[Margin]) -> dict[str, Margin]:
    """The worst margin of each row of the price list; one without a known cost only where all are without."""
    worst: dict[str, Margin] = {}
    for margin in margins:
        before = worst.get(margin.row)
        if before is None or _badness(margin) < _badness(before):
            worst[margin.row] = margin
    return worst


def _badness(margin: Margin) -> tuple[bool, int, bool]:
    return (margin.amount is None, margin.amount or 0, not margin.carriers)


def worst_of_carriers(margins: Iterable[Margin], least_percent: float) -> dict[int, tuple[Margin, int]]:
    """By carrier, the worst of the margins that are too thin, and how many of them there are."""
    thin: dict[int, list[Margin]] = defaultdict(list)
    for margin in margins:
        if margin.carrier_id is not None and margin.is_thin(least_percent):
            thin[margin.carrier_id].append(margin)
    return {carrier_id: (min(each, key=_badness), len(each)) for carrier_id, each in thin.items()}


def comparable(sheets: Iterable[CostSheet], currency: str) -> list[CostSheet]:
    """Those in the currency of a price list; no others are compared."""
    return [sheet for sheet in sheets if sheet.currency == currency]


def not_compared(ways: Ways, sheets: Iterable[CostSheet], currency: str) -> list[CostSheet]:
    """Those of carriers that get the numbers of a price list in another currency."""
    reached = ways.reached
    return [sheet for sheet in sheets if sheet.carrier_id in reached and sheet.currency != currency]
