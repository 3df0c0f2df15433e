"""The account's people, its settings and its audit log."""

import re

import pytest

from heliograph.domain.portal_rights import Role
from heliograph.storage.account_members import list_members, list_roles
from heliograph.storage.accounts import create_account
from heliograph.storage.portal_users import find_user, set_membership
from tests.faces.portal.test_sign_in import EMAIL, PASSWORD, add_person
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal


def link_in(text: str) -> str:
    found = re.search(r"/portal/(?:invitation|welcome)/[\w-]{43}", text)
    assert found is not None
    return found[0]


async def actions(portal: ServedPortal) -> list[str]:
    async with portal.database.transaction() as tx:
        rows = await tx.fetch("SELECT action FROM audit_entry ORDER BY entry_id")
    return [row[0] for row in rows]


async def role_of(portal: ServedPortal, user_id: int) -> Role | None:
    async with portal.database.transaction() as tx:
        return (await list_roles(tx, user_id)).get(portal.started.account_id)


async def other_account(portal: ServedPortal) -> int:
    async with portal.database.transaction() as tx:
        price_list = await tx.fetchval("SELECT price_list_id FROM account LIMIT 1")
        account_id, _ = await create_account(
            tx, name="Other", currency="SEK", price_list_id=price_list, number_prefix="ip1-", now=utc_now()
        )
    return account_id


async def test_somebody_new_joins_by_an_invitation(portal: ServedPortal, owner: PortalClient) -> None:
    made = await owner.post("/portal/users/invite", {"email": "Kim@Example.com", "role": "sender"})
    link = link_in(made.text)
    assert EMAIL in (await owner.get("/portal/users")).text
    async with portal.client(None) as visitor:
        assert "Test account" in (await visitor.get(link)).text
        wrong = await visitor.post(link, {"name": "", "email": "x", "password": "x"})
        assert (wrong.status_code, wrong.text.count('class="fault"')) == (400, 3)
        joined = await visitor.post(link, {"name": "Kim", "email": EMAIL, "password": PASSWORD})
        assert joined.headers["location"] == "/portal/"
        assert (await visitor.get("/portal/users")).status_code == 403
        assert (await visitor.post(link, {})).status_code in (403, 404)
    async with portal.client(None) as another:
        assert (await another.get(link)).status_code == 404
    assert await actions(portal) == ["member.invited", "member.joined"]


async def test_an_invitation_is_no_way_to_become_somebody_else(
    portal: ServedPortal, owner: PortalClient
) -> None:
    user_id = await add_person(portal, email="lee@example.com")
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM membership WHERE user_id = $1", user_id)
    link = link_in(
        (await owner.post("/portal/users/invite", {"email": "lee@example.com", "role": "owner"})).text
    )
    async with portal.client(None) as thief:
        taken = await thief.post(link, {"name": "Lee", "email": "lee@example.com", "password": PASSWORD})
        assert (taken.status_code, "signs in here already" in taken.text) == (400, True)
    async with portal.client(None) as lee:
        await lee.post("/portal/sign-in", {"email": "lee@example.com", "password": PASSWORD})
        shown = await lee.get(link)
        token = re.search(r'name="csrf" value="([^"]+)"', shown.text)
        assert token is not None
        assert (await lee.post(link, {"csrf": token[1]})).status_code == 303
    assert await role_of(portal, user_id) is Role.OWNER


