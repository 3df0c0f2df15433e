"""GET /v2/batches and the messages of a batch with filters and cursors, over HTTP on a real database."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.domain.ids import IdSource
from heliograph.faces.api.paging import NO_CURSOR
from heliograph.storage import batch_listing
from heliograph.storage.database import Connection
from tests.support.accepting import accepting_api
from tests.support.rows import NOW, insert_batch
from tests.support.served_api import decoded, served_api


def link_of(response: httpx.Response, rel: str) -> str | None:
    found = re.search(rf'<([^>]*)>; rel="{rel}"', response.headers["link"])
    return found and found[1]


async def follow(api: httpx.AsyncClient, path: str) -> list[list[str]]:
    """The ids on each page, from ``path`` on along ``next``."""
    pages = []
    url: str | None = path
    while url is not None:
        response = await api.get(url)
        pages.append([entry["id"] for entry in decoded(response)])
        url = link_of(response, "next")
    return pages


def joined(pages: list[list[str]]) -> list[str]:
    return [entry for page in pages for entry in page]


async def variety(connection: Connection) -> list[str]:
    """Six batches of account 1, and one of account 2 that every filter would choose."""
    made: list[dict[str, Any]] = [
        {"sender": "Acme", "reference": "r1", "tags": ["a"]},
        {"sender": "Acme", "tags": ["a", "b"], "code": 201},
        {"sender": "46700000001", "incoming": True, "code": 201},
        {"sender": "iP1", "reference": "r1"},
        {"sender": "iP1", "created_at": NOW + timedelta(hours=3), "ids": LATER_IDS},
        {"sender": "iP1", "created_at": NOW + timedelta(hours=3), "ids": LATER_IDS, "tags": ["c"]},
    ]
    ids = [(await insert_batch(connection, **one))[0].hex() for one in made]
    await insert_batch(connection, 2, sender="Acme", reference="r1", tags=["a", "b", "c"])
    await connection.execute(
        "UPDATE batch SET canceled_at = $1 WHERE batch_id = $2", NOW, bytes.fromhex(ids[3])
    )
    for place, opens in ((4, NOW + timedelta(hours=1)), (5, NOW)):
        await connection.execute(
            "UPDATE batch SET opens = $1 WHERE batch_id = $2", [opens], bytes.fromhex(ids[place])
        )
    return ids


LATER_IDS = IdSource(b"later")
TIMES = {"NOW": f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "LATER": f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}
"""What the words in queries stand for: as parameters times would name every run's tests anew."""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sender=Acme", [0, 1]),
        ("sender=nobody", []),
        ("reference=r1", [0, 3]),
        ("reference=r1&sender=iP1", [3]),
        ("tags=a,c", [0, 1, 5]),
        ("tags=a&reference=r1", [0]),
        ("direction=MO", [2]),
        ("direction=mt", [0, 1, 3, 4, 5]),
        ("status=201", [2]),
        ("status=201&direction=MT", []),
        ("status=203", [3]),
        ("status=101", [4]),
        ("status=111", [0, 5]),
        ("status=112&status=203,201", [1, 2, 3]),
        ("status=112&tags=b", [1]),
        ("status=101,111,112,201,203", [0, 1, 2, 3, 4, 5]),
        ("createdFrom={LATER}", [4, 5]),
        ("createdTo={LATER}", [0, 1, 2, 3]),
        ("createdFrom={NOW}&createdTo={LATER}&sender=Acme", [0, 1]),
        ("createdFrom={LATER}&createdTo={LATER}", []),
    ],
)
@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("mode", ["limit=2", "limit=2&after="])
async def test_filters_choose_batches(
    connection: Connection, api: httpx.AsyncClient, query: str, expected: list[int], order: str, mode: str
) -> None:
    ids = await variety(connection)
    pages = await follow(api, f"/v2/batches?{query.format(**TIMES)}&order={order}&{mode}")
    found = [ids.index(batch) for batch in joined(pages)]
    assert found == (expected if order == "ASC" else expected[::-1])
    assert all(len(page) <= 2 for page in pages)


