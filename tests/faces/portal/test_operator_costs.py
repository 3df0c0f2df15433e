"""What carriers take, and what that leaves of prices."""

import re

import pytest

from heliograph.domain.portal_rights import Role
from heliograph.services.watch_margins import WatchMargins
from heliograph.storage.carrier_costs import list_costs
from heliograph.storage.carrier_settings import create_route
from heliograph.storage.price_lists import set_prices
from tests.faces.portal.test_operator_accounts import noted
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal, served_portal

CARRIER = "/portal/operator/carriers/1"
COSTS = f"{CARRIER}/costs"
PRICES = "/portal/operator/prices/1"
SEEN = re.compile('name="seen" value="([0-9a-f]+)"')


async def stored(portal: ServedPortal) -> dict[str, int]:
    async with portal.database.transaction() as tx:
        return await list_costs(tx, 1)


async def charged(operator: PortalClient, currency: str = "SEK", **costs: str) -> None:
    """Give carrier 1, which every number goes to, these costs: p46="0.20"."""
    for prefix, cost in costs.items():
        fields = {"prefix": prefix.removeprefix("p"), "cost": cost, "currency": currency}
        assert (await operator.post(f"{COSTS}/set", fields)).status_code == 303


async def priced(portal: ServedPortal, **prices: int) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM price")
        await set_prices(tx, 1, {prefix.removeprefix("p"): price for prefix, price in prices.items()})


def row(page: str, prefix: str) -> str:
    """The text of the cells of a prefix."""
    [found] = re.findall(rf"<tr><td[^>]*><code>{prefix}</code>.*?</tr>", page, re.DOTALL)
    return " ".join(re.sub(r"<dialog.*?</dialog>|<[^>]+>", " ", found, flags=re.DOTALL).split()).replace(
        "\xa0", " "
    )


async def test_costs_are_set_shown_and_removed(portal: ServedPortal, operator: PortalClient) -> None:
    assert "No costs yet" in (await operator.get(COSTS)).text
    assert "no margin can be told" in (await operator.get(CARRIER)).text
    await charged(operator, "eur", p46="0,02", p="0.06")
    assert await stored(portal) == {"46": 20_000, "": 60_000}
    for path in (COSTS, CARRIER):
        page = (await operator.get(path)).text
        assert "0.02\xa0EUR" in page
        assert "every number" in page
    assert 'id="currency"' not in (await operator.get(COSTS)).text
    assert (await operator.post(f"{COSTS}/unset", {"prefix": ""})).status_code == 303
    assert (await operator.post(f"{COSTS}/unset", {"prefix": ""})).status_code == 404
    assert (await operator.post(f"{COSTS}/remove")).status_code == 303
    assert (await operator.post(f"{COSTS}/remove")).status_code == 404
    await charged(operator, "SEK", p46="0.2")
    acts = (("carrier_cost.set", 3), ("carrier_cost.removed", 1), ("carrier_costs.removed", 1))
    for action, times in acts:
        assert await noted(portal, action) == times


async def test_a_carrier_with_many_costs_shows_the_first(
    portal: ServedPortal, operator: PortalClient
) -> None:
    table = "\n".join(f"{number},0.{number}" for number in range(300, 530))
    fields = {"table": table, "table_currency": "SEK"}
    shown = await operator.post(f"{COSTS}/import", fields)
    seen = SEEN.search(shown.text)
    assert seen
    assert (await operator.post(f"{COSTS}/import", {**fields, "seen": seen[1]})).status_code == 303
    assert "225 more" in (await operator.get(CARRIER)).text
    assert "Not shown: 130 more." in (await operator.get(COSTS)).text
    found = (await operator.get(f"{COSTS}?q=52")).text
    assert found.count("<tr><td") == 10
    assert "No cost begins so" in (await operator.get(f"{COSTS}?q=9")).text


async def test_a_table_of_costs_is_shown_before_it_counts(
    portal: ServedPortal, operator: PortalClient
) -> None:
    await charged(operator, p46="0.10", p47="0.20", p48="0.30")
    file = {"file": ("costs.csv", b"\xef\xbb\xbfprefix;cost\n46;0,10\n47;0,25\n49;0,4\n", "text/csv")}
    shown = await operator.post(f"{COSTS}/import", {"remove_others": "1"}, files=file)
    assert shown.status_code == 200
    for word in ("Changes: 3", "as they are: 1", "dearer", "new", "removed"):
        assert word in shown.text
    assert len(await stored(portal)) == 3
    seen = SEEN.search(shown.text)
    assert seen
    await charged(operator, p48="0.31")
    table = {"table": "46,0.10\n47,0.25\n49,0.4", "remove_others": "1", "seen": seen[1]}
    again = await operator.post(f"{COSTS}/import", table)
    assert "Somebody has changed the costs meanwhile" in again.text
    seen = SEEN.search(again.text)
    assert seen
    assert (await operator.post(f"{COSTS}/import", {**table, "seen": seen[1]})).status_code == 303
    assert await stored(portal) == {"46": 100_000, "47": 250_000, "49": 400_000}
    assert await noted(portal, "carrier_costs.imported") == 1
    assert "Back" in (await operator.post(f"{COSTS}/import", table)).text


@pytest.mark.parametrize(
    ("act", "fields", "field"),
    [
        ("set", {"prefix": "4x", "cost": "1", "currency": "SEK"}, "prefix"),
        ("set", {"prefix": "46", "cost": "-1", "currency": "SEK"}, "cost"),
        ("set", {"prefix": "46", "cost": "1", "currency": "kronor"}, "currency"),
        ("set", {"prefix": "46", "cost": "1", "currency": ""}, "currency"),
        ("import", {"table": "prefix,cost", "table_currency": "SEK"}, "table"),
        ("import", {"table": "46,1", "table_currency": "kronor"}, "table_currency"),
        ("import", {"table": "46,1", "table_currency": ""}, "table_currency"),
    ],
)
async def test_a_fault_stands_beside_its_field(
    portal: ServedPortal, operator: PortalClient, act: str, fields: dict[str, str], field: str
) -> None:
    refused = await operator.post(f"{COSTS}/{act}", fields)
    assert (refused.status_code, f'id="{field}-fault"' in refused.text) == (400, True)
    assert await stored(portal) == {}


