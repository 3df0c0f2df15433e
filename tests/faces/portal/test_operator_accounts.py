"""Accounts, as operators see and change them."""

import asyncio
import re

import pytest

from heliograph.domain.portal_rights import Role
from tests.faces.portal.sent_batches import send
from tests.support.accepting import utc_now
from tests.support.rows import insert_account
from tests.support.served_portal import PortalClient, ServedPortal

ACCOUNT = "/portal/operator/accounts/ip1-10001"


async def noted(portal: ServedPortal, action: str, account_id: int = 0) -> int:
    async with portal.database.transaction() as tx:
        count: int = await tx.fetchval(
            "SELECT count(*) FROM audit_entry WHERE action = $1 AND account_id = $2", action, account_id
        )
    return count


async def test_accounts_are_listed_and_found(portal: ServedPortal, operator: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        await insert_account(tx, 10_077)
    listed = (await operator.get("/portal/operator/accounts")).text
    assert "ip1-10001" in listed
    assert "ip1-10077" in listed
    found = (await operator.post("/portal/operator/accounts", {"q": "10077"})).text
    assert "ip1-10001" not in found
    assert "ip1-10077" in found
    assert (
        "No account is called that"
        in (await operator.post("/portal/operator/accounts", {"q": "nobody"})).text
    )
    following = (await operator.get("/portal/operator/accounts?after=10001")).text
    assert "ip1-10001" not in following


async def test_what_was_charged_today_is_shown(portal: ServedPortal, operator: PortalClient) -> None:
    body = {"sender": "Acme", "recipients": ["46712345678"], "body": "Hi"}
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO sender (account_id, sender) VALUES (10001, 'Acme') ON CONFLICT DO NOTHING"
        )
        price = await tx.fetchval("SELECT amount FROM price WHERE prefix = ''")
    assert (await portal.api.post(body)).status == 201
    shown = (await operator.get(ACCOUNT)).text
    assert price > 0
    assert f"{price / 1_000_000:.2f}" in shown


