"""GET and DELETE on batches over HTTP, with a real database."""

from datetime import timedelta

import httpx
import pytest

from heliograph.domain.ids import MessageIds
from heliograph.services.cancel_batch import TOO_LATE
from heliograph.storage.database import Connection
from tests.support.rows import NOW, insert_batch, insert_lot
from tests.support.served_api import HOST, decoded, insert_key, served_api


async def statements(connection: Connection, *texts: str) -> None:
    for text in texts:
        await connection.execute(text)


async def test_a_batch_with_both_summaries(connection: Connection, api: httpx.AsyncClient) -> None:
    batch_id, messages = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    await connection.execute("UPDATE message SET code = 201 WHERE message_id = $1", messages[0])
    response = await api.get(f"/v2/batches/{batch_id.hex()}")
    document = decoded(response)
    assert document["id"] == batch_id.hex()
    assert document["owner"] == "ip1-00001"
    assert document["status"] == 111
    assert document["messageSummary"] == {"103": {"messages": 1, "sms": 1}, "201": {"messages": 1, "sms": 1}}
    assert document["priceSummary"] == {"total": 0.7, "currency": "SEK", "average": 0.35}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_batches_of_an_account_in_order_of_time_without_summaries(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    ids = [(await insert_batch(connection))[0].hex() for _ in range(3)]
    await insert_batch(connection, 2)
    listed = decoded(await api.get("/v2/batches"))
    assert [batch["id"] for batch in listed] == ids
    assert not {"priceSummary", "messageSummary"} & set(listed[0])
    assert [batch["id"] for batch in decoded(await api.get("/v2/batches/?order=desc"))] == ids[::-1]


async def test_a_page_names_the_others(connection: Connection, api: httpx.AsyncClient) -> None:
    ids = [(await insert_batch(connection))[0].hex() for _ in range(5)]
    response = await api.get("/v2/batches/", params={"start": 2, "limit": 2})
    assert [batch["id"] for batch in decoded(response)] == ids[2:4]
    url = f"<http://{HOST}/v2/batches?start="
    assert response.headers["link"].split(", ") == [
        f'{url}2&limit=2&order=ASC>; rel="self"',
        f'{url}0&limit=2&order=ASC>; rel="first"',
        f'{url}0&limit=2&order=ASC>; rel="prev"',
        f'{url}4&limit=2&order=ASC>; rel="next"',
        f'{url}4&limit=2&order=ASC>; rel="last"',
    ]


async def test_links_begin_with_the_public_url_if_there_is_one(database: str, connection: Connection) -> None:
    async with served_api(database, public_url="https://sms.example.com") as client:
        response = await client.get("/v2/batches", headers=await insert_key(connection, 1))
    assert response.headers["link"].startswith("<https://sms.example.com/v2/batches?start=0&")


async def test_wrong_parameters_are_refused_by_name(api: httpx.AsyncClient) -> None:
    problem = decoded(await api.get("/v2/batches?limit=1001&order=up"), 400)
    assert problem["errors"] == {
        "limit": ["limit is a whole number from 1 to 1000."],
        "order": ["order is ASC or DESC."],
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [("tags=a", [0, 1]), ("tags=b&tags=c", [1, 2]), ("tags=b,c", [1, 2]), ("tags=", [0, 1, 2])],
)
async def test_tags_choose_batches(
    connection: Connection, api: httpx.AsyncClient, query: str, expected: list[int]
) -> None:
    ids = []
    for tags in (["a"], ["a", "b"], ["c"]):
        batch_id, _ = await insert_batch(connection, tags=tags)
        ids.append(batch_id.hex())
    response = await api.get(f"/v2/batches?limit=1000&{query}")
    assert [ids.index(batch["id"]) for batch in decoded(response)] == expected


async def test_the_status_of_listed_batches(connection: Connection, api: httpx.AsyncClient) -> None:
    planned, _ = await insert_batch(connection)
    ongoing, _ = await insert_batch(connection)
    sent, _ = await insert_batch(connection, code=201)
    large, _ = await insert_batch(connection, recipients=[], message_count=501)
    finished, _ = await insert_batch(connection, recipients=[], message_count=501)
    await connection.execute(
        "UPDATE batch SET opens = $2 WHERE batch_id = $1", planned, [NOW + timedelta(hours=1)]
    )
    await connection.executemany("INSERT INTO summary VALUES (1, $1, 103, 501, 501)", [(large,), (finished,)])
    await connection.executemany(
        "INSERT INTO summary_change VALUES (1, $1, '\\x01', $2, $3, $3)",
        [(large, 103, -500), (large, 201, 500), (finished, 103, -501), (finished, 201, 501)],
    )
    listed = decoded(await api.get("/v2/batches"))
    assert [(batch["id"], batch["status"]) for batch in listed] == [
        (planned.hex(), 101),
        (ongoing.hex(), 111),
        (sent.hex(), 112),
        (large.hex(), 111),
        (finished.hex(), 112),
    ]
    whole = decoded(await api.get(f"/v2/batches/{large.hex()}"))
    assert whole["messageSummary"] == {"103": {"messages": 1, "sms": 1}, "201": {"messages": 500, "sms": 500}}


async def test_a_page_of_1000_batches_knows_the_status_of_each(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    first = int.from_bytes((await insert_batch(connection))[0], "big")
    ids = [(first + 10 * n).to_bytes(12, "big") for n in range(1, 1000)]
    await connection.execute(
        "CREATE TEMP TABLE copied AS SELECT * FROM batch;ALTER TABLE copied ALTER batch_id DROP NOT NULL"
    )
    for batch_id in ids:
        await connection.execute("UPDATE copied SET batch_id = $1", batch_id)
        await connection.execute("INSERT INTO batch SELECT * FROM copied")
    await connection.execute(
        "INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding,"
        " recipient) SELECT 1, m, b, 0, 201, 9, 1, 0, '46701740605'"
        " FROM unnest($1::bytea[], $2::bytea[]) u(b, m)",
        ids,
        [MessageIds(batch_id, 1)[0] for batch_id in ids],
    )
    listed = decoded(await api.get("/v2/batches?limit=1000"))
    assert [batch["status"] for batch in listed] == [111] + 999 * [112]


async def test_cancel_answers_the_batch_as_it_is_then(connection: Connection, api: httpx.AsyncClient) -> None:
    await statements(
        connection,
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'one', '127.0.0.1', 2775, 'esme', '')",
    )
    batch_id, messages = await insert_batch(connection)
    await insert_lot(connection, messages)
    document = decoded(await api.delete(f"/v2/batches/{batch_id.hex()}/"))
    assert document["status"] == 203
    assert document["messageSummary"] == {"203": {"messages": 1, "sms": 1}}
    assert document["priceSummary"] == {"total": 0.0, "currency": "SEK", "average": 0.0}
    assert decoded(await api.get(f"/v2/batches/{batch_id.hex()}")) == document


async def test_too_late_to_cancel_is_a_conflict(connection: Connection, api: httpx.AsyncClient) -> None:
    batch_id, _ = await insert_batch(connection, code=110)
    path = f"/v2/batches/{batch_id.hex()}"
    assert decoded(await api.delete(path), 409) == {
        "type": "urn:heliograph:problem:conflict",
        "title": "Conflict with the present state",
        "status": 409,
        "detail": TOO_LATE,
        "instance": path,
    }


async def test_a_finished_batch_is_hidden_by_deleting_it(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    batch_id, _ = await insert_batch(connection, code=201)
    path = f"/v2/batches/{batch_id.hex()}"
    assert decoded(await api.delete(path))["status"] == 112
    for response in (await api.get(path), await api.get(f"{path}/messages"), await api.delete(path)):
        assert response.status_code == 404
    assert decoded(await api.get("/v2/batches")) == []


@pytest.mark.parametrize("suffix", ["", "/messages", "/messages/5bc86b6e85c7209830f96936"])
async def test_absent_foreign_and_malformed_ids_are_answered_with_the_same_bytes(
    connection: Connection, api: httpx.AsyncClient, suffix: str
) -> None:
    foreign, _ = await insert_batch(connection, 2)
    ids = (foreign.hex(), "0" * 24, "no-id", "5bc86b6e85c7209830f9693", "%C3%A5", "x" * 300)
    answers = [await api.get(f"/v2/batches/{wanted}{suffix}") for wanted in ids]
    if not suffix:
        answers += [await api.delete(f"/v2/batches/{wanted}") for wanted in ids]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(answer.headers.items()) for answer in answers}) == 1
    assert foreign.hex() not in answers[0].text


async def test_ids_are_read_in_either_case(connection: Connection, api: httpx.AsyncClient) -> None:
    batch_id, _ = await insert_batch(connection)
    assert decoded(await api.get(f"/v2/batches/{batch_id.hex().upper()}"))["id"] == batch_id.hex()