async def test_a_page_by_cursor_names_itself_the_first_and_the_next(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    ids = [(await insert_batch(connection, sender="Acme"))[0].hex() for _ in range(3)]
    response = await api.get(f"/v2/batches?sender=Acme&limit=1&after={ids[0]}")
    assert [batch["id"] for batch in decoded(response)] == [ids[1]]
    links = {rel: urlsplit(link_of(response, rel) or "").query for rel in ("self", "first", "next")}
    assert links == {
        "self": f"sender=Acme&after={ids[0]}&limit=1&order=ASC",
        "first": "sender=Acme&after=&limit=1&order=ASC",
        "next": f"sender=Acme&after={ids[1]}&limit=1&order=ASC",
    }
    assert "start" not in response.headers["link"]


async def test_a_list_is_counted_only_so_far(
    connection: Connection, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_listing, "COUNTED", 3)
    ids = [(await insert_batch(connection))[0].hex() for _ in range(4)]
    first = await api.get("/v2/batches?limit=2")
    assert link_of(first, "last") is None
    assert joined(await follow(api, "/v2/batches?limit=2")) == ids
    beyond = await api.get("/v2/batches?limit=2&start=8")
    assert decoded(beyond) == []
    assert link_of(beyond, "next") is None
    few = await api.get("/v2/batches?limit=2&createdTo=1990-01-01T00:00:00Z")
    assert "start=0" in (link_of(few, "last") or "")


@pytest.mark.parametrize("order", ["ASC", "DESC"])
async def test_a_list_by_status_looks_at_so_many_batches_a_page(
    connection: Connection, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(batch_listing, "SCANNED_BATCHES", 3)
    monkeypatch.setattr(batch_listing, "_STEP", 2)
    codes = [201, 103, 103, 103, 103, 103, 201, 103]
    ids = [(await insert_batch(connection, code=code))[0].hex() for code in codes]
    pages = await follow(api, f"/v2/batches?status=112&limit=5&order={order}")
    expected = [[ids[0]], [], [ids[6]]]
    assert pages == (expected if order == "ASC" else [[ids[6]], [], [ids[0]]])


async def test_a_list_by_status_counts_so_many_messages_a_page(
    connection: Connection, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_listing, "SCANNED_MESSAGES", 2)
    ids = [
        (await insert_batch(connection, recipients=["46701740605", "46701740606"], code=201))[0].hex()
        for _ in range(3)
    ]
    assert await follow(api, "/v2/batches?status=112") == [[one] for one in ids]


@pytest.mark.parametrize("recipients", [1, 1001])
async def test_an_accepted_batch_is_listed_by_its_tags(database: str, recipients: int) -> None:
    body = {
        "sender": "iP1",
        "recipients": [f"467017{number:05}" for number in range(recipients)],
        "body": "Hello",
        "datacoding": "gsm",
        "tags": ["b", "a", "x,y", "back\\slash"],
    }
    async with accepting_api(database) as accepting, served_api(database) as client:
        accepted = await accepting.post(body)
        assert accepted.status == 201, accepted.body
        client.headers["authorization"] = f"Bearer {accepting.started.token}"
        with_comma = ("tags=x%5C%2Cy", "tags=x\\,y,other", "tags=other,x\\,y", "tags=back\\slash")
        for query in ("tags=a", "tags=b", "tags=b,a", "sender=iP1", *with_comma):
            assert joined(await follow(client, f"/v2/batches?{query}")) == [accepted.json["id"]], query
        for query in ("tags=x", "tags=y", "tags=x%2Cy"):
            assert joined(await follow(client, f"/v2/batches?{query}")) == [], "a bare comma parts two tags"


LISTS_WITHOUT_CURSOR = [
    "/v2/me/senders",
    "/v2/blacklist",
    "/v2/me/keys",
    "/v2/contacts",
    "/v2/reports/secrets",
    "/v2/reports/failed",
    "/api/me/children",
]


@pytest.mark.parametrize("path", LISTS_WITHOUT_CURSOR)
async def test_a_list_without_a_cursor_says_so(api: httpx.AsyncClient, path: str) -> None:
    problem = decoded(await api.get(f"{path}?after="), 400)
    assert problem["errors"] == {"after": [NO_CURSOR]}
    assert (await api.get(path)).status_code == 200


async def test_hidden_batches_are_in_no_list(connection: Connection, api: httpx.AsyncClient) -> None:
    ids = await variety(connection)
    await connection.execute(
        "UPDATE batch SET hidden_at = $1 WHERE batch_id <> $2", NOW, bytes.fromhex(ids[1])
    )
    for query in ("", "tags=a,b,c", "sender=Acme", "status=112", "after="):
        assert joined(await follow(api, f"/v2/batches?{query}")) == [ids[1]]


RECIPIENTS = [f"4670174060{digit}" for digit in range(6)]
CODES = [103, 201, 201, 599, 402, 203]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("status=2", [1, 2, 5]),
        ("status=2xx,599", [1, 2, 3, 5]),
        ("status=201", [1, 2]),
        ("status=102", []),
        ("recipient=46701740604", [4]),
        ("recipient=46701740604&status=201", []),
    ],
)
@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("mode", ["limit=2", "limit=2&after="])
async def test_filters_choose_messages(
    connection: Connection, api: httpx.AsyncClient, query: str, expected: list[int], order: str, mode: str
) -> None:
    await insert_batch(connection, recipients=RECIPIENTS)
    batch_id, messages = await insert_batch(connection, recipients=RECIPIENTS)
    await insert_batch(connection, recipients=RECIPIENTS)
    await connection.executemany(
        "UPDATE message SET code = $2 WHERE message_id = $1", list(zip(messages, CODES, strict=True))
    )
    ids = [message_id.hex() for message_id in messages]
    pages = await follow(api, f"/v2/batches/{batch_id.hex()}/messages?{query}&order={order}&{mode}")
    found = [ids.index(message) for message in joined(pages)]
    assert found == (expected if order == "ASC" else expected[::-1])
    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)


