"""What holds for every path: methods, errors, headers, who is let in, what stands in front."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from heliograph.faces.api.api_app import ROUTES
from heliograph.storage.database import Connection, connect
from tests.support.rows import insert_account, insert_batch
from tests.support.served_api import decoded, insert_key, served_api

PROBLEM_FIELDS = ["type", "title", "status", "detail", "instance"]
ONE = "5bc86b6e85c7209830f96936"
GUARDED = [
    ("GET", "/v2/batches"),
    ("GET", "/v2/conversations/46701740605"),
    ("GET", "/v2/conversations/46701740605/mt"),
    ("GET", "/v2/conversations/46701740605/mo"),
    ("GET", "/v2/conversations/46701740605/summary"),
    ("GET", f"/v2/batches/{ONE}"),
    ("DELETE", f"/v2/batches/{ONE}"),
    ("PATCH", f"/v2/batches/{ONE}"),
    ("POST", f"/v2/batches/{ONE}/pause"),
    ("POST", f"/v2/batches/{ONE}/resume"),
    ("GET", f"/v2/batches/{ONE}/messages"),
    ("GET", f"/v2/batches/{ONE}/messages/{ONE}"),
    ("GET", f"/v2/batches/{ONE}/messages/{ONE}/timeline"),
    ("GET", "/v2/me/keys"),
    ("POST", "/v2/me/keys"),
    ("DELETE", "/v2/me/keys/abc"),
    ("GET", "/v2/me/senders"),
    ("PUT", "/v2/me/senders"),
    ("GET", "/v2/me/senders/Acme"),
    ("PUT", "/v2/me/senders/Acme"),
    ("DELETE", "/v2/me/senders/Acme"),
    ("GET", "/v2/events"),
    ("GET", "/v2/reports/secrets"),
    ("POST", "/v2/reports/secrets"),
    ("DELETE", "/v2/reports/secrets/abc"),
    ("GET", "/v2/reports/failed"),
    ("POST", "/v2/reports/replay"),
    ("POST", "/v2/reports/test"),
    ("GET", "/v2/blacklist"),
    ("POST", "/v2/blacklist"),
    ("GET", "/v2/blacklist/46701740605"),
    ("PUT", "/v2/blacklist/46701740605"),
    ("DELETE", "/v2/blacklist/46701740605"),
    ("GET", "/v2/contacts"),
    ("POST", "/v2/contacts"),
    ("DELETE", "/v2/contacts"),
    ("GET", "/v2/contacts/meta"),
    ("GET", f"/v2/contacts/{ONE}"),
    ("PUT", f"/v2/contacts/{ONE}"),
    ("PATCH", f"/v2/contacts/{ONE}"),
    ("DELETE", f"/v2/contacts/{ONE}"),
    ("POST", "/v2/labels/all/contacts"),
    ("DELETE", "/v2/labels/all"),
    ("GET", "/api/me"),
    ("GET", "/api/me/account"),
    ("GET", "/api/me/children"),
    ("POST", "/api/me/children"),
    ("GET", "/api/me/children/ip1-00002"),
    ("PUT", "/api/me/children/ip1-00002"),
    ("POST", "/api/me/children/ip1-00002/credit"),
]


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened, 1)
    yield opened
    await opened.close()


@pytest.fixture
async def api(database: str, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """The API, called without a key."""
    async with served_api(database) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("key", [None, b"Bearer", b"Bearer hg_x_y_z", b"Basic aXA6MQ==", b"bearer \xe5"])
async def test_nothing_of_an_account_is_told_without_its_key(
    api: httpx.AsyncClient, method: str, path: str, key: bytes | None
) -> None:
    response = await api.request(method, path, headers=[] if key is None else [(b"authorization", key)])
    problem = decoded(response, 401)
    assert list(problem) == PROBLEM_FIELDS
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"


def test_every_route_of_an_account_is_among_the_guarded() -> None:
    guarded = {
        (method, path)
        for route in ROUTES
        for path in route.paths
        for method in route.http_methods
        if path.startswith(("/v2/", "/api/")) and (method, path) != ("POST", "/v2/batches")
    }
    assert len(guarded) == len(GUARDED)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v2/batches", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/v2/batches/", "GET, HEAD, OPTIONS, POST"),
        ("POST", f"/v2/batches/{ONE}", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("PATCH", f"/v2/batches/{ONE}/messages", "GET, HEAD, OPTIONS"),
        ("DELETE", f"/v2/batches/{ONE}/messages/{ONE}", "GET, HEAD, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("PROPFIND", "/docs", "GET, HEAD, OPTIONS"),
    ],
)
async def test_an_unknown_method_is_answered_with_the_known_ones(
    api: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    response = await api.request(method, path)
    problem = decoded(response, 405)
    assert response.headers["allow"] == allowed
    assert problem["detail"] == f"{method} is not allowed here. Allowed: {allowed}."
    assert list(problem) == PROBLEM_FIELDS


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v2/batches", "GET, HEAD, OPTIONS, POST"),
        (f"/v2/batches/{ONE}/", "DELETE, GET, HEAD, OPTIONS, PATCH"),
    ],
)
async def test_options_names_the_methods(api: httpx.AsyncClient, path: str, allowed: str) -> None:
    response = await api.options(path)
    assert (response.status_code, response.headers["allow"]) == (204, allowed)


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/", "/v2/surveys", "/v1/batches", "/v2/batches/a/b/c", "/docs/x"]
)
async def test_unknown_paths_have_the_same_shape_of_error(api: httpx.AsyncClient, path: str) -> None:
    response = await api.get(path)
    problem = decoded(response, 404)
    assert list(problem) == PROBLEM_FIELDS
    assert problem["detail"] == "There is nothing at this path."
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_head_answers_like_get_without_the_body(connection: Connection, api: httpx.AsyncClient) -> None:
    api.headers.update(await insert_key(connection))
    batch_id, _ = await insert_batch(connection)
    for path in ("/v2/batches", f"/v2/batches/{batch_id.hex()}", "/healthz", "/v2/batches/none"):
        get, head = await api.get(path), await api.head(path)
        assert head.status_code == get.status_code
        assert head.headers == get.headers
        assert head.content == b""


@pytest.mark.parametrize("path", ["/v2/batches", "/v2/batches/"])
async def test_sending_without_the_accept_handler_is_a_fault_of_ours(
    api: httpx.AsyncClient, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = decoded(await api.post(path, content=b"{}"), 500)
    assert problem["type"] == "urn:heliograph:problem:internal_error"
    assert "api.request_failed" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/v2//batches", "//v2/batches", "/v2/batches//", "/v2/me/senders//Acme"])
async def test_a_slash_too_many_is_another_path(
    connection: Connection, api: httpx.AsyncClient, method: str, path: str
) -> None:
    headers = await insert_key(connection)
    answer = await api.request(method, f"http://sms.test{path}", headers=headers)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if method == "HEAD":
        assert answer.content == b""
    else:
        assert decoded(answer, 404)["detail"] == "There is nothing at this path."


async def test_a_get_may_say_that_its_missing_body_is_json(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    headers = {**await insert_key(connection), "Content-Type": "application/json"}
    assert decoded(await api.get("/v2/batches", headers=headers)) == []


async def test_a_disabled_account_is_let_in_no_more(connection: Connection, api: httpx.AsyncClient) -> None:
    headers = await insert_key(connection)
    await connection.execute("UPDATE account SET disabled_at = now()")
    assert decoded(await api.get("/v2/batches", headers=headers), 403)["title"] == "Not allowed"


async def test_a_fault_of_ours_tells_nothing_of_it(
    connection: Connection, api: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = await insert_key(connection)
    await connection.execute("ALTER TABLE batch RENAME COLUMN tags TO labels")
    response = await api.get("/v2/batches", headers=headers)
    problem = decoded(response, 500)
    assert list(problem) == PROBLEM_FIELDS
    assert "tags" not in response.text
    assert "UndefinedColumnError" in capsys.readouterr().out


async def test_a_database_that_is_away_is_503(
    api: httpx.AsyncClient, database: str, connection: Connection
) -> None:
    headers = await insert_key(connection)
    async with served_api(re.sub("host=[^&]+", "host=/nowhere", database)) as lost:
        response = await lost.get("/v2/batches", headers=headers)
        ready = await lost.get("/readyz")
        alive = await lost.get("/healthz")
    problem = decoded(response, 503)
    assert problem["detail"] == "The service cannot reach its database. Try again in a moment."
    assert response.headers["retry-after"] == "2"
    assert ready.status_code == 503
    assert alive.status_code == 200


async def test_alive_and_ready(connection: Connection, api: httpx.AsyncClient) -> None:
    assert decoded(await api.get("/healthz")) == {"status": "alive"}
    assert decoded(await api.get("/readyz")) == {"status": "ready"}


async def test_not_ready_on_a_schema_that_does_not_fit(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    await connection.execute("DELETE FROM migration")
    response = await api.get("/readyz")
    assert decoded(response, 503)["detail"].startswith(
        "Not ready: the database lacks 0001_pre_first_schema.sql"
    )
    assert response.headers["retry-after"] == "1"