async def test_a_table_with_a_fault_is_not_used(portal: ServedPortal, operator: PortalClient) -> None:
    refused = await operator.post(f"{COSTS}/import", {"table": "46,1\n47,much", "table_currency": "SEK"})
    assert refused.status_code == 400
    assert "Line 2" in refused.text
    assert "47,much" in refused.text
    assert await stored(portal) == {}


async def test_only_operators_see_costs(portal: ServedPortal, operator: PortalClient) -> None:
    fields = {"prefix": "46", "cost": "1", "currency": "SEK", "table": "46,1", "table_currency": "SEK"}
    elsewhere = COSTS.replace("/1/", "/999/")
    assert (await operator.get(elsewhere)).status_code == 404
    for act in ("set", "unset", "remove", "import"):
        assert (await operator.post(f"{elsewhere}/{act}", fields)).status_code == 404
    async with portal.client(await portal.sign_in(Role.BILLING)) as client:
        assert (await client.get(COSTS)).status_code == 403
        assert (await client.post(f"{COSTS}/set", fields)).status_code == 403
    assert await stored(portal) == {}


async def test_prices_show_what_is_left_of_them(portal: ServedPortal, operator: PortalClient) -> None:
    await priced(portal, p46=350_000, p47=400_000, p99=1_000_000, p=800_000)
    page = (await operator.get(PRICES)).text
    assert "no margin is known" in page
    assert "Margin:" not in page
    await charged(operator, p46="0.20", p4670="0.40", p99="1")
    page = (await operator.get(PRICES)).text
    name = re.findall('<a href="/portal/operator/carriers/1/costs">([^<]+)</a>', page)[0]
    assert row(page, "46").startswith(
        f"46 0.35 SEK 0.40 SEK -0.05 SEK (-14 %) Below cost {name} numbers with 4670"
    )
    assert row(page, "47").startswith("47 0.40 SEK – – no cost known")
    assert row(page, "99").startswith(f"99 1.00 SEK 1.00 SEK 0.00 SEK (0 %) {name}")
    assert "too little left once the carrier is paid: 1" in page
    only = (await operator.get(f"{PRICES}?thin=1")).text
    assert "<code>46</code>" in only
    assert "<code>47</code>" not in only


async def test_what_is_not_known_says_why(portal: ServedPortal, operator: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM route")
        await create_route(tx, 1, prefix="46")
    await priced(portal, p46=350_000, p47=400_000)
    await charged(operator, "EUR", p46="0.02")
    page = (await operator.get(PRICES)).text
    assert re.search("SEK list [^<]*, EUR cost of [^<]*: not compared", page)
    assert row(page, "46").startswith("46 0.35 SEK – – cost in EUR: not compared")
    assert row(page, "47").startswith("47 0.40 SEK – – no route")


async def test_an_import_of_prices_says_what_would_sell_below_cost(
    portal: ServedPortal, operator: PortalClient
) -> None:
    await priced(portal, p45=900_000, p46=350_000, p4670=500_000, p=200_000)
    await charged(operator, p46="0.30", p="0.19")
    table = {"table": "44,0.10\n45,0.80\n46,0.40\ndefault,0.2", "remove_others": "1"}
    shown = (await operator.post(f"{PRICES}/import", table)).text
    assert "too little left once the carrier is paid: 1" in shown
    assert shown.index("<code>44</code>") < shown.index("<code>45</code>")
    assert "0.10 SEK new 0.19 SEK -0.09 SEK (-90 %) Below cost" in row(shown, "44")
    # Without its own price 4670 has that of 46.
    assert "– removed 0.30 SEK 0.10 SEK (25 %)" in row(shown, "4670")
    assert "Below cost" not in row(shown, "4670")
    table = {"table": "46,0.20\n45,0.90\ndefault,0.2", "remove_others": "1"}
    shown = (await operator.post(f"{PRICES}/import", table)).text
    assert "too little left once the carrier is paid: 2" in shown
    assert "removed 0.30 SEK -0.10 SEK (-50 %) Below cost" in row(shown, "4670")


async def test_a_margin_that_is_too_thin_for_this_installation_is_told(database: str) -> None:
    async with (
        served_portal(database, least_margin_percent=20.0) as portal,
        portal.client(await portal.sign_in(None, is_operator=True)) as operator,
    ):
        await priced(portal, p46=100_000, p47=100_000)
        await charged(operator, p46="0.081", p47="0.08")
        page = (await operator.get(PRICES)).text
        assert "(19 %) Thin" in row(page, "46")
        assert "Thin" not in row(page, "47")


async def test_alarms_show_money_in_the_language_of_the_reader(
    portal: ServedPortal, operator: PortalClient
) -> None:
    await priced(portal, p46=350_000)
    await charged(operator, p46="0.40")
    await WatchMargins(portal.database).step(utc_now())
    page = (await operator.get("/portal/operator/alarms")).text.replace("\xa0", " ")
    assert "takes 0.35 SEK for 46, which costs 0.40 SEK at" in page
    swedish = {"accept-language": "sv"}
    page = (await operator.get("/portal/operator/alarms", headers=swedish)).text.replace("\xa0", " ")
    assert "tar 0,35 SEK för 46, som kostar 0,40 SEK hos" in page
