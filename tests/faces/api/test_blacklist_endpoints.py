"""/v2/blacklist over HTTP, with a real database."""

import json
import re
from typing import Any

import httpx
import pytest

from heliograph.storage.database import Connection
from tests.support.rows import NOW
from tests.support.served_api import HOST, decoded

NUMBER, OTHER = "46701740605", "46701740606"
PATH = f"/v2/blacklist/{NUMBER}"
CREATED = NOW.strftime("%Y-%m-%dT%H:%M:%S.000")
DOCUMENT = {"msisdn": NUMBER, "created": CREATED}


async def events(connection: Connection) -> list[tuple[Any, ...]]:
    rows = await connection.fetch("SELECT account_id, msisdn, kind, source FROM blacklist_event ORDER BY 3")
    return [tuple(row) for row in rows]


async def test_a_number_is_added_read_and_removed(connection: Connection, api: httpx.AsyncClient) -> None:
    added = await api.put(PATH)
    assert (decoded(added, 201), added.headers["location"]) == (DOCUMENT, PATH)
    assert decoded(await api.put(PATH)) == DOCUMENT
    assert decoded(await api.get(f"{PATH}/")) == DOCUMENT
    assert decoded(await api.get("/v2/blacklist/")) == [DOCUMENT]
    assert decoded(await api.delete(PATH)) == DOCUMENT
    assert decoded(await api.get("/v2/blacklist")) == []
    assert await events(connection) == [(1, NUMBER, "added", "api"), (1, NUMBER, "removed", "api")]


async def test_the_time_is_shown_with_milliseconds_and_without_a_zone(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute(
        "INSERT INTO blacklist VALUES (1, '46703541190', '2019-11-01T17:32:18.2539+01:00')"
    )
    assert decoded(await api.get("/v2/blacklist/46703541190")) == {
        "msisdn": "46703541190",
        "created": "2019-11-01T16:32:18.253",
    }


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}])
@pytest.mark.parametrize("length", [None, "0"])
async def test_put_needs_no_body_in_either_shape(
    api: httpx.AsyncClient, headers: dict[str, str], length: str | None
) -> None:
    request = api.build_request("PUT", PATH, headers=headers)
    request.headers.pop("content-length", None)
    if length:
        request.headers["content-length"] = length
    assert decoded(await api.send(request), 201) == DOCUMENT


@pytest.mark.parametrize(
    "body", [{"msisdn": NUMBER}, {"MSISDN": NUMBER}, {"Phone": NUMBER}, {"phone": NUMBER, "comment": 1}]
)
async def test_post_reads_either_name_in_any_case(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    added = await api.post("/v2/blacklist/", json=body)
    assert (decoded(added, 201), added.headers["location"]) == (DOCUMENT, PATH)
    assert decoded(await api.post("/v2/blacklist", json=body)) == DOCUMENT


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"msisdn": "msisdn is required."}),
        ({"msisdn": None}, {"msisdn": "msisdn is required."}),
        ({"msisdn": 46701740605}, {"msisdn": "msisdn must be a string of digits, such as 46712345678."}),
        ({"Phone": "+46701740605"}, {"Phone": "'+46701740605' is not a phone number: "}),
        ({"MSISDN": 4}, {"MSISDN": "MSISDN must be a string of digits, such as 46712345678."}),
        ({"pHone": "0"}, {"pHone": "Nobody can have the number 0: "}),
        ({"msisdn": "1" * 16}, {"msisdn": "A phone number has at most 15 digits; this one has 16."}),
        ({"msisdn": NUMBER, "phone": OTHER}, {"msisdn": "Name the number once: as msisdn or as phone."}),
        ([NUMBER], {"body": "The body must be a JSON object."}),
        ({"msisdn": NUMBER, "Msisdn": OTHER}, {"Msisdn": "This property stands in the body more than once."}),
    ],
)
async def test_a_wrong_body_is_told_its_fault(
    api: httpx.AsyncClient, body: object, errors: dict[str, str]
) -> None:
    problem = decoded(await api.post("/v2/blacklist", content=json.dumps(body)), 400)
    assert problem["errors"].keys() == errors.keys()
    for field, sentence in errors.items():
        assert problem["errors"][field][0].startswith(sentence)
    assert decoded(await api.get("/v2/blacklist")) == []


