"""Carriers, as operators see and change them."""

from typing import Any

import msgspec
import pytest

from heliograph.domain.portal_rights import Role
from heliograph.storage.carrier_settings import carrier_password, list_carriers
from tests.faces.portal.test_operator_accounts import noted
from tests.support.served_portal import PortalClient, ServedPortal

CARRIERS = "/portal/operator/carriers"
NEW = "/portal/operator/new-carrier"
FIELDS: dict[str, Any] = {
    "name": "telco",
    "host": "smsc.example",
    "port": "2775",
    "system_id": "acme",
    "password": "secret",
    "bind_mode": "transceiver",
    "bind_count": "2",
    "tps": "50",
    "window": "20",
    "receipt_ids": "exact",
    "registered_delivery": "1",
    "connect_seconds": "10",
    "bind_seconds": "30",
    "enquire_link_seconds": "30",
    "enquire_answer_seconds": "15",
    "response_seconds": "60",
    "ton": "1",
    "npi": "1",
    "interface_version": "52",
    "long_messages": "udh8",
    "incoming_alphabet": "gsm7",
    "deliver_failure": "silence",
}
RICH = {
    "receipt_ids": "resp_hex_dlr_dec",
    "stat_overrides": "FAILED UNDELIV",
    "error_codes": "001 502\n0A 503",
    "status_overrides": "0x45 RETRY 406 5 60\n0x14 throttle",
    "sender_types": "alphanumeric 5 1\nmsisdn 1 1",
    "deliver_failure": "0x64",
    "connect_seconds": "2,5",
}


async def made(portal: ServedPortal, operator: PortalClient, **changes: str) -> str:
    answer = await operator.post(NEW, {**FIELDS, **changes})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def stored_profile(portal: ServedPortal, name: str) -> dict[str, Any]:
    async with portal.database.transaction() as tx:
        text = await tx.fetchval("SELECT profile FROM carrier WHERE name = $1", name)
    return msgspec.json.decode(text, type=dict[str, Any])


async def test_a_carrier_is_made_with_what_differs_only(portal: ServedPortal, operator: PortalClient) -> None:
    page = (await operator.get(await made(portal, operator))).text
    assert "telco" in page
    assert "secret" not in page
    assert await stored_profile(portal, "telco") == {"tps": 50.0, "window": 20}
    async with portal.database.transaction() as tx:
        found = next(each for each in await list_carriers(tx) if each.name == "telco")
        assert await carrier_password(tx, found.carrier_id, sealer=portal.context.sealer) == "secret"
    assert (found.host, found.port, found.bind_count, found.tls) == ("smsc.example", 2775, 2, False)
    assert await noted(portal, "carrier.created") == 1


async def test_every_field_of_the_profile_comes_back_as_it_was_typed(
    portal: ServedPortal, operator: PortalClient
) -> None:
    address = await made(portal, operator, **RICH)
    profile = await stored_profile(portal, "telco")
    assert profile["status_overrides"]["0x45"] == {"class": "RETRY", "code": 406, "delays": [5.0, 60.0]}
    assert profile["sender_types"] == {"alphanumeric": {"ton": 5, "npi": 1}}
    assert profile["error_codes"] == {"001": 502, "0A": 503}
    assert (profile["deliver_failure"], profile["connect_seconds"]) == (100, 2.5)
    page = (await operator.get(address)).text
    for shown in ("0x45 RETRY 406 5 60", "FAILED UNDELIV", "001 502", "alphanumeric 5 1"):
        assert shown in page


async def test_a_change_keeps_the_password_unless_one_is_typed(
    portal: ServedPortal, operator: PortalClient
) -> None:
    address = await made(portal, operator)
    fields = {**FIELDS, "password": "", "host": "other.example", "tls": "1", "error_codes_none": "1"}
    assert (await operator.post(f"{address}/settings", fields)).status_code == 303
    async with portal.database.transaction() as tx:
        found = next(each for each in await list_carriers(tx) if each.name == "telco")
        assert await carrier_password(tx, found.carrier_id, sealer=portal.context.sealer) == "secret"
    assert (found.host, found.tls, found.revision, found.profile.error_codes) == (
        "other.example",
        True,
        1,
        {},
    )
    await operator.post(f"{address}/settings", {**fields, "password": "newer"})
    async with portal.database.transaction() as tx:
        assert await carrier_password(tx, found.carrier_id, sealer=portal.context.sealer) == "newer"
    assert await noted(portal, "carrier.changed") == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"host": "a b"}, "host"),
        ({"port": "0"}, "port"),
        ({"port": "many"}, "port"),
        ({"system_id": "x" * 16}, "system_id"),
        ({"password": "x" * 9}, "password"),
        ({"bind_mode": "sideways"}, "bind_mode"),
        ({"bind_count": "65"}, "bind_count"),
        ({"tps": "fast"}, "tps"),
        ({"window": "0"}, "window"),
        ({"receipt_ids": "guess"}, "receipt_ids"),
        ({"response_seconds": "0"}, "response_seconds"),
        ({"ton": "256"}, "ton"),
        ({"system_type": "x" * 13}, "system_type"),
        ({"stat_overrides": "FAILED NOWHERE"}, "stat_overrides"),
        ({"stat_overrides": "FAILED"}, "stat_overrides"),
        ({"error_codes": "001 200"}, "error_codes"),
        ({"status_overrides": "what RETRY"}, "status_overrides"),
        ({"status_overrides": "0x45 MAYBE"}, "status_overrides"),
        ({"sender_types": "parrot 1 1"}, "sender_types"),
        ({"deliver_failure": "later"}, "deliver_failure"),
    ],
)
async def test_a_fault_stands_beside_its_field(
    operator: PortalClient, changes: dict[str, str], field: str
) -> None:
    refused = await operator.post(NEW, {**FIELDS, **changes})
    assert refused.status_code == 400
    assert f'id="{field}-fault"' in refused.text
    assert "secret" not in refused.text
    assert 'value="acme"' in refused.text or "system_id" in changes


