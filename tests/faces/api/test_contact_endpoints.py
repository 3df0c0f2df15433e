"""Contacts and labels over HTTP, with a real database."""

from typing import Any

import httpx
import pytest

from heliograph.domain.key_rights import KeyRights, KeyScope
from heliograph.services.contact_book import UNKNOWN_CONTACT, UNKNOWN_LABEL
from heliograph.storage.database import Connection
from tests.faces.api.test_key_endpoints import limited_key
from tests.support.rows import NOW
from tests.support.served_api import HOST, decoded, insert_key

ANNA = {
    "properties": {"phoneNumber": "+46701740605", "firstName": "Anna"},
    "metadata": {"email": {"confirmed": "true"}},
    "labels": ["Coworker", "Gothenburg"],
}
BO = {"properties": {"phoneNumber": "+46701740606", "firstName": "Bo"}, "labels": ["Coworker"]}
EVE = {"properties": {"email": "eve@example.com"}}


async def added(api: httpx.AsyncClient, *contacts: Any) -> list[str]:
    response = await api.post("/v2/contacts?sync", json=list(contacts))
    return [contact["id"] for contact in decoded(response)]


async def listed(api: httpx.AsyncClient, query: str = "") -> list[str]:
    return [contact["id"] for contact in decoded(await api.get(f"/v2/contacts{query}"))]


async def test_contacts_are_there_when_the_answer_is(api: httpx.AsyncClient) -> None:
    assert decoded(await api.post("/v2/contacts/", json=[ANNA, BO]), 202) == {"count": 2}
    first, second = decoded(await api.get("/v2/contacts/"))
    assert first == {
        "id": first["id"],
        "ownerId": "ip1-00001",
        "properties": ANNA["properties"],
        "labels": ["Coworker", "Gothenburg"],
    }
    assert second["properties"]["firstName"] == "Bo"
    assert decoded(await api.get(f"/v2/contacts/{first['id']}")) == first


async def test_with_sync_the_answer_shows_them_as_reading_does(api: httpx.AsyncClient) -> None:
    answered = decoded(await api.post("/v2/contacts?sync=true&meta", json=[ANNA, BO, EVE]))
    assert answered == decoded(await api.get("/v2/contacts?meta"))
    assert answered[0]["metadata"] == {
        "email": {"confirmed": "true"},
        "phoneNumber": {
            "isPossiblePhoneNumber": "true",
            "isValidPhoneNumber": "true",
            "phoneNumberType": "MOBILE",
            "parsedMSISDN": "46701740605",
            "isBlocked": "false",
        },
    }


async def test_many_contacts_are_added_at_once(api: httpx.AsyncClient) -> None:
    many = [
        {"properties": {"phoneNumber": f"+4670174{number:04}"}, "labels": ["all"]} for number in range(1500)
    ]
    assert decoded(await api.post("/v2/contacts", json=many), 202) == {"count": 1500}
    assert decoded(await api.get("/v2/contacts/meta"))["labels"] == [{"labelName": "all", "usageCount": 1500}]
    refused = decoded(await api.post("/v2/contacts?sync", json=many), 400)
    assert refused["errors"] == {"body": ["At most 1000 contacts are allowed in one such call, not 1500."]}
    too_many = decoded(await api.post("/v2/contacts", json=[{}] * 10_001), 400)
    assert too_many["errors"].keys() == {"body"}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"body": ["The body must be an array of contacts."]}),
        ([], {"body": ["At least one contact is needed."]}),
        (
            [ANNA, {}, {"properties": {"phoneNumber": "070"}}],
            {
                "[1].properties": ["properties is required."],
                "[2].properties.phoneNumber": [
                    "phoneNumber must be + and at most 15 digits, country code first, such as +46712345678."
                ],
            },
        ),
    ],
)
async def test_all_contacts_are_added_or_none(api: httpx.AsyncClient, body: Any, errors: Any) -> None:
    assert decoded(await api.post("/v2/contacts", json=body), 400)["errors"] == errors
    assert await listed(api) == []


async def test_very_many_faults_are_not_all_listed(api: httpx.AsyncClient) -> None:
    assert len(decoded(await api.post("/v2/contacts", json=[{}] * 3000), 400)["errors"]) == 1000


