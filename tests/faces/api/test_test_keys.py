"""What a test key may change over HTTP: test batches, and nothing of the account."""

import httpx
import pytest

from heliograph.domain.key_rights import KeyRights
from heliograph.faces.api.api_context import TEST_KEY
from heliograph.faces.api.batch_endpoints import REAL_BATCH
from heliograph.faces.api.scopes import FOR_TEST_KEYS, SCOPES
from heliograph.storage.database import Connection
from tests.faces.api.test_key_endpoints import limited_key
from tests.support.rows import insert_batch, insert_lot
from tests.support.served_api import decoded

CLOSED = sorted(
    route for route, scope in SCOPES.items() if scope and route[0] != "GET" and route not in FOR_TEST_KEYS
)
CHANGES = [
    ("DELETE", "", None),
    ("POST", "/pause", None),
    ("POST", "/resume", None),
    ("PATCH", "", {"deliveryWindows": [{"opens": "2099-01-01T00:00:00Z", "closes": "2099-01-02T00:00:00Z"}]}),
]


@pytest.fixture
async def test_key(connection: Connection, api: httpx.AsyncClient) -> dict[str, str]:
    await connection.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'carrier', '127.0.0.1', 2775, 'esme', '')"
    )
    return await limited_key(connection, KeyRights(is_test=True))


async def waiting(connection: Connection, *, test: bool, account_id: int = 1) -> str:
    """The path of a batch whose message waits."""
    batch_id, messages = await insert_batch(connection, account_id)
    await insert_lot(connection, messages, account_id=account_id)
    await connection.execute("UPDATE batch SET test = $2 WHERE batch_id = $1", batch_id, test)
    return f"/v2/batches/{batch_id.hex()}"


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_everything_else_is_403_and_says_that_it_is_a_test_key(
    api: httpx.AsyncClient, test_key: dict[str, str], method: str, path: str
) -> None:
    path = path.replace("{msisdn}", "46701740605").replace("{", "").replace("}", "")
    problem = decoded(await api.request(method, path, headers=test_key, json={"msisdn": "46701740605"}), 403)
    assert problem["detail"] == TEST_KEY


async def test_nothing_is_written_by_a_refused_call(
    connection: Connection, api: httpx.AsyncClient, test_key: dict[str, str]
) -> None:
    assert (await api.put("/v2/me/senders/Acme", headers=test_key)).status_code == 403
    assert (await api.put("/v2/blacklist/46701740605", headers=test_key)).status_code == 403
    assert await connection.fetchval("SELECT count(*) FROM sender") == 0
    assert await connection.fetchval("SELECT count(*) FROM blacklist") == 0


@pytest.mark.parametrize(("method", "end", "body"), CHANGES)
async def test_a_real_batch_is_not_changed(
    connection: Connection,
    api: httpx.AsyncClient,
    test_key: dict[str, str],
    method: str,
    end: str,
    body: object,
) -> None:
    path = await waiting(connection, test=False)
    before = decoded(await api.get(path))
    problem = decoded(await api.request(method, path + end, headers=test_key, json=body), 403)
    assert problem["detail"] == REAL_BATCH
    assert decoded(await api.get(path, headers=test_key)) == before, "it is read as ever"


@pytest.mark.parametrize(("method", "end", "body"), CHANGES)
async def test_another_accounts_batch_is_as_absent(
    connection: Connection,
    api: httpx.AsyncClient,
    test_key: dict[str, str],
    method: str,
    end: str,
    body: object,
) -> None:
    foreign = await waiting(connection, test=True, account_id=2)
    absent = f"/v2/batches/{'0' * 24}"
    answers = [
        await api.request(method, path + end, headers=test_key, json=body) for path in (foreign, absent)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_a_test_batch_is_paused_moved_resumed_and_canceled(
    connection: Connection, api: httpx.AsyncClient, test_key: dict[str, str]
) -> None:
    path = await waiting(connection, test=True)
    assert decoded(await api.post(f"{path}/pause", headers=test_key))["paused"] is True
    moved = decoded(await api.patch(path, headers=test_key, json=CHANGES[3][2]))
    assert moved["deliveryWindows"][0]["opens"] == "2099-01-01T00:00:00Z"
    assert "paused" not in decoded(await api.post(f"{path}/resume", headers=test_key))
    assert decoded(await api.delete(path, headers=test_key))["status"] == 203


async def test_a_usual_key_changes_test_batches_too(
    connection: Connection, api: httpx.AsyncClient, test_key: dict[str, str]
) -> None:
    path = await waiting(connection, test=True)
    assert decoded(await api.delete(path))["status"] == 203
