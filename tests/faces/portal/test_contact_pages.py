"""Contacts and labels: added, changed, found, deleted, imported from a file and taken along as one."""

import asyncio
import re
from typing import Any

import httpx
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


async def of_label(owner: PortalClient, label: str) -> httpx.Response:
    """The contacts of a label, by the link that the page of all contacts has for it."""
    listed = (await owner.get("/portal/contacts")).text
    (address,) = re.findall(rf'href="(/portal/contacts\?of=[0-9a-f]{{24}})"[^>]*>{label} ', listed)
    return await owner.get(address)


async def test_a_label_stands_in_no_address_and_is_chosen_to_write_to(owner: PortalClient) -> None:
    await owner.post("/portal/contacts/new", ANN)
    shown = await of_label(owner, "vip")
    assert "+46701740605" in shown.text
    assert not re.search(r'(?:href|action)="[^"]*(?:vip|gym)', shown.text)
    assert (await owner.get("/portal/contacts?of=vip")).status_code == 404
    kept = await owner.post("/portal/compose", {"labels": "vip"})
    chosen = (await owner.get(kept.headers["location"])).text
    assert re.search(r'name="labels" value="vip"[^>]* checked', chosen)


async def test_a_contact_is_added_found_changed_and_deleted(
    portal: ServedPortal, owner: PortalClient
) -> None:
    assert "No contacts yet" in (await owner.get("/portal/contacts")).text
    assert (await owner.post("/portal/contacts/new", ANN)).status_code == 303
    listed = (await of_label(owner, "gym")).text
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
    assert "+46701740605" in (await of_label(owner, "vip")).text


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
    listed = (await of_label(owner, "gym")).text
    assert all(word in listed for word in ("+46701740606", "+46701740607", "Åsa"))
    other = await owner.post("/portal/contacts/import/run", {**fields, "column": "0", "confirmed": ""})
    assert "Left out" in other.text


async def _labels_by_name(portal: ServedPortal) -> dict[str, list[str]]:
    async with portal.database.transaction() as tx:
        rows = await tx.fetch(
            "SELECT c.properties ->> 'name', array_agg(l.label ORDER BY l.label) FROM contact c"
            " JOIN contact_label l USING (account_id, contact_id) GROUP BY c.contact_id, 1"
        )
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("heading", ["Labels", "label", "ETIKETT", "etiketter"])
async def test_a_column_of_labels_labels_its_contacts(
    portal: ServedPortal, owner: PortalClient, heading: str
) -> None:
    rows = f"name,phone,{heading}\nAnn,46701740605,gym; vip\nBo,46701740606,vip|new town\nCia,46701740607,\n"
    preview = await upload(owner, rows.encode(), labels="all")
    assert "all (3), vip (2), gym (1), new town (1)" in preview.text
    assert re.search(rf'<option value="2" selected>{heading}</option>', preview.text)
    packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
    fields = {"table": packed, "labels": "all", "column": "1", "label_column": "2", "confirmed": "1"}
    assert (await owner.post("/portal/contacts/import/run", fields)).status_code == 303
    assert await _labels_by_name(portal) == {
        "Ann": ["all", "gym", "vip"],
        "Bo": ["all", "new town", "vip"],
        "Cia": ["all"],
    }


async def test_the_column_of_labels_is_what_somebody_chooses(
    portal: ServedPortal, owner: PortalClient
) -> None:
    rows = b"name,phone,group,labels\nAnn,46701740605,gym,a/b\n"
    preview = await upload(owner, rows)
    assert "must not hold commas, slashes" in preview.text
    assert 'name="confirmed"' not in preview.text
    packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
    fields = {"table": packed, "labels": "", "column": "1", "label_column": "2"}
    assert "gym (1)" in (await owner.post("/portal/contacts/import/run", fields)).text
    none = await owner.post("/portal/contacts/import/run", {**fields, "label_column": ""})
    assert "Labels they get" not in none.text
    await owner.post("/portal/contacts/import/run", {**fields, "confirmed": "1"})
    assert await _labels_by_name(portal) == {"Ann": ["gym"]}


async def test_the_same_file_again_changes_nothing(portal: ServedPortal, owner: PortalClient) -> None:
    await owner.post("/portal/contacts/new", {**ANN, "properties": "name: Old\ncity: Lund", "labels": "old"})
    rows = b"name,phone,labels\nAnn,46701740605,gym\nBo,46701740606,vip\n"

    async def imported() -> list[tuple[object, ...]]:
        preview = await upload(owner, rows)
        packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
        fields = {"table": packed, "column": "1", "label_column": "2", "confirmed": "1"}
        assert (await owner.post("/portal/contacts/import/run", fields)).status_code == 303
        async with portal.database.transaction() as tx:
            found = await tx.fetch(
                "SELECT contact_id, properties::text, modified_at, (SELECT array_agg(label ORDER BY label)"
                " FROM contact_label l WHERE l.contact_id = c.contact_id) FROM contact c ORDER BY contact_id"
            )
        return [tuple(row) for row in found]

    once = await imported()
    assert await imported() == once
    ann, bo = (msgspec.json.decode(str(row[1])) for row in once)
    assert ann == {"name": "Ann", "city": "Lund", "phoneNumber": "+46701740605"}
    assert bo == {"name": "Bo", "phoneNumber": "+46701740606"}
    assert [row[3] for row in once] == [["gym", "old"], ["vip"]]
    assert "Of them there already" in (await upload(owner, rows)).text


async def test_the_same_file_twice_at_once_makes_each_contact_once(
    portal: ServedPortal, owner: PortalClient
) -> None:
    rows = "phone\n" + "".join(f"{46701740000 + number}\n" for number in range(2000))
    preview = await upload(owner, rows.encode())
    packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
    fields = {"table": packed, "column": "0", "confirmed": "1"}
    answers = await asyncio.gather(*(owner.post("/portal/contacts/import/run", fields) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [303] * 4
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM contact") == 2000


async def test_what_is_exported_can_be_imported_again(portal: ServedPortal, owner: PortalClient) -> None:
    await owner.post("/portal/contacts/new", ANN)
    exported = (await owner.get("/portal/contacts/export.csv")).content
    preview = await upload(owner, exported)
    assert "gym (1), vip (1)" in preview.text
    packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
    fields = {"table": packed, "column": "0", "label_column": "1", "confirmed": "1"}
    await owner.post("/portal/contacts/import/run", fields)
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM contact") == 1
        assert await tx.fetchval("SELECT count(*) FROM contact_label") == 2


async def test_a_full_contact_gets_labels_and_keeps_its_properties(
    portal: ServedPortal, owner: PortalClient
) -> None:
    lines = "\n".join(f"p{n}: x" for n in range(49))
    assert (await owner.post("/portal/contacts/new", {**ANN, "properties": lines})).status_code == 303
    preview = await upload(owner, b"phone,one more,labels\n46701740605,y,new\n")
    packed = re.findall(r'name="table" value="([^"]+)"', preview.text)[0]
    fields = {"table": packed, "column": "0", "label_column": "2", "confirmed": "1"}
    await owner.post("/portal/contacts/import/run", fields)
    async with portal.database.transaction() as tx:
        names = await tx.fetchval(
            "SELECT array_agg(name) FROM contact, jsonb_object_keys(properties) AS name"
        )
    assert (len(names), "p48" in names, "one more" in names) == (50, True, False)
    assert "+46701740605" in (await of_label(owner, "new")).text


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
