"""Signing in with a password: what is refused, how often, and what a link is good for."""

import asyncio
import os
import re
from datetime import timedelta

import msgspec
import pytest
from playwright.async_api import Browser

from heliograph.domain.login_secret import SECRET_BYTES, login_hash, login_secret
from heliograph.domain.portal_rights import Role
from heliograph.domain.refusals import Unavailable
from heliograph.storage.password_hashing import PasswordHashing
from heliograph.storage.portal_users import create_sign_in_link, create_user, set_membership
from heliograph.storage.user_credentials import set_password
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal, opened_page

EMAIL = "kim@example.com"
PASSWORD = "otter drives a blue tractor"


async def add_person(
    portal: ServedPortal, *, email: str = EMAIL, password: str | None = PASSWORD, role: Role = Role.OWNER
) -> int:
    """Somebody who signs in with a password."""
    async with portal.database.transaction() as tx:
        user_id = await create_user(tx, name="Kim", email=email, is_operator=False, now=utc_now())
        assert user_id is not None
        await set_membership(tx, portal.started.account_id, user_id, role, now=utc_now())
        if password is not None:
            await set_password(tx, user_id, await PasswordHashing().hash(password))
    return user_id


async def add_link(portal: ServedPortal, user_id: int, kind: str = "reset") -> str:
    """A link that lets somebody in once."""
    secret = login_secret(os.urandom(SECRET_BYTES))
    async with portal.database.transaction() as tx:
        await create_sign_in_link(
            tx, login_hash(secret), user_id, kind, now=utc_now(), expires_at=utc_now() + timedelta(minutes=30)
        )
    return secret


async def test_an_address_and_its_password_let_in(portal: ServedPortal) -> None:
    await add_person(portal)
    async with portal.client(None) as visitor:
        fields = {"email": " Kim@Example.com", "password": PASSWORD, "next": "/portal/keys"}
        entered = await visitor.post("/portal/sign-in", fields)
        assert (entered.status_code, entered.headers["location"]) == (303, "/portal/keys")
        assert (await visitor.get("/portal/")).status_code == 200


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/portal//evil", "/portal/../x", "/other", ""]
)
async def test_only_pages_of_ours_are_gone_on_to(portal: ServedPortal, wanted: str) -> None:
    await add_person(portal)
    async with portal.client(None) as visitor:
        entered = await visitor.post(
            "/portal/sign-in", {"email": EMAIL, "password": PASSWORD, "next": wanted}
        )
        assert entered.headers["location"] == "/portal/"


async def test_unknown_addresses_get_the_answer_of_wrong_passwords(portal: ServedPortal) -> None:
    await add_person(portal)
    await add_person(portal, email="link@example.com", password=None)
    answers = []
    async with portal.client(None) as visitor:
        for email in (EMAIL, "link@example.com", "nobody@example.com", "no address", "\0@x.se", ""):
            for _ in range(6):
                refused = await visitor.post("/portal/sign-in", {"email": email, "password": "wrong"})
            shown = refused.text.replace(email.replace("\0", "�"), "").replace(email, "")
            answers.append((refused.status_code, shown))
        assert {status for status, _ in answers[:1]} == {400}
        throttled = await visitor.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        assert (throttled.status_code, int(throttled.headers["retry-after"]) >= 1) == (429, True)
        unknown = await visitor.post("/portal/sign-in", {"email": "nobody@example.com", "password": PASSWORD})
        assert unknown.status_code == 429
    assert len({answer for answer in answers[:4]}) == 1


