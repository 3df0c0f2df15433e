"""Each operation of the API document has every status that all of its kind can answer with.

The kind comes from the scopes of routes, from methods and paths, not from how the document is made; and the
routes are asked. 405 is the answer to what is no operation: the introduction tells of it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, MutableMapping
from typing import Any, Final

import httpx
import msgspec
import pytest

from heliograph.faces.api.api_app import ApiApp, with_head
from heliograph.faces.api.openapi import openapi_document
from heliograph.faces.api.request_bodies import BodyLimits, BodyReader
from heliograph.faces.api.scopes import SCOPES
from heliograph.storage.database import Connection, Database
from tests.support.rows import NOW
from tests.support.served_api import HOST, api_context, insert_key


def shape(path: str) -> str:
    """A path without the names of its parameters: the document writes them in another way than the routes."""
    return re.sub(r"{\w+}", "{}", path)


DOCUMENT: Final = openapi_document()
METHODS: Final = ("get", "post", "put", "patch", "delete")
OPERATIONS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    (method.upper(), path): item[method]
    for path, item in DOCUMENT["paths"].items()
    for method in METHODS
    if method in item
}
SENDING: Final = ("POST", "/v2/batches")
"""Answered by the accept handler, whose own tests ask it the same."""
SERVED: Final = sorted(OPERATIONS.keys() - {SENDING})
KEYED: Final = [each for each in SERVED if OPERATIONS[each].get("security") != []]
NEEDED: Final = {(method, shape(path)): scope for (method, path), scope in SCOPES.items()}
"""The scope that each route needs; None if it needs no key."""
OF_BODIES: Final = {"408", "413", "415"}
MOST_BYTES: Final = 1000


def statuses(operation: tuple[str, str]) -> set[str]:
    """What the document says that an operation answers with."""
    return set(OPERATIONS[operation]["responses"])


def path_of(operation: tuple[str, str]) -> str:
    """The path with the examples of its parameters; a thing that is not there."""
    path = operation[1]
    for each in DOCUMENT["paths"][path].get("parameters", []):
        path = path.replace(f"{{{each['name']}}}", str(each["example"]))
    return path


@pytest.fixture
async def api(database: str, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """The API called with account 1's key, with narrow bounds for bodies."""
    async with Database(database) as opened:
        limits = BodyLimits(max_bytes=MOST_BYTES, seconds=1)
        context = msgspec.structs.replace(api_context(opened), bodies=BodyReader(limits))
        transport = httpx.ASGITransport(app=ApiApp(context))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            client.headers.update(await insert_key(connection, 1))
            yield client


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_the_document_has_what_all_of_a_kind_answer(operation: tuple[str, str]) -> None:
    expected = {"500"}
    if NEEDED[operation[0], shape(operation[1])] is not None:
        # 403: the scope; 404: what the path names, or the account that is chosen.
        expected |= {"400", "401", "403", "404", "429", "503"}
    if "{" in operation[1]:
        expected |= {"404"}
    if operation[0] in ("POST", "PUT", "PATCH"):
        expected |= OF_BODIES
    if operation[0] == "POST":
        expected |= {"409", "422"}
    assert expected <= statuses(operation)
    assert "405" not in statuses(operation)
    assert operation[0] not in ("GET", "DELETE") or not statuses(operation) & OF_BODIES


def test_the_introduction_tells_of_what_is_no_operation() -> None:
    assert "405" in DOCUMENT["info"]["description"]
    assert "MethodNotAllowed" in DOCUMENT["components"]["responses"]


async def test_a_key_is_asked_for_and_its_choice_of_an_account_judged(api: httpx.AsyncClient) -> None:
    key = {"Authorization": api.headers.pop("Authorization")}
    for operation in KEYED:
        method, path = operation[0], path_of(operation)
        assert (await api.request(method, path)).status_code == 401, operation
        twice = [*key.items(), ("Heliograph-Account", "ip1-1"), ("Heliograph-Account", "ip1-1")]
        assert (await api.request(method, path, headers=twice)).status_code == 400, operation
        unknown = {**key, "Heliograph-Account": "ip1-0"}
        assert (await api.request(method, path, headers=unknown)).status_code == 404, operation


async def test_a_disabled_account_may_do_nothing(api: httpx.AsyncClient, connection: Connection) -> None:
    await connection.execute("UPDATE account SET disabled_at = $1", NOW)
    for operation in KEYED:
        assert (await api.request(operation[0], path_of(operation))).status_code == 403, operation


async def test_bodies_are_bounded_exactly_where_the_document_says(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(answers_to_bodies(api, operation) for operation in KEYED))
    for operation, found in zip(KEYED, answers, strict=True):
        assert found & OF_BODIES == statuses(operation) & OF_BODIES, operation
        assert found <= statuses(operation), operation


async def answers_to_bodies(api: httpx.AsyncClient, operation: tuple[str, str]) -> set[str]:
    """How a body is answered that is too large, one that is no JSON, and one that does not go on."""
    method, path = operation[0], path_of(operation)
    text = {"Content-Type": "text/plain"}
    return {
        str((await api.request(method, path, content=b" " * (MOST_BYTES + 1))).status_code),
        str((await api.request(method, path, content=b"x", headers=text)).status_code),
        str((await api.request(method, path, content=halting())).status_code),
    }


async def halting() -> AsyncIterator[bytes]:
    """A body that does not go on."""
    yield b"{"
    await asyncio.sleep(3600)


async def test_every_path_refuses_the_methods_that_the_document_lacks(api: httpx.AsyncClient) -> None:
    for path in DOCUMENT["paths"]:
        known = [method for method, place in OPERATIONS if place == path]
        for method in {each.upper() for each in METHODS} - set(known):
            refused = await api.request(method, path_of((known[0], path)))
            assert refused.status_code == 405, (method, path)
            assert refused.headers["Allow"] == ", ".join(with_head(known))


@pytest.mark.parametrize("operation", [each for each in KEYED if statuses(each) >= OF_BODIES], ids=" ".join)
async def test_a_caller_who_goes_away_is_no_fault_of_ours(
    database: str, connection: Connection, operation: tuple[str, str]
) -> None:
    """So nothing is logged as one."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    key = await insert_key(connection, 1)
    scope = {
        "type": "http",
        "method": operation[0],
        "path": path_of(operation),
        "raw_path": path_of(operation).encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in key.items()],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "server": (HOST, 80),
    }
    async with Database(database) as opened:
        await ApiApp(api_context(opened))(scope, receive, send)
    assert sent[0]["status"] == 400
