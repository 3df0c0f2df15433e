"""An account that may send as nobody yet: where it is told so, and how it comes to its first SMS."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from heliograph.domain.portal_rights import Role
from tests.support.served_portal import (
    PortalClient,
    ServedPortal,
    opened_page,
    screenshot_path,
    served_portal,
)

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def senderless(portal: ServedPortal) -> ServedPortal:
    """The portal where the account has no sender."""
    await forget_senders(portal)
    return portal


async def forget_senders(portal: ServedPortal) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM sender WHERE account_id = $1", portal.started.account_id)
    portal.context.accounts.forget(portal.started.account_id)


async def test_composing_begins_with_a_sender_and_keeps_what_is_typed(
    senderless: ServedPortal, owner: PortalClient
) -> None:
    shown = (await owner.get("/portal/compose")).text
    assert "No sender yet" in shown
    typed = {"step": "sender", "body": "Hello, first one", "pasted": "46701740605"}
    sent_away = await owner.post("/portal/compose", typed)
    place = sent_away.headers["location"]
    draft = place.removeprefix("/portal/senders?for=compose:")
    assert re.fullmatch("[0-9a-f]{24}", draft)
    asked_for = f"compose:{draft}"
    asked = (await owner.get(place)).text
    assert f'name="for" value="{asked_for}"' in asked
    assert "iP1sms" in asked
    refused = await owner.post("/portal/senders", {"sender": "!", "for": asked_for})
    assert (refused.status_code, f'name="for" value="{asked_for}"' in refused.text) == (400, True)
    registered = await owner.post("/portal/senders", {"sender": "Acme", "for": asked_for})
    assert registered.headers["location"] == f"/portal/compose/{draft}"
    again = (await owner.get(f"/portal/compose/{draft}")).text
    assert "No sender yet" not in again
    for text in ("Hello, first one", "46701740605", '<option value="Acme"'):
        assert text in again, text


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("compose", "/portal/compose"),
        ("handset", "/portal/handset"),
        (f"conversation:{24 * '7'}", f"/portal/conversations/{24 * '7'}"),
        ("conversation:../keys", "/portal/senders"),
        (f"keys:{24 * '7'}", "/portal/senders"),
        ("", "/portal/senders"),
        ("//example.com", "/portal/senders"),
        ("../keys", "/portal/senders"),
    ],
)
async def test_whoever_registers_a_sender_goes_on_where_they_were(
    senderless: ServedPortal, owner: PortalClient, asked: str, place: str
) -> None:
    registered = await owner.post("/portal/senders", {"sender": "iP1", "for": asked})
    assert registered.headers["location"] == place
    shown = (await owner.get("/portal/senders", params={"for": "//example.com"})).text
    assert "example.com" not in shown


async def test_the_overview_puts_the_sender_first(senderless: ServedPortal, owner: PortalClient) -> None:
    shown = (await owner.get("/portal/")).text
    assert shown.index("Register your own sender") < shown.index("Send a first SMS")
    assert 'href="/portal/senders?for=compose"' in shown
    assert "YOUR_KEY" in shown
    assert (await owner.post("/portal/senders", {"sender": "Acme", "for": "compose"})).status_code == 303
    shown = (await owner.get("/portal/")).text
    assert shown.index("Register your own sender") > shown.index("Send a first SMS")


async def test_who_may_register_none_is_told_whom_to_ask(senderless: ServedPortal) -> None:
    async with senderless.client(await senderless.sign_in(Role.SENDER)) as client:
        for path in ("/portal/compose", "/portal/senders"):
            shown = (await client.get(path)).text
            assert "Ask the owner of the account to register one." in shown, path
        assert 'value="sender"' not in (await client.get("/portal/compose")).text


async def test_the_phone_asks_for_a_sender_before_it_is_written_to(database: str) -> None:
    async with (
        served_portal(database, handsets_url=NOWHERE) as portal,
        portal.client(await portal.sign_in()) as client,
    ):
        assert "Send it a test SMS" in (await client.get("/portal/handset")).text
        await forget_senders(portal)
        shown = (await client.get("/portal/handset")).text
        assert "Send it a test SMS" not in shown
        assert 'href="/portal/senders?for=handset"' in shown
        sent = await client.post("/portal/handset/test")
        assert sent.headers["location"] == "/portal/senders?for=handset"
        assert "register one first" in unquote(sent.headers["set-cookie"])


@pytest.mark.parametrize(("phone", "dark", "language"), [(False, False, "en"), (True, True, "sv")])
async def test_from_no_sender_to_a_first_sms(
    senderless: ServedPortal,
    browser: Browser,
    screenshots: Path,
    *,
    phone: bool,
    dark: bool,
    language: str,
) -> None:
    register, review, send, default = {
        "en": ("Register a sender", "Review", "Send 1 message", "iP1"),
        "sv": ("Registrera en avsändare", "Granska", "Skicka 1 meddelande", "iP1"),
    }[language]
    async with (
        senderless.on_a_socket() as address,
        opened_page(browser, address, await senderless.sign_in(), phone=phone, dark=dark) as watched,
    ):
        page = watched.page
        await watched.context.add_cookies([{"name": "language", "value": language, "url": address}])
        for name, path in (("first-overview", "/portal/"), ("first-compose", "/portal/compose")):
            await page.goto(path)
            found = await Axe().run(page)
            assert found.response["violations"] == [], found.generate_report()
            taken = screenshot_path(screenshots, name, phone=phone, dark=dark)
            await page.screenshot(path=taken, full_page=True)
        await page.locator("#body").fill("Hello, first one")
        await page.locator("#pasted").fill("46701740605")
        await page.get_by_role("button", name=register).click()
        await page.wait_for_url("**/portal/senders?for=*")
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        taken = screenshot_path(screenshots, "first-sender", phone=phone, dark=dark)
        await page.screenshot(path=taken, full_page=True)
        await page.get_by_role("button", name=default, exact=True).click()
        await expect(page.locator("#body")).to_have_value("Hello, first one")
        await page.get_by_role("button", name=review).click()
        await page.get_by_role("button", name=send).click()
        await page.wait_for_url(re.compile(r"/portal/batches/[0-9a-f]{24}$"))
        assert watched.faults == []
    async with senderless.database.transaction() as tx:
        assert await tx.fetchval("SELECT sender FROM batch") == "iP1"