async def test_every_try_costs_one_hash_whoever_it_is_for(
    portal: ServedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_person(portal)
    await add_person(portal, email="link@example.com", password=None)
    compared: list[str] = []
    compare = PasswordHashing._compare

    def counting(self: PasswordHashing, stored: str, password: str) -> bool:
        compared.append(stored)
        return compare(self, stored, password)

    monkeypatch.setattr(PasswordHashing, "_compare", counting)
    async with portal.client(None) as visitor:
        for email in (EMAIL, "link@example.com", "nobody@example.com", "no address"):
            await visitor.post("/portal/sign-in", {"email": email, "password": "wrong"})
            await visitor.post("/portal/sign-in", {"email": email, "password": "x" * 1000})
    assert len(compared) == 8
    assert {stored.rpartition("$")[0].rpartition("$")[0] for stored in compared} == {
        "$argon2id$v=19$m=19456,t=2,p=1"
    }


async def test_many_tries_at_once_are_no_way_around_the_wait(
    portal: ServedPortal,
) -> None:
    await add_person(portal)
    async with portal.client(None) as visitor:
        tries = [visitor.post("/portal/sign-in", {"email": EMAIL, "password": str(n)}) for n in range(20)]
        answers = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert (answers.count(400), answers.count(429)) == (6, 14)


async def test_more_than_a_few_hashes_at_once_are_refused() -> None:
    hashing = PasswordHashing(at_once=1, waiting=1)
    answers = await asyncio.gather(*(hashing.matches(None, "x") for _ in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [bool, bool, Unavailable, Unavailable]
    assert await hashing.matches(None, "x") is False


async def test_failures_are_forgotten_after_a_wait_and_by_success(portal: ServedPortal) -> None:
    await add_person(portal)
    async with portal.client(None) as visitor:
        for _ in range(8):
            await visitor.post("/portal/sign-in", {"email": EMAIL, "password": "wrong"})
        async with portal.database.transaction() as tx:
            await tx.execute("UPDATE sign_in_try SET throttled_until = throttled_until - interval '1 hour'")
        assert (
            await visitor.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        ).status_code == 303
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM sign_in_try") == 1, "the network's is kept"


async def test_a_hash_of_less_work_is_made_anew(portal: ServedPortal) -> None:
    from argon2 import PasswordHasher

    user_id = await add_person(portal)
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with portal.database.transaction() as tx:
        await set_password(tx, user_id, old)
    async with portal.client(None) as visitor:
        await visitor.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
    async with portal.database.transaction() as tx:
        stored = await tx.fetchval("SELECT password_hash FROM portal_user WHERE user_id = $1", user_id)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_disabled_user_does_not_get_in(portal: ServedPortal) -> None:
    user_id = await add_person(portal)
    link = await add_link(portal, user_id)
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE portal_user SET disabled_at = now() WHERE user_id = $1", user_id)
    async with portal.client(None) as visitor:
        assert (
            await visitor.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        ).status_code == 400
        assert (await visitor.get(f"/portal/welcome/{link}")).status_code == 404


async def test_the_first_link_takes_name_address_and_password(portal: ServedPortal) -> None:
    link = f"/portal/welcome/{portal.started.portal_link}"
    async with portal.client(None) as visitor:
        wrong = await visitor.post(link, {"name": "Åsa", "email": "åsa", "password": "password1!"})
        assert wrong.status_code == 400
        assert all(word in wrong.text for word in ("no e-mail address", "among the first", "Åsa"))
        half = await visitor.post(link, {"email": EMAIL})
        assert (half.status_code, "both, or neither" in half.text) == (400, True)
        entered = await visitor.post(link, {"name": "Åsa", "email": EMAIL, "password": PASSWORD})
        assert entered.headers["location"] == "/portal/"
    async with portal.client(None) as visitor:
        entered = await visitor.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        assert entered.status_code == 303
        assert "cannot sign in again" not in (await visitor.get("/portal/")).text


async def test_a_sandbox_in_which_nobody_has_a_password_says_how_to_get_in(portal: ServedPortal) -> None:
    sandbox = ServedPortal(
        portal.api, msgspec.structs.replace(portal.context, handsets_url="http://127.0.0.1:1")
    )
    async with sandbox.client(None) as visitor:
        assert "heliograph user link 1" in (await visitor.get("/portal/sign-in")).text
        wrong = await visitor.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        assert (wrong.status_code, "heliograph user link 1" in wrong.text) == (400, True)
        async with portal.client(None) as elsewhere:
            shown = (await elsewhere.get("/portal/sign-in")).text
        assert "heliograph user link" not in shown, "strangers at a real installation learn nothing"
        await add_person(portal)
        assert "heliograph user link" not in (await visitor.get("/portal/sign-in")).text


async def test_what_was_skipped_is_asked_for_until_it_is_done(portal: ServedPortal) -> None:
    async with portal.client(None) as visitor:
        await visitor.post(f"/portal/welcome/{portal.started.portal_link}")
        shown = await visitor.get("/portal/")
        assert "cannot sign in again" in shown.text
        finish = await visitor.get("/portal/welcome")
        token = re.search(r'name="csrf" value="([^"]+)"', finish.text)
        assert token is not None
        faults = await visitor.post("/portal/welcome", {"csrf": token[1], "name": ""})
        assert (faults.status_code, faults.text.count('class="fault"')) == (400, 3)
        fields = {"csrf": token[1], "name": "Kim", "email": EMAIL, "password": PASSWORD}
        assert (await visitor.post("/portal/welcome", fields)).status_code == 303
        assert "cannot sign in again" not in (await visitor.get("/portal/")).text
        assert (await visitor.get("/portal/welcome")).headers["location"] == "/portal/me"
    async with portal.client(None) as stranger:
        assert (await stranger.get("/portal/welcome")).headers["location"].startswith("/portal/sign-in")


async def test_an_address_of_somebody_else_is_not_taken(portal: ServedPortal) -> None:
    await add_person(portal)
    link = f"/portal/welcome/{portal.started.portal_link}"
    async with portal.client(None) as visitor:
        taken = await visitor.post(link, {"name": "Owner", "email": EMAIL, "password": PASSWORD})
        assert (taken.status_code, "somebody else" in taken.text) == (400, True)
        assert (await visitor.post(link)).status_code == 303, "the link is not spent by a fault"


async def test_a_reset_link_sets_a_password_and_ends_every_login(portal: ServedPortal) -> None:
    user_id = await add_person(portal)
    link, spare = await add_link(portal, user_id), await add_link(portal, user_id)
    async with portal.client(None) as before, portal.client(None) as visitor:
        await before.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        assert "Choose a new password" in (await visitor.get(f"/portal/welcome/{link}")).text
        weak = await visitor.post(f"/portal/welcome/{link}", {"password": "kim"})
        assert (weak.status_code, "at least 8" in weak.text) == (400, True)
        entered = await visitor.post(f"/portal/welcome/{link}", {"password": "a new one for the otter"})
        assert entered.headers["location"] == "/portal/"
        assert (await before.get("/portal/")).status_code == 303
        for spent in (link, spare):
            assert (await visitor.get(f"/portal/welcome/{spent}")).status_code == 404
    async with portal.client(None) as visitor:
        fields = {"email": EMAIL, "password": "a new one for the otter"}
        assert (await visitor.post("/portal/sign-in", fields)).status_code == 303


async def test_plain_http_from_elsewhere_is_refused_with_a_way_out(portal: ServedPortal) -> None:
    async with portal.client(None) as visitor:
        refused = await visitor.get("/portal/sign-in", headers={"host": "sms.example.com"})
        assert (refused.status_code, "trusted_proxies" in refused.text) == (403, True)
        for host in ("localhost:8080", "[::1]:8080", "127.0.0.1"):
            assert (await visitor.get("/portal/sign-in", headers={"host": host})).status_code == 200


async def test_a_language_is_remembered(owner: PortalClient) -> None:
    chosen = await owner.post("/portal/language", {"language": "sv", "back": "/portal/"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/portal/")
    assert '<html lang="sv"' in (await owner.get("/portal/")).text
    assert (await owner.post("/portal/language", {"language": "xx"})).status_code == 404


async def test_a_real_browser_signs_in(portal: ServedPortal, browser: Browser) -> None:
    await add_person(portal)
    async with portal.on_a_socket() as address, opened_page(browser, address) as watched:
        await watched.page.goto("/portal/")
        await watched.page.get_by_label("E-mail address").fill(EMAIL)
        await watched.page.get_by_label("Password").fill(PASSWORD)
        await watched.page.get_by_role("button", name="Sign in", exact=True).click()
        await watched.page.wait_for_url("**/portal/")
        assert watched.faults == []
