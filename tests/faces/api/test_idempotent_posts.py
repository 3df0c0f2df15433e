"""Idempotency-Key on a POST of the framework: done once, answered alike, whatever comes twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar, Response, post
from litestar.datastructures import State

from heliograph.domain.refusals import Conflict
from heliograph.faces.api.api_app import answer_failure
from heliograph.faces.api.api_context import ApiRequest, body_of, json_answer
from heliograph.faces.api.idempotent_posts import answered_once
from heliograph.storage.database import Connection, Database, Transaction, connect
from tests.support.rows import insert_account
from tests.support.served_api import api_context


class Probe:
    """A route that adds a sender, made to fail or to wait as a test says; /secret answers secretly."""

    def __init__(self) -> None:
        self.calls = 0
        self.failures: list[Exception] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def write(self, tx: Transaction, name: str) -> Response[bytes]:
        self.calls += 1
        await tx.execute("INSERT INTO sender (account_id, sender) VALUES (1, $1)", name)
        await self.go_on.wait()
        if self.failures:
            raise self.failures.pop(0)
        return json_answer({"number": self.calls}, status=201, headers={"location": f"/v2/{name}"})

    def routes(self) -> list[Any]:
        @post(["/probe/{name:str}", "/secret/{name:str}"])
        async def probe(request: ApiRequest, name: str) -> Response[bytes]:
            body = await body_of(request)
            is_secret = request.url.path.startswith("/secret")
            return await answered_once(request, 1, body, lambda tx: self.write(tx, name), is_secret=is_secret)

        return [probe]


class Member(msgspec.Struct):
    """One process."""

    probe: Probe
    client: httpx.AsyncClient

    async def post(
        self, path: str = "/probe/abc", *, key: str | None = "k1", body: str = "{}"
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.client.post(path, content=body, headers=headers)


@asynccontextmanager
async def member(dsn: str) -> AsyncIterator[Member]:
    async with Database(dsn) as database:
        context = api_context(database)
        probe = Probe()
        app = Litestar(
            route_handlers=probe.routes(),
            state=State({"context": context}),
            exception_handlers={Exception: answer_failure},
            openapi_config=None,
            logging_config=None,
        )
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://sms.test") as client:
            yield Member(probe, client)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await connect(database)
    await insert_account(connection)
    yield connection
    await connection.close()


async def test_the_same_request_is_answered_as_before(database: str, connection: Connection) -> None:
    async with member(database) as api, member(database) as other:
        first = await api.post()
        again = await api.post(key='"k1"')
        elsewhere = await other.post("/probe/abc/")
    assert (first.status_code, first.json()) == (201, {"number": 1})
    assert "idempotent-replayed" not in first.headers
    for replayed in (again, elsewhere):
        assert replayed.status_code == 201
        assert replayed.content == first.content
        assert replayed.headers["location"] == "/v2/abc"
        assert replayed.headers["content-type"] == first.headers["content-type"]
        assert replayed.headers["idempotent-replayed"] == "true"
    assert (api.probe.calls, other.probe.calls) == (1, 0)


async def test_without_a_key_nothing_is_remembered(database: str, connection: Connection) -> None:
    async with member(database) as api:
        assert (await api.post(key=None)).status_code == 201
        assert (await api.post("/probe/xyz", key=None)).status_code == 201
    assert await connection.fetchval("SELECT count(*) FROM idempotency") == 0
    assert await connection.fetchval("SELECT count(*) FROM sender") == 2


@pytest.mark.parametrize(
    ("path", "body"), [("/probe/abc", '{"a": 1}'), ("/probe/xyz", "{}"), ("/probe/abc?a=1", "{}")]
)
async def test_another_request_with_the_key_is_refused(
    database: str, connection: Connection, path: str, body: str
) -> None:
    async with member(database) as api:
        await api.post()
        answer = await api.post(path, body=body)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "This Idempotency-Key was used before, with another request."


async def test_while_a_request_is_at_work_its_key_is_taken(database: str, connection: Connection) -> None:
    async with member(database) as api, member(database) as other:
        api.probe.go_on.clear()
        first = asyncio.create_task(api.post())
        while not api.probe.calls:
            await asyncio.sleep(0.01)
        answers = [await api.post(), await other.post()]
        api.probe.go_on.set()
        assert (await first).status_code == 201
    for answer in answers:
        assert answer.status_code == 409
        assert answer.json()["detail"].startswith("A request with this Idempotency-Key is still being")
    assert (api.probe.calls, other.probe.calls) == (1, 0)


async def test_a_refused_request_leaves_its_key_unused(database: str, connection: Connection) -> None:
    async with member(database) as api:
        api.probe.failures = [Conflict("Not now.")]
        assert (await api.post()).status_code == 409
        assert await connection.fetchval("SELECT count(*) FROM sender") == 0
        assert (await api.post()).status_code == 201


async def test_what_a_deadlock_undid_is_done_again(database: str, connection: Connection) -> None:
    async with member(database) as api:
        api.probe.failures = [asyncpg.DeadlockDetectedError("deadlock detected")]
        assert (await api.post()).json() == {"number": 2}
    assert await connection.fetchval("SELECT count(*) FROM sender") == 1


async def test_after_a_lost_connection_it_is_left_to_the_caller(
    database: str, connection: Connection
) -> None:
    async with member(database) as api:
        api.probe.failures = [asyncpg.ConnectionDoesNotExistError("gone")]
        assert (await api.post()).status_code == 503
        assert (await api.post()).status_code == 201
    assert await connection.fetchval("SELECT count(*) FROM sender") == 1


async def test_a_secret_answer_does_not_lie_readable(database: str, connection: Connection) -> None:
    async with member(database) as api:
        first, again = await api.post("/secret/abc"), await api.post("/secret/abc")
    assert again.content == first.content
    assert b"number" not in await connection.fetchval("SELECT answer FROM idempotency")


async def test_a_malformed_key_is_refused(database: str, connection: Connection) -> None:
    async with member(database) as api:
        answer = await api.post(key="a b")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["Idempotency-Key"]
