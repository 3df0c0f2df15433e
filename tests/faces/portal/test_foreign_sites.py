"""What a stranger's web page, or another host of the domain, may try on whoever has the portal open."""

import re
from pathlib import Path
from typing import Final

import pytest

import heliograph.faces.portal
from heliograph.domain.portal_rights import Role
from heliograph.faces.portal.portal_app import ROUTES
from heliograph.faces.portal.portal_context import HOST_PREFIX
from heliograph.faces.portal.signed_in import COOKIE
from tests.support.served_portal import CSRF, PortalClient, ServedPortal, served_portal

PUBLIC: Final = "https://sms.example.com"
SAME_ORIGIN: Final = {"sec-fetch-site": "same-origin"}
"""As a browser says it of a page whose own name has been made to lead to us."""


def _token_in(source: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', source)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip"]
)
async def test_a_portal_of_this_machine_answers_to_no_name_that_rebinds(
    portal: ServedPortal, host: str
) -> None:
    secret = await portal.sign_in(Role.OWNER, is_operator=True)
    async with portal.client(secret) as client:
        own = {"host": host, "cookie": f"{COOKIE}={secret}", **SAME_ORIGIN}
        for path in ("/portal/", "/portal/sign-in", "/portal/keys"):
            refused = await client.http.get(path, headers=own)
            assert (refused.status_code, "HTTPS is needed" in refused.text) == (403, True)
        answer = await client.http.post("/portal/sign-out", data={"csrf": CSRF}, headers=own)
        assert answer.status_code == 403
        assert (await client.get("/portal/")).status_code == 200, "nobody was signed out"


async def test_with_an_address_set_the_portal_answers_to_that_name_only(database: str) -> None:
    async with served_portal(database, public_url=f"{PUBLIC}/") as portal:
        secret = await portal.sign_in(Role.OWNER)
        async with portal.client(None) as client:
            own = {"cookie": f"{HOST_PREFIX}{COOKIE}={secret}", **SAME_ORIGIN}
            for host in ("evil.example", "sms.example.com.evil.example", "0x7f.1"):
                for path in ("/portal/", "/portal/sign-in"):
                    refused = await client.http.get(path, headers={**own, "host": host})
                    assert (refused.status_code, f'href="{PUBLIC}/portal/"' in refused.text) == (421, True)
                    assert "Test account" not in refused.text
                wrong = {**own, "host": host}
                answer = await client.http.post("/portal/sign-out", data={"csrf": CSRF}, headers=wrong)
                assert answer.status_code == 421, host
            # A tunnel, and a proxy that hands on the address at which it reaches us.
            for host in ("sms.example.com", "SMS.example.com:8443", "localhost:1", "10.0.0.7:8080", "[::1]"):
                shown = await client.http.get("/portal/", headers={**own, "host": host})
                assert (shown.status_code, "Test account" in shown.text) == (200, True), host


async def test_a_name_with_letters_beyond_ascii_is_asked_for_in_its_other_spelling(database: str) -> None:
    async with (
        served_portal(database, public_url="https://sms.åkeri.example") as portal,
        portal.client(None) as client,
    ):
        headers = {"host": "sms.xn--keri-poa.example"}
        assert (await client.get("/portal/sign-in", headers=headers)).status_code == 200


async def test_another_host_of_the_domain_chooses_neither_language_nor_looks(database: str) -> None:
    planted, prefixed = "{0}language=sv; {0}theme=dark".format, "__Host-"
    async with served_portal(database, public_url=PUBLIC) as portal, portal.client(None) as visitor:
        for prefix, seen in (("", False), (prefixed, True)):
            shown = await visitor.get("/portal/sign-in", headers={"cookie": planted(prefix)})
            assert ('<html lang="sv"' in shown.text, 'data-theme="dark"' in shown.text) == (seen, seen)
        shown = await visitor.get("/portal/sign-in")
        kept = {"cookie": shown.headers["set-cookie"].partition(";")[0], **SAME_ORIGIN}
        form = {"csrf": _token_in(shown.text), "language": "sv"}
        chosen = await visitor.http.post("/portal/language", data=form, headers=kept)
        (cookie,) = chosen.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-language=sv;")
        assert all(word in cookie for word in ("Secure", "Path=/"))


async def test_a_secret_that_somebody_planted_is_no_login_after_signing_in(portal: ServedPortal) -> None:
    planted = "planted-by-a-stranger"
    async with portal.client(None) as victim, portal.client(planted) as stranger:
        victim.http.cookies.set(COOKIE, planted, domain="127.0.0.1")
        token = _token_in((await victim.get("/portal/sign-in")).text)
        link = f"/portal/welcome/{portal.started.portal_link}"
        entered = await victim.http.post(link, data={"csrf": token}, headers=SAME_ORIGIN)
        assert (entered.status_code, planted in entered.headers["set-cookie"]) == (303, False)
        assert (await stranger.get("/portal/")).status_code == 303


async def test_answers_say_once_what_they_are(owner: PortalClient) -> None:
    for path, kind in (
        ("/portal/static/portal.css", "text/css; charset=utf-8"),
        ("/portal/static/portal.js", "text/javascript; charset=utf-8"),
        ("/portal/static/logo.svg", "image/svg+xml"),
    ):
        assert (await owner.get(path)).headers["content-type"] == kind
    led = await owner.post("/portal/language", {"language": "en"})
    assert (led.status_code, led.content) == (303, b"")
    assert led.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31", "9" * 40, "-1", "\0", "²"])
async def test_no_address_that_somebody_made_up_breaks_a_page(portal: ServedPortal, value: str) -> None:
    source = "".join(each.read_text() for each in Path(heliograph.faces.portal.__file__).parent.glob("*.py"))
    names = set(re.findall(r'(?:asked|query_params)(?:\.get\(|\[)"(\w+)"', source)) | {"from", "to"}
    assert {"after", "before", "first", "last", "start"} <= names
    async with portal.client(await portal.sign_in(Role.OWNER, is_operator=True)) as client:
        for route in ROUTES:
            for path in route.paths if "GET" in route.http_methods else ():
                if "{" not in path:
                    answer = await client.get(path, params=dict.fromkeys(names, value))
                    assert answer.status_code < 500, path
