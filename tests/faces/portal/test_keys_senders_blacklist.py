"""Keys, senders and blocked numbers, as their pages show and change them."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest

from heliograph.domain.api_token import parse_token
from heliograph.domain.key_rights import KeyScope
from heliograph.domain.portal_rights import Role
from heliograph.storage.api_keys import list_keys
from tests.support.accepting import utc_now
from tests.support.rows import insert_account
from tests.support.served_portal import PortalClient, ServedPortal

KEY = {"name": "Web shop", "all_scopes": "1"}


async def audited(portal: ServedPortal, action: str) -> int:
    async with portal.database.transaction() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM audit_entry WHERE action = $1", action)
    return count


async def test_a_key_is_shown_with_a_command_that_the_account_may_send(
    portal: ServedPortal, owner: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM sender")
        await tx.execute(
            "INSERT INTO sender (account_id, sender) VALUES ($1, '46101606060'), ($1, 'Acme')",
            portal.started.account_id,
        )
    portal.context.accounts.forget(portal.started.account_id)
    made = await owner.post("/portal/keys/new", {"name": "Web shop", "scopes": ["send"]})
    assert "&#34;sender&#34;: &#34;Acme&#34;" in made.text


async def test_a_page_with_a_key_that_is_loaded_again_makes_no_other_key(
    portal: ServedPortal, owner: PortalClient
) -> None:
    form = (await owner.get("/portal/keys/new")).text
    once = re.search(r'name="once" value="([^"]+)"', form)
    assert once
    fields = {"name": "Web shop", "scopes": ["send"], "once": once[1]}
    made = await owner.post("/portal/keys/new", fields)
    again = await owner.post("/portal/keys/new", fields)
    assert (made.status_code, again.status_code) == (200, 303)
    assert again.headers["location"] == "/portal/keys"
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM api_key WHERE name = 'Web shop'") == 1
    assert (await owner.post("/portal/keys/new", {**fields, "once": "another"})).status_code == 200


async def test_a_page_with_a_secret_that_is_loaded_again_makes_no_other_secret(
    portal: ServedPortal, owner: PortalClient
) -> None:
    once = re.search(r'name="once" value="([^"]+)"', (await owner.get("/portal/webhooks")).text)
    assert once
    answers = [await owner.post("/portal/webhooks/secrets", {"once": once[1]}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 303]
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM webhook_secret") == 2, "the first one, and the new one"


async def test_a_key_is_shown_once_and_works(portal: ServedPortal, owner: PortalClient) -> None:
    made = await owner.post(
        "/portal/keys/new",
        {
            "name": "Web shop",
            "scopes": ["send", "read"],
            "networks": "198.51.100.0/24 2001:db8::/32",
            "test": "1",
        },
    )
    token = next(word for word in re.findall(r"hg_\w+", made.text) if parse_token(word))
    assert (await portal.api.post({}, token=token)).status == 403  # from another network
    listed = (await owner.get("/portal/keys")).text
    assert token not in listed
    assert "198.51.100.0/24" in listed
    halves = parse_token(token)
    assert halves is not None
    async with portal.database.transaction() as tx:
        key = next(each for each in await list_keys(tx, portal.started.account_id) if each.name == "Web shop")
    assert (key.key_id, key.rights.is_test, sorted(key.rights.scopes or ())) == (
        halves.key_id,
        True,
        ["read", "send"],
    )
    assert await audited(portal, "key.created") == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "", "all_scopes": "1"}, "name is required."),
        ({"name": "x"}, "Choose at least one scope, or all of them."),
        ({"name": "x", "all_scopes": "1", "networks": "nowhere"}, "is not a network"),
        ({"name": "x", "all_scopes": "1", "expires": "soon"}, "Choose a date, such as 2027-01-31."),
        ({"name": "x", "all_scopes": "1", "expires": "2020-01-31"}, "expires is over already."),
    ],
)
async def test_a_fault_stands_beside_its_field_and_nothing_typed_is_lost(
    owner: PortalClient, fields: dict[str, str], sentence: str
) -> None:
    refused = await owner.post(
        "/portal/keys/new", {**fields, "networks": fields.get("networks", "10.0.0.0/8")}
    )
    assert refused.status_code == 400
    assert sentence in refused.text
    assert fields.get("networks", "10.0.0.0/8") in refused.text


async def test_a_revoked_key_moves_to_the_ended_ones(portal: ServedPortal, owner: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        (key,) = await list_keys(tx, portal.started.account_id)
    revoked = await owner.post(f"/portal/keys/{key.key_id}/revoke")
    assert (revoked.status_code, revoked.headers["location"]) == (303, "/portal/keys")
    assert "Ended keys" in (await owner.get("/portal/keys")).text
    assert (await owner.post(f"/portal/keys/{key.key_id}/revoke")).status_code == 404
    assert await audited(portal, "key.revoked") == 1


async def test_a_key_that_ends_ends_with_the_day_of_whoever_made_it(
    portal: ServedPortal, owner: PortalClient
) -> None:
    day = (utc_now() + timedelta(days=30)).date()
    owner.http.cookies.set("tz", "Europe/Stockholm")
    assert (await owner.post("/portal/keys/new", {**KEY, "expires": day.isoformat()})).status_code == 200
    async with portal.database.transaction() as tx:
        key = next(each for each in await list_keys(tx, portal.started.account_id) if each.name == "Web shop")
    assert key.expires_at is not None
    assert key.expires_at.hour in (21, 22)


async def test_another_accounts_key_is_as_absent_as_one_that_never_was(
    portal: ServedPortal, owner: PortalClient
) -> None:
    other_account = 2
    async with portal.database.transaction() as tx:
        await insert_account(tx, other_account)
    stranger = await portal.sign_in(Role.OWNER, account_id=other_account)
    async with portal.database.transaction() as tx:
        (key,) = await list_keys(tx, portal.started.account_id)
    async with portal.client(stranger) as client:
        theirs = await client.post(f"/portal/keys/{key.key_id}/revoke")
        absent = await client.post("/portal/keys/abcdefgh/revoke")
    assert (theirs.status_code, absent.status_code) == (404, 404)
    assert theirs.text.replace(key.key_id, "") == absent.text.replace("abcdefgh", "")


async def test_a_key_may_do_no_more_than_whoever_makes_it(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.DEVELOPER)) as developer:
        shown = (await developer.get("/portal/keys/new")).text
        assert 'value="send"' in shown
        assert 'value="billing"' not in shown
        refused = await developer.post("/portal/keys/new", {"name": "Mine", "scopes": ["send", "billing"]})
        assert refused.status_code == 400
        assert "more than you may do yourself" in refused.text
        made = await developer.post("/portal/keys/new", {"name": "Mine", "all_scopes": "1"})
        assert made.status_code == 200
    async with portal.database.transaction() as tx:
        key = next(each for each in await list_keys(tx, portal.started.account_id) if each.name == "Mine")
    assert key.rights.scopes == frozenset(KeyScope) - {KeyScope.BILLING}


async def test_roles_without_the_right_are_refused(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.READ_ONLY)) as client:
        assert (await client.get("/portal/keys")).status_code == 403
        assert (await client.get("/portal/senders")).status_code == 200
        assert (await client.post("/portal/senders", {"sender": "Shop"})).status_code == 403
        assert (await client.post("/portal/blacklist/add", {"msisdn": "46701234567"})).status_code == 403


async def test_a_sender_is_registered_used_and_removed(portal: ServedPortal, owner: PortalClient) -> None:
    assert "WebShop" not in (await owner.get("/portal/compose")).text
    assert (await owner.post("/portal/senders", {"sender": "WebShop"})).status_code == 303
    assert "WebShop" in (await owner.get("/portal/senders")).text
    assert '<option value="WebShop"' in (await owner.get("/portal/compose")).text
    sent = await portal.api.post({"sender": "WebShop", "recipients": ["46701740605"], "body": "x"})
    assert sent.status == 201
    assert (await owner.post("/portal/senders/remove", {"sender": "WebShop"})).status_code == 303
    assert (await owner.post("/portal/senders/remove", {"sender": "WebShop"})).status_code == 404
    assert (await audited(portal, "sender.registered"), await audited(portal, "sender.removed")) == (1, 1)


async def test_what_cannot_be_a_sender_comes_back_with_the_reason(owner: PortalClient) -> None:
    refused = await owner.post("/portal/senders", {"sender": "A name that is too long"})
    assert refused.status_code == 400
    assert "A name that is too long" in refused.text
    assert "without spaces" in refused.text


async def test_a_number_is_blocked_looked_up_and_unblocked(portal: ServedPortal, owner: PortalClient) -> None:
    number = "46701740610"
    assert "Nobody is blocked" in (await owner.get("/portal/blacklist")).text
    assert (await owner.post("/portal/blacklist/add", {"msisdn": f"+{number}"})).status_code == 303
    assert number in (await owner.get("/portal/blacklist")).text
    found = (await owner.post("/portal/blacklist/find", {"msisdn": number})).text
    assert "Blocked since then" in found
    assert "in the portal" in found
    assert (await owner.post("/portal/blacklist/remove", {"msisdn": number})).status_code == 303
    assert (await owner.post("/portal/blacklist/remove", {"msisdn": number})).status_code == 404
    refused = await owner.post("/portal/blacklist/add", {"msisdn": "070x"})
    assert (refused.status_code, "070x" in refused.text) == (400, True)
    impossible = await owner.post("/portal/blacklist/add", {"msisdn": "00467017406571234"})
    assert (impossible.status_code, "Nobody can have this number" in impossible.text) == (400, True)


async def test_a_blocked_phone_is_told_apart_before_a_test_is_sent_to_it(
    portal: ServedPortal, owner: PortalClient
) -> None:
    assert (await owner.post("/portal/blacklist/add", {"msisdn": "46701740605"})).status_code == 303
    sent = await owner.post("/portal/handset/test")
    assert "blocked" in unquote(sent.headers["set-cookie"])
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM batch") == 0


async def test_the_pages_speak_swedish(owner: PortalClient) -> None:
    owner.http.cookies.set("language", "sv")
    assert "Spärrade nummer" in (await owner.get("/portal/blacklist")).text
    assert "Skapa en nyckel" in (await owner.get("/portal/keys")).text
