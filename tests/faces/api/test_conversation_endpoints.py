"""GET /v2/conversations over HTTP on a real database, filled in by the keeper or not yet."""

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.domain.ids import id_at
from heliograph.faces.api import conversation_endpoints, list_filters
from heliograph.services.fill_conversations import FillConversations
from heliograph.storage import conversation_reading
from heliograph.storage.database import Connection, Database, connect
from tests.faces.api.test_batch_lists import follow, in_turn, joined, link_of
from tests.support.rows import NOW, insert_batch
from tests.support.served_api import decoded

PHONE, OTHER, OURS = "46701740605", "46701740606", "46790000000"
LATER = NOW + timedelta(days=30)
"""When everything that a test wrote is old."""


async def fill(dsn: str, now: datetime = LATER) -> None:
    """As the keeper does, until nothing is left."""
    async with Database(dsn) as database:
        conversations = FillConversations(database)
        for _ in range(3):  # what is promised in one step is filled in by the next
            while await conversations.step(now):
                pass


@pytest.fixture(params=["not filled in", "filled in", "half of it"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def settle(how: str, database: str, connection: Connection) -> None:
    if how != "not filled in":
        await fill(database)
    if how == "half of it":
        ids = await connection.fetch("SELECT message_id FROM message ORDER BY 1")
        middle = ids[len(ids) // 2][0]
        await connection.execute("UPDATE conversation_progress SET filled_to = $1", middle)
        await connection.execute("DELETE FROM conversation WHERE message_id > $1", middle)


async def talk(connection: Connection) -> list[str]:
    """Messages of account 1 in order, and some of account 2 with the same numbers."""
    ids: list[bytes] = []
    for recipients, sender, incoming, code in (
        ([PHONE, OTHER], "Acme", False, 201),
        ([OURS], PHONE, True, 201),
        ([OTHER], "Acme", False, 103),
        ([PHONE], OURS, False, 103),
        ([OURS], OTHER, True, 201),
        ([OURS], PHONE, True, 201),
        ([OTHER, PHONE], "iP1", False, 599),
    ):
        made = {"recipients": recipients, "sender": sender, "incoming": incoming, "code": code}
        ids += (await insert_batch(connection, 1, segments=2, **made))[1]  # type: ignore[arg-type]
        await insert_batch(connection, 2, **made)  # type: ignore[arg-type]
    return [message_id.hex() for message_id in ids]


PARTS = [
    (PHONE, "", [0, 2, 4, 6, 8]),
    (PHONE, "/mt", [0, 4, 8]),
    (PHONE, "/mo", [2, 6]),
    ("Acme", "", [0, 1, 3]),
    ("Acme", "/mt", [0, 1, 3]),
    ("Acme", "/mo", []),
    (OURS, "", [2, 4, 5, 6]),
    (OURS, "/mt", [4]),
    (OURS, "/mo", [2, 5, 6]),
    ("46701749999", "", []),
    ("Nobody", "/mt", []),
]


@pytest.mark.parametrize("mode", ["limit=2", "limit=2&after=", "limit=50"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
async def test_messages_to_and_from_a_participant(
    database: str, connection: Connection, api: httpx.AsyncClient, how: str, order: str, mode: str
) -> None:
    ids = await talk(connection)
    await settle(how, database, connection)
    for participant, end, expected in PARTS:
        path = f"/v2/conversations/{participant}{end}?order={order}&{mode}"
        found = [ids.index(message) for message in joined(await follow(api, path))]
        assert found == (expected if order == "ASC" else expected[::-1]), path


async def test_a_message_is_shown_as_in_the_list_of_its_batch(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    batch_id, _ = await insert_batch(connection, recipients=[PHONE], reference="r")
    (in_batch,) = decoded(await api.get(f"/v2/batches/{batch_id.hex()}/messages"))
    (shown,) = decoded(await api.get(f"/v2/conversations/{PHONE}/"))
    assert shown == in_batch
    assert len(shown["statuses"]) == 1


async def test_pages_by_start_name_the_others(connection: Connection, api: httpx.AsyncClient) -> None:
    await talk(connection)
    response = await api.get(f"/v2/conversations/{PHONE}?start=2&limit=2")
    for rel, start in {"self": 2, "first": 0, "prev": 0, "next": 4, "last": 4}.items():
        assert f"/v2/conversations/{PHONE}?start={start}&" in (link_of(response, rel) or "")


async def test_beyond_what_is_counted_the_next_page_goes_by_cursor(
    connection: Connection, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_endpoints, "COUNTED", 2)
    monkeypatch.setattr(list_filters, "COUNTED", 2)
    ids = await talk(connection)
    first = await api.get(f"/v2/conversations/{PHONE}?limit=1")
    assert link_of(first, "last") is None
    assert "start=1&" in (link_of(first, "next") or "")
    second = await api.get(f"/v2/conversations/{PHONE}?limit=1&start=2")
    assert f"after={ids[4]}&" in (link_of(second, "next") or "")
    found = joined(await follow(api, f"/v2/conversations/{PHONE}?limit=1"))
    assert [ids.index(message) for message in found] == [0, 2, 4, 6, 8]
    far = decoded(await api.get(f"/v2/conversations/{PHONE}?start=3"), 400)
    assert list(far["errors"]) == ["start"]


async def test_the_summary_counts_by_direction_and_latest_status(
    database: str, connection: Connection, api: httpx.AsyncClient, how: str
) -> None:
    await talk(connection)
    await settle(how, database, connection)
    assert decoded(await api.get(f"/v2/conversations/{PHONE}/summary")) == {
        "participant": PHONE,
        "totalMessageCount": 5,
        "totalSmsCount": 10,
        "mobileTerminatedMessages": {
            "103": {"messages": 1, "sms": 2},
            "201": {"messages": 1, "sms": 2},
            "599": {"messages": 1, "sms": 2},
        },
        "mobileOriginatedMessages": {"201": {"messages": 2, "sms": 4}},
    }
    acme = decoded(await api.get("/v2/conversations/Acme/summary"))
    assert acme["mobileTerminatedMessages"] == {
        "103": {"messages": 1, "sms": 2},
        "201": {"messages": 2, "sms": 4},
    }
    assert decoded(await api.get("/v2/conversations/Nobody/summary")) == {
        "participant": "Nobody",
        "totalMessageCount": 0,
        "totalSmsCount": 0,
        "mobileTerminatedMessages": {},
        "mobileOriginatedMessages": {},
    }


async def test_a_large_batch_of_a_sender_is_counted_by_its_summary(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    large, _ = await insert_batch(connection, recipients=[], message_count=501, sender="Acme")
    await connection.execute("INSERT INTO summary VALUES (1, $1, 103, 501, 502)", large)
    summary = decoded(await api.get("/v2/conversations/Acme/summary"))
    assert (summary["totalMessageCount"], summary["totalSmsCount"]) == (501, 502)


@pytest.mark.parametrize("name", ["COUNTED_MESSAGES", "COUNTED_BATCHES"])
async def test_a_summary_says_when_it_counted_only_the_newest(
    connection: Connection, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(conversation_reading, name, 2)
    await talk(connection)
    participant = PHONE if name == "COUNTED_MESSAGES" else OURS
    for _ in range(3):
        await insert_batch(connection, recipients=[OTHER], sender=participant)
    summary = decoded(await api.get(f"/v2/conversations/{participant}/summary"))
    assert summary["partial"] is True


async def test_hidden_batches_are_in_no_conversation(
    database: str, connection: Connection, api: httpx.AsyncClient, how: str
) -> None:
    await talk(connection)
    await settle(how, database, connection)
    await connection.execute("UPDATE batch SET hidden_at = $1", NOW)
    for participant in (PHONE, "Acme"):
        assert decoded(await api.get(f"/v2/conversations/{participant}")) == []
        summary = decoded(await api.get(f"/v2/conversations/{participant}/summary"))
        assert summary["totalMessageCount"] == 0


async def test_a_message_to_its_own_sender_is_there_once(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    _, (message_id,) = await insert_batch(connection, recipients=[PHONE], sender=PHONE)
    assert joined(await follow(api, f"/v2/conversations/{PHONE}")) == [message_id.hex()]
    assert decoded(await api.get(f"/v2/conversations/{PHONE}/summary"))["totalMessageCount"] == 1


@pytest.mark.parametrize("end", ["", "/mt", "/mo", "/summary"])
@pytest.mark.parametrize("participant", ["%2B46701740605", "4" * 22, "%C3%A5", "%00", "%0A"])
async def test_what_cannot_be_a_participant_is_refused(
    api: httpx.AsyncClient, participant: str, end: str
) -> None:
    problem = decoded(await api.get(f"/v2/conversations/{participant}{end}"), 400)
    assert problem["errors"] == {
        "participant": ["participant is a number without +, or a sender: 1 to 21 ASCII characters."]
    }


async def test_wrong_parameters_keys_and_methods(api: httpx.AsyncClient) -> None:
    problem = decoded(await api.get(f"/v2/conversations/{PHONE}?limit=0&after=x"), 400)
    assert list(problem["errors"]) == ["limit", "after"]
    decoded(await api.post(f"/v2/conversations/{PHONE}"), 405)
    decoded(await api.get(f"/v2/conversations/{PHONE}", headers={"Authorization": "Bearer x"}), 401)


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("participant", [PHONE, "Acme"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=st.integers(1, 7),
    sizes=st.lists(st.integers(1, 4), max_size=5),
    arrivals=st.lists(st.integers(0, 2), max_size=5),
    filled=st.booleans(),
)
async def test_cursor_pages_hold_what_the_offsets_hold_and_nothing_twice_while_messages_come(
    database: str,
    connection: Connection,
    api: httpx.AsyncClient,
    participant: str,
    order: str,
    limit: int,
    sizes: list[int],
    arrivals: list[int],
    filled: bool,
) -> None:
    for size in sizes:
        await insert_batch(connection, recipients=[PHONE, *[OTHER] * (size - 1)], sender="Acme")
        await insert_batch(connection, recipients=[OURS], sender=PHONE, incoming=True)
    if filled:
        await fill(database)
    path = f"/v2/conversations/{participant}?order={order}&limit={limit}"
    before = joined(await follow(api, path))
    assert joined(await follow(api, f"{path}&after=")) == before
    assert before == sorted(before, reverse=order == "DESC")

    seen: list[str] = []
    waiting = list(arrivals)
    url: str | None = f"{path}&after="
    while url is not None:
        coming = [
            insert_batch(connection, recipients=[PHONE], sender="Acme")
            for _ in range(waiting.pop() if waiting else 0)
        ]
        response, _ = await asyncio.gather(api.get(url), in_turn(coming))
        seen += [message["id"] for message in decoded(response)]
        url = link_of(response, "next")
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)


async def test_what_is_young_is_not_filled_in(database: str, connection: Connection) -> None:
    await talk(connection)
    await fill(database, NOW)
    assert await connection.fetchval("SELECT count(*) FROM conversation") == 0


async def test_everything_old_is_filled_in_once(database: str, connection: Connection) -> None:
    ids = await talk(connection)
    await fill(database)
    await fill(database)
    rows = await connection.fetch("SELECT message_id FROM conversation WHERE account_id = 1 ORDER BY 1")
    assert [row[0].hex() for row in rows] == ids
    assert await connection.fetchval("SELECT filled_to FROM conversation_progress") == id_at(
        int((LATER - timedelta(minutes=5)).timestamp())
    )


async def test_what_a_running_transaction_may_still_write_is_waited_for(
    database: str, connection: Connection
) -> None:
    late = await connect(database)
    transaction = late.transaction()
    await transaction.start()
    _, (message_id,) = await insert_batch(late, recipients=[PHONE])
    await fill(database)
    assert await connection.fetchval("SELECT filled_to FROM conversation_progress") == b""
    await transaction.commit()
    await late.close()
    await fill(database)
    assert await connection.fetchval("SELECT message_id FROM conversation") == message_id


async def test_two_keepers_do_not_wait_for_each_other(database: str, connection: Connection) -> None:
    await talk(connection)
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM conversation_progress FOR UPDATE")
        await asyncio.wait_for(fill(database), 10)
    assert await connection.fetchval("SELECT count(*) FROM conversation") == 0
