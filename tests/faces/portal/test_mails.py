"""Mails of the portal: links that come by themselves, and word of whatever changes about signing in."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from heliograph.domain.ids import IdSource
from heliograph.domain.mail_texts import ENGLISH, SWEDISH, SecurityNotice
from heliograph.outbound_mail import SmtpPost
from heliograph.services.mail_desk import MailDesk
from heliograph.services.send_mail import SendMail
from heliograph.storage.sealing import Sealer
from tests.faces.portal.test_people_and_settings import link_in
from tests.faces.portal.test_second_factors import Kim, virtual_authenticator
from tests.faces.portal.test_sign_in import EMAIL, PASSWORD, add_link, add_person
from tests.support.accepting import utc_now
from tests.support.mail_server import SITE, ScriptedMailServer, TakenMail
from tests.support.served_portal import (
    PortalClient,
    ServedPortal,
    opened_page,
    screenshot_path,
    served_portal,
)

FORGOTTEN = "/portal/forgotten"
SEALER = Sealer(b"k" * 32)


class MailedPortal:
    """The portal where mails are sent, and the server that gets them."""

    def __init__(self, portal: ServedPortal, server: ScriptedMailServer) -> None:
        self.portal = portal
        self.server = server
        self._keeper = SendMail(
            portal.database,
            SmtpPost(server.settings()),
            SEALER,
            site=SITE,
            random_bytes=os.urandom,
            draw=lambda: 0.5,
        )

    async def arrived(self) -> list[TakenMail]:
        """The mails that arrive by what was done since the last look."""
        before = len(self.server.taken)
        while await self._keeper.step(utc_now() + timedelta(seconds=1)):
            pass
        return self.server.taken[before:]

    async def subjects(self) -> list[str]:
        return [str(taken.message["Subject"]) for taken in await self.arrived()]


@pytest.fixture
async def mailed(database: str) -> AsyncIterator[MailedPortal]:
    desk = MailDesk(SEALER, IdSource(b"mails"), site=SITE)
    async with (
        ScriptedMailServer() as server,
        served_portal(database, mail_desk=desk, public_url=None) as portal,
    ):
        yield MailedPortal(portal, server)


async def test_without_a_mail_server_the_page_says_who_makes_a_link(portal: ServedPortal) -> None:
    async with portal.client(None) as visitor:
        shown = (await visitor.get(FORGOTTEN)).text
        assert "This portal sends no mail" in shown
        assert "heliograph user link" in shown
        assert 'name="email"' not in shown
        assert (await visitor.post(FORGOTTEN, {"email": EMAIL})).status_code == 404
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM mail_outbox") == 0


async def test_without_a_mail_server_nothing_is_ever_put_out(portal: ServedPortal) -> None:
    user_id = await add_person(portal)
    link = await add_link(portal, user_id)
    async with portal.client(None) as visitor:
        await visitor.post(f"/portal/welcome/{link}", {"password": "a new one for the otter"})
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM mail_outbox") == 0


async def test_somebody_who_forgot_gets_in_by_mail(mailed: MailedPortal) -> None:
    await add_person(mailed.portal)
    async with mailed.portal.client(None) as visitor:
        assert FORGOTTEN in (await visitor.get("/portal/sign-in")).text
        assert 'name="email"' in (await visitor.get(FORGOTTEN)).text
        asked = await visitor.post(FORGOTTEN, {"email": " KIM@example.com "})
        assert (asked.status_code, "on its way" in asked.text) == (200, True)
        (mail,) = await mailed.arrived()
        assert (mail.to, mail.message["Subject"]) == (EMAIL, ENGLISH.reset.subject)
        link = link_in(mail.text)
        assert f"{SITE}{link}" in mail.text
        new = "a new one for the otter"
        assert (await visitor.post(link, {"password": new})).headers["location"] == "/portal/"
        assert (await visitor.post(link, {"password": new})).status_code in (403, 404), "once"
    (notice,) = await mailed.arrived()
    assert notice.message["Subject"] == ENGLISH.notices[SecurityNotice.PASSWORD_CHANGED]
    assert f"{SITE}{FORGOTTEN}" in notice.text


async def test_a_newer_link_spends_the_older_one(mailed: MailedPortal) -> None:
    user_id = await add_person(mailed.portal)
    handed_over = await add_link(mailed.portal, user_id)
    async with mailed.portal.client(None) as visitor:
        await visitor.post(FORGOTTEN, {"email": EMAIL})
        (first,) = await mailed.arrived()
        await visitor.post(FORGOTTEN, {"email": EMAIL})
        (second,) = await mailed.arrived()
        for spent in (f"/portal/welcome/{handed_over}", link_in(first.text)):
            assert (await visitor.get(spent)).status_code == 404
        assert (await visitor.get(link_in(second.text))).status_code == 200


def without_time(answer: httpx.Response) -> tuple[int, bytes, list[str]]:
    """All that an answer tells."""
    return answer.status_code, answer.content, sorted(name for name in answer.headers if name != "date")


async def test_the_answer_is_the_same_whoever_has_the_address(mailed: MailedPortal) -> None:
    portal = mailed.portal
    await add_person(portal)
    await add_person(portal, email="link@example.com", password=None)
    await add_person(portal, email="gone@example.com")
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE portal_user SET disabled_at = now() WHERE email = 'gone@example.com'")
    emails = (EMAIL, "link@example.com", "gone@example.com", "nobody@example.com", "x@y")
    async with portal.client(None) as visitor:
        answers = [without_time(await visitor.post(FORGOTTEN, {"email": email})) for email in emails]
        assert len({repr(answer) for answer in answers}) == 1
    assert sorted(mail.to for mail in await mailed.arrived()) == [EMAIL, "link@example.com"]


async def test_the_same_work_is_done_whoever_has_the_address(
    mailed: MailedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement of the request looks at users, so that time tells nothing either."""
    await add_person(mailed.portal)
    statements: list[list[str]] = []
    async with mailed.portal.client(None) as visitor:
        for email in (EMAIL, "nobody@example.com"):
            seen: list[str] = []
            statements.append(seen)
            watch_statements(monkeypatch, seen)
            assert (await visitor.post(FORGOTTEN, {"email": email})).status_code == 200
            monkeypatch.undo()
    known, unknown = statements
    assert known == unknown
    assert len(known) >= 3
    assert not any("portal_user" in statement for statement in known)