async def test_an_invitation_is_taken_back(portal: ServedPortal, owner: PortalClient) -> None:
    link = link_in((await owner.post("/portal/users/invite", {"email": EMAIL, "role": "owner"})).text)
    shown = (await owner.get("/portal/users")).text
    invitation = re.search(r'name="invitation" value="(\w+)"', shown)
    assert invitation is not None
    fields = {"invitation": invitation[1]}
    assert (await owner.post("/portal/users/invitations/cancel", fields)).status_code == 303
    assert (await owner.post("/portal/users/invitations/cancel", fields)).status_code == 404
    assert (await owner.post("/portal/users/invitations/cancel", {"invitation": "x"})).status_code == 404
    async with portal.client(None) as visitor:
        assert (await visitor.get(link)).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"email": "kim", "role": "owner"}, "no e-mail address"),
        ({"email": EMAIL, "role": "king"}, "Choose what they may do"),
        ({"email": "member@example.com", "role": "owner"}, "belong to this account already"),
    ],
)
async def test_what_is_wrong_about_an_invitation_is_said(
    portal: ServedPortal, owner: PortalClient, fields: dict[str, str], sentence: str
) -> None:
    await add_person(portal, email="member@example.com")
    refused = await owner.post("/portal/users/invite", fields)
    assert (refused.status_code, sentence in refused.text) == (400, True)
    assert fields["email"] in refused.text


async def test_roles_change_and_an_account_keeps_an_owner(portal: ServedPortal) -> None:
    user_id = await add_person(portal, role=Role.SENDER)
    async with portal.client(await portal.sign_in(Role.OWNER)) as owner, portal.client(None) as kim:
        await kim.post("/portal/sign-in", {"email": EMAIL, "password": PASSWORD})
        fields = {"user": str(user_id), "role": "developer"}
        assert (await owner.post("/portal/users/role", fields)).status_code == 303
        assert await role_of(portal, user_id) is Role.DEVELOPER
        assert (await kim.get("/portal/")).status_code == 303, "they sign in again"
        assert (await owner.post("/portal/users/role", {"user": "99", "role": "owner"})).status_code == 404
        assert (await owner.post("/portal/users/role", {**fields, "role": "x"})).status_code == 404
        async with portal.database.transaction() as tx:
            members = await list_members(tx, portal.started.account_id)
        owners = [member.user_id for member in members if member.role is Role.OWNER]
        for owner_id in owners:
            await owner.post("/portal/users/role", {"user": str(owner_id), "role": "sender"})
    kept = [await role_of(portal, owner_id) for owner_id in owners]
    assert kept.count(Role.OWNER) >= 1
    assert "member.role_changed" in await actions(portal)