async def test_what_is_no_json_is_refused(api: httpx.AsyncClient) -> None:
    problem = decoded(await api.post("/v2/blacklist", content=b"{msisdn}"), 400)
    assert problem["detail"].startswith("Line 1, column 2: ")
    response = await api.post("/v2/blacklist", content=b"a=b", headers={"content-type": "text/plain"})
    assert response.status_code == 415


@pytest.mark.parametrize("number", ["+46701740605", "0x1", "1" * 16, "%D9%A1"])
async def test_put_refuses_what_is_no_number(api: httpx.AsyncClient, number: str) -> None:
    problem = decoded(await api.put(f"/v2/blacklist/{number}"), 400)
    assert list(problem["errors"]) == ["msisdn"]


@pytest.mark.parametrize("number", ["0", "1", "0046701740657", "0701740657", "46", "467017406051234"])
async def test_a_number_that_no_recipient_can_have_is_refused(api: httpx.AsyncClient, number: str) -> None:
    for answer in (
        await api.put(f"/v2/blacklist/{number}"),
        await api.post("/v2/blacklist", json={"msisdn": number}),
    ):
        (sentence,) = decoded(answer, 400)["errors"]["msisdn"]
        assert sentence.startswith(f"Nobody can have the number {number}: ")
    assert decoded(await api.get("/v2/blacklist")) == []


async def test_an_impossible_number_from_before_is_listed_and_removed(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("INSERT INTO blacklist VALUES (1, '0046701740657', $1)", NOW)
    old = {"msisdn": "0046701740657", "created": CREATED}
    assert decoded(await api.get("/v2/blacklist")) == [old]
    assert decoded(await api.get("/v2/blacklist/0046701740657")) == old
    assert decoded(await api.delete("/v2/blacklist/0046701740657")) == old


async def test_a_body_of_put_must_agree_with_the_path(api: httpx.AsyncClient) -> None:
    for body in ({"msisdn": OTHER}, {"Phone": OTHER}):
        problem = decoded(await api.put(PATH, json=body), 400)
        assert list(problem["errors"]) == list(body)
    assert decoded(await api.get("/v2/blacklist")) == []
    assert decoded(await api.put(PATH, json={"Msisdn": NUMBER}), 201) == DOCUMENT


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_absent_foreign_and_malformed_numbers_are_answered_with_the_same_bytes(
    connection: Connection, api: httpx.AsyncClient, method: str
) -> None:
    await connection.execute("INSERT INTO blacklist VALUES (2, $1, $2)", NUMBER, NOW)
    answers = [
        await api.request(method, f"/v2/blacklist/{wanted}") for wanted in (NUMBER, OTHER, "no", "x" * 300)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["detail"] == "The number is not on the blacklist."
    assert await connection.fetchval("SELECT count(*) FROM blacklist") == 1
    assert await events(connection) == []


async def test_pages_are_in_order_of_time_and_name_the_others(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    numbers = [f"4670174060{digit}" for digit in (9, 5, 7, 6, 8)]
    await connection.executemany(
        "INSERT INTO blacklist VALUES (1, $1, $2::timestamptz + interval '1 second' * $3)",
        [(number, NOW, place) for place, number in enumerate(numbers)],
    )
    await connection.execute("INSERT INTO blacklist VALUES (2, $1, $2)", NUMBER, NOW)
    response = await api.get("/v2/blacklist", params={"start": 2, "limit": 2})
    assert [entry["msisdn"] for entry in decoded(response)] == numbers[2:4]
    links = re.findall(r'<([^>]*)>; rel="(\w+)"', response.headers["link"])
    url = f"http://{HOST}/v2/blacklist?start="
    assert {rel: link for link, rel in links} == {
        "self": f"{url}2&limit=2&order=ASC",
        "first": f"{url}0&limit=2&order=ASC",
        "prev": f"{url}0&limit=2&order=ASC",
        "next": f"{url}4&limit=2&order=ASC",
        "last": f"{url}4&limit=2&order=ASC",
    }
    descending = decoded(await api.get("/v2/blacklist?order=desc"))
    assert [entry["msisdn"] for entry in descending] == numbers[::-1]
    assert "limit" in decoded(await api.get("/v2/blacklist?limit=0"), 400)["errors"]


async def test_a_post_that_comes_twice_is_done_once(connection: Connection, api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first = await api.post("/v2/blacklist", json={"msisdn": NUMBER}, headers=headers)
    await api.delete(PATH)
    again = await api.post("/v2/blacklist", json={"msisdn": NUMBER}, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert await connection.fetchval("SELECT count(*) FROM blacklist") == 0
