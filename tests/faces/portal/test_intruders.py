"""What people try who are in, or nearly: in disabled accounts, with old links, by requests of their own."""

from datetime import timedelta
from urllib.parse import quote

import msgspec
import pytest
from structlog.testing import capture_logs

from heliograph.domain.login_secret import login_hash, login_secret
from heliograph.domain.portal_rights import Role
from heliograph.faces.portal.rendering import _asset, asset
from heliograph.storage.account_members import create_invitation
from tests.faces.portal.test_route_rights import another_account
from tests.faces.portal.test_sign_in import EMAIL, PASSWORD, add_link, add_person
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal, served_portal

NUL = "\0"


async def test_from_a_disabled_account_nobody_sends(portal: ServedPortal, operator: PortalClient) -> None:
    async with portal.client(await portal.sign_in(Role.OWNER)) as owner:
        async with portal.database.transaction() as tx:
            await tx.execute("UPDATE account SET disabled_at = now()")
        for client in (owner, operator):
            for path in ("/portal/compose", "/portal/keys/new", "/portal/handset/test", "/portal/senders"):
                refused = await client.post(path, {"step": "review", "name": "Key", "sender": "Shop"})
                assert refused.status_code == 403, path
            assert (await client.get("/portal/batches")).status_code == 200
            assert (await client.get("/portal/users")).status_code == 200


async def test_a_phone_on_the_screen_keeps_no_login_alive(portal: ServedPortal, owner: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        before = await tx.fetchval(
            "UPDATE login SET seen_at = seen_at - $1::interval RETURNING seen_at", timedelta(minutes=20)
        )
    assert (await owner.get("/portal/handset/screen")).status_code == 200
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT seen_at FROM login") == before


async def test_who_joins_another_account_is_not_reset_by_a_link_made_before(portal: ServedPortal) -> None:
    user_id = await add_person(portal, role=Role.READ_ONLY)
    kept_back, invitation = await add_link(portal, user_id), login_secret(b"i" * 32)
    elsewhere = await another_account(portal)
    async with portal.database.transaction() as tx:
        await create_invitation(
            tx,
            elsewhere,
            login_hash(invitation),
            email=EMAIL,
            role=Role.OWNER,
            now=utc_now(),
            expires_at=utc_now() + timedelta(days=1),
        )
    async with portal.client(None) as member, portal.client(None) as intruder:
        await member.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        token = (await member.get("/portal/me")).text.partition('name="csrf" value="')[2].partition('"')[0]
        joined = await member.post(f"/portal/invitation/{invitation}", {"csrf": token})
        assert joined.headers["location"] == "/portal/"
        fields = {"password": "a password of the intruder"}
        assert (await intruder.post(f"/portal/welcome/{kept_back}", fields)).status_code == 404


async def test_operators_look_at_accounts_only_where_it_is_written_down(
    portal: ServedPortal, operator: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        number = await tx.fetchval(
            "SELECT number FROM account WHERE account_id = $1", await another_account(portal)
        )
    assert (await operator.post("/portal/account", {"number": number})).status_code == 404
    assert (await operator.post(f"/portal/operator/accounts/{number}/look")).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/portal/senders/remove",
        "/portal/account",
        "/portal/blacklist/remove",
        "/portal/contacts/labels/delete",
        "/portal/keys/%00/revoke",
    ],
)
async def test_what_no_text_holds_is_refused(owner: PortalClient, path: str) -> None:
    fields = dict.fromkeys(("sender", "number", "msisdn", "label"), NUL)
    with capture_logs() as logs:
        assert (await owner.post(path, fields)).status_code in (400, 404)
    assert logs == []


async def test_a_key_for_all_eternity_is_refused(owner: PortalClient) -> None:
    fields = {"name": "Key", "all_scopes": "1", "expires": "9999-12-31"}
    refused = await owner.post("/portal/keys/new", fields)
    assert (refused.status_code, "Choose a date" in refused.text) == (400, True)


async def test_files_that_are_not_there_take_no_memory(portal: ServedPortal) -> None:
    assert asset("portal.css") is not None
    before = _asset.cache_info().currsize
    async with portal.client(None) as visitor:
        for name in ("nothing", "x" * 300, "Å" * 300, "%2e%2e%2fbase.html"):
            assert (await visitor.get(f"/portal/static/{name}")).status_code == 404
    assert _asset.cache_info().currsize == before


async def test_every_cookie_stays_on_https(database: str) -> None:
    async with (
        served_portal(database, public_url="https://sms.example.com") as portal,
        portal.client(None) as visitor,
    ):
        answers = [
            await visitor.post("/portal/language", {"language": "sv", "back": "/portal/sign-in"}),
            await visitor.post("/portal/sign-in/second-step", {"code": "1"}),
            await visitor.post("/portal/sign-out"),
            await visitor.post(f"/portal/welcome/{portal.started.portal_link}"),
        ]
    cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
    assert len(cookies) >= 4
    assert all(cookie.lower().count("; secure") == 1 for cookie in cookies), cookies


async def test_another_host_of_the_domain_cannot_put_words_on_our_pages(database: str) -> None:
    planted = quote('{"tone":"bad","text":"Call us at once"}')
    async with (
        served_portal(database, public_url="https://sms.example.com") as portal,
        portal.client(None) as visitor,
    ):
        said = await visitor.get("/portal/sign-in", headers={"cookie": f"heliograph_notice={planted}"})
        assert "Call us at once" not in said.text
        own = {"cookie": f"__Host-heliograph_notice={planted}"}
        shown = await visitor.get("/portal/sign-in", headers=own)
        assert "Call us at once" in shown.text
        set_cookies = shown.headers.get_list("set-cookie")
        (forgotten,) = [each for each in set_cookies if "heliograph_notice" in each]
        assert forgotten.startswith("__Host-heliograph_notice=")
        assert "; path=/;" in forgotten.lower()


async def test_reports_of_broken_rules_bring_no_secret_into_the_log(portal: ServedPortal) -> None:
    link = portal.started.portal_link
    page = f"http://127.0.0.1:8080/portal/welcome/{link}"
    report = {"document-uri": page, "blocked-uri": page, "violated-directive": "script-src", "referrer": page}
    bodies = [
        msgspec.json.encode({"csp-report": report}),
        b"not json",
        b'{"csp-report": {"blocked-uri": "//["}}',
    ]
    with capture_logs() as logs:
        async with portal.client(None) as visitor:
            for body in bodies:
                assert (await visitor.http.post("/portal/csp-report", content=body)).status_code == 204
            large = await visitor.http.post("/portal/csp-report", content=b"x" * 20_000)
            assert large.status_code == 413
    assert [(each["page"], each["blocked"]) for each in logs] == [("/portal/welcome", "127.0.0.1:8080")]
    assert str(link) not in str(logs)