def watch_statements(monkeypatch: pytest.MonkeyPatch, seen: list[str]) -> None:
    """Note every statement that is run from now on."""
    from heliograph.storage.database import Connection

    for method in ("execute", "fetch", "fetchrow", "fetchval"):
        usual = getattr(Connection, method)

        async def noting(self: object, query: str, *values: object, _usual: object = usual) -> object:
            seen.append(query)
            return await _usual(self, query, *values)  # type: ignore[operator]

        monkeypatch.setattr(Connection, method, noting)


async def test_asking_is_throttled_by_address_and_by_network(mailed: MailedPortal) -> None:
    await add_person(mailed.portal)
    async with mailed.portal.client(None) as visitor:
        answers = {}
        for email in (EMAIL, "nobody@example.com"):
            for _ in range(5):
                refused = await visitor.post(FORGOTTEN, {"email": email})
            answers[email] = (refused.status_code, refused.text.replace(email, ""))
            assert int(refused.headers["retry-after"]) >= 1
        assert answers[EMAIL] == answers["nobody@example.com"]
        assert answers[EMAIL][0] == 429
        entered = await visitor.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        assert entered.status_code == 303, "who asks in somebody's name keeps nobody out"
    async with mailed.portal.client(None) as visitor:
        sent = [await visitor.post(FORGOTTEN, {"email": f"x{n}@example.com"}) for n in range(30)]
        assert {answer.status_code for answer in sent[:20]} == {200}
        assert sent[-1].status_code == 429


async def test_what_is_no_address_is_said_beside_the_field(mailed: MailedPortal) -> None:
    async with mailed.portal.client(None) as visitor:
        for typed in ("", "kim", "kim@example.com\r\nBcc: x@example.com", "a@b@c"):
            refused = await visitor.post(FORGOTTEN, {"email": typed})
            assert (refused.status_code, "This is no e-mail address." in refused.text) == (400, True)
    assert await mailed.arrived() == []


async def test_links_lead_to_the_address_that_is_set_whatever_a_request_says(mailed: MailedPortal) -> None:
    await add_person(mailed.portal)
    hostile = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "forwarded": "host=evil.example;proto=https",
        "origin": "http://evil.example",
    }
    async with mailed.portal.client(None) as visitor:
        await visitor.post("/portal/language", {"language": "sv", "back": FORGOTTEN})
        await visitor.post(FORGOTTEN, {"email": EMAIL}, headers=hostile)
    for mail in await mailed.arrived():
        assert "evil" not in mail.data.decode()
        assert mail.text.count(SITE) >= 2
        assert mail.message["Subject"] == SWEDISH.reset.subject


