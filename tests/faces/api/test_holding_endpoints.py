"""POST pause and resume, PATCH of delivery windows over HTTP, with a real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from heliograph.domain.delivery_windows import MAX_WINDOWS
from heliograph.storage.database import Connection, connect
from tests.support.rows import NOW, insert_account, insert_batch, insert_lot
from tests.support.served_api import decoded


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    await insert_account(opened, 1)
    await opened.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'carrier', '127.0.0.1', 2775, 'esme', '')"
    )
    yield opened
    await opened.close()


@pytest.fixture
async def path(connection: Connection) -> str:
    """The path of a batch whose messages wait."""
    batch_id, messages = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    await insert_lot(connection, messages)
    return f"/v2/batches/{batch_id.hex()}"


def shown(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


async def test_a_batch_shows_that_it_is_paused_only_while_it_is(api: httpx.AsyncClient, path: str) -> None:
    before = decoded(await api.get(path))
    assert "paused" not in before
    paused = decoded(await api.post(f"{path}/pause"))
    assert paused == before | {"paused": True}
    assert decoded(await api.get(path)) == paused
    assert decoded(await api.get("/v2/batches"))[0]["paused"] is True
    assert decoded(await api.post(f"{path}/resume/")) == before


async def test_a_finished_batch_is_not_shown_as_paused(
    connection: Connection, api: httpx.AsyncClient, path: str
) -> None:
    await api.post(f"{path}/pause")
    await connection.execute("UPDATE message SET code = 202")
    assert "paused" not in decoded(await api.get(path))


async def test_the_windows_of_a_batch_are_replaced(api: httpx.AsyncClient, path: str) -> None:
    later = [NOW + timedelta(days=days) for days in (1, 2)]
    body = {"DeliveryWindows": [{"opens": shown(later[0]), "closes": shown(later[1])}]}
    document = decoded(await api.patch(path, json=body))
    assert document["deliveryWindows"] == body["DeliveryWindows"]
    assert document["status"] == 101
    assert decoded(await api.get(path)) == document


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"deliveryWindows": "deliveryWindows is required: an array of objects with opens and closes."}),
        (
            {"deliveryWindows": [], "body": "Hi"},
            {"body": "Only deliveryWindows can be changed."},
        ),
        (
            {"deliveryWindows": "now"},
            {"deliveryWindows": "deliveryWindows must be an array of objects with opens and closes."},
        ),
        (
            {"deliveryWindows": [{"opens": "2020-01-01T00:00:00Z", "closes": "2020-01-02T00:00:00Z"}]},
            {"deliveryWindows": "Every delivery window has already closed."},
        ),
        (
            {"deliveryWindows": [{}] * (MAX_WINDOWS + 1)},
            {"deliveryWindows": "At most 100 delivery windows are allowed, not 101."},
        ),
    ],
)
async def test_windows_keep_the_rules_of_a_send(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], errors: dict[str, str]
) -> None:
    before = decoded(await api.get(path))
    refused = decoded(await api.patch(path, json=body), 400)
    assert refused["errors"] == {field: [sentence] for field, sentence in errors.items()}
    assert decoded(await api.get(path)) == before


async def test_malformed_json_is_told_with_its_place(api: httpx.AsyncClient, path: str) -> None:
    refused = decoded(await api.patch(path, content=b"{"), 400)
    assert refused["detail"].startswith("Line 1, column 2:")


async def test_what_cannot_be_held_is_409(connection: Connection, api: httpx.AsyncClient, path: str) -> None:
    assert decoded(await api.post(f"{path}/resume"), 409)["detail"] == "The batch is not paused."
    await connection.execute("UPDATE message SET code = 201")
    for answer in (
        await api.post(f"{path}/pause"),
        await api.post(f"{path}/resume"),
        await api.patch(path, json={"deliveryWindows": []}),
    ):
        assert decoded(answer, 409)["detail"].startswith("Every message of the batch has its final status")


@pytest.mark.parametrize("what", ["pause", "resume"])
async def test_a_batch_that_is_not_there_is_404(api: httpx.AsyncClient, what: str) -> None:
    for name in ("0" * 24, "nonsense"):
        decoded(await api.post(f"/v2/batches/{name}/{what}"), 404)


async def test_a_repeated_call_is_answered_as_before(
    connection: Connection, api: httpx.AsyncClient, path: str
) -> None:
    key = {"Idempotency-Key": "k"}
    first = await api.post(f"{path}/pause", headers=key)
    await api.post(f"{path}/resume")
    again = await api.post(f"{path}/pause", headers=key)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert await connection.fetchval("SELECT paused_at FROM batch") is None
    patched = [await api.patch(path, json={"deliveryWindows": []}, headers=key) for _ in range(2)]
    assert patched[0].content == patched[1].content
    assert decoded(await api.patch(path, json={"deliveryWindows": [{}]}, headers=key), 422)