async def test_an_import_sent_again_with_its_key_is_made_once(api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "import-7"}
    first = await api.post("/v2/contacts", json=[ANNA], headers=key)
    again = await api.post("/v2/contacts", json=[ANNA], headers=key)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await listed(api)) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?labels=Coworker", [0, 1]),
        ("?labels=Gothenburg,Nobody", [0]),
        ("?labels=Gothenburg&labels=Coworker", [0, 1]),
        ("?properties%5BphoneNumber%5D=%2B46701740606", [1]),
        ("?properties[phoneNumber]=46701740606", []),
        ("?properties[firstName]=Anna&labels=Coworker", [0]),
        ("?properties[firstName]=Anna&properties[phoneNumber]=%2B46701740606", []),
        ("?metadata[email.confirmed]=true", [0]),
        ("?metadata%5BphoneNumber.isBlocked%5D=false", [0, 2]),
        ("?metadata[phoneNumber.isBlocked]=true", [1]),
        ("?metadata[phoneNumber.isValidPhoneNumber]=true&labels=Coworker", [0, 1]),
        ("?order=desc&labels=Coworker", [1, 0]),
    ],
)
async def test_filters_choose_contacts(
    connection: Connection, api: httpx.AsyncClient, query: str, expected: list[int]
) -> None:
    ids = await added(api, ANNA, BO, EVE)
    await connection.execute("INSERT INTO blacklist VALUES (1, '46701740606', $1)", NOW)
    assert [ids.index(each) for each in await listed(api, query)] == expected


async def test_wrong_parameters_are_refused_by_name(api: httpx.AsyncClient) -> None:
    query = "?limit=0"
    assert decoded(await api.get(f"/v2/contacts{query}"), 400)["errors"].keys() == {"limit"}
    query = "?properties[]=a&metadata[x]=b&metadata[phoneNumber.isBlocked]=perhaps"
    query += "&properties[a]=1&properties[a]=2"
    assert decoded(await api.get(f"/v2/contacts{query}"), 400)["errors"].keys() == {
        "properties[]",
        "metadata[x]",
        "metadata[phoneNumber.isBlocked]",
        "properties[a]",
    }
    assert decoded(await api.get("/v2/contacts?properties[a]=%00"), 400)["errors"].keys() == {"properties[a]"}


async def test_a_page_names_the_others_with_its_filter(api: httpx.AsyncClient) -> None:
    ids = await added(api, *[BO] * 3)
    response = await api.get("/v2/contacts", params={"labels": "Coworker", "start": 1, "limit": 1})
    assert [contact["id"] for contact in decoded(response)] == ids[1:2]
    url = f"<http://{HOST}/v2/contacts?labels=Coworker&start=2&limit=1&order=ASC>"
    assert f'{url}; rel="next"' in response.headers["link"]


async def test_a_change_merges_and_removes_what_is_null(api: httpx.AsyncClient) -> None:
    (contact,) = await added(api, ANNA)
    path = f"/v2/contacts/{contact}"
    change = {"Properties": {"firstName": None, "lastName": "Sol"}, "Metadata": {"email": None}}
    changed = decoded(await api.patch(f"{path}?meta", json=change))
    assert changed["properties"] == {"phoneNumber": "+46701740605", "lastName": "Sol"}
    assert changed["metadata"].keys() == {"phoneNumber"}
    assert changed["labels"] == ["Coworker", "Gothenburg"]
    assert decoded(await api.patch(path, json={"labels": ["New"]}))["labels"] == ["New"]
    assert decoded(await api.patch(path, json={"labels": None}))["labels"] == []
    gone = decoded(await api.patch(f"{path}?meta", json={"properties": {"phonenumber": None}}))
    assert (gone["properties"], gone["metadata"]) == ({"lastName": "Sol"}, {})
    faults = decoded(await api.patch(path, json={"properties": {"a": 1}, "labels": [""]}), 400)["errors"]
    assert faults.keys() == {"properties.a", "labels[0]"}


async def test_a_replacement_replaces_everything(api: httpx.AsyncClient) -> None:
    (contact,) = await added(api, ANNA)
    path = f"/v2/contacts/{contact}"
    replaced = decoded(await api.put(path, json=EVE | {"id": contact}))
    assert (replaced["properties"], replaced["labels"]) == (EVE["properties"], [])
    assert decoded(await api.get(f"{path}?meta"))["metadata"] == {}
    assert decoded(await api.put(path, json={"labels": []}), 400)["errors"].keys() == {"properties"}


async def test_a_deleted_contact_is_gone(api: httpx.AsyncClient) -> None:
    (contact,) = await added(api, ANNA)
    path = f"/v2/contacts/{contact}"
    assert decoded(await api.post(path), 405)["status"] == 405
    assert decoded(await api.delete(path))["id"] == contact
    for method in ("GET", "DELETE", "PUT", "PATCH"):
        body = None if method in ("GET", "DELETE") else EVE
        assert decoded(await api.request(method, path, json=body), 404)["detail"] == UNKNOWN_CONTACT
    assert decoded(await api.get("/v2/contacts/meta"))["labels"] == []


