"""Every POST of the API takes an Idempotency-Key: the routes are walked, so that none can be forgotten.

POST /v2/batches is answered by the accept handler, whose own tests hold it to the same.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple

import httpx
import pytest

from heliograph.domain.report_url import bucket_of
from heliograph.faces.api.api_app import ROUTES
from heliograph.faces.api.idempotent_posts import BAD_KEY
from heliograph.faces.api.schemas import BATCHES_PATH
from heliograph.faces.api.scopes import template_of
from heliograph.storage.database import Connection, connect
from tests.support.rows import NOW, insert_account, insert_batch, insert_lot
from tests.support.served_api import decoded, insert_key, served_api

ACCOUNT: Final = 1


class Ground(NamedTuple):
    """An account's client, and the database behind."""

    connection: Connection
    api: httpx.AsyncClient


Names = dict[str, str]


class Case(NamedTuple):
    """A POST that succeeds, and the body of another request."""

    body: Any
    other: Any
    make: Callable[[Ground], Awaitable[Names]] | None = None
    """Makes what the path names."""


async def waiting_batch(ground: Ground) -> Names:
    await ground.connection.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'carrier', '127.0.0.1', 2775, 'esme', '')"
    )
    batch_id, messages = await insert_batch(ground.connection, ACCOUNT)
    await insert_lot(ground.connection, messages, account_id=ACCOUNT)
    return {"batch_id": batch_id.hex()}


async def paused_batch(ground: Ground) -> Names:
    names = await waiting_batch(ground)
    decoded(await ground.api.post(f"{BATCHES_PATH}/{names['batch_id']}/pause"))
    return names


async def child(ground: Ground) -> Names:
    made = decoded(await ground.api.post("/api/me/children", json={"Name": "Child"}), 201)
    return {"child": made["ID"]}


CONTACT = "6" * 24


async def contact(ground: Ground) -> Names:
    await ground.connection.execute(
        "INSERT INTO contact VALUES ($1, $2, NULL, '{}', '{}', $3, $3)", ACCOUNT, bytes.fromhex(CONTACT), NOW
    )
    return {"label": "All"}


async def failing_origin(ground: Ground) -> Names:
    await ground.connection.executemany(
        "INSERT INTO report_origin VALUES ($1, $2, $3, 1, $4, NULL, NULL)",
        [(bucket_of(origin), ACCOUNT, origin, NOW) for origin in ORIGINS],
    )
    return {}


ORIGINS: Final = ("https://one.example:443", "https://two.example:443")
NOBODY_LISTENS: Final = "http://127.0.0.1:65533"
CASES: Final = {
    "/v2/reports/secrets": Case({}, {"graceHours": 1}),
    "/v2/reports/replay": Case({"origin": ORIGINS[0]}, {"origin": ORIGINS[1]}, failing_origin),
    "/v2/reports/test": Case({"url": f"{NOBODY_LISTENS}/a"}, {"url": f"{NOBODY_LISTENS}/b"}),
    "/v2/contacts": Case([{"properties": {"a": "b"}}], [{"properties": {"a": "c"}}]),
    "/v2/labels/{label}/contacts": Case([CONTACT], [CONTACT, CONTACT], contact),
    "/v2/batches/{batch_id}/pause": Case({}, {"a": 1}, waiting_batch),
    "/v2/batches/{batch_id}/resume": Case({}, {"a": 1}, paused_batch),
    "/v2/blacklist": Case({"msisdn": "46701740605"}, {"msisdn": "46701740606"}),
    "/v2/me/keys": Case({"name": "one"}, {"name": "two"}),
    "/api/me/children": Case({"Name": "One"}, {"Name": "Two"}),
    "/api/me/children/{child}/credit": Case({"Amount": 1}, {"Amount": 2}, child),
}


@pytest.fixture
async def ground(database: str) -> AsyncIterator[Ground]:
    connection = await connect(database)
    await insert_account(connection, ACCOUNT)
    async with served_api(database) as api:
        api.headers.update(await insert_key(connection, ACCOUNT))
        yield Ground(connection, api)
    await connection.close()


def test_every_post_is_walked() -> None:
    posts = {template_of(path) for route in ROUTES if "POST" in route.http_methods for path in route.paths}
    assert posts - {BATCHES_PATH} == set(CASES)


async def path_of(ground: Ground, template: str) -> str:
    make = CASES[template].make
    return template.format(**(await make(ground) if make else {}))


@pytest.mark.parametrize("template", CASES)
async def test_a_post_sent_again_is_answered_as_before_and_done_once(ground: Ground, template: str) -> None:
    path, case = await path_of(ground, template), CASES[template]
    key = {"Idempotency-Key": "order-4711"}
    first = await ground.api.post(path, json=case.body, headers=key)
    assert first.status_code in (200, 201, 202), first.text
    assert "idempotent-replayed" not in first.headers
    again = await ground.api.post(f"{path}/", json=case.body, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers.get("location") == first.headers.get("location")
    assert decoded(await ground.api.post(path, json=case.other, headers=key), 422)
    # One row: what was done again would have failed, or have been answered with something else.
    assert await ground.connection.fetchval("SELECT count(*) FROM idempotency") == 1


@pytest.mark.parametrize("template", CASES)
async def test_a_key_at_work_in_another_process_is_409_and_a_malformed_one_400(
    database: str, ground: Ground, template: str
) -> None:
    path, case = await path_of(ground, template), CASES[template]
    elsewhere = await connect(database)
    async with elsewhere.transaction():
        await elsewhere.execute(
            "INSERT INTO idempotency VALUES ($1, $2, 'busy', '', 0, '', NULL, $3)",
            ACCOUNT,
            f"POST {template}",
            NOW,
        )
        busy = await ground.api.post(path, json=case.body, headers={"Idempotency-Key": "busy"})
    await elsewhere.close()
    assert decoded(busy, 409)["detail"].startswith(
        "A request with this Idempotency-Key is still being processed"
    )
    malformed = await ground.api.post(path, json=case.body, headers={"Idempotency-Key": "a b"})
    assert decoded(malformed, 400)["errors"] == {"Idempotency-Key": [BAD_KEY]}