async def test_settings_limits_and_senders_are_changed(portal: ServedPortal, operator: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        price_list = await tx.fetchval("SELECT price_list_id FROM account WHERE account_id = 10001")
    settings = {"name": "Acme AB", "price_list": price_list, "weight": "7", "optional_sender": "1"}
    assert (await operator.post(f"{ACCOUNT}/settings", settings)).status_code == 303
    limits = {"rate": "0,5", "burst": "", "daily_cap": "12,50"}
    assert (await operator.post(f"{ACCOUNT}/limits", limits)).status_code == 303
    assert (await operator.post(f"{ACCOUNT}/senders", {"sender": "Widgets"})).status_code == 303
    async with portal.database.transaction() as tx:
        row = await tx.fetchrow("SELECT * FROM account WHERE account_id = 10001")
    assert row is not None
    assert (row["name"], row["weight"], row["optional_sender"]) == ("Acme AB", 7, True)
    assert (row["rate_limit"], row["rate_burst"], row["daily_cap"]) == (0.5, 1, 12_500_000)
    assert "Widgets" in (await operator.get(ACCOUNT)).text
    assert (await operator.post(f"{ACCOUNT}/senders/remove", {"sender": "Widgets"})).status_code == 303
    assert (await operator.post(f"{ACCOUNT}/senders/remove", {"sender": "Widgets"})).status_code == 404
    for action in ("account.changed", "account.limited", "sender.added", "sender.removed"):
        assert await noted(portal, action) == 1


@pytest.mark.parametrize(
    ("form", "fields", "field"),
    [
        ("settings", {"name": "", "price_list": "1", "weight": "1"}, "name"),
        ("settings", {"name": "A", "price_list": "1", "weight": "1001"}, "weight"),
        ("settings", {"name": "A", "price_list": "77", "weight": "1"}, "price_list"),
        ("limits", {"rate": "fast"}, "rate"),
        ("limits", {"rate": "1", "burst": "0"}, "burst"),
        ("limits", {"rate": "", "burst": "3"}, "burst"),
        ("limits", {"daily_cap": "-1"}, "daily_cap"),
        ("credit", {"amount": "nothing"}, "amount"),
        ("credit", {"amount": "5", "kind": "correction"}, "note"),
        ("credit", {"amount": "5", "note": "x" * 201}, "note"),
        ("senders", {"sender": "A"}, "sender"),
        ("senders", {"sender": "Acme-1"}, "sender"),
    ],
)
async def test_a_fault_stands_beside_its_field(
    operator: PortalClient, form: str, fields: dict[str, str], field: str
) -> None:
    refused = await operator.post(f"{ACCOUNT}/{form}", fields)
    assert refused.status_code == 400
    assert f'id="{field}-fault"' in refused.text
    assert all(f'value="{text}"' in refused.text for text in fields.values() if text not in ("1", "77"))


async def test_credit_is_added_and_taken_back(portal: ServedPortal, operator: PortalClient) -> None:
    before = await portal.api.accounts.balance(10_001)
    assert (await operator.post(f"{ACCOUNT}/credit", {"amount": "100", "kind": "top_up"})).status_code == 303
    taken = {"amount": "25.5", "kind": "correction", "note": "paid twice"}
    asked = await operator.post(f"{ACCOUNT}/credit", taken)
    assert (asked.status_code, "is taken back, and the balance will be" in asked.text) == (200, True)
    assert await portal.api.accounts.balance(10_001) == before + 100_000_000, "booked before it was confirmed"
    assert 'value="paid twice"' in asked.text
    assert (await operator.post(f"{ACCOUNT}/credit", {**taken, "confirmed": "1"})).status_code == 303
    assert await portal.api.accounts.balance(10_001) == before + 74_500_000
    async with portal.database.transaction() as tx:
        booked = await tx.fetchrow("SELECT amount, note FROM ledger WHERE kind = 4")
    assert booked is not None
    assert tuple(booked) == (-25_500_000, "paid twice")
    assert (await noted(portal, "credit.added"), await noted(portal, "credit.corrected")) == (1, 1)


async def test_a_form_that_is_sent_twice_books_once(portal: ServedPortal, operator: PortalClient) -> None:
    before = await portal.api.accounts.balance(10_001)
    once = re.search(r'name="once" value="(\w{32})"', (await operator.get(ACCOUNT)).text)
    assert once is not None
    form = {"amount": "100", "kind": "top_up", "note": "invoice 7", "once": once[1]}
    answers = await asyncio.gather(*(operator.post(f"{ACCOUNT}/credit", form) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {303}
    assert await portal.api.accounts.balance(10_001) == before + 100_000_000
    assert await noted(portal, "credit.added") == 1
    for changed in ({**form, "amount": "50"}, {**form, "once": "another"}):
        await operator.post(f"{ACCOUNT}/credit", changed)
    assert await portal.api.accounts.balance(10_001) == before + 250_000_000


async def test_an_account_is_disabled_and_enabled(portal: ServedPortal, operator: PortalClient) -> None:
    await operator.post(f"{ACCOUNT}/disabled", {"disabled": "1"})
    assert "its keys are refused" in (await operator.get(ACCOUNT)).text
    await operator.post(f"{ACCOUNT}/disabled", {"disabled": "0"})
    assert "its keys are refused" not in (await operator.get(ACCOUNT)).text
    assert (await noted(portal, "account.disabled"), await noted(portal, "account.enabled")) == (1, 1)


async def test_looking_at_an_account_is_written_down_there(
    portal: ServedPortal, operator: PortalClient
) -> None:
    assert (await operator.post(f"{ACCOUNT}/look")).headers["location"] == "/portal/"
    assert (await operator.get("/portal/")).status_code == 200
    assert await noted(portal, "account.looked_at") == 1
    assert await noted(portal, "operator.looked", 10_001) == 1


async def test_a_new_account_shows_its_key_once(portal: ServedPortal, operator: PortalClient) -> None:
    fields = {
        "name": "Acme",
        "price_list": "1",
        "credit": "50",
        "senders": "Acme, 4610",
        "optional_sender": "1",
    }
    made = await operator.post("/portal/operator/new-account", fields)
    found = re.search(r"ip1-\d+", made.text)
    assert found
    assert "hg_" in made.text
    page = (await operator.get(f"/portal/operator/accounts/{found[0]}")).text
    assert "50.00" in page
    assert "4610" in page
    assert "hg_" not in page
    assert (await noted(portal, "account.created"), await noted(portal, "credit.added")) == (1, 1)
    child = await operator.post("/portal/operator/new-account", {"name": "Store", "parent": found[0]})
    assert "hg_" in child.text
    assert await noted(portal, "credit.added") == 1, "nothing was given to the child"


async def test_a_form_that_is_sent_twice_makes_one_account(
    portal: ServedPortal, operator: PortalClient
) -> None:
    form = (await operator.get("/portal/operator/new-account")).text
    assert "iP1sms</textarea>" in form, "an account that may send begins with the default senders"
    found = re.search(r'name="once" value="([^"]+)"', form)
    assert found
    fields = {"name": "Acme", "price_list": "1", "once": found[1]}
    answers = await asyncio.gather(*(operator.post("/portal/operator/new-account", fields) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 303, 303]
    assert await noted(portal, "account.created") == 1
    later = await operator.post("/portal/operator/new-account", {**fields, "once": "another form"})
    assert later.status_code == 200
    assert await noted(portal, "account.created") == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " ", "price_list": "1"}, "name"),
        ({"name": "A", "price_list": "9"}, "price_list"),
        ({"name": "A", "price_list": "1", "credit": "much"}, "credit"),
        ({"name": "A", "price_list": "1", "senders": "A", "optional_sender": "1"}, "senders"),
        ({"name": "A", "price_list": "1", "senders": "Acme"}, "senders"),
        ({"name": "A", "parent": "ip1-1"}, "parent"),
    ],
)
async def test_a_new_account_is_refused_beside_its_field(
    operator: PortalClient, fields: dict[str, str], field: str
) -> None:
    refused = await operator.post("/portal/operator/new-account", fields)
    assert (refused.status_code, f'id="{field}-fault"' in refused.text) == (400, True)


async def test_no_account_by_that_number(operator: PortalClient) -> None:
    assert (await operator.get("/portal/operator/accounts/ip1-1")).status_code == 404
    for form in ("look", "disabled", "senders/remove"):
        assert (await operator.post(f"/portal/operator/accounts/ip1-1/{form}")).status_code == 404


@pytest.mark.parametrize("role", list(Role))
async def test_no_role_of_an_account_may_operate(portal: ServedPortal, role: Role) -> None:
    async with portal.client(await portal.sign_in(role)) as client:
        for path in ("/portal/operator/accounts", ACCOUNT, "/portal/operator/new-account"):
            assert (await client.get(path)).status_code == 403
        assert (await client.post(f"{ACCOUNT}/credit", {"amount": "1"})).status_code == 403


async def test_what_came_back_today_stands_beside_what_was_charged(
    portal: ServedPortal, operator: PortalClient
) -> None:
    batch_id = await send(portal, ["46701740605", "46701740606"])
    await portal.context.cancel_batch.cancel(portal.started.account_id, bytes.fromhex(batch_id), utc_now())
    shown = (await operator.get("/portal/operator/accounts/ip1-10001")).text
    assert "0.70\xa0SEK came back" in shown
