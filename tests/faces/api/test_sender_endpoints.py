"""/v2/me/senders over HTTP, with a real database."""

import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from heliograph.domain.sender_rules import SenderRules
from heliograph.storage.database import Connection, connect
from tests.support.accepting import accepting_api
from tests.support.rows import NOW
from tests.support.served_api import HOST, decoded, insert_key, served_api

PATH = "/v2/me/senders/Acme"
DOCUMENT = {"sender": "Acme", "created": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}
RULES = SenderRules(protected=("Handelsbank",))


@pytest.fixture
async def api(database: str, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """The API, called with account 1's key."""
    async with served_api(database, sender_rules=RULES) as client:
        client.headers.update(await insert_key(connection, 1))
        yield client


async def register(connection: Connection, *senders: str, account_id: int = 1) -> None:
    await connection.executemany(
        "INSERT INTO sender VALUES ($1, $2, $3)", [(account_id, sender, NOW) for sender in senders]
    )


async def test_a_sender_is_registered_read_and_removed(api: httpx.AsyncClient) -> None:
    added = await api.put(PATH)
    assert (decoded(added, 201), added.headers["location"]) == (DOCUMENT, PATH)
    assert decoded(await api.get(f"{PATH}/")) == DOCUMENT
    assert decoded(await api.get("/v2/me/senders/")) == [DOCUMENT]
    assert decoded(await api.delete(PATH)) == DOCUMENT
    assert decoded(await api.get("/v2/me/senders")) == []


async def test_a_sender_put_again_keeps_its_first_time(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("INSERT INTO sender VALUES (1, 'Acme', '2018-10-23T17:43:19.7Z')")
    first = {"sender": "Acme", "created": "2018-10-23T17:43:19Z"}
    assert decoded(await api.put(PATH)) == first
    assert decoded(await api.put("/v2/me/senders", json={"Sender": "Acme"})) == first
    assert decoded(await api.get(PATH)) == first


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


async def test_a_body_beside_the_path_must_name_the_same_sender(api: httpx.AsyncClient) -> None:
    problem = decoded(await api.put(PATH, json={"Sender": "Bar"}), 400)
    assert problem["errors"] == {
        "Sender": ["Sender in the body is not what the path names: leave the body out, or let both agree."]
    }
    assert (await api.put(PATH, content="{")).status_code == 400
    assert decoded(await api.get("/v2/me/senders")) == []
    for body, status in (("{}", 201), ('{"sender": null}', 200), ("null", 200), ('{"SENDER": "Acme"}', 200)):
        assert decoded(await api.put(PATH, content=body), status) == DOCUMENT
    empty = {"content-type": "application/x-www-form-urlencoded", "content-length": "0"}
    assert decoded(await api.put(PATH, headers=empty)) == DOCUMENT


@pytest.mark.parametrize("sender", ["iPl", "lP1", "IP1", "ip1", "1P1", "iPlsms", "IP1SMS"])
async def test_nothing_that_looks_like_a_default_sender_is_registered(
    api: httpx.AsyncClient, sender: str
) -> None:
    name = "iP1sms" if len(sender) > 3 else "iP1"
    problem = decoded(await api.put(f"/v2/me/senders/{sender}"), 400)
    assert problem["errors"]["sender"][0].startswith(f"The sender {sender} cannot be told from {name}, ")
    assert decoded(await api.put(f"/v2/me/senders/{name}"), 201)["sender"] == name


async def number(
    connection: Connection,
    digits: str,
    *,
    owner: int | None,
    shared: bool = False,
    keyword_of: int | None = None,
) -> None:
    await connection.execute("INSERT INTO inbound_number VALUES ($1, $2, $3)", digits, owner, shared)
    if keyword_of is not None:
        await connection.execute("INSERT INTO inbound_keyword VALUES ($1, 'acme', $2)", digits, keyword_of)


@pytest.mark.parametrize(
    ("owner", "shared", "keyword_of", "status"),
    [
        (1, False, None, 201),
        (2, False, None, 400),
        (None, False, None, 400),
        (None, True, None, 400),
        (None, True, 2, 400),
        (None, True, 1, 201),
        (2, True, 1, 201),
        (1, True, 2, 201),
    ],
)
async def test_a_number_of_the_installation_is_the_sender_of_whom_handsets_reach_by_it(
    connection: Connection,
    api: httpx.AsyncClient,
    owner: int | None,
    shared: bool,
    keyword_of: int | None,
    status: int,
) -> None:
    await number(connection, "46701740699", owner=owner, shared=shared, keyword_of=keyword_of)
    document = decoded(await api.put("/v2/me/senders/46701740699"), status)
    if status == 400:
        assert document["errors"]["sender"][0].startswith(
            "The number 46701740699 is one of this installation's"
        )
    assert decoded(await api.put("/v2/me/senders/46701740698"), 201), "any other number as before"


@pytest.mark.parametrize("body", ['{"sender": "Acme"}', '{"SENDER": "Acme", "other": 1,}'])
async def test_put_takes_the_sender_from_a_body_too(api: httpx.AsyncClient, body: str) -> None:
    added = await api.put("/v2/me/senders/", content=body)
    assert (decoded(added, 201), added.headers["location"]) == (DOCUMENT, PATH)


async def test_the_path_may_be_percent_encoded(api: httpx.AsyncClient) -> None:
    assert decoded(await api.put("/v2/me/senders/%41cme"), 201) == DOCUMENT
    problem = decoded(await api.put("/v2/me/senders/My%20Shop"), 400)
    assert problem["errors"] == {
        "sender": ["sender may only consist of the letters A-Z and a-z and the digits 0-9."]
    }


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{}", "sender is required."),
        ('{"sender": 5}', "sender must be a string."),
        ('{"sender": "ab"}', "An alphanumeric sender has 3 to 11 characters; this one has 2."),
        ('{"sender": "0046"}', "A numeric sender starts with its country code, never with 0 or 00, such as "),
    ],
)
async def test_a_body_without_a_good_sender_is_refused(
    api: httpx.AsyncClient, body: str, sentence: str
) -> None:
    problem = decoded(await api.put("/v2/me/senders", content=body), 400)
    assert problem["errors"]["sender"][0].startswith(sentence)
    assert decoded(await api.get("/v2/me/senders")) == []


