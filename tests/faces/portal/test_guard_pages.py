"""The velocity guard: what an account sees of it, and what operators set."""

from datetime import timedelta

import pytest

from heliograph.domain.portal_rights import Role
from heliograph.domain.velocity_rules import GuardMode, GuardRule
from heliograph.storage.guard_rules import set_guard_rule
from tests.faces.portal.test_operator_accounts import noted
from tests.support.accepting import utc_now
from tests.support.rows import insert_account
from tests.support.served_portal import PortalClient, ServedPortal

RULES = "/portal/operator/guard"
RULE = {"prefix": "+225", "limit": "20", "per": "hour", "mode": "block"}


async def passed(portal: ServedPortal, account_id: int, prefix: str) -> None:
    """A window in which 7 of 27 recipients were refused."""
    now = utc_now()
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO guard_window (account_id, prefix, seconds, starts_at, recipients, most, blocks,"
            " beyond, blocked, counted_at, exceeded_at)"
            " VALUES ($1, $2, 3600, $3, 27, 20, true, 7, 7, $4, $4)",
            account_id,
            prefix,
            now - timedelta(minutes=5),
            now,
        )


async def test_rules_are_set_changed_and_removed(portal: ServedPortal, operator: PortalClient) -> None:
    assert "Nothing is guarded" in (await operator.get(RULES)).text
    assert (await operator.post(RULES, RULE)).status_code == 303
    assert (await operator.post(RULES, {**RULE, "account": "ip1-10001", "mode": "off"})).status_code == 303
    shown = (await operator.get(RULES)).text
    assert "20 an hour" in shown
    assert "no limit" in shown
    gone = {"prefix": "225", "account_id": "0"}
    assert (await operator.post(f"{RULES}/remove", gone)).status_code == 303
    assert (await operator.post(f"{RULES}/remove", gone)).status_code == 404
    assert (await noted(portal, "guard.set"), await noted(portal, "guard.removed")) == (2, 1)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("prefix", "0225"),
        ("prefix", ""),
        ("limit", "many"),
        ("per", "week"),
        ("mode", "x"),
        ("account", "ip1-7"),
    ],
)
async def test_a_fault_stands_beside_its_field(operator: PortalClient, field: str, text: str) -> None:
    refused = await operator.post(RULES, {**RULE, field: text})
    assert refused.status_code == 400
    assert f'id="{field}-fault"' in refused.text or field == "mode"


async def test_an_account_sees_its_own_limits_and_what_they_caught(
    portal: ServedPortal, owner: PortalClient
) -> None:
    assert "Nothing is limited" in (await owner.get("/portal/guard")).text
    async with portal.database.transaction() as tx:
        await insert_account(tx, 2)
        await set_guard_rule(tx, 0, GuardRule("225", GuardMode.BLOCK, 20, 3600))
        await set_guard_rule(tx, 2, GuardRule("371", GuardMode.WATCH, 5, 60))
    assert "No limit was passed" in (await owner.get("/portal/guard")).text
    await passed(portal, portal.started.account_id, "225")
    await passed(portal, 2, "371")
    shown = (await owner.get("/portal/guard")).text
    assert "7 refused" in shown
    assert "371" not in shown


async def test_only_operators_set_rules(portal: ServedPortal, owner: PortalClient) -> None:
    assert (await owner.post(RULES, RULE)).status_code == 403
    assert (await owner.get(RULES)).status_code == 403
    async with portal.client(await portal.sign_in(Role.DEVELOPER)) as developer:
        assert (await developer.get("/portal/guard")).status_code == 403
