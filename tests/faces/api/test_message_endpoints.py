"""GET on the messages of a batch over HTTP, with a real database."""

import httpx
import pytest

from heliograph.domain.history import entry
from heliograph.storage.database import Connection
from tests.support.rows import NOW_MS, insert_batch
from tests.support.served_api import HOST, decoded


def numbers(count: int) -> list[str]:
    return [str(46_701_740_605 + n) for n in range(count)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("order=DESC", [4, 3, 2, 1, 0]),
        ("start=1&limit=2", [1, 2]),
        ("start=3&limit=50", [3, 4]),
        ("start=1&limit=2&order=DESC", [3, 2]),
        ("start=4&limit=3&order=DESC", [0]),
        ("start=5", []),
        ("start=5&order=DESC", []),
        ("start=2147483647&limit=1000", []),
        ("start=2147483647&limit=1000&order=DESC", []),
    ],
)
async def test_pages_of_messages(
    connection: Connection, api: httpx.AsyncClient, query: str, expected: list[int]
) -> None:
    await insert_batch(connection, recipients=numbers(3))
    batch_id, messages = await insert_batch(connection, recipients=numbers(5))
    await insert_batch(connection, recipients=numbers(3))
    listed = decoded(await api.get(f"/v2/batches/{batch_id.hex()}/messages?{query}"))
    assert [messages.index(bytes.fromhex(message["id"])) for message in listed] == expected


async def test_the_other_pages_are_named(connection: Connection, api: httpx.AsyncClient) -> None:
    batch_id, _ = await insert_batch(connection, recipients=numbers(3))
    path = f"/v2/batches/{batch_id.hex()}/messages"
    link = (await api.get(f"{path}/?limit=1")).headers["link"]
    assert f'<http://{HOST}{path}?start=1&limit=1&order=ASC>; rel="next"' in link
    assert f'<http://{HOST}{path}?start=2&limit=1&order=ASC>; rel="last"' in link


async def test_one_message_has_its_whole_history_and_a_listed_one_only_the_latest(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    batch_id, messages = await insert_batch(connection)
    await connection.execute(
        "UPDATE message SET code = 203, refunded = true, history = $1", entry(203, NOW_MS + 1000)
    )
    path = f"/v2/batches/{batch_id.hex()}/messages"
    document = decoded(await api.get(f"{path}/{messages[0].hex()}/"))
    assert document["batchId"] == batch_id.hex()
    assert document["recipient"] == "46701740605"
    assert document["body"] == "Hello"
    assert document["price"] == 0.35
    assert [status["code"] for status in document["statuses"]] == [101, 102, 103, 203, 104]
    (listed,) = decoded(await api.get(path))
    assert [status["code"] for status in listed["statuses"]] == [203]
    assert {**listed, "statuses": document["statuses"]} == document


async def test_a_message_belongs_to_its_batch_only(connection: Connection, api: httpx.AsyncClient) -> None:
    _, messages = await insert_batch(connection)
    other, _ = await insert_batch(connection)
    problem = decoded(await api.get(f"/v2/batches/{other.hex()}/messages/{messages[0].hex()}"), 404)
    assert problem["detail"] == "There is no such batch, or no such message in it."


async def test_messages_of_others_are_not_found(connection: Connection, api: httpx.AsyncClient) -> None:
    batch_id, messages = await insert_batch(connection, 2)
    for path in ("", f"/{messages[0].hex()}"):
        assert (await api.get(f"/v2/batches/{batch_id.hex()}/messages{path}")).status_code == 404
