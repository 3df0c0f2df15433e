"""What is left of a price once the carrier is paid, also against a look at every number."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.domain.margins import (
    CostSheet,
    Margin,
    Ways,
    comparable,
    find_margins,
    not_compared,
    worst_of_carriers,
    worst_of_rows,
)
from heliograph.domain.prefix_table import PrefixTable
from heliograph.domain.routing import Route, RoutingTable

DIGITS = "0123456789"
NUMBERS = [str(number) for number in range(10, 100)]
"""Every phone number of a world in which they have two digits."""
ACCOUNTS, SENDERS = (7, 8, 9), ("Acme", "Shop")

prefixes = st.text(DIGITS[:4] + "9", max_size=2)
amounts = st.integers(0, 5)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, int]:
    """Amounts by prefix; now and then every continuation of a prefix has one of its own."""
    table = draw(st.dictionaries(prefixes, amounts, max_size=6))
    for head in draw(st.lists(st.sampled_from(["", "1"]), max_size=2)):
        table |= {head + digit: draw(amounts) for digit in DIGITS if draw(st.integers(0, 19))}
    return table


@st.composite
def route_lists(draw: st.DrawFn) -> list[Route]:
    rules = st.tuples(
        prefixes,
        st.integers(1, 3),
        st.sampled_from([None, None, *ACCOUNTS]),
        st.sampled_from([None, None, *SENDERS]),
    )
    return [Route(number, *rule) for number, rule in enumerate(draw(st.lists(rules, max_size=6)), 1)]


def choices_of(routes: list[Route], accounts: set[int]) -> list[PrefixTable[int]]:
    """What sending itself looks carriers up in, for each account and sender."""
    table = RoutingTable(routes)
    return [
        table.carriers(account, sender) for account in (accounts or {0}) for sender in (*SENDERS, "another")
    ]


@settings(deadline=None)
@given(tables(), route_lists(), st.sets(st.sampled_from(ACCOUNTS)), st.lists(tables(), max_size=3))
def test_every_number_has_the_margin_of_its_stretch_and_every_stretch_has_a_number(
    prices: dict[str, int], routes: list[Route], accounts: set[int], costs: list[dict[str, int]]
) -> None:
    sheets = [CostSheet(number, "", "SEK", table) for number, table in enumerate(costs, 1)]
    found = {each.prefix: each for each in find_margins(prices, Ways(routes, accounts), sheets)}
    counting = [route for route in routes if route.account_id in (None, *accounts)]
    reached = {route.carrier_id for route in counting}
    stretches = PrefixTable(
        {prefix: prefix for prefix in prices}
        | {route.prefix: route.prefix for route in counting}
        | {prefix: prefix for sheet in sheets if sheet.carrier_id in reached for prefix in sheet.costs}
    )
    rows, choices = PrefixTable({prefix: prefix for prefix in prices}), choices_of(routes, accounts)
    priced, charged = PrefixTable(prices), [(each.carrier_id, PrefixTable(each.costs)) for each in sheets]
    met = set()
    for number in NUMBERS:
        stretch = stretches.find(number)
        price = priced.find(number)
        if price is None:
            assert stretch not in found
            continue
        assert stretch is not None
        met.add(stretch)
        margin = found[stretch]
        carriers = {taken for each in choices if (taken := each.find(number)) is not None}
        known = [
            cost
            for carrier_id, costs_there in charged
            if carrier_id in carriers and (cost := costs_there.find(number)) is not None
        ]
        assert (margin.price, margin.row) == (price, rows.find(number))
        assert margin.carriers == carriers
        assert margin.cost == (max(known) if known else None)
        assert (margin.carrier_id in carriers) is bool(known)
    assert {prefix for prefix in found if not prefix.startswith("0")} == met


@given(tables(), route_lists(), st.lists(tables(), max_size=3), st.sampled_from([0.0, 10.0, 50.0]))
def test_the_worst_is_found_by_row_and_by_carrier(
    prices: dict[str, int], routes: list[Route], costs: list[dict[str, int]], percent: float
) -> None:
    sheets = [CostSheet(number, "", "SEK", table) for number, table in enumerate(costs, 1)]
    margins = find_margins(prices, Ways(routes, ACCOUNTS), sheets)
    for row, worst in worst_of_rows(margins).items():
        amounts = [each.amount for each in margins if each.row == row and each.amount is not None]
        assert worst.amount == min(amounts, default=None)
    by_carrier = worst_of_carriers(margins, percent)
    thin = [each for each in margins if each.is_thin(percent)]
    assert sum(count for _, count in by_carrier.values()) == len(thin)
    for carrier_id, (worst, _) in by_carrier.items():
        amounts = [each.amount for each in thin if each.carrier_id == carrier_id and each.amount is not None]
        assert worst.amount == min(amounts)


def margin(price: int, cost: int | None) -> Margin:
    return Margin("46", "46", price, frozenset({1}), None if cost is None else 1, cost)


@pytest.mark.parametrize(
    ("price", "cost", "percent", "thin"),
    [
        (100, 101, 0.0, True),
        (100, 100, 0.0, False),
        (100, None, 0.0, False),
        (100, 90, 10.0, False),
        (100, 91, 10.0, True),
        (0, 0, 10.0, False),
        (0, 1, 0.0, True),
    ],
)
def test_a_margin_is_thin_below_so_many_percent_of_the_price(
    price: int, cost: int | None, percent: float, thin: bool
) -> None:
    assert margin(price, cost).is_thin(percent) is thin
    assert margin(price, cost).is_loss is (cost is not None and cost > price)


def test_a_shorter_price_may_be_below_the_cost_of_a_longer_prefix() -> None:
    sheets = [CostSheet(1, "telco", "SEK", {"46": 10, "4670": 60})]
    found = find_margins({"46": 50}, Ways([Route(1, "", 1)], {7}), sheets)
    assert [(each.prefix, each.amount) for each in found] == [("46", 40), ("4670", -10)]
    assert worst_of_rows(found)["46"].prefix == "4670"


def test_a_row_that_goes_away_has_the_price_of_a_shorter_one() -> None:
    sheets = [CostSheet(1, "telco", "SEK", {"": 30})]
    found = find_margins({"": 20}, Ways([Route(1, "", 1)], {7}), sheets, rows=["46"])
    assert [(each.prefix, each.row, each.amount) for each in found] == [("", "", -10), ("46", "46", -10)]


def test_the_dearest_of_several_carriers_counts() -> None:
    routes = [Route(1, "46", 1), Route(2, "46", 2, account_id=7), Route(3, "46", 3, account_id=8)]
    sheets = [CostSheet(number, "", "SEK", {"46": 10 * number}) for number in (1, 2, 3)]
    for accounts, dearest in (({7}, 2), ({7, 8}, 3), ({9}, 1), (set(), 1)):
        [found] = find_margins({"46": 15}, Ways(routes, accounts), sheets)
        assert found.carrier_id == dearest


def test_only_one_currency_is_compared() -> None:
    ways = Ways([Route(1, "46", 1), Route(2, "47", 2)], {7})
    sheets = [
        CostSheet(number, name, currency, {"": 1})
        for number, name, currency in ((1, "a", "SEK"), (2, "b", "EUR"), (3, "c", "EUR"))
    ]
    assert [each.carrier for each in comparable(sheets, "SEK")] == ["a"]
    assert [each.carrier for each in not_compared(ways, sheets, "SEK")] == ["b"]


def test_large_tables_are_weighed_fast_enough_for_a_page() -> None:
    table: Mapping[str, int] = {str(number): number for number in range(10_000, 20_000)}
    found = find_margins(table, Ways([Route(1, "", 1)], {7}), [CostSheet(1, "", "SEK", table)])
    assert len(found) == len(table)