@pytest.mark.parametrize("after", ["0" * 24, "f" * 24])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
async def test_a_cursor_outside_of_the_batch(
    connection: Connection, api: httpx.AsyncClient, after: str, order: str
) -> None:
    batch_id, messages = await insert_batch(connection, recipients=RECIPIENTS)
    listed = decoded(await api.get(f"/v2/batches/{batch_id.hex()}/messages?after={after}&order={order}"))
    is_before = (after[0] == "0") == (order == "ASC")
    assert len(listed) == (len(messages) if is_before else 0)


async def test_wrong_filters_are_refused_by_name(connection: Connection, api: httpx.AsyncClient) -> None:
    batch_id, _ = await insert_batch(connection)
    problem = decoded(await api.get("/v2/batches?direction=x&status=1"), 400)
    assert list(problem["errors"]) == ["direction", "status"]
    problem = decoded(await api.get(f"/v2/batches/{batch_id.hex()}/messages?status=3&after=1"), 400)
    assert list(problem["errors"]) == ["after", "status"]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 9), arrivals=st.lists(st.integers(0, 3), max_size=6))
async def test_cursor_pages_hold_what_the_offsets_hold_and_nothing_twice_while_batches_come(
    connection: Connection, api: httpx.AsyncClient, order: str, limit: int, arrivals: list[int]
) -> None:
    for _ in range(3):
        await insert_batch(connection, tags=["t"])
    query = f"order={order}&tags=t&limit={limit}"
    before = joined(await follow(api, f"/v2/batches?{query}"))
    assert joined(await follow(api, f"/v2/batches?{query}&after=")) == before
    assert before == sorted(before, reverse=order == "DESC")

    seen: list[str] = []
    waiting = list(arrivals)
    url: str | None = f"/v2/batches?{query}&after="
    while url is not None:
        coming = [insert_batch(connection, tags=["t"]) for _ in range(waiting.pop() if waiting else 0)]
        response, _ = await asyncio.gather(api.get(url), in_turn(coming))
        seen += [batch["id"] for batch in decoded(response)]
        url = link_of(response, "next")
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)
    assert seen == sorted(seen, reverse=order == "DESC")


async def in_turn(coming: list[Any]) -> None:
    for one in coming:
        await one
