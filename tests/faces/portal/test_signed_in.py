"""Who gets in, and what they may do once they are in."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser

from heliograph.domain.portal_rights import RIGHTS, Right, Role, may
from heliograph.faces.portal.portal_app import CONTENT_SECURITY_POLICY
from tests.support.served_portal import PortalClient, ServedPortal, opened_page, served_portal


async def test_the_first_start_gives_a_link_that_lets_in_once(portal: ServedPortal) -> None:
    link = f"/portal/welcome/{portal.started.portal_link}"
    async with portal.client(None) as visitor:
        shown = await visitor.get(link)
        assert (shown.status_code, "Open the portal" in shown.text) == (200, True)
        entered = await visitor.post(link)
        assert (entered.status_code, entered.headers["location"]) == (303, "/portal/")
        cookie = entered.headers["set-cookie"]
        assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
        assert "Test account" in (await visitor.get("/portal/")).text
    async with portal.client(None) as another:
        spent = await another.post(link)
        assert (spent.status_code, "has been used" in spent.text) == (404, True)


async def test_nobody_is_sent_to_the_sign_in_page_and_back(portal: ServedPortal) -> None:
    async with portal.client(None) as visitor:
        sent = await visitor.get("/portal/")
        assert (sent.status_code, sent.headers["location"]) == (303, "/portal/sign-in")
        assert (await visitor.get("/portal/sign-in")).status_code == 200


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/portal/webhooks/test", "/portal/webhooks"),
        ("/portal/keys/7/revoke", "/portal/keys"),
        ("/portal/operator/routes/explain", "/portal/operator/routes"),
        ("/portal/me/password", "/portal/me"),
    ],
)
async def test_the_address_of_a_form_leads_back_to_its_page(
    portal: ServedPortal, operator: PortalClient, address: str, page: str
) -> None:
    answer = await operator.get(address)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    async with portal.client(None) as nobody:
        assert (await nobody.get("/portal/language")).status_code == 405, "it belongs to every page"


async def test_a_login_ends_when_it_is_idle_too_old_or_signed_out(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in()) as client:
        assert (await client.get("/portal/")).status_code == 200
        async with portal.database.transaction() as tx:
            await tx.execute("UPDATE login SET seen_at = seen_at - $1::interval", timedelta(minutes=31))
        assert (await client.get("/portal/")).status_code == 303
    async with portal.client(await portal.sign_in()) as client:
        async with portal.database.transaction() as tx:
            await tx.execute("UPDATE login SET created_at = created_at - $1::interval", timedelta(hours=12))
        assert (await client.get("/portal/")).status_code == 303
    async with portal.client(await portal.sign_in()) as client:
        assert (await client.post("/portal/sign-out")).headers["location"] == "/portal/sign-in"
        assert (await client.get("/portal/")).status_code == 303


@pytest.mark.parametrize(
    ("headers", "csrf"),
    [
        ({"sec-fetch-site": "cross-site"}, None),
        ({"sec-fetch-site": "same-site"}, None),
        ({"sec-fetch-site": "same-origin"}, "another"),
    ],
)
async def test_a_form_from_elsewhere_changes_nothing(
    portal: ServedPortal, owner: PortalClient, headers: dict[str, str], csrf: str | None
) -> None:
    fields = {} if csrf is None else {"csrf": csrf}
    refused = await owner.post("/portal/sign-out", fields, headers=headers)
    assert refused.status_code == 403
    assert (await owner.get("/portal/")).status_code == 200


async def test_before_sign_in_a_form_belongs_to_the_browser_that_asked_for_it(portal: ServedPortal) -> None:
    path, choice = "/portal/language", {"language": "sv", "back": "/portal/sign-in"}
    async with portal.client(None) as visitor, portal.client(None) as another:
        shown = await visitor.get("/portal/sign-in")
        cookie = shown.headers["set-cookie"]
        assert cookie.startswith("heliograph_form=")
        assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
        assert "Max-Age" not in cookie
        for token in ("", "another", await another.token()):
            refused = await visitor.post(path, {**choice, "csrf": token})
            assert (refused.status_code, "without the cookie" in refused.text) == (403, True), token
        # A second tab has the same, so that the form of the first one goes on counting.
        token = await visitor.token()
        assert "set-cookie" not in (await visitor.get("/portal/forgotten")).headers
        assert await visitor.token() == token
        assert (await visitor.post(path, choice)).status_code == 303
        visitor.http.cookies.clear()
        assert (await visitor.post(path, {**choice, "csrf": token})).status_code == 403


async def test_over_https_no_other_host_can_set_the_cookie_of_forms(database: str) -> None:
    async with (
        served_portal(database, public_url="https://sms.example.com") as portal,
        portal.client(None) as visitor,
    ):
        cookie = (await visitor.get("/portal/sign-in")).headers["set-cookie"]
        assert cookie.startswith("__Host-heliograph_form=")
        assert "Secure" in cookie


async def test_a_page_that_outlived_its_login_leads_to_the_sign_in_page(
    portal: ServedPortal, owner: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM login")
    for path in ("/portal/sign-out", "/portal/language"):
        answer = await owner.post(path, {"language": "sv"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/portal/sign-in")


async def test_every_answer_has_the_headers_that_keep_strangers_out(owner: PortalClient) -> None:
    for path in ("/portal/", "/portal/sign-in", "/portal/nothing"):
        answer = await owner.get(path)
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_roles_give_rights_and_operators_have_all() -> None:
    assert may(Role.OWNER, Right.USERS, is_operator=False)
    assert not may(Role.DEVELOPER, Right.BILLING, is_operator=False)
    assert not may(Role.READ_ONLY, Right.SEND, is_operator=False)
    assert not any(may(role, Right.OPERATE, is_operator=False) for role in RIGHTS)
    assert not may(None, Right.READ, is_operator=False)
    assert all(may(None, right, is_operator=True) for right in Right)


async def test_a_real_browser_gets_in_with_the_link(portal: ServedPortal, browser: Browser) -> None:
    async with portal.on_a_socket() as address, opened_page(browser, address) as watched:
        await watched.page.goto(f"/portal/welcome/{portal.started.portal_link}")
        await watched.page.get_by_role("button", name="Open the portal").click()
        await watched.page.wait_for_url("**/portal/")
        assert "Test account" in await watched.page.inner_text("main")
        assert watched.faults == []
