"""Numbers that handsets write to, and the keywords of shared ones, as an operator gives them."""

import pytest

from heliograph.domain.portal_rights import Role
from heliograph.storage.inbound_numbers import StoredNumber, list_numbers
from tests.faces.portal.test_operator_accounts import noted
from tests.support.rows import insert_account
from tests.support.served_portal import PortalClient, ServedPortal

NUMBERS = "/portal/operator/numbers"
OWN = {"number": "+46 10 160 60 60", "account": "ip1-10001"}
SHARED = {"number": "72456", "account": "", "shared": "1"}


async def stored(portal: ServedPortal) -> dict[str, StoredNumber]:
    async with portal.database.transaction() as tx:
        return {each.number: each for each in await list_numbers(tx)}


async def test_a_number_of_an_account_is_added_given_away_and_removed(
    portal: ServedPortal, operator: PortalClient
) -> None:
    assert "No number yet" in (await operator.get(NUMBERS)).text
    added = await operator.post(NUMBERS, OWN)
    address = f"{NUMBERS}/46101606060"
    assert (added.status_code, added.headers["location"]) == (303, address)
    async with portal.database.transaction() as tx:
        other = await insert_account(tx, 10_077)
    listed = (await operator.get(NUMBERS)).text
    assert f'href="{address}"' in listed
    assert "ip1-10001" in (await operator.get(address)).text
    number = await tx_number(portal, other)
    assert (await operator.post(address, {"owner": number})).status_code == 303
    assert (await stored(portal))["46101606060"].account_id == other
    assert (await operator.post(f"{address}/remove")).status_code == 303
    assert await stored(portal) == {}
    for gone in (await operator.get(address), await operator.post(f"{address}/remove")):
        assert gone.status_code == 404
    for action in ("number.added", "number.changed", "number.removed"):
        assert await noted(portal, action) == 1, action


async def tx_number(portal: ServedPortal, account_id: int) -> str:
    async with portal.database.transaction() as tx:
        return str(await tx.fetchval("SELECT number FROM account WHERE account_id = $1", account_id))


async def test_keywords_of_a_shared_number_are_given_and_withdrawn(
    portal: ServedPortal, operator: PortalClient
) -> None:
    address = f"{NUMBERS}/72456"
    assert (await operator.post(NUMBERS, SHARED)).headers["location"] == address
    given = await operator.post(f"{address}/keywords", {"keyword": " Pizza! ", "account": "ip1-10001"})
    assert given.status_code == 303
    assert (await stored(portal))["72456"].keywords == {"pizza": portal.started.account_id}
    async with portal.client(await portal.sign_in(Role.OWNER)) as client:
        shown = (await client.get("/portal/numbers")).text
    assert "72456" in shown
    assert "pizza" in shown
    own = await operator.post(address, {"owner": "ip1-10001"})
    assert (own.status_code, "Remove them first" in own.text) == (400, True)
    assert (await operator.post(f"{address}/keywords/remove", {"keyword": "pizza"})).status_code == 303
    assert (await operator.post(f"{address}/keywords/remove", {"keyword": "pizza"})).status_code == 404
    assert (await operator.post(address, {"owner": "ip1-10001"})).status_code == 303
    assert not (await stored(portal))["72456"].shared
    assert (await noted(portal, "keyword.given"), await noted(portal, "keyword.withdrawn")) == (1, 1)


@pytest.mark.parametrize(
    ("act", "fields", "field", "said"),
    [
        ("", {**OWN, "number": "4"}, "number", "2 to 15 digits"),
        ("", {**OWN, "number": "ACME"}, "number", "2 to 15 digits"),
        ("", {**OWN, "number": "72456"}, "number", "in the list already"),
        ("", {**OWN, "account": ""}, "account", "Say whose it is"),
        ("", {**OWN, "account": "ip1-1"}, "account", "no such account"),
        ("/72456", {"owner": ""}, "owner", "Say whose it is"),
        ("/72456", {"owner": "ip1-1", "shared": "1"}, "owner", "no such account"),
        ("/72456/keywords", {"keyword": "two words", "account": "ip1-10001"}, "keyword", "one word"),
        ("/72456/keywords", {"keyword": "Stop", "account": "ip1-10001"}, "keyword", "nobody can have it"),
        ("/72456/keywords", {"keyword": "taxi", "account": ""}, "account", "gets the messages"),
        ("/72456/keywords", {"keyword": "Taxi", "account": "ip1-10001"}, "keyword", "is taken"),
    ],
)
async def test_a_fault_stands_beside_its_field_and_changes_nothing(
    portal: ServedPortal, operator: PortalClient, act: str, fields: dict[str, str], field: str, said: str
) -> None:
    await operator.post(NUMBERS, SHARED)
    await operator.post(f"{NUMBERS}/72456/keywords", {"keyword": "taxi", "account": "ip1-10001"})
    before = await stored(portal)
    refused = await operator.post(NUMBERS + act, fields)
    assert (refused.status_code, f'id="{field}-fault"' in refused.text) == (400, True)
    assert said in refused.text
    if typed := fields[field]:
        assert f'value="{typed}"' in refused.text
    assert await stored(portal) == before


async def test_a_number_of_one_account_has_no_keywords(portal: ServedPortal, operator: PortalClient) -> None:
    await operator.post(NUMBERS, OWN)
    address = f"{NUMBERS}/46101606060"
    refused = await operator.post(f"{address}/keywords", {"keyword": "taxi", "account": "ip1-10001"})
    assert (refused.status_code, refused.headers["location"]) == (303, address)
    assert "Only a shared number has keywords." in (await operator.get(address)).text
    assert (await stored(portal))["46101606060"].keywords == {}


async def test_what_is_no_number_is_not_found(operator: PortalClient) -> None:
    for act in ("", "/remove", "/keywords", "/keywords/remove"):
        assert (await operator.post(f"{NUMBERS}/46555{act}", {"shared": "1"})).status_code == 404, act


async def test_only_operators_give_numbers(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.OWNER)) as client:
        assert (await client.get(NUMBERS)).status_code == 403
        assert (await client.post(NUMBERS, OWN)).status_code == 403
