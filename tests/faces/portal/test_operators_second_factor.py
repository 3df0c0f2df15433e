"""Operators come in with two factors, or stay outside of the console; a sandbox asks for one."""

from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from heliograph.storage.portal_users import make_operator
from tests.faces.portal.test_second_factors import Kim, forget_step
from tests.faces.portal.test_sign_in import EMAIL, PASSWORD, add_person
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path, served_portal

CONSOLE = "/portal/operator/accounts"
NEEDED = "Operators need a second step."


async def add_operator(portal: ServedPortal, *, is_member: bool = True) -> None:
    """Kim, who operates the installation and has a password."""
    user_id = await add_person(portal)
    async with portal.database.transaction() as tx:
        await make_operator(tx, user_id, is_operator=True)
        if not is_member:
            await tx.execute("DELETE FROM membership WHERE user_id = $1", user_id)


async def test_with_a_password_alone_the_console_is_closed(portal: ServedPortal) -> None:
    await add_operator(portal)
    async with portal.client(None) as client:
        kim = Kim(client)
        assert await kim.sign_in() == "/portal/"
        asked = await client.get(CONSOLE)
        assert (asked.status_code, asked.headers["location"]) == (303, "/portal/me")
        shown = (await client.get("/portal/me")).text
        assert NEEDED in shown
        assert CONSOLE not in shown
        refused = await kim.post("/portal/operator/new-account", name="Acme")
        assert (refused.status_code, NEEDED in refused.text) == (403, True)
        part = await client.get("/portal/operator/live/queues", headers={"hx-request": "true"})
        assert part.status_code == 403
        assert "console is closed" in (await client.get("/portal/batches")).text, "the own account is open"
        await kim.add_app()
        assert (await client.get(CONSOLE)).status_code == 200


async def test_in_accounts_of_others_it_is_closed_as_well(portal: ServedPortal) -> None:
    await add_operator(portal, is_member=False)
    async with portal.client(None) as client:
        kim = Kim(client)
        await kim.sign_in()
        for page in ("/portal/", "/portal/batches", "/portal/keys"):
            assert (await client.get(page)).headers["location"] == "/portal/me", page
        await kim.add_app()
        assert (await client.get("/portal/keys")).status_code == 200


async def test_a_sandbox_asks_and_does_not_insist(database: str) -> None:
    async with served_portal(database, operators_need_second_factor=False) as portal:
        await add_operator(portal)
        async with portal.client(None) as client:
            kim = Kim(client)
            await kim.sign_in()
            assert (await client.get(CONSOLE)).status_code == 200
            assert "You have no second step" in (await client.get("/portal/")).text
            await kim.add_app()
            assert (await kim.post("/portal/me/app/remove")).status_code == 303
            assert (await client.get(CONSOLE)).status_code == 200


async def test_the_last_factor_is_kept(portal: ServedPortal) -> None:
    await add_operator(portal)
    async with portal.client(None) as client:
        kim = Kim(client)
        await kim.sign_in()
        await kim.add_app()
        assert "Remove the authenticator app?" not in (await client.get("/portal/me")).text
        refused = await kim.post("/portal/me/app/remove")
        assert refused.headers["location"] == "/portal/me"
        assert "Add another one before you remove this." in (await client.get("/portal/me")).text
        assert (await client.get(CONSOLE)).status_code == 200
        async with portal.database.transaction() as tx:
            user_id = await tx.fetchval("SELECT user_id FROM portal_user WHERE email = $1", EMAIL)
            await make_operator(tx, user_id, is_operator=False)
        assert (await kim.post("/portal/me/app/remove")).headers["location"] == "/portal/me#sign-in"
        assert "is asked for no more" in (await client.get("/portal/me")).text


@pytest.mark.parametrize(
    ("is_operator", "insists", "said"),
    [(True, True, "strict"), (True, False, "lax"), (False, True, "lax")],
)
async def test_other_sites_never_send_an_operators_cookie(
    database: str, is_operator: bool, insists: bool, said: str
) -> None:
    async with served_portal(database, operators_need_second_factor=insists) as portal:
        user_id = await add_person(portal)
        async with portal.database.transaction() as tx:
            await make_operator(tx, user_id, is_operator=is_operator)
        async with portal.client(None) as client:
            entered = await client.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        cookie = next(
            each for each in entered.headers.get_list("set-cookie") if each.startswith("heliograph=")
        )
        assert f"samesite={said}" in cookie.lower()


async def test_in_a_browser_the_way_leads_from_the_password_to_the_console(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    await add_operator(portal)
    async with portal.on_a_socket() as address, opened_page(browser, address) as watched:
        page = watched.page
        await page.goto(CONSOLE)
        await page.get_by_label("E-mail address").fill(EMAIL)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.get_by_text(NEEDED).first).to_be_visible()
        assert (await Axe().run(page)).violations_count == 0
        await page.screenshot(path=screenshot_path(screenshots, "operator-closed", phone=False, dark=False))
        await page.get_by_role("button", name="Use an authenticator app").click()
        secret = (await page.locator("code").first.inner_text()).replace(" ", "")
        totp = pyotp.TOTP(secret)
        await page.get_by_label("Code").fill(totp.now())
        await page.get_by_role("button", name="Use this app").click()
        await expect(page.get_by_role("heading", name="Recovery codes", level=1)).to_be_visible()
        await page.goto(CONSOLE)
        await expect(page.get_by_role("heading", name="Accounts", level=1)).to_be_visible()
        assert watched.faults == []
        await page.locator("form[action='/portal/sign-out']").evaluate("form => form.submit()")
        await expect(page.get_by_label("E-mail address")).to_be_visible()
        await forget_step(portal)
        await page.get_by_label("E-mail address").fill(EMAIL)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.get_by_label("Code")).to_be_visible()
