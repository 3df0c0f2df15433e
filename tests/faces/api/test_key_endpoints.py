"""/v2/me/keys over HTTP, with a real database."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from heliograph.domain.api_token import parse_token
from heliograph.domain.key_request import MOST_KEYS
from heliograph.domain.key_rights import KeyRights, KeyScope, parse_network
from heliograph.storage.api_keys import create_key
from heliograph.storage.database import Connection, transaction_on
from tests.support.rows import NOW
from tests.support.served_api import HOST, decoded, insert_key

PATH = "/v2/me/keys"
HERE = "127.0.0.1"
"""The address that requests of these tests come from."""


async def limited_key(connection: Connection, rights: KeyRights) -> dict[str, str]:
    """The headers of another key of account 1."""
    async with transaction_on(connection) as tx:
        token = await create_key(
            tx,
            1,
            name="limited",
            key_id=b"l" * 10,
            secret=b"l" * 32,
            now=NOW,
            expires_at=NOW + timedelta(days=1),
            rights=rights,
        )
    return {"Authorization": f"Bearer {token}"}


async def create(api: httpx.AsyncClient, **members: Any) -> httpx.Response:
    return await api.post(PATH, json={"name": "web shop"} | members)


async def test_a_key_is_made_used_listed_and_revoked(api: httpx.AsyncClient) -> None:
    answer = await create(api, scopes=["read"], networks=[HERE], expires="2099-01-31T00:00:00Z")
    made = decoded(answer, 201)
    token = parse_token(made["key"])
    assert token is not None
    assert answer.headers["location"] == f"{PATH}/{token.key_id}"
    assert made == {
        "id": token.key_id,
        "name": "web shop",
        "scopes": ["read"],
        "networks": [f"{HERE}/32"],
        "test": False,
        "created": made["created"],
        "expires": "2099-01-31T00:00:00Z",
        "lastUsed": None,
        "revoked": None,
        "key": made["key"],
    }
    own = {"Authorization": f"Bearer {made['key']}"}
    assert decoded(await api.get("/v2/batches", headers=own)) == []
    listed = {key["id"]: key for key in decoded(await api.get(f"{PATH}/"))}
    del made["key"]
    assert listed.pop(token.key_id) == made
    assert [key["scopes"] for key in listed.values()] == [None]
    revoked = decoded(await api.delete(f"{PATH}/{token.key_id}"))
    assert revoked == made | {"revoked": revoked["revoked"]}
    assert revoked["revoked"] is not None
    assert decoded(await api.delete(f"{PATH}/{token.key_id}/")) == revoked
    assert revoked in decoded(await api.get(PATH))


async def test_no_secret_is_listed(api: httpx.AsyncClient) -> None:
    made = decoded(await create(api), 201)
    token = parse_token(made["key"])
    assert token is not None
    listed = (await api.get(PATH)).text
    assert token.secret not in listed
    assert '"key"' not in listed


async def test_the_list_has_pages(api: httpx.AsyncClient) -> None:
    for number in range(3):
        await create(api, name=f"key {number}")
    every = [key["id"] for key in decoded(await api.get(PATH))]
    page = await api.get(PATH, params={"start": 1, "limit": 2})
    assert [key["id"] for key in decoded(page)] == every[1:3]
    assert f'<http://{HOST}{PATH}?start=3&limit=2&order=ASC>; rel="next"' in page.headers["link"]
    newest = await api.get(PATH, params={"order": "DESC", "limit": 1})
    assert [key["id"] for key in decoded(newest)] == every[-1:]
    assert decoded(await api.get(PATH, params={"start": "x"}), 400)["errors"]["start"]


async def test_names_of_properties_are_known_in_any_case(api: httpx.AsyncClient) -> None:
    made = decoded(await api.post(PATH, json={"Name": "x", "SCOPES": ["SEND"]}), 201)
    assert (made["name"], made["scopes"]) == ("x", ["send"])


async def test_every_fault_is_told_under_its_field(api: httpx.AsyncClient) -> None:
    problem = decoded(await create(api, name="", scopes=["mail"], networks=["x"], expires="soon"), 400)
    assert set(problem["errors"]) == {"name", "scopes[0]", "networks[0]", "expires"}
    assert decoded(await api.post(PATH, content=b"[]"), 400)["errors"]["body"]
    assert decoded(await api.post(PATH, content=b'{"name": "a", "Name": "b"}'), 400)["errors"]["Name"]
    assert decoded(await api.post(PATH, content=b"{"), 400)["title"] == "The body is not valid JSON"


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"scopes": ["keys", "send"]}, "lacks the scope send itself"),
        ({"networks": []}, "cannot make one for any address"),
        ({"networks": ["0.0.0.0/0"]}, "cannot make one for 0.0.0.0/0"),
        ({"expires": "2099-01-31T00:00:00Z"}, "ends before the one that it should make"),
    ],
)
async def test_a_key_never_makes_a_mightier_one(
    connection: Connection, api: httpx.AsyncClient, members: dict[str, Any], sentence: str
) -> None:
    rights = KeyRights(
        scopes=frozenset({KeyScope.KEYS, KeyScope.READ}), networks=(parse_network("127.0.0.0/8"),)
    )
    api.headers.update(await limited_key(connection, rights))
    problem = decoded(await create(api, **members), 403)
    assert sentence in problem["detail"]
    made = decoded(await create(api), 201)
    assert (made["scopes"], made["networks"]) == (["keys", "read"], ["127.0.0.0/8"])
    assert made["expires"] is not None, "it ends with the one that made it"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_key_without_the_scope_is_403(
    connection: Connection, api: httpx.AsyncClient, method: str
) -> None:
    others = frozenset(KeyScope) - {KeyScope.KEYS}
    api.headers.update(await limited_key(connection, KeyRights(scopes=others)))
    path = f"{PATH}/abc" if method == "DELETE" else PATH
    problem = decoded(await api.request(method, path), 403)
    assert problem["detail"] == "This API key lacks the scope keys, which this request needs."


async def test_the_address_that_is_refused_is_named(connection: Connection, api: httpx.AsyncClient) -> None:
    api.headers.update(await limited_key(connection, KeyRights(networks=(parse_network("10.0.0.0/8"),))))
    problem = decoded(await api.get("/v2/batches"), 403)
    assert problem["detail"] == f"This API key may not be used from the address {HERE}."


async def test_another_accounts_key_is_as_unknown_as_any(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    theirs = parse_token((await insert_key(connection, 2))["Authorization"].removeprefix("Bearer "))
    assert theirs is not None
    answers = [await api.delete(f"{PATH}/{key_id}") for key_id in (theirs.key_id, "nosuchkey", "%00")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert await connection.fetchval("SELECT count(*) FROM api_key WHERE revoked_at IS NOT NULL") == 0
    assert len(decoded(await api.get(PATH))) == 1


async def test_an_account_has_a_bounded_number_of_keys(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute(
        "INSERT INTO api_key (key_id, account_id, secret_hash, name)"
        " SELECT 'k' || n, 1, '', 'k' FROM generate_series(2, $1::integer) AS n",
        MOST_KEYS,
    )
    problem = decoded(await create(api), 409)
    assert problem["detail"] == "An account has at most 100 keys that are not revoked. Revoke one first."
    assert (await api.delete(f"{PATH}/k2")).status_code == 200
    assert (await create(api)).status_code == 201


async def test_a_repeated_request_gives_the_same_key_and_keeps_it_unreadable(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    api.headers["Idempotency-Key"] = "once"
    first, again = await create(api), await create(api)
    assert (first.content, again.headers["idempotent-replayed"]) == (again.content, "true")
    assert await connection.fetchval("SELECT count(*) FROM api_key") == 2
    kept = await connection.fetchval("SELECT answer FROM idempotency")
    assert decoded(first, 201)["key"].encode() not in kept


async def test_a_secret_is_answered_again_to_keys_that_may_as_much_only(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    """Else a key that may make keys would have that of a mightier one by repeating its request."""
    same = {"Idempotency-Key": "kq"}
    first = await api.post(PATH, json={"name": "x"}, headers=same)
    again = await api.post(PATH, json={"name": "x"}, headers=same)
    assert decoded(again, 201)["key"] == decoded(first, 201)["key"]
    weaker = await limited_key(connection, KeyRights(scopes=frozenset({KeyScope.KEYS})))
    refused = await api.post(PATH, json={"name": "x"}, headers=same | weaker)
    assert "used before" in decoded(refused, 422)["detail"]
    assert decoded(first, 201)["key"] not in refused.text
    made = decoded(await api.post(PATH, json={"name": "x"}, headers={"Idempotency-Key": "own"} | weaker), 201)
    assert made["scopes"] == ["keys"]
    for path in ("/api/me/children", "/api/me/children/"):
        opened = await api.post(path, json={"name": "Child"}, headers=same)
        assert opened.status_code == 201
        assert (await api.post(path, json={"name": "Child"}, headers=same | weaker)).status_code == 422