async def test_an_invitation_is_mailed_and_shown(mailed: MailedPortal) -> None:
    portal = mailed.portal
    async with portal.client(await portal.sign_in(name="Åsa\u202e Owner")) as owner:
        made = await owner.post("/portal/users/invite", {"email": EMAIL, "role": "sender"})
        assert "is on its way to kim@example.com" in made.text
        again = await owner.post("/portal/users/invite", {"email": "no address", "role": "sender"})
        assert again.status_code == 400
    (mail,) = await mailed.arrived()
    assert (mail.to, mail.message["Subject"]) == (EMAIL, "Invitation to Test account")
    assert "Åsa Owner invites you" in mail.text
    assert f"{SITE}{link_in(made.text)}" in mail.text
    async with portal.client(None) as visitor:
        person = {"name": "Kim", "email": EMAIL, "password": PASSWORD}
        joined = await visitor.post(link_in(mail.text), person)
        assert joined.headers["location"] == "/portal/"


async def test_an_account_mails_so_many_invitations_and_no_more(mailed: MailedPortal) -> None:
    portal = mailed.portal
    async with portal.client(await portal.sign_in()) as owner:
        for number in range(22):
            fields = {"email": f"x{number}@example.com", "role": "sender"}
            made = await owner.post("/portal/users/invite", fields)
            assert link_in(made.text)
        assert "Give this link to" in made.text
    assert len(await mailed.arrived()) == 21


async def kim_signed_in(mailed: MailedPortal, client: PortalClient) -> Kim:
    kim = Kim(client)
    assert await kim.sign_in() == "/portal/"
    return kim


def told(*notices: SecurityNotice) -> list[str]:
    return [ENGLISH.notices[notice] for notice in notices]


async def test_whatever_changes_about_signing_in_is_told(mailed: MailedPortal) -> None:
    await add_person(mailed.portal)
    async with mailed.portal.client(None) as client:
        kim = await kim_signed_in(mailed, client)
        await kim.add_app()
        assert await mailed.subjects() == told(SecurityNotice.APP_ADDED)
        assert (await kim.post("/portal/me/recovery-codes")).status_code == 200
        assert await mailed.subjects() == told(SecurityNotice.CODES_MADE)
        await kim.post("/portal/me/app/remove")
        assert await mailed.subjects() == told(SecurityNotice.APP_REMOVED)
        await kim.post("/portal/me/password", email=EMAIL, password="another otter, quite another")
        assert await mailed.subjects() == told(SecurityNotice.PASSWORD_CHANGED)
        await kim.post("/portal/me/password", email=EMAIL, password="short")
        assert await mailed.subjects() == []
        await kim.post("/portal/me/password", email="other@example.com", password="")
        (mail,) = await mailed.arrived()
        assert (mail.to, [mail.message["Subject"]]) == (EMAIL, told(SecurityNotice.ADDRESS_CHANGED))
        assert FORGOTTEN not in mail.text, "which would lead nowhere with that address"
        await kim.post("/portal/me", name="Kim", language="sv")
        await kim.post("/portal/me/password", email="other@example.com", password="yet another blue otter")
        (mail,) = await mailed.arrived()
        assert mail.to == "other@example.com"
        assert mail.message["Subject"] == SWEDISH.notices[SecurityNotice.PASSWORD_CHANGED]


async def test_passkeys_are_told_of_and_pages_show_well(
    mailed: MailedPortal, browser: Browser, screenshots: Path
) -> None:
    await add_person(mailed.portal)
    async with mailed.portal.on_a_socket() as address:
        named = address.replace("127.0.0.1", "localhost")
        async with opened_page(browser, named) as watched:
            page = watched.page
            await virtual_authenticator(page)
            await page.goto("/portal/sign-in")
            await page.get_by_text("Forgotten your password?").click()
            await page.screenshot(
                path=screenshot_path(screenshots, "forgotten-mail", phone=False, dark=False)
            )
            assert (await Axe().run(page)).violations_count == 0
            await page.get_by_label("E-mail address").fill(EMAIL)
            await page.get_by_role("button", name="Send the link").click()
            await page.get_by_role("heading", name="Look into your mailbox").wait_for()
            await page.screenshot(
                path=screenshot_path(screenshots, "forgotten-asked", phone=False, dark=False)
            )
            assert (await Axe().run(page)).violations_count == 0
            (mail,) = await mailed.arrived()
            await page.goto(link_in(mail.text))
            await page.get_by_label("New password").fill("a new one for the otter")
            await page.get_by_role("button", name="Set the password").click()
            await page.goto("/portal/me")
            await page.get_by_label("What you call it").fill("Key ring")
            await page.get_by_role("button", name="Add a passkey").click()
            await page.get_by_role("link", name="I have kept them").wait_for()
            assert watched.faults == []
    assert await mailed.subjects() == told(SecurityNotice.PASSWORD_CHANGED, SecurityNotice.PASSKEY_ADDED)