async def test_a_body_that_is_no_json_is_refused(api: httpx.AsyncClient) -> None:
    assert (await api.put("/v2/me/senders")).status_code == 400
    assert (await api.put("/v2/me/senders", content="[]")).json()["errors"] == {
        "body": ["The body must be a JSON object."]
    }
    response = await api.put("/v2/me/senders", content="x", headers={"content-type": "text/plain"})
    assert response.status_code == 415


async def test_letter_case_matters(connection: Connection, api: httpx.AsyncClient) -> None:
    await register(connection, "Acme")
    assert (await api.get("/v2/me/senders/acme")).status_code == 404
    assert (await api.put("/v2/me/senders/ACME")).status_code == 201


async def test_without_the_service_only_default_senders_can_be_registered(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("UPDATE account SET optional_sender = false WHERE account_id = 1")
    for response in (await api.put(PATH), await api.put("/v2/me/senders", json={"sender": "Acme"})):
        assert decoded(response, 400)["errors"] == {
            "sender": [
                "The account does not have the optional-sender service, which registering a sender of your"
                " own needs. Without it the account may use: iP1, iP1sms."
            ]
        }
    assert (await api.put("/v2/me/senders/iP1sms")).status_code == 201


async def test_a_name_that_looks_like_a_protected_one_is_refused_unless_the_operator_registered_it(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    for sender in ("Hande1sbank", "HANDELSBANK", "Handelsbank"):
        problem = decoded(await api.put(f"/v2/me/senders/{sender}"), 400)
        assert problem["errors"]["sender"] == [
            f"The sender {sender} cannot be told from Handelsbank, a protected name. If it is yours, ask the"
            " operator to register it for you."
        ]
    await register(connection, "Handelsbank")
    assert decoded(await api.put("/v2/me/senders/Handelsbank"))["sender"] == "Handelsbank"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_absent_foreign_and_malformed_senders_are_answered_with_the_same_bytes(
    connection: Connection, api: httpx.AsyncClient, method: str
) -> None:
    await register(connection, "Acme", account_id=2)
    wanted = ("Acme", "Other", "a", "%C3%A5%C3%A5%C3%A5", "x" * 300)
    answers = [await api.request(method, f"/v2/me/senders/{name}") for name in wanted]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["detail"] == "The sender is not registered on the account."
    assert await connection.fetchval("SELECT count(*) FROM sender") == 1


async def test_pages_are_in_alphabetical_order_and_name_the_others(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await register(connection, "iP1sms", "Zebra", "acme", "iP1", "46101606060", "Beta")
    await register(connection, "Foreign", account_id=2)
    ordered = ["46101606060", "acme", "Beta", "iP1", "iP1sms", "Zebra"]
    assert [sender["sender"] for sender in decoded(await api.get("/v2/me/senders"))] == ordered
    backwards = decoded(await api.get("/v2/me/senders?order=DESC"))
    assert [sender["sender"] for sender in backwards] == ordered[::-1]
    response = await api.get("/v2/me/senders?start=2&limit=2")
    assert [sender["sender"] for sender in decoded(response)] == ordered[2:4]
    links = re.findall(r'<([^>]*)>; rel="(\w+)"', response.headers["link"])
    url = f"http://{HOST}/v2/me/senders?start="
    assert {rel: link for link, rel in links} == {
        "self": f"{url}2&limit=2&order=ASC",
        "first": f"{url}0&limit=2&order=ASC",
        "prev": f"{url}0&limit=2&order=ASC",
        "next": f"{url}4&limit=2&order=ASC",
        "last": f"{url}4&limit=2&order=ASC",
    }
    assert "order" in decoded(await api.get("/v2/me/senders?order=up"), 400)["errors"]


async def test_a_sender_can_be_used_as_soon_as_it_is_registered(database: str) -> None:
    batch = {"sender": "Acme", "recipients": ["46701740605"], "body": "Hello", "datacoding": "gsm"}
    async with accepting_api(database) as accepting, served_api(database) as api:
        headers = {"Authorization": f"Bearer {accepting.started.token}"}
        refused = await accepting.post(batch)
        assert refused.json["errors"]["sender"] == [
            "The sender Acme is not registered on this account. Registered: iP1, iP1sms."
        ]
        assert (await api.put(PATH, headers=headers)).status_code == 201
        assert (await accepting.post(batch)).status == 201


async def test_without_the_service_a_registered_sender_is_not_used(database: str) -> None:
    batch = {"sender": "Acme", "recipients": ["46701740605"], "body": "Hello", "datacoding": "gsm"}
    async with accepting_api(database) as accepting:
        connection = await connect(database)
        await connection.execute("UPDATE account SET optional_sender = false")
        await register(connection, "Acme", account_id=accepting.started.account_id)
        await connection.close()
        refused = await accepting.post(batch)
        assert (refused.status, json.loads(refused.body)["errors"]) == (
            400,
            {
                "sender": [
                    "The sender Acme cannot be used: without the optional-sender service the account may send"
                    " as iP1, iP1sms."
                ]
            },
        )
        assert (await accepting.post(batch | {"sender": "iP1"})).status == 201
