"""Routes, and where a number would go."""

import pytest

from heliograph.domain.portal_rights import Role
from tests.faces.portal.test_operator_accounts import noted
from tests.faces.portal.test_operator_carriers import made
from tests.support.served_portal import PortalClient, ServedPortal

ROUTES = "/portal/operator/routes"
QUESTION = {"number": "+46 712345678", "of_account": "ip1-10001", "as_sender": "Acme"}


async def telco(portal: ServedPortal, operator: PortalClient) -> str:
    return (await made(portal, operator)).rpartition("/")[2]


async def test_a_route_is_added_explained_and_removed(portal: ServedPortal, operator: PortalClient) -> None:
    fields = {
        "prefix": "46",
        "carrier": await telco(portal, operator),
        "account": "ip1-10001",
        "sender": "Acme",
    }
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO sender (account_id, sender) VALUES (10001, 'Acme') ON CONFLICT DO NOTHING"
        )
    assert (await operator.post(ROUTES, fields)).status_code == 303
    way = (await operator.post(f"{ROUTES}/explain", QUESTION)).text
    assert "+46712345678 is a possible number." in way
    assert "it is not bound now" in way
    assert "through telco" in way
    other = (await operator.post(f"{ROUTES}/explain", {**QUESTION, "as_sender": "Stranger"})).text
    assert "not registered" in other
    assert "for another sender" in other
    async with portal.database.transaction() as tx:
        route_id = await tx.fetchval("SELECT route_id FROM route WHERE prefix = '46'")
    assert (await operator.post(f"{ROUTES}/{route_id}/remove")).status_code == 303
    assert (await operator.post(f"{ROUTES}/{route_id}/remove")).status_code == 404
    assert (await noted(portal, "route.created"), await noted(portal, "route.removed")) == (1, 1)


async def test_a_route_that_takes_test_numbers_or_nothing_says_so(
    portal: ServedPortal, operator: PortalClient
) -> None:
    carrier = await telco(portal, operator)

    async def said(prefix: str) -> str:
        await operator.post(ROUTES, {"prefix": prefix, "carrier": carrier, "account": "", "sender": ""})
        return (await operator.get(ROUTES)).text

    assert "It takes the test numbers as well" in await said("46")
    assert "an older one to telco is for the same messages" in await said("46")
    assert "an older one to simulator is for the same messages" in await said("")
    assert "It counts for every message from now on." in await said("47")


async def test_no_route_no_price_and_the_blacklist_are_told(
    portal: ServedPortal, operator: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM route")
        await tx.execute("DELETE FROM price")
        await tx.execute(
            "INSERT INTO blacklist (account_id, msisdn, created_at) VALUES (10001, '46712345678', now())"
        )
    way = (await operator.post(f"{ROUTES}/explain", QUESTION)).text
    for told in ("ends with 502", "has no price for this number", "ends with 405", "is not sent now"):
        assert told in way
    assert "No routes yet" in way
    assert "ends with 408" in (await operator.post(f"{ROUTES}/explain", {**QUESTION, "number": "4612"})).text


@pytest.mark.parametrize(
    ("act", "fields", "field"),
    [
        ("", {"prefix": "46a"}, "prefix"),
        ("", {"prefix": "46", "carrier": "999"}, "carrier"),
        ("", {"prefix": "46", "account": "ip1-1"}, "account"),
        ("", {"prefix": "46", "sender": "A"}, "sender"),
        ("/explain", {**QUESTION, "number": "nobody"}, "number"),
        ("/explain", {**QUESTION, "of_account": ""}, "of_account"),
    ],
)
async def test_a_fault_stands_beside_its_field(
    operator: PortalClient, act: str, fields: dict[str, str], field: str
) -> None:
    refused = await operator.post(ROUTES + act, fields)
    assert (refused.status_code, f'id="{field}-fault"' in refused.text) == (400, True)


async def test_only_operators_route(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.OWNER)) as client:
        assert (await client.get(ROUTES)).status_code == 403
        for path in (ROUTES, f"{ROUTES}/explain", f"{ROUTES}/1/remove"):
            assert (await client.post(path, QUESTION)).status_code == 403
