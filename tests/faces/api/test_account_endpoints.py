"""The account over HTTP: its balance, its children, their credit, and acting as one of them."""

import asyncio
from typing import Any

import httpx
import pytest

from heliograph.domain.key_rights import KeyRights
from heliograph.services.parent_actions import LACKS_CREDIT, NO_GRANDCHILDREN, TOO_MANY, UNKNOWN_CHILD
from heliograph.storage.database import Connection, Database, connect
from heliograph.storage.ledger_proof import prove_ledger
from tests.faces.api.test_key_endpoints import limited_key
from tests.support.accepting import accepting_api
from tests.support.rows import insert_batch
from tests.support.served_api import decoded, insert_key

UNKNOWN_CHOICE = "There is no such account to choose with Heliograph-Account."


async def new_child(api: httpx.AsyncClient, name: str = "Warehouse") -> Any:
    return decoded(await api.post("/api/me/children", json={"Name": name}), 201)


async def test_the_account_in_the_words_of_the_page(api: httpx.AsyncClient) -> None:
    overview = {
        "Account": "ip1-00001",
        "Organization": "Test",
        "Type": "swedish",
        "Balance": 1000,
        "Currency": "SEK",
    }
    assert decoded(await api.get("/api/me")) == overview
    assert decoded(await api.get("/api/me/account/")) == overview | {
        "ID": "ip1-00001",
        "Name": "Test",
        "Parent": None,
    }


async def test_an_account_in_another_currency_is_international(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("UPDATE account SET currency = 'EUR' WHERE account_id = 1")
    assert decoded(await api.get("/api/me"))["Type"] == "international"


async def test_a_child_is_made_with_a_key_that_works(api: httpx.AsyncClient) -> None:
    response = await api.post("/api/me/children", json={"name": "Warehouse"})
    child = decoded(response, 201)
    assert child.pop("WebhookSecret").startswith("whsec_")
    own = {"Authorization": f"Bearer {child.pop('Key')}"}
    assert child == {
        "Account": "ip1-10001",
        "Organization": "Test",
        "Type": "swedish",
        "Balance": 0,
        "Currency": "SEK",
        "ID": "ip1-10001",
        "Name": "Warehouse",
        "Parent": "ip1-00001",
    }
    assert response.headers["location"] == "/api/me/children/ip1-10001"
    assert decoded(await api.get("/api/me/children/ip1-10001")) == child
    assert decoded(await api.get("/api/me/account", headers=own)) == child
    assert decoded(await api.get("/api/me/children")) == [child]
    assert decoded(await api.get("/api/me/children", headers=own)) == []


async def test_children_made_at_once_have_numbers_of_their_own(api: httpx.AsyncClient) -> None:
    children = await asyncio.gather(*(new_child(api, f"Child {number}") for number in range(6)))
    assert len({child["Account"] for child in children}) == 6


async def test_children_are_listed_in_pages(api: httpx.AsyncClient) -> None:
    numbers = [(await new_child(api, f"Child {number}"))["Account"] for number in range(3)]
    response = await api.get("/api/me/children?start=1&limit=1")
    assert [child["Account"] for child in decoded(response)] == numbers[1:2]
    assert 'children?start=2&limit=1&order=ASC>; rel="next"' in response.headers["link"]
    newest = decoded(await api.get("/api/me/children?order=desc"))
    assert [child["Account"] for child in newest] == numbers[::-1]
    assert decoded(await api.get("/api/me/children?limit=0"), 400)["errors"].keys() == {"limit"}


async def test_a_child_is_renamed(api: httpx.AsyncClient) -> None:
    number = (await new_child(api))["Account"]
    path = f"/api/me/children/{number}"
    assert decoded(await api.put(path, json={"ID": number, "Name": "Store"}))["Name"] == "Store"
    assert decoded(await api.get(path))["Name"] == "Store"
    faults = decoded(await api.put(path, json={"ID": "ip1-00001", "Name": ""}), 400)["errors"]
    assert faults == {
        "Name": ["Name must not be empty or blank."],
        "ID": ["ID must be the account number in the path, or be left out."],
    }


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"{}", {"Name": ["Name is required."]}),
        (b"[]", {"body": ["The body must be a JSON object."]}),
        (b'{"Name": "a", "NAME": "b"}', {"NAME": ["This property stands in the body more than once."]}),
        (b'{"Name": "a", "Name": "b"}', {"Name": ["This property stands in the body more than once."]}),
    ],
)
async def test_a_bad_body_is_told_why(api: httpx.AsyncClient, body: bytes, errors: dict[str, Any]) -> None:
    assert decoded(await api.post("/api/me/children", content=body), 400)["errors"] == errors


