"""Contacts and labels: added, changed, found, deleted, imported from a file and taken along as one."""

import re
from typing import Any

import msgspec
import pytest

from heliograph.domain.portal_rights import Role
from heliograph.faces.portal import contact_pages
from tests.support.served_portal import CSRF, PortalClient, ServedPortal

ANN = {"number": "+46 70 174 06 05", "properties": "firstName: Ann\ncity: Åmål", "labels": "gym, vip"}


async def upload(client: PortalClient, content: bytes, labels: str = "") -> Any:
    return await client.http.post(
        "/portal/contacts/import",
        data={"csrf": CSRF, "labels": labels},
        files={"file": ("people.csv", content, "text/csv")},
        headers={"sec-fetch-site": "same-origin"},
    )


def id_of(listed: str) -> str:
    found: str = re.findall(r"/portal/contacts/([0-9a-f]{24})", listed)[0]
    return found


async def test_a_contact_is_added_found_changed_and_deleted(
    portal: ServedPortal, owner: PortalClient
) -> None:
    assert "No contacts yet" in (await owner.get("/portal/contacts")).text
    assert (await owner.post("/portal/contacts/new", ANN)).status_code == 303
    listed = (await owner.get("/portal/contacts?label=gym")).text
    assert all(word in listed for word in ("+46701740605", "Ann", "vip"))
    assert "+46701740605" in (await owner.post("/portal/contacts/find", {"number": "46701740605"})).text
    key = id_of(listed)
    assert "city: Åmål" in (await owner.get(f"/portal/contacts/{key}")).text
    changed = {**ANN, "properties": "firstName: Anna", "labels": ""}
    assert (await owner.post(f"/portal/contacts/{key}", changed)).status_code == 303
    shown = (await owner.get(f"/portal/contacts/{key}")).text
    assert ("Anna" in shown, "Åmål" in shown, "vip" in shown) == (True, False, False)
    assert (await owner.post(f"/portal/contacts/{key}/delete")).status_code == 303
    assert (await owner.get(f"/portal/contacts/{key}")).status_code == 404


async def test_what_the_api_says_of_a_property_survives_a_change(
    portal: ServedPortal, owner: PortalClient
) -> None:
    await owner.post("/portal/contacts/new", ANN)
    async with portal.database.transaction() as tx:
        metadata = """{"city": {"source": "crm"}, "phoneNumber": {}}"""
        await tx.execute("UPDATE contact SET metadata = $1::text::jsonb", metadata)
    key = id_of((await owner.get("/portal/contacts")).text)
    await owner.post(f"/portal/contacts/{key}", {**ANN, "labels": "other"})
    async with portal.database.transaction() as tx:
        kept = msgspec.json.decode(await tx.fetchval("SELECT metadata FROM contact"))
    assert kept["city"] == {"source": "crm"}
    assert kept["phoneNumber"]["isValidPhoneNumber"] == "true"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"number": ""}, "Write a number, such as"),
        ({"number": "pizza"}, "This is no phone number."),
        ({"properties": "no colon here"}, "this one has no colon"),
        ({"labels": "a/b"}, "commas, slashes"),
    ],
)
async def test_faults_stand_beside_their_fields(
    owner: PortalClient, change: dict[str, str], sentence: str
) -> None:
    refused = await owner.post("/portal/contacts/new", {**ANN, **change})
    assert refused.status_code == 400
    assert sentence in refused.text
    assert ("Åmål" in refused.text) == ("properties" not in change)


async def test_a_label_is_deleted_and_its_contacts_stay(owner: PortalClient) -> None:
    await owner.post("/portal/contacts/new", ANN)
    assert (await owner.post("/portal/contacts/labels/delete", {"label": "gym"})).status_code == 303
    assert (await owner.post("/portal/contacts/labels/delete", {"label": "gym"})).status_code == 404
    assert "+46701740605" in (await owner.get("/portal/contacts?label=vip")).text


async def test_a_file_is_checked_then_imported(portal: ServedPortal, owner: PortalClient) -> None:
    rows = (
        "name;Mobil\nÅsa;+46 70 174 06 08\nEva;070-1\nBo;+46 70 174 06 06\n"
        "Bo igen;46701740606\nCia;\nDan;0046701740607\n"
    )
    preview = await upload(owner, rows.encode("latin-1"), labels="gym")
    assert preview.status_code == 200
    assert "Import 3 contacts" in preview.text
    assert "stands in an earlier line" in preview.text
    assert "there is no number" in preview.text
    packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
    fields = {"table": packed, "labels": "gym", "column": "1", "confirmed": "1"}
    assert (await owner.post("/portal/contacts/import/run", fields)).status_code == 303
    listed = (await owner.get("/portal/contacts?label=gym")).text
    assert all(word in listed for word in ("+46701740606", "+46701740607", "Åsa"))
    other = await owner.post("/portal/contacts/import/run", {**fields, "column": "0", "confirmed": ""})
    assert "Left out" in other.text


async def test_ten_thousand_rows_are_imported(portal: ServedPortal, owner: PortalClient) -> None:
    rows = "number,name\n" + "".join(f"4670{n:07},Person {n}\n" for n in range(10_000))
    preview = await upload(owner, rows.encode())
    packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
    fields = {"table": packed, "labels": "", "column": "0", "confirmed": "1"}
    assert (await owner.post("/portal/contacts/import/run", fields)).status_code == 303
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM contact") == 10_000


@pytest.mark.parametrize("table", ["", "not base64!", "eJwDAAAAAAE=", "AAAA"])
async def test_a_table_that_is_not_ours_is_asked_for_again(owner: PortalClient, table: str) -> None:
    fields = {"table": table, "column": "0", "confirmed": "1"}
    refused = await owner.post("/portal/contacts/import/run", fields)
    assert (refused.status_code, "Choose the file again." in refused.text) == (400, True)


async def test_a_file_that_is_no_table_is_refused_with_the_reason(owner: PortalClient) -> None:
    assert "Save it as CSV" in (await upload(owner, b"PK\x03\x04\0\0")).text
    assert "Choose a file." in (await owner.post("/portal/contacts/import")).text


async def test_the_export_runs_nothing_in_a_spreadsheet(owner: PortalClient) -> None:
    await owner.post("/portal/contacts/new", {**ANN, "properties": "note: =HYPERLINK(1)"})
    text = (await owner.get("/portal/contacts/export.csv")).text
    assert text.splitlines() == ["\ufeffnumber,labels,note", '46701740605,"gym,vip",\'=HYPERLINK(1)']


async def test_the_export_is_whole_however_it_is_cut(
    owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_pages, "EXPORTED_AT_ONCE", 2)
    numbers = [f"4670174060{digit}" for digit in range(5)]
    for number in numbers:
        await owner.post("/portal/contacts/new", {**ANN, "number": number})
    lines = (await owner.get("/portal/contacts/export.csv")).text.splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == numbers


async def test_readers_see_and_do_not_change(portal: ServedPortal, owner: PortalClient) -> None:
    await owner.post("/portal/contacts/new", ANN)
    key = id_of((await owner.get("/portal/contacts")).text)
    async with portal.client(await portal.sign_in(Role.BILLING)) as reader:
        assert (await reader.get(f"/portal/contacts/{key}")).status_code == 200
        for path in ("new", "import", f"{key}/delete", key, "labels/delete"):
            assert (await reader.post(f"/portal/contacts/{path}")).status_code == 403