async def test_a_name_is_taken_once(portal: ServedPortal, operator: PortalClient) -> None:
    address = await made(portal, operator)
    again = await operator.post(NEW, FIELDS)
    assert (again.status_code, "already" in again.text) == (400, True)
    refused = await operator.post(f"{address}/settings", {**FIELDS, "port": "0"})
    assert (refused.status_code, 'id="port-fault"' in refused.text) == (400, True)


async def test_binds_are_shown_as_they_are(portal: ServedPortal, operator: PortalClient) -> None:
    address = await made(portal, operator)
    carrier_id = int(address.rpartition("/")[2])
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO bind_lease (carrier_id, slot, epoch, holder, leased_until, bound_at,"
            " answered_per_second) VALUES ($1, 0, 7, 'here:1:aa', now() + interval '15 s', now(), 41.7),"
            " ($1, 1, 3, 'here:2:bb', now() + interval '15 s', NULL, 99)",
            carrier_id,
        )
    listed = (await operator.get("/portal/operator/live/carriers")).text
    assert "1 of 2 bound" in listed
    assert "42 / 50" in listed, "what is answered of what is allowed; nothing passes a bind that is not bound"
    assert "<html" not in listed
    page = (await operator.get(f"/portal/operator/live/carriers/{carrier_id}")).text
    assert all(word in page for word in ("here:1:aa", "Held, not bound", ">7<", "1 / 2", "In doubt"))


async def test_why_a_bind_does_not_stand_is_said_everywhere(
    portal: ServedPortal, operator: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO bind_lease (carrier_id, slot, epoch, holder, leased_until, is_bound, bind_fault)"
            " VALUES (1, 0, 1, 'here:1:aa', now() + interval '1 min', false, '0x0E')"
        )
    for path in (CARRIERS, f"{CARRIERS}/1", "/portal/operator/live/carriers", "/portal/operator/alarms"):
        assert "wrong password (0x0E)" in (await operator.get(path)).text, path
    assert "refuses our binds" in (await operator.get("/portal/operator/alarms")).text
    swedish = {"accept-language": "sv"}
    assert "fel lösenord (0x0E)" in (await operator.get("/portal/operator/alarms", headers=swedish)).text


async def test_a_carrier_is_disabled_enabled_and_removed(
    portal: ServedPortal, operator: PortalClient
) -> None:
    address = await made(portal, operator)
    await operator.post(f"{address}/enabled", {"enabled": "0"})
    assert "This carrier is disabled" in (await operator.get(address)).text
    await operator.post(f"{address}/enabled", {"enabled": "1"})
    assert "This carrier is disabled" not in (await operator.get(address)).text
    carrier_id = int(address.rpartition("/")[2])
    async with portal.database.transaction() as tx:
        await tx.execute("INSERT INTO route (route_id, prefix, carrier_id) VALUES (99, '47', $1)", carrier_id)
    assert (await operator.post(f"{address}/remove")).headers["location"] == address
    assert (await operator.get(address)).status_code == 200
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM route WHERE route_id = 99")
    assert (await operator.post(f"{address}/remove")).headers["location"] == CARRIERS
    assert (await operator.get(address)).status_code == 404
    for action in ("carrier.disabled", "carrier.enabled", "carrier.removed"):
        assert await noted(portal, action) == 1


async def test_only_operators_see_carriers(portal: ServedPortal, operator: PortalClient) -> None:
    for act in ("settings", "enabled", "remove"):
        assert (await operator.post(f"{CARRIERS}/999/{act}", FIELDS)).status_code == 404
    async with portal.client(await portal.sign_in(Role.OWNER)) as client:
        for path in (CARRIERS, f"{CARRIERS}/1", NEW):
            assert (await client.get(path)).status_code == 403
        assert (await client.post(NEW, FIELDS)).status_code == 403