async def test_the_last_owner_is_not_removed(portal: ServedPortal, operator: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        (first,) = await list_members(tx, portal.started.account_id)
    refused = await operator.post("/portal/users/remove", {"user": str(first.user_id)})
    assert refused.status_code == 303
    assert await role_of(portal, first.user_id) is Role.OWNER
    second = await add_person(portal)
    assert (await operator.post("/portal/users/remove", {"user": str(first.user_id)})).status_code == 303
    assert await role_of(portal, first.user_id) is None
    assert await role_of(portal, second) is Role.OWNER


async def test_an_owner_makes_a_link_only_for_people_of_the_own_accounts(
    portal: ServedPortal, owner: PortalClient
) -> None:
    user_id = await add_person(portal, role=Role.SENDER)
    made = await owner.post("/portal/users/link", {"user": str(user_id)})
    async with portal.client(None) as visitor:
        assert (await visitor.get(link_in(made.text))).status_code == 200
    async with portal.database.transaction() as tx:
        await set_membership(tx, await other_account(portal), user_id, Role.SENDER, now=utc_now())
    refused = await owner.post("/portal/users/link", {"user": str(user_id)})
    assert (refused.status_code, refused.headers["location"]) == (303, "/portal/users")
    async with portal.database.transaction() as tx:
        (*_, first) = sorted(
            await list_members(tx, portal.started.account_id), key=lambda each: -each.user_id
        )
    assert first.is_operator
    assert (await owner.post("/portal/users/link", {"user": str(first.user_id)})).status_code == 303


async def test_members_of_another_account_are_nobody_here(portal: ServedPortal, owner: PortalClient) -> None:
    user_id = await add_person(portal, email="far@example.com")
    elsewhere = await other_account(portal)
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE membership SET account_id = $1 WHERE user_id = $2", elsewhere, user_id)
    for path in ("role", "remove", "link"):
        refused = await owner.post(f"/portal/users/{path}", {"user": str(user_id), "role": "owner"})
        assert refused.status_code == 404
    assert "far@example.com" not in (await owner.get("/portal/users")).text
    async with portal.database.transaction() as tx:
        assert await find_user(tx, user_id=user_id) is not None
        assert await list_roles(tx, user_id) == {elsewhere: Role.OWNER}


async def test_settings_are_chosen(portal: ServedPortal, owner: PortalClient) -> None:
    fields = {
        "report_codes": "final",
        "report_schedule": "ip1-strict",
        "http_reports": "1",
        "daily_cap": "12,50",
        "retention_days": "30",
        "in_doubt_policy": "resend_once",
    }
    assert (await owner.post("/portal/settings", fields)).status_code == 303
    account = await portal.context.accounts.account(portal.started.account_id)
    assert account is not None
    assert (account.report_codes, account.http_reports, account.daily_cap) == ("final", True, 12_500_000)
    shown = (await owner.get("/portal/settings")).text
    assert 'value="12.5"' in shown
    assert 'value="30"' in shown
    assert "Empty: 90, as for the whole installation." in shown
    assert "Spent today" in shown
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE account SET daily_cap = 5000000")
    portal.context.accounts.forget(portal.started.account_id)
    capped = await portal.context.accounts.account(portal.started.account_id)
    assert capped is not None
    assert capped.daily_cap == 5_000_000, "the operator's is lower"
    assert await actions(portal) == ["settings.changed"]
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT retention_days FROM account") == 30
        assert await tx.fetchval("SELECT in_doubt_policy FROM account") == "resend_once"
        assert '"retention_days": [null, 30]' in await tx.fetchval("SELECT detail::text FROM audit_entry")
    assert (await owner.post("/portal/settings", {**fields, "retention_days": ""})).status_code == 303
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT retention_days FROM account") is None


async def test_what_is_wrong_about_settings_is_said(portal: ServedPortal, owner: PortalClient) -> None:
    fields = {
        "report_codes": "some",
        "report_schedule": "never",
        "in_doubt_policy": "perhaps",
        "daily_cap": "much",
        "retention_days": "9",
    }
    refused = await owner.post("/portal/settings", fields)
    assert refused.status_code == 400
    assert refused.text.count("Choose one of these.") >= 3
    assert all(
        word in refused.text for word in ("no amount", 'value="much"', "no number of days", 'value="9"')
    )
    assert await actions(portal) == []


async def test_operators_see_what_was_done_to_the_installation(
    portal: ServedPortal, owner: PortalClient, operator: PortalClient
) -> None:
    await operator.post("/portal/operator/guard", {"prefix": "225", "mode": "off"})
    shown = (await operator.get("/portal/operator/audit")).text
    assert "Set a guard rule" in shown
    assert "Set a guard rule" not in (await owner.get("/portal/audit")).text
    assert (await owner.get("/portal/operator/audit")).status_code == 403


async def test_the_audit_log_is_paged_and_filtered(portal: ServedPortal, owner: PortalClient) -> None:
    assert "Nothing was changed yet" in (await owner.get("/portal/audit")).text
    for cap in range(1, 53):
        fields = {
            "report_codes": "all",
            "report_schedule": "standard",
            "in_doubt_policy": "hold",
            "daily_cap": str(cap),
        }
        await owner.post("/portal/settings", fields)
    await owner.post("/portal/users/invite", {"email": EMAIL, "role": "owner"})
    first = (await owner.get("/portal/audit")).text
    assert first.count(">Changed the settings</td>") == 49
    assert first.count(">Invited somebody</td>") == 1
    assert "daily cap: 51 → 52" in first
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    assert (await owner.get(following[1])).text.count(">Changed the settings</td>") == 3
    filtered = (await owner.get("/portal/audit?action=member.invited")).text
    assert filtered.count('<td data-label="When"') == 1
    assert "Nothing like that" in (await owner.get("/portal/audit?action=x&before=zz")).text
    elsewhere = await other_account(portal)
    async with portal.client(await portal.sign_in(Role.OWNER, account_id=elsewhere)) as stranger:
        assert "Nothing was changed yet" in (await stranger.get("/portal/audit")).text