async def test_a_body_that_is_no_json_is_refused(api: httpx.AsyncClient) -> None:
    path = "/api/me/children"
    assert "Line 1, column 2" in decoded(await api.post(path, content=b"{"), 400)["detail"]
    text = {"Content-Type": "text/plain"}
    assert decoded(await api.post(path, content=b"{}", headers=text), 415)["status"] == 415
    assert decoded(await api.post(path, content=b" " * (33 << 20)), 413)["status"] == 413


async def test_credit_is_moved_and_the_ledger_proves_it(database: str, api: httpx.AsyncClient) -> None:
    number = (await new_child(api))["Account"]
    moved = decoded(await api.post(f"/api/me/children/{number}/credit", json={"Amount": 250.5}))
    assert moved == {
        "Account": number,
        "Amount": 250.5,
        "Balance": 250.5,
        "ParentBalance": 749.5,
        "Currency": "SEK",
    }
    assert decoded(await api.get(f"/api/me/children/{number}"))["Balance"] == 250.5
    async with Database(database) as opened:
        proof = await prove_ledger(opened)
    assert proof.faults() == []
    assert [account.transfers for account in proof.accounts] == [-250_500_000, 0, 250_500_000]


async def test_a_transfer_with_one_side_is_found(
    database: str, connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("INSERT INTO ledger VALUES (1, '\\x01', 5, 7, NULL, now())")
    await connection.execute("UPDATE balance SET amount = amount + 7 WHERE account_id = 1")
    async with Database(database) as opened:
        assert (await prove_ledger(opened)).faults() == ["transfers in SEK sum to 7, not to 0"]


async def test_more_than_there_is_cannot_be_moved(api: httpx.AsyncClient) -> None:
    number = (await new_child(api))["Account"]
    path = f"/api/me/children/{number}/credit"
    assert decoded(await api.post(path, json={"Amount": 1000.000001}), 409)["detail"] == LACKS_CREDIT
    assert decoded(await api.get("/api/me"))["Balance"] == 1000
    answers = await asyncio.gather(*(api.post(path, json={"Amount": 300}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 409, 409]
    assert decoded(await api.get("/api/me"))["Balance"] == 100
    assert decoded(await api.post(path, json={"Amount": 0}), 400)["errors"].keys() == {"Amount"}


async def test_a_transfer_sent_again_with_its_key_is_made_once(api: httpx.AsyncClient) -> None:
    number = (await new_child(api))["Account"]
    path, key = f"/api/me/children/{number}/credit", {"Idempotency-Key": "march"}
    first = await api.post(path, json={"Amount": 10}, headers=key)
    again = await api.post(path, json={"Amount": 10}, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert decoded(await api.get("/api/me"))["Balance"] == 990
    assert decoded(await api.post(path, json={"Amount": 11}, headers=key), 422)["status"] == 422
    bad = await api.post(path, json={"Amount": 11}, headers={"Idempotency-Key": "two words"})
    assert decoded(bad, 400)["errors"].keys() == {"Idempotency-Key"}


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [("GET", "", None), ("PUT", "", {"Name": "Mine"}), ("POST", "/credit", {"Amount": 1})],
)
async def test_anothers_child_is_as_unknown_as_none(
    connection: Connection, api: httpx.AsyncClient, method: str, below: str, body: Any
) -> None:
    number = (await new_child(api))["Account"]
    stranger = await insert_key(connection, 2)
    answers = [
        await api.request(method, f"/api/me/children/{child}{below}", json=body, headers=stranger)
        for child in (number, "ip1-00001", "ip1-00002", "ip1-99999", "%C3%A5")
    ]
    assert decoded(answers[0], 404)["detail"] == UNKNOWN_CHILD
    assert {answer.content for answer in answers} == {answers[0].content}


async def test_a_child_has_no_children_and_an_account_not_too_many(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    number = (await new_child(api))["Account"]
    chosen = {"Heliograph-Account": number}
    refused = await api.post("/api/me/children", json={"Name": "x"}, headers=chosen)
    assert decoded(refused, 409)["detail"] == NO_GRANDCHILDREN
    await connection.execute(
        "INSERT INTO account (account_id, number, name, currency, price_list_id, parent_id)"
        " SELECT n, 'x' || n, 'x', 'SEK', 1, 1 FROM generate_series(20001, 20999) AS n"
    )
    assert decoded(await api.post("/api/me/children", json={"Name": "x"}), 409)["detail"] == TOO_MANY


async def test_a_parent_acts_as_its_child_where_it_says_so(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    child = await new_child(api)
    child_id = await connection.fetchval("SELECT account_id FROM account WHERE number = $1", child["Account"])
    mine, _ = await insert_batch(connection, 1)
    theirs, _ = await insert_batch(connection, child_id)
    chosen = {"Heliograph-Account": child["Account"]}
    assert [each["id"] for each in decoded(await api.get("/v2/batches"))] == [mine.hex()]
    assert [each["id"] for each in decoded(await api.get("/v2/batches", headers=chosen))] == [theirs.hex()]
    assert decoded(await api.get(f"/v2/batches/{theirs.hex()}", headers=chosen))["owner"] == child["Account"]
    assert (await api.get(f"/v2/batches/{theirs.hex()}")).status_code == 404
    itself = {"Heliograph-Account": "ip1-00001"}
    assert [each["id"] for each in decoded(await api.get("/v2/batches", headers=itself))] == [mine.hex()]


async def test_a_strangers_number_is_chosen_as_little_as_an_absent_one(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    child = (await new_child(api))["Account"]
    stranger = await insert_key(connection, 2)
    answers = [
        await api.get("/v2/batches", headers=stranger | {"Heliograph-Account": number})
        for number in (child, "ip1-00001", "ip1-99999", "", "x" * 65)
    ]
    assert decoded(answers[0], 404)["detail"] == UNKNOWN_CHOICE
    assert {answer.content for answer in answers} == {answers[0].content}
    twice = [*stranger.items(), ("Heliograph-Account", child), ("Heliograph-Account", child)]
    problem = decoded(await httpx_get(api, twice), 400)
    assert problem["errors"] == {"Heliograph-Account": ["Heliograph-Account is given more than once."]}


async def httpx_get(api: httpx.AsyncClient, headers: list[tuple[str, str]]) -> httpx.Response:
    return await api.get("/v2/batches", headers=headers)


async def test_the_key_of_a_child_may_do_no_more_than_the_one_that_made_it(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("UPDATE api_key SET scopes = '{keys,billing}'")
    child = await new_child(api)
    own = {"Authorization": f"Bearer {child['Key']}"}
    assert decoded(await api.get("/api/me", headers=own))["Account"] == child["Account"]
    assert decoded(await api.get("/v2/batches", headers=own), 403)["status"] == 403
    chosen = {"Heliograph-Account": child["Account"]}
    assert decoded(await api.get("/v2/batches", headers=chosen), 403)["status"] == 403


async def test_a_test_key_neither_makes_a_child_nor_moves_credit_to_one(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    child = await new_child(api)
    api.headers.update(await limited_key(connection, KeyRights(is_test=True)))
    moved = await connection.fetchval("SELECT count(*) FROM ledger")
    for path, body in (("", {"Name": "x"}), (f"/{child['Account']}/credit", {"Amount": 1})):
        refused = await api.post(f"/api/me/children{path}", json=body)
        assert "This is a test key" in decoded(refused, 403)["detail"]
    assert await connection.fetchval("SELECT count(*) FROM account WHERE parent_id IS NOT NULL") == 1
    assert await connection.fetchval("SELECT count(*) FROM ledger") == moved


async def test_a_disabled_child_cannot_be_chosen(connection: Connection, api: httpx.AsyncClient) -> None:
    child = (await new_child(api))["Account"]
    await connection.execute("UPDATE account SET disabled_at = now() WHERE number = $1", child)
    problem = decoded(await api.get("/v2/batches", headers={"Heliograph-Account": child}), 403)
    assert problem["detail"] == "The account chosen with Heliograph-Account is disabled."


async def test_a_batch_is_sent_for_a_child_and_paid_by_it(database: str) -> None:
    batch = {"sender": "Store", "recipients": ["46701740605"], "body": "Hi", "datacoding": "gsm"}
    async with accepting_api(database) as api:
        connection = await connect(database)
        await connection.execute(
            "INSERT INTO account (account_id, number, name, currency, price_list_id, parent_id)"
            " SELECT 20001, 'ip1-20001', 'Store', currency, price_list_id, account_id FROM account;"
            "INSERT INTO balance VALUES (20001, 1000000);"
            "INSERT INTO sender VALUES (20001, 'Store')"
        )
        chosen = {"heliograph-account": "ip1-20001"}
        answer = await api.post(batch, headers=chosen)
        assert (answer.status, answer.json["owner"]) == (201, "ip1-20001")
        assert (await api.post(batch)).json["errors"].keys() == {"sender"}
        assert (await api.post(batch, headers={"heliograph-account": "ip1-20002"})).status == 404
        balance = "SELECT amount FROM balance WHERE account_id = 20001"
        assert await connection.fetchval(balance) == 1_000_000 - 350_000
        await connection.close()


async def test_a_child_does_not_get_round_the_service_its_parent_lacks(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("UPDATE account SET optional_sender = false")
    await connection.execute("INSERT INTO sender (account_id, sender) VALUES (1, 'Acme'), (1, 'iP1')")
    made = decoded(await api.post("/api/me/children", json={"Name": "Warehouse"}), 201)
    headers = {"Heliograph-Account": made["Account"]}
    listed = decoded(await api.get("/v2/me/senders", headers=headers))
    assert [sender["sender"] for sender in listed] == ["iP1"]
    assert (await api.put("/v2/me/senders/Acme", headers=headers)).status_code == 400
