"""Undo: what was removed in the portal is had back, row by row as it was, by whoever removed it."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from heliograph.domain.portal_rights import Role
from heliograph.faces.portal.undo_pages import NEEDED
from heliograph.services.keep_house import KeepHouse
from heliograph.services.undo_removal import _WAYS
from heliograph.storage.removals import (
    KEPT,
    MOST_LABELLED,
    KeptRemoval,
    Removal,
    RemovedLabel,
    keep_removal,
    take_removal,
)
from tests.faces.portal import sent_batches
from tests.support.rows import insert_account
from tests.support.served_portal import PortalClient, ServedPortal, opened_page, screenshot_path

CONTACTS = "/portal/contacts"
CONSOLE = "/portal/operator"
VOLATILE = frozenset({"created_at", "modified_at", "price_list_id"})
"""Columns that say when a row was made, or that have another value in the row made anew."""
ANN = {"number": "+46701740605", "properties": "firstName: Ann\ncity: Åmål", "labels": "gym, vip"}


class Removing(NamedTuple):
    """The form with which something is removed, and the tables in which it stood."""

    path: str
    fields: dict[str, str]
    tables: tuple[str, ...]


class Case(NamedTuple):
    """How something comes about that is removed then, by an operator or by an owner."""

    prepare: Callable[[ServedPortal, PortalClient], Awaitable[Removing]]
    is_operators: bool = False


async def post(client: PortalClient, path: str, fields: dict[str, str]) -> str:
    """Send a form that does what it says; where it leads."""
    answer = await client.post(path, fields)
    assert answer.status_code == 303, (path, answer.status_code, answer.text)
    return str(answer.headers["location"])


async def a_contact(_portal: ServedPortal, client: PortalClient) -> Removing:
    await post(client, f"{CONTACTS}/new", ANN)
    found = re.search(r"/portal/contacts/([0-9a-f]{24})", (await client.get(CONTACTS)).text)
    assert found is not None
    return Removing(f"{CONTACTS}/{found[1]}/delete", {}, ("contact", "contact_label"))


async def a_label(portal: ServedPortal, client: PortalClient) -> Removing:
    await a_contact(portal, client)
    await post(client, f"{CONTACTS}/new", {**ANN, "number": "+46701740606"})
    return Removing(f"{CONTACTS}/labels/delete", {"label": "gym"}, ("contact", "contact_label"))


async def a_sender(_portal: ServedPortal, client: PortalClient) -> Removing:
    await post(client, "/portal/senders", {"sender": "Gymmet"})
    return Removing("/portal/senders/remove", {"sender": "Gymmet"}, ("sender",))


async def a_blocked_number(_portal: ServedPortal, client: PortalClient) -> Removing:
    await post(client, "/portal/blacklist/add", {"msisdn": "+46701740605"})
    return Removing("/portal/blacklist/remove", {"msisdn": "46701740605"}, ("blacklist",))


async def a_keyword(portal: ServedPortal, client: PortalClient) -> Removing:
    async with portal.database.transaction() as tx:
        await tx.execute("INSERT INTO inbound_number VALUES ('72456', NULL, true, now())")
        account_id = portal.started.account_id
        await tx.execute("INSERT INTO inbound_keyword VALUES ('72456', 'pizza', $1)", account_id)
    await post(client, "/portal/numbers/keywords", {"number": "72456", "keyword": "pasta"})
    return Removing(
        "/portal/numbers/keywords/free", {"number": "72456", "keyword": "pasta"}, ("inbound_keyword",)
    )


async def a_member(portal: ServedPortal, _client: PortalClient) -> Removing:
    await portal.sign_in(Role.BILLING)
    async with portal.database.transaction() as tx:
        user_id = await tx.fetchval("SELECT user_id FROM membership WHERE role = 'billing'")
    return Removing("/portal/users/remove", {"user": str(user_id)}, ("membership",))


async def a_finished_batch(portal: ServedPortal, client: PortalClient) -> Removing:
    batch_id = await sent_batches.send(portal, ["46701740605"])
    await post(client, f"/portal/batches/{batch_id}/cancel", {})
    return Removing(f"/portal/batches/{batch_id}/hide", {}, ("batch",))


async def a_route(_portal: ServedPortal, client: PortalClient) -> Removing:
    await post(client, f"{CONSOLE}/routes", {"prefix": "46", "carrier": "1", "account": "ip1-10001"})
    await post(client, f"{CONSOLE}/routes", {"prefix": "4670", "carrier": "1"})
    return Removing(f"{CONSOLE}/routes/2/remove", {}, ("route",))


async def a_sender_of_an_account(_portal: ServedPortal, client: PortalClient) -> Removing:
    address = f"{CONSOLE}/accounts/ip1-10001/senders"
    await post(client, address, {"sender": "Gymmet"})
    return Removing(f"{address}/remove", {"sender": "Gymmet"}, ("sender",))


async def an_inbound_number(portal: ServedPortal, client: PortalClient) -> Removing:
    address = await post(client, f"{CONSOLE}/numbers", {"number": "72456", "shared": "1"})
    for keyword in ("pizza", "pasta"):
        await post(client, f"{address}/keywords", {"keyword": keyword, "account": "ip1-10001"})
    return Removing(f"{address}/remove", {}, ("inbound_number", "inbound_keyword"))


async def a_keyword_given(portal: ServedPortal, client: PortalClient) -> Removing:
    await an_inbound_number(portal, client)
    path = f"{CONSOLE}/numbers/72456/keywords/remove"
    return Removing(path, {"keyword": "pizza"}, ("inbound_number", "inbound_keyword"))


async def a_guard_rule(portal: ServedPortal, client: PortalClient) -> Removing:
    rule = {"prefix": "225", "limit": "100", "per": "hour", "mode": "block"}
    await post(client, f"{CONSOLE}/guard", {**rule, "limit": "7"})
    await post(client, f"{CONSOLE}/guard", {**rule, "account": "ip1-10001"})
    fields = {"prefix": "225", "account_id": str(portal.started.account_id)}
    return Removing(f"{CONSOLE}/guard/remove", fields, ("guard_rule",))


async def a_price(_portal: ServedPortal, client: PortalClient) -> Removing:
    await post(client, f"{CONSOLE}/prices/1/set", {"prefix": "4670", "price": "0.45"})
    return Removing(f"{CONSOLE}/prices/1/unset", {"prefix": "4670"}, ("price",))


async def a_price_list(_portal: ServedPortal, client: PortalClient) -> Removing:
    address = await post(client, f"{CONSOLE}/prices", {"name": "Wholesale", "currency": "EUR"})
    await post(client, f"{address}/set", {"prefix": "46", "price": "0.02"})
    return Removing(f"{address}/remove", {}, ("price_list", "price"))


async def two_costs(client: PortalClient) -> str:
    address = f"{CONSOLE}/carriers/1/costs"
    for prefix, cost in (("46", "0.20"), ("47", "0.30")):
        await post(client, f"{address}/set", {"prefix": prefix, "cost": cost, "currency": "SEK"})
    return address


async def a_cost(_portal: ServedPortal, client: PortalClient) -> Removing:
    return Removing(f"{await two_costs(client)}/unset", {"prefix": "46"}, ("carrier_cost", "carrier"))


async def every_cost(_portal: ServedPortal, client: PortalClient) -> Removing:
    return Removing(f"{await two_costs(client)}/remove", {}, ("carrier_cost", "carrier"))


CASES = {
    "contact": Case(a_contact),
    "label": Case(a_label),
    "sender": Case(a_sender),
    "blocked number": Case(a_blocked_number),
    "keyword": Case(a_keyword),
    "member": Case(a_member),
    "hidden batch": Case(a_finished_batch),
    "route": Case(a_route, is_operators=True),
    "sender of an account": Case(a_sender_of_an_account, is_operators=True),
    "inbound number": Case(an_inbound_number, is_operators=True),
    "keyword given": Case(a_keyword_given, is_operators=True),
    "guard rule": Case(a_guard_rule, is_operators=True),
    "price": Case(a_price, is_operators=True),
    "price list": Case(a_price_list, is_operators=True),
    "cost": Case(a_cost, is_operators=True),
    "every cost": Case(every_cost, is_operators=True),
}


async def rows_of(portal: ServedPortal, tables: tuple[str, ...]) -> list[list[dict[str, Any]]]:
    """The rows of tables, without what is different in a row that is made anew."""
    found = []
    async with portal.database.transaction() as tx:
        for table in tables:
            rows = await tx.fetch(f"SELECT row_to_json(t)::text AS row FROM {table} t")
            decoded = [msgspec.json.decode(row["row"], type=dict[str, Any]) for row in rows]
            kept = [{name: value for name, value in row.items() if name not in VOLATILE} for row in decoded]
            found.append(sorted(kept, key=str))
    return found


def undo_of(shown: str) -> tuple[str, dict[str, str]]:
    """The form of the button in a notice."""
    found = re.search(
        r'action="(/portal/(?:operator/)?undo)".*?name="removal" value="([0-9a-f]+)"', shown, re.S
    )
    assert found is not None, "no button to undo"
    return found[1], {"removal": found[2]}


async def removed(client: PortalClient, removing: Removing) -> tuple[str, dict[str, str]]:
    """Remove it; the form of the button on the page after that."""
    return undo_of((await client.get(await post(client, removing.path, removing.fields))).text)


@pytest.mark.parametrize("name", CASES)
async def test_what_was_removed_is_put_back_as_it_was(
    portal: ServedPortal, owner: PortalClient, operator: PortalClient, name: str
) -> None:
    prepare, is_operators = CASES[name]
    client = operator if is_operators else owner
    removing = await prepare(portal, client)
    before = await rows_of(portal, removing.tables)
    path, fields = await removed(client, removing)
    assert await rows_of(portal, removing.tables) != before
    seen = await client.get(await post(client, path, fields))
    assert (seen.status_code, "Undone: it is as it was before." in seen.text) == (200, True)
    assert await rows_of(portal, removing.tables) == before
    # A second press finds nothing to do.
    again = await client.get(await post(client, path, fields))
    assert "That can be undone once" in again.text
    assert await rows_of(portal, removing.tables) == before


def test_every_kind_of_removal_has_a_way_back_and_a_right() -> None:
    kinds = set(Removal.__args__)
    operators = {kind for kind in kinds if kind not in NEEDED}
    assert kinds == set(_WAYS)
    assert {kind.__name__ for kind in operators} == {
        "RemovedRoute",
        "RemovedNumber",
        "RemovedGuardRule",
        "RemovedPrices",
        "RemovedPriceList",
        "RemovedCosts",
    }


async def test_the_log_says_what_was_undone(portal: ServedPortal, owner: PortalClient) -> None:
    removing = await a_sender(portal, owner)
    await post(owner, *(await removed(owner, removing)))
    shown = (await owner.get("/portal/audit")).text
    assert "Undid a removal" in shown
    assert "what: Removed a sender" in shown


async def test_nobody_else_undoes_it_nor_in_another_account(
    portal: ServedPortal, owner: PortalClient, operator: PortalClient
) -> None:
    removing = await a_contact(portal, owner)
    path, fields = await removed(owner, removing)
    gone = await rows_of(portal, removing.tables)
    async with portal.client(await portal.sign_in(Role.OWNER)) as colleague:
        await post(colleague, path, fields)
    await post(operator, f"{CONSOLE}/undo", fields)
    async with portal.database.transaction() as tx:
        other = await insert_account(tx, 10_077)
        await tx.execute("UPDATE login SET account_id = $1 WHERE account_id IS NOT NULL", other)
        await tx.execute("UPDATE membership SET account_id = $1", other)
    await post(owner, path, fields)
    assert await rows_of(portal, removing.tables) == gone


async def test_whoever_lost_the_right_undoes_nothing(portal: ServedPortal, owner: PortalClient) -> None:
    removing = await a_sender(portal, owner)
    path, fields = await removed(owner, removing)
    gone = await rows_of(portal, removing.tables)
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE membership SET role = 'read_only'")
    assert (await owner.post(path, fields)).status_code == 403
    assert await rows_of(portal, removing.tables) == gone


async def test_after_an_hour_it_is_gone_for_good(portal: ServedPortal, owner: PortalClient) -> None:
    removing = await a_contact(portal, owner)
    path, fields = await removed(owner, removing)
    gone = await rows_of(portal, removing.tables)
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE removal SET created_at = created_at - $1::interval", KEPT)
    await post(owner, path, fields)
    assert await rows_of(portal, removing.tables) == gone
    await KeepHouse(portal.database).step(portal.context.now() + timedelta(seconds=1))
    assert await rows_of(portal, ("removal",)) == [[]]


TAKEN = {
    "keyword given": (
        f"{CONSOLE}/numbers/72456/keywords",
        {"keyword": "pizza", "account": "ip1-10001"},
        "Somebody has the keyword by now.",
    ),
    "inbound number": (f"{CONSOLE}/numbers", {"number": "72456", "shared": "1"}, "in the list again"),
    "guard rule": (
        f"{CONSOLE}/guard",
        {"prefix": "225", "limit": "5", "per": "hour", "mode": "watch", "account": "ip1-10001"},
        "another rule for this prefix",
    ),
    "price": (f"{CONSOLE}/prices/1/set", {"prefix": "4670", "price": "0.50"}, "another price for this"),
    "price list": (f"{CONSOLE}/prices", {"name": "Wholesale", "currency": "SEK"}, "list of that name"),
    "cost": (
        f"{CONSOLE}/carriers/1/costs/set",
        {"prefix": "46", "cost": "1", "currency": "SEK"},
        "other costs",
    ),
    "every cost": (
        f"{CONSOLE}/carriers/1/costs/set",
        {"prefix": "48", "cost": "1", "currency": "EUR"},
        "in another currency",
    ),
}


@pytest.mark.parametrize("name", TAKEN)
async def test_what_took_its_place_stays_and_is_named(
    portal: ServedPortal, operator: PortalClient, name: str
) -> None:
    removing = await CASES[name].prepare(portal, operator)
    path, fields = await removed(operator, removing)
    again, typed, said = TAKEN[name]
    await post(operator, again, typed)
    now = await rows_of(portal, removing.tables)
    shown: httpx.Response = await operator.get(await post(operator, path, fields))
    assert "It was not undone." in shown.text
    assert said in shown.text
    assert await rows_of(portal, removing.tables) == now


async def test_an_account_that_was_taken_off_a_number_does_not_come_back_by_itself(
    portal: ServedPortal, owner: PortalClient
) -> None:
    removing = await a_keyword(portal, owner)
    path, fields = await removed(owner, removing)
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM inbound_keyword")
    shown = (await owner.get(await post(owner, path, fields))).text
    assert "The account is off this number by now." in shown
    assert await rows_of(portal, removing.tables) == [[]]


async def test_a_label_comes_back_on_those_of_its_contacts_that_are_there(
    portal: ServedPortal, owner: PortalClient
) -> None:
    removing = await a_label(portal, owner)
    path, fields = await removed(owner, removing)
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM contact WHERE msisdn = '46701740606'")
    await post(owner, path, fields)
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM contact_label WHERE label = 'gym'") == 1


async def test_a_label_of_very_many_contacts_is_deleted_without_a_way_back(
    portal: ServedPortal, owner: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO contact_label SELECT $1, 'all', int8send(n) FROM generate_series(1, $2::bigint) n",
            portal.started.account_id,
            MOST_LABELLED + 1,
        )
    shown = (await owner.get(await post(owner, f"{CONTACTS}/labels/delete", {"label": "all"}))).text
    assert "The label is gone" in shown
    assert "/portal/undo" not in shown


async def test_the_largest_label_is_kept_whole(portal: ServedPortal, owner: PortalClient) -> None:
    contact_ids = [n.to_bytes(12) for n in range(MOST_LABELLED)]
    async with portal.database.transaction() as tx:
        ids, now = portal.context.ids, portal.context.now()
        removal = KeptRemoval(RemovedLabel("all", contact_ids), "label.deleted", "all", CONTACTS)
        removal_id = await keep_removal(tx, 1, 1, removal, now=now, ids=ids)
        assert await take_removal(tx, 1, 1, removal_id, now=now) == removal


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)], ids=["desktop", "phone"])
async def test_in_a_browser_the_button_stands_in_the_notice(
    portal: ServedPortal, browser: Browser, screenshots: Path, phone: bool, dark: bool
) -> None:
    secret = await portal.sign_in(Role.OWNER)
    async with portal.client(secret) as client:
        await a_label(portal, client)
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, secret, phone=phone, dark=dark) as watched,
    ):
        page = watched.page
        await page.goto(CONTACTS)
        await page.get_by_role("link", name="+46701740605").click()
        await page.get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("You can undo this right after.")).to_be_visible()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("The contact is deleted.")).to_be_visible()
        await page.screenshot(path=screenshot_path(screenshots, "undo", phone=phone, dark=dark))
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("Undone: it is as it was before.")).to_be_visible()
        await expect(page.get_by_label("Labels")).to_have_value("gym, vip")
        assert watched.faults == []
