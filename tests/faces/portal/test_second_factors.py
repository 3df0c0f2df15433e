"""Authenticator app, recovery codes, passkeys, and somebody's own page."""

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from heliograph.domain.portal_rights import Role
from tests.faces.portal.test_sign_in import EMAIL, PASSWORD, add_link, add_person
from tests.support.served_portal import (
    PortalClient,
    ServedPortal,
    opened_page,
    screenshot_path,
)

SECOND_STEP = "/portal/sign-in/second-step"


class Kim:
    """Somebody with a password, in a browser without a window; knows the token of their login."""

    def __init__(self, client: PortalClient) -> None:
        self.client = client

    async def post(self, path: str, **fields: str) -> httpx.Response:
        shown = (await self.client.get("/portal/me")).text
        token = re.search(r'name="csrf" value="([^"]*)"', shown)
        return await self.client.post(path, {"csrf": token[1] if token else "", **fields})

    async def sign_in(self) -> str:
        """Where the password leads to."""
        entered = await self.client.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        return str(entered.headers["location"])

    async def add_app(self) -> tuple[pyotp.TOTP, list[str]]:
        """An authenticator app, and the recovery codes."""
        assert (await self.post("/portal/me/app")).headers["location"] == "/portal/me/app"
        shown = (await self.client.get("/portal/me/app")).text
        secret = re.search(r"<code>([A-Z2-7 ]{39})</code>", shown)
        assert secret is not None
        totp = pyotp.TOTP(secret[1].replace(" ", ""))
        picture = await self.client.get("/portal/me/app/picture.svg")
        assert picture.headers["content-type"].startswith("image/svg+xml")
        wrong = await self.post("/portal/me/app/confirm", code="000000")
        assert wrong.status_code == 400
        taken = await self.post("/portal/me/app/confirm", code=totp.now())
        return totp, re.findall(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b", taken.text)[:10]


async def forget_step(portal: ServedPortal) -> None:
    """As if the code just used were of long ago."""
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE portal_user SET totp_step = 0")


async def test_an_app_is_asked_for_after_the_password_and_each_code_counts_once(portal: ServedPortal) -> None:
    await add_person(portal)
    async with portal.client(None) as client, portal.client(None) as other:
        kim = Kim(client)
        await kim.sign_in()
        totp, codes = await kim.add_app()
        assert len(codes) == 10
        other_kim = Kim(other)
        assert await other_kim.sign_in() == SECOND_STEP
        assert (await other.get("/portal/")).status_code == 303, "half in is not in"
        used = await other.post(SECOND_STEP, {"code": totp.now()})
        assert (used.status_code, "used before" in used.text) == (400, True)
        await forget_step(portal)
        assert (await other.post(SECOND_STEP, {"code": totp.now()})).headers["location"] == "/portal/"
        assert (await other.get("/portal/")).status_code == 200


async def test_recovery_codes_count_once_and_are_shown_once(portal: ServedPortal) -> None:
    await add_person(portal)
    async with portal.client(None) as client, portal.client(None) as other:
        await Kim(client).sign_in()
        _, codes = await Kim(client).add_app()
        assert codes[0] not in (await client.get("/portal/me")).text
        await Kim(other).sign_in()
        entered = await other.post(SECOND_STEP, {"code": codes[0].upper()})
        assert entered.headers["location"] == "/portal/me"
        assert "9 are left" in (await other.get("/portal/me")).text
        await other.post("/portal/sign-out", {"csrf": ""})
    async with portal.client(None) as third:
        await Kim(third).sign_in()
        assert (await third.post(SECOND_STEP, {"code": codes[0]})).status_code == 400
        for _ in range(6):
            refused = await third.post(SECOND_STEP, {"code": "123456"})
        assert refused.status_code == 429


async def test_a_reset_link_does_not_go_around_the_second_step(portal: ServedPortal) -> None:
    user_id = await add_person(portal)
    async with portal.client(None) as client, portal.client(None) as other:
        await Kim(client).sign_in()
        totp, _ = await Kim(client).add_app()
        link = await add_link(portal, user_id)
        entered = await other.post(f"/portal/welcome/{link}", {"password": "a new one for the otter"})
        assert entered.headers["location"] == SECOND_STEP
        assert (await other.get("/portal/")).status_code == 303
        assert (await client.get("/portal/")).status_code == 303, "the reset ends every login"
        await forget_step(portal)
        assert (await other.post(SECOND_STEP, {"code": totp.now()})).headers["location"] == "/portal/"


async def test_the_second_step_needs_the_first(portal: ServedPortal) -> None:
    async with portal.client(None) as client:
        assert (await client.get(SECOND_STEP)).headers["location"] == "/portal/sign-in"
        assert (await client.post(SECOND_STEP, {"code": "123456"})).headers["location"] == "/portal/sign-in"
        assert (await client.post("/portal/sign-in/passkey-question")).status_code == 404, "at an IP address"


async def test_a_new_factor_gives_the_login_a_new_id_and_ends_the_others(portal: ServedPortal) -> None:
    await add_person(portal)
    async with portal.client(None) as client, portal.client(None) as other:
        await Kim(client).sign_in()
        await Kim(other).sign_in()
        before = client.http.cookies["heliograph"]
        await Kim(client).add_app()
        assert client.http.cookies["heliograph"] != before
        assert (await client.get("/portal/")).status_code == 200
        assert (await other.get("/portal/")).status_code == 303
        removed = await Kim(client).post("/portal/me/app/remove")
        assert removed.status_code == 303
        client.http.cookies.clear()
        assert await Kim(client).sign_in() == "/portal/"
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM recovery_code") == 0


async def test_what_matters_asks_again_who_it_is(portal: ServedPortal) -> None:
    await add_person(portal)
    async with portal.client(None) as client:
        kim = Kim(client)
        await kim.sign_in()
        async with portal.database.transaction() as tx:
            await tx.execute("UPDATE login SET created_at = created_at - $1::interval", timedelta(minutes=11))
        for path in ("password", "app", "app/confirm", "app/remove", "recovery-codes", "passkeys/remove"):
            refused = await kim.post(f"/portal/me/{path}", email="new@example.com", password=PASSWORD + "!")
            assert (refused.status_code, refused.headers["location"]) == (303, "/portal/me")
        assert "Say again who you are" in (await client.get("/portal/me")).text
        wrong = await kim.post("/portal/me/confirm", current="wrong")
        assert (wrong.status_code, "not your password" in wrong.text) == (400, True)
        assert (await kim.post("/portal/me/confirm", current=PASSWORD)).status_code == 303
        assert (await kim.post("/portal/me/app")).headers["location"] == "/portal/me/app"


async def test_a_new_password_ends_the_other_logins(portal: ServedPortal) -> None:
    await add_person(portal)
    await add_person(portal, email="taken@example.com")
    async with portal.client(None) as client, portal.client(None) as other:
        kim = Kim(client)
        await kim.sign_in()
        await Kim(other).sign_in()
        weak = await kim.post("/portal/me/password", email="x", password="qwertyuiop")
        assert (weak.status_code, weak.text.count('class="fault"')) == (400, 2)
        taken = await kim.post("/portal/me/password", email="taken@example.com")
        assert (taken.status_code, "somebody else" in taken.text) == (400, True)
        changed = await kim.post("/portal/me/password", email=EMAIL, password="a new one for the otter")
        assert changed.status_code == 303
        assert (await client.get("/portal/")).status_code == 200
        assert (await other.get("/portal/")).status_code == 303


async def test_logins_are_listed_and_ended(portal: ServedPortal) -> None:
    await add_person(portal)
    async with portal.client(None) as client, portal.client(None) as other:
        kim = Kim(client)
        await kim.sign_in()
        await Kim(other).sign_in()
        shown = (await client.get("/portal/me")).text
        login = re.search(r'name="login" value="(\w+)"', shown)
        assert login is not None
        assert (await kim.post("/portal/me/logins/end", login=login[1])).status_code == 303
        assert (await other.get("/portal/")).status_code == 303
        assert (await kim.post("/portal/me/logins/end", login=login[1])).status_code == 404
        assert (await kim.post("/portal/me/logins/end", login="zz")).status_code == 404
        await Kim(other).sign_in()
        await kim.post("/portal/me/logins/end", others="1")
        assert (await other.get("/portal/")).status_code == 303
        assert (await client.get("/portal/")).status_code == 200


async def test_a_profile_is_changed(portal: ServedPortal, owner: PortalClient) -> None:
    fields = {"name": "Åsa", "language": "sv", "time_zone": "Europe/Helsinki", "theme": "dark"}
    assert (await owner.post("/portal/me", fields)).status_code == 303
    shown = (await owner.get("/portal/me")).text
    assert '<html lang="sv"' in shown
    assert 'data-theme="dark"' in shown
    assert "Europe/Helsinki" in shown
    wrong = await owner.post("/portal/me", {"name": "", "language": "xx", "time_zone": "Mars/North"})
    assert (wrong.status_code, wrong.text.count('class="fault"')) == (400, 3)


@pytest.mark.parametrize("path", ["app/remove", "logins/end", "password", "passkeys"])
async def test_nobody_changes_what_is_nobodys(portal: ServedPortal, path: str) -> None:
    async with portal.client(None) as visitor:
        sent = await visitor.post(f"/portal/me/{path}")
        assert sent.headers["location"].startswith("/portal/sign-in")


async def virtual_authenticator(page: Page) -> None:
    """A device that holds passkeys, in the browser, with a finger on it."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def test_a_passkey_lets_in_alone_and_as_second_step(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    await add_person(portal)
    async with portal.on_a_socket() as address:
        named = address.replace("127.0.0.1", "localhost")
        async with opened_page(browser, named) as watched:
            page = watched.page
            await virtual_authenticator(page)
            await page.goto("/portal/sign-in")
            await page.get_by_label("E-mail address").fill(EMAIL)
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Sign in", exact=True).click()
            await page.wait_for_url("**/portal/")
            await page.goto("/portal/me")
            await page.get_by_label("What you call it").fill("Key ring")
            await page.get_by_role("button", name="Add a passkey").click()
            await page.get_by_role("link", name="I have kept them").click()
            assert "Key ring" in await page.inner_text("main")
            await page.context.clear_cookies()
            await page.goto("/portal/sign-in?next=/portal/me")
            await page.get_by_role("button", name="Sign in with a passkey").click()
            await page.wait_for_url(f"{named}/portal/me")  # the address before ends in the same words
            await page.context.clear_cookies()
            await page.goto("/portal/sign-in")
            await page.get_by_label("E-mail address").fill(EMAIL)
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Sign in", exact=True).click()
            await page.wait_for_url("**/second-step")
            await page.screenshot(path=screenshot_path(screenshots, "second-step", phone=False, dark=False))
            await page.get_by_role("button", name="Use your passkey").click()
            await page.wait_for_url("**/portal/")
            assert watched.faults == []


PAGES = ("sign-in", "forgotten", "me", "users", "settings", "audit", "me/app")


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
async def test_pages_of_people_are_for_everybody(
    portal: ServedPortal, browser: Browser, screenshots: Path, phone: bool, dark: bool
) -> None:
    await add_person(portal)
    secret = await portal.sign_in(Role.OWNER, name="Åsa Öberg", email="asa@example.com")
    async with portal.client(secret) as client:
        await client.post("/portal/users/invite", {"email": "new@example.com", "role": "sender"})
        await client.post("/portal/me/app")
    async with portal.on_a_socket() as address:
        async with opened_page(browser, address, secret, phone=phone, dark=dark) as watched:
            for name in PAGES[2:]:
                await _look(watched.page, name, screenshots, phone=phone, dark=dark)
            assert watched.faults == []
        async with opened_page(browser, address, phone=phone, dark=dark) as watched:
            for name in (*PAGES[:2], f"welcome/{portal.started.portal_link}"):
                await _look(watched.page, name, screenshots, phone=phone, dark=dark)
            assert watched.faults == []


async def _look(page: Page, name: str, screenshots: Path, *, phone: bool, dark: bool) -> None:
    await page.goto(f"/portal/{name}")
    shot = screenshot_path(
        screenshots, name.partition("/")[0] + ("-app" if "app" in name else ""), phone=phone, dark=dark
    )
    await page.screenshot(path=shot, full_page=True)
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    too_wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not too_wide, f"{name} is wider than the window"
