"""Price lists, and prices taken over from a table."""

import re

import pytest

from heliograph.domain.portal_rights import Role
from tests.faces.portal.test_operator_accounts import noted
from tests.support.served_portal import PortalClient, ServedPortal

PRICES = "/portal/operator/prices"


async def euro(operator: PortalClient) -> str:
    made = await operator.post(PRICES, {"name": "euro", "currency": "eur"})
    assert made.status_code == 303
    return str(made.headers["location"])


async def stored(portal: ServedPortal, address: str) -> dict[str, int]:
    async with portal.database.transaction() as tx:
        rows = await tx.fetch(
            "SELECT prefix, amount FROM price WHERE price_list_id = $1", int(address.rpartition("/")[2])
        )
    return {row["prefix"]: row["amount"] for row in rows}


async def test_a_list_is_made_priced_and_removed(portal: ServedPortal, operator: PortalClient) -> None:
    address = await euro(operator)
    assert "No prices yet" in (await operator.get(address)).text
    for fields in ({"prefix": "46", "price": "0,035"}, {"prefix": "", "price": "0"}):
        assert (await operator.post(f"{address}/set", fields)).status_code == 303
    assert await stored(portal, address) == {"46": 35_000, "": 0}
    page = (await operator.get(address)).text
    assert "Free of charge" in page
    assert "0.035" in page
    assert (await operator.post(f"{address}/unset", {"prefix": ""})).status_code == 303
    assert (await operator.post(f"{address}/unset", {"prefix": ""})).status_code == 404
    assert "euro" in (await operator.get(PRICES)).text
    assert (await operator.post(f"{address}/remove")).headers["location"] == PRICES
    assert (await operator.get(address)).status_code == 404
    for action, times in (("price_list.created", 1), ("price.set", 2), ("price_list.removed", 1)):
        assert await noted(portal, action) == times


async def test_a_list_that_is_used_stays_and_what_it_lacks_is_told(
    portal: ServedPortal, operator: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        price_list = await tx.fetchval("SELECT price_list_id FROM account WHERE account_id = 10001")
        await tx.execute("DELETE FROM price WHERE prefix = ''")
        await tx.execute("DELETE FROM route")
        await tx.execute(
            "INSERT INTO route (route_id, prefix, carrier_id) SELECT 1, '99', min(carrier_id) FROM carrier"
        )
    address = f"{PRICES}/{price_list}"
    assert (await operator.post(f"{address}/remove")).headers["location"] == address
    assert "has no price for 99" in (await operator.get(address)).text


async def test_a_table_is_shown_before_it_counts(portal: ServedPortal, operator: PortalClient) -> None:
    address = await euro(operator)
    for prefix, price in (("46", "0.10"), ("47", "0.20"), ("48", "0.30")):
        await operator.post(f"{address}/set", {"prefix": prefix, "price": price})
    table = {"table": "prefix;price\n46;0,10\n47;0,25\n49;0", "remove_others": "1"}
    shown = await operator.post(f"{address}/import", table)
    assert shown.status_code == 200
    for word in ("Changes: 3", "as they are: 1", "dearer", "new", "removed", "would cost nothing"):
        assert word in shown.text
    assert await stored(portal, address) == {"46": 100_000, "47": 200_000, "48": 300_000}
    seen = re.search('name="seen" value="([0-9a-f]+)"', shown.text)
    assert seen
    await operator.post(f"{address}/set", {"prefix": "48", "price": "0.31"})
    again = await operator.post(f"{address}/import", {**table, "seen": seen[1]})
    assert "Somebody has changed the prices meanwhile" in again.text
    seen = re.search('name="seen" value="([0-9a-f]+)"', again.text)
    assert seen
    assert (await operator.post(f"{address}/import", {**table, "seen": seen[1]})).status_code == 303
    assert await stored(portal, address) == {"46": 100_000, "47": 250_000, "49": 0}
    assert await noted(portal, "prices.imported") == 1


async def test_a_file_is_read_and_its_faults_are_named_by_line(
    portal: ServedPortal, operator: PortalClient
) -> None:
    address = await euro(operator)
    file = {"file": ("prices.csv", b"\xef\xbb\xbfprefix,price\n46,0.35\n", "text/csv")}
    shown = await operator.post(f"{address}/import", {}, files=file)
    assert "Changes: 1." in shown.text
    refused = await operator.post(f"{address}/import", {"table": "46,0.35\n47,much"})
    assert refused.status_code == 400
    assert "Line 2" in refused.text
    assert "47,much" in refused.text
    empty = await operator.post(f"{address}/import", {"table": "prefix,price"})
    assert (empty.status_code, 'id="table-fault"' in empty.text) == (400, True)
    assert await stored(portal, address) == {}


@pytest.mark.parametrize(
    ("act", "fields", "field"),
    [
        ("", {"name": "", "currency": "SEK"}, "name"),
        ("", {"name": "euro", "currency": "EUR"}, "name"),
        ("", {"name": "x", "currency": "kronor"}, "currency"),
        ("/set", {"prefix": "4x", "price": "1"}, "prefix"),
        ("/set", {"prefix": "46", "price": "-1"}, "price"),
    ],
)
async def test_a_fault_stands_beside_its_field(
    operator: PortalClient, act: str, fields: dict[str, str], field: str
) -> None:
    address = await euro(operator)
    refused = await operator.post((address if act else PRICES) + act, fields)
    assert (refused.status_code, f'id="{field}-fault"' in refused.text) == (400, True)


async def test_only_operators_see_prices(portal: ServedPortal, operator: PortalClient) -> None:
    for act in ("set", "unset", "remove", "import"):
        fields = {"prefix": "46", "price": "1", "table": "46,1"}
        assert (await operator.post(f"{PRICES}/999/{act}", fields)).status_code == 404
    async with portal.client(await portal.sign_in(Role.BILLING)) as client:
        assert (await client.get(PRICES)).status_code == 403
        assert (await client.post(f"{PRICES}/1/import", {"table": "46,1"})).status_code == 403