async def test_many_are_deleted_by_a_filter_and_never_without_one(api: httpx.AsyncClient) -> None:
    anna, bo, eve = await added(api, ANNA, BO, EVE)
    assert decoded(await api.delete("/v2/contacts"), 400)["errors"].keys() == {"labels"}
    assert decoded(await api.delete("/v2/contacts?label=Coworker"), 400)["errors"].keys() == {"labels"}
    gone = decoded(await api.delete("/v2/contacts?labels=Coworker"))
    assert [contact["id"] for contact in gone] == [anna, bo]
    assert decoded(await api.delete("/v2/contacts?labels=Coworker")) == []
    assert await listed(api) == [eve]


async def test_the_summary_counts_labels_and_properties(api: httpx.AsyncClient) -> None:
    await added(api, ANNA, BO, EVE)
    assert decoded(await api.get("/v2/contacts/meta")) == {
        "totalCount": 3,
        "labels": [
            {"labelName": "Coworker", "usageCount": 2},
            {"labelName": "Gothenburg", "usageCount": 1},
        ],
        "properties": [
            {"propertyName": "email", "usageCount": 1, "averageLength": 15, "maxLength": 15, "minLength": 15},
            {
                "propertyName": "firstName",
                "usageCount": 2,
                "averageLength": 3,
                "maxLength": 4,
                "minLength": 2,
            },
            {
                "propertyName": "phoneNumber",
                "usageCount": 2,
                "averageLength": 12,
                "maxLength": 12,
                "minLength": 12,
            },
        ],
    }


async def test_a_label_is_put_on_many_and_taken_off_all(api: httpx.AsyncClient) -> None:
    ids = await added(api, ANNA, BO, EVE)
    path = "/v2/labels/Gothenburg/contacts"
    expected = {"labelName": "Gothenburg", "usageCount": 3}
    assert decoded(await api.post(path, json=[*ids, ids[0]])) == expected
    assert decoded(await api.delete("/v2/labels/Gothenburg")) == expected
    assert decoded(await api.delete("/v2/labels/Gothenburg"), 404)["detail"] == UNKNOWN_LABEL
    assert decoded(await api.delete("/v2/labels/a%2Cb"), 404)["detail"] == UNKNOWN_LABEL
    assert decoded(await api.get(f"/v2/contacts/{ids[0]}"))["labels"] == ["Coworker"]


async def test_a_label_goes_on_all_that_are_named_or_on_none(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    ids = await added(api, BO)
    stranger = await insert_key(connection, 2)
    (theirs,) = [
        contact["id"] for contact in decoded(await api.post("/v2/contacts?sync", json=[BO], headers=stranger))
    ]
    path = "/v2/labels/New/contacts"
    faults = decoded(await api.post(path, json=[*ids, theirs, "0" * 24, "x", 7]), 400)["errors"]
    assert faults == {f"[{index}]": ["There is no contact with this id."] for index in (1, 2, 3, 4)}
    assert decoded(await api.delete("/v2/labels/New"), 404)["status"] == 404
    bodies: list[Any] = [{}, [], "x"]
    for body in bodies:
        assert decoded(await api.post(path, json=body), 400)["errors"].keys() == {"body"}
    assert decoded(await api.post(path, json=ids * 10_001), 400)["errors"].keys() == {"body"}
    assert decoded(await api.post("/v2/labels/a,b/contacts", json=ids), 400)["errors"].keys() == {"label"}


async def test_a_stranger_deletes_nothing_of_another(connection: Connection, api: httpx.AsyncClient) -> None:
    ids = await added(api, ANNA)
    stranger = await insert_key(connection, 2)
    assert decoded(await api.delete("/v2/contacts?labels=Coworker", headers=stranger)) == []
    assert await listed(api) == ids


async def test_who_may_not_read_is_shown_no_contact_by_changing_or_deleting_it(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    (contact_id,) = await added(api, {"properties": {"phoneNumber": "+46701740605"}, "labels": ["x"]})
    before = decoded(await api.get("/v2/contacts"))
    sends = await limited_key(connection, KeyRights(scopes=frozenset({KeyScope.SEND})))
    for method, path in (
        ("PATCH", f"/v2/contacts/{contact_id}"),
        ("DELETE", f"/v2/contacts/{contact_id}"),
        ("DELETE", "/v2/contacts?labels=x"),
    ):
        answer = await api.request(method, path, json={}, headers=sends)
        detail = decoded(answer, 403)["detail"]
        assert detail == "This API key lacks the scope read, which the contacts in the answer need."
    assert decoded(await api.get("/v2/contacts")) == before
    assert (await api.post("/v2/contacts", json=[{"properties": {}}], headers=sends)).status_code == 202
