"""Numbers in forms: each takes them as people write them, with a 0 in front where the country is known."""

from collections.abc import AsyncIterator

import pytest

from heliograph.domain.portal_rights import Role
from heliograph.faces.portal.handset_pages import PHONE_COOKIE
from tests.support.served_portal import PortalClient, ServedPortal, served_portal

DIGITS = "46701740605"
WRITTEN = ("070-174 06 05", "+46 70 174 06 05", "0046 (70) 174.06.05", "+46 (0)70-174 06 05", DIGITS)
SEEN = {
    "/portal/blacklist/find": ("msisdn", "46701740605"),
    "/portal/contacts/find": ("number", "+46701740605"),
    "/portal/conversations/find": ("participant", "Nothing was exchanged with that number"),
    "/portal/messages": ("wanted", "Nothing to or from this number"),
    "/portal/operator/routes/explain": ("number", "+46701740605 is a possible number."),
}
FIELDS = {"of_account": "ip1-10001", "as_sender": "iP1"}


@pytest.fixture
async def swedish(database: str) -> AsyncIterator[ServedPortal]:
    """The portal of an installation whose country is Sweden."""
    async with served_portal(database, country="SE") as served:
        yield served


async def test_each_form_takes_each_way_to_write_a_number(swedish: ServedPortal) -> None:
    async with swedish.client(await swedish.sign_in(Role.OWNER, is_operator=True)) as client:
        contact = {"number": "070-174 06 05", "properties": "name: Ann", "labels": ""}
        assert (await client.post("/portal/contacts/new", contact)).status_code == 303
        for written in WRITTEN:
            assert (await client.post("/portal/blacklist/add", {"msisdn": written})).status_code == 303
            for path, (field, told) in SEEN.items():
                answer = await client.post(path, {**FIELDS, field: written})
                assert told in answer.text, (path, written)
            phone = await client.post("/portal/handset/phone", {"phone": written})
            assert phone.cookies[PHONE_COOKIE] == DIGITS
        async with swedish.database.transaction() as tx:
            assert await tx.fetchval("SELECT count(*) FROM blacklist") == 1
            assert await tx.fetchval("SELECT msisdn FROM blacklist") == DIGITS
            assert await tx.fetchval("SELECT msisdn FROM contact") == DIGITS
        assert "A single 0 in front stands for +46." in (await client.get("/portal/blacklist")).text


async def test_pasted_numbers_and_files_take_them_too(swedish: ServedPortal) -> None:
    async with swedish.client(await swedish.sign_in(Role.OWNER)) as client:
        fields = {"sender": "iP1", "body": "Hi", "pasted": "070-174 06 05\n0701740606", "step": "review"}
        kept = await client.post("/portal/compose", fields)
        review = await client.get(kept.headers["location"])
        assert all(number in review.text for number in (DIGITS, "46701740606"))


@pytest.mark.parametrize(("path", "field"), [(path, field) for path, (field, _) in SEEN.items()])
async def test_without_a_country_a_zero_is_refused_beside_its_field(
    portal: ServedPortal, path: str, field: str
) -> None:
    async with portal.client(await portal.sign_in(Role.OWNER, is_operator=True)) as client:
        refused = await client.post(path, {**FIELDS, field: "070-174 06 05"})
        assert refused.status_code == 400
        assert "This number begins with 0: write its country code first" in refused.text
        assert 'value="070-174 06 05"' in refused.text


async def test_a_number_that_nobody_can_have_is_not_blocked(owner: PortalClient) -> None:
    refused = await owner.post("/portal/blacklist/add", {"msisdn": "+46 12"})
    assert (refused.status_code, "Nobody can have this number" in refused.text) == (400, True)
    assert 'value="+46 12"' in refused.text
