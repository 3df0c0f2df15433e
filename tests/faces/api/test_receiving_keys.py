"""A key with the scope `receive` alone reads what handsets sent in, and nothing of what was sent out."""

from collections.abc import Iterable

import httpx
import pytest

from heliograph.domain.key_rights import KeyRights, KeyScope
from heliograph.domain.message_change import MessageChange
from heliograph.storage.database import Connection, transaction_on
from heliograph.storage.message_changes import apply_changes
from tests.faces.api.test_incoming_documents import OURS, PHONE, insert
from tests.faces.api.test_key_endpoints import limited_key
from tests.support.rows import IDS, NOW, NOW_MS, insert_batch
from tests.support.served_api import decoded

REFUSED = "This API key lacks the scope read, which outgoing messages need."


async def use(api: httpx.AsyncClient, connection: Connection, scopes: Iterable[KeyScope]) -> None:
    api.headers.update(await limited_key(connection, KeyRights(scopes=frozenset(scopes))))


@pytest.fixture
async def incoming(connection: Connection) -> str:
    """The path of the batch of a message from a handset."""
    return await insert(connection)


@pytest.fixture
async def outgoing(connection: Connection) -> str:
    """The path of a batch to the same handset, delivered."""
    batch_id, (message_id,) = await insert_batch(connection, recipients=[PHONE], sender=OURS)
    change = MessageChange(1, message_id, 0, 1, rank=9, code=201, at_ms=NOW_MS, intent_ms=0, refund=False)
    async with transaction_on(connection) as tx:
        await apply_changes(tx, [change], now=NOW, ids=IDS)
    return f"/v2/batches/{batch_id.hex()}"


@pytest.mark.parametrize("query", ["", "?direction=MO", "?direction=mo&after=", "?status=201", "?limit=1"])
async def test_lists_of_batches_hold_the_incoming_ones(
    connection: Connection, api: httpx.AsyncClient, incoming: str, outgoing: str, query: str
) -> None:
    await use(api, connection, [KeyScope.RECEIVE])
    answer = await api.get(f"/v2/batches{query}")
    assert [batch["id"] for batch in decoded(answer)] == [incoming.rpartition("/")[2]]
    assert 'rel="next"' not in answer.headers["link"]


@pytest.mark.parametrize("end", ["", "/messages", "/messages/{message}", "/messages/{message}/timeline"])
async def test_an_incoming_batch_is_read_and_an_outgoing_one_is_not(
    connection: Connection, api: httpx.AsyncClient, incoming: str, outgoing: str, end: str
) -> None:
    paths = []
    for path in (incoming, outgoing):
        (message,) = decoded(await api.get(f"{path}/messages"))
        paths.append(path + end.format(message=message["id"]))
    whole = [decoded(await api.get(path)) for path in paths]
    await use(api, connection, [KeyScope.RECEIVE])
    assert decoded(await api.get(paths[0])) == whole[0]
    assert decoded(await api.get(paths[1]), 403)["detail"] == REFUSED
    assert decoded(await api.get(paths[1].replace(paths[1][12:36], "0" * 24)), 404)["status"] == 404


async def test_what_asks_for_outgoing_messages_is_403(
    connection: Connection, api: httpx.AsyncClient, incoming: str, outgoing: str
) -> None:
    await use(api, connection, [KeyScope.RECEIVE])
    for path in ("/v2/batches?direction=MT", f"/v2/events?batchId={outgoing.rpartition('/')[2]}"):
        assert decoded(await api.get(path), 403)["detail"] == REFUSED
    for path in (f"/v2/conversations/{PHONE}/mt", f"/v2/conversations/{PHONE}/summary"):
        assert "lacks the scope read," in decoded(await api.get(path), 403)["detail"]


@pytest.mark.parametrize("path", [f"/v2/conversations/{PHONE}", f"/v2/conversations/{PHONE}/mo"])
async def test_a_conversation_is_what_came_in(
    connection: Connection, api: httpx.AsyncClient, incoming: str, outgoing: str, path: str
) -> None:
    await use(api, connection, [KeyScope.RECEIVE])
    assert [message["direction"] for message in decoded(await api.get(path))] == ["mo"]


async def test_the_feed_tells_what_came_in(
    connection: Connection, api: httpx.AsyncClient, outgoing: str
) -> None:
    await insert(connection, body="one")
    await insert(connection, body="two")
    assert len(decoded(await api.get("/v2/events"))["events"]) == 3
    await use(api, connection, [KeyScope.RECEIVE])
    texts: list[str] = []
    cursor = ""
    for _ in range(4):
        page = decoded(await api.get(f"/v2/events?limit=1{cursor}"))
        assert {event["type"] for event in page["events"]} <= {"incomingMessage"}
        texts += [event["body"] for event in page["events"]]
        cursor = f"&after={page['cursor']}"
    assert (texts, page["hasMore"]) == (["one", "two"], False)


async def test_a_key_that_may_read_loses_nothing_by_receive(
    connection: Connection, api: httpx.AsyncClient, incoming: str, outgoing: str
) -> None:
    await use(api, connection, [KeyScope.RECEIVE, KeyScope.READ])
    assert len(decoded(await api.get("/v2/batches"))) == 2
    assert len(decoded(await api.get("/v2/events"))["events"]) == 2
    assert len(decoded(await api.get(f"/v2/conversations/{PHONE}"))) == 2


async def test_receive_opens_nothing_that_is_sent_or_set_up(
    connection: Connection, api: httpx.AsyncClient, incoming: str
) -> None:
    await use(api, connection, [KeyScope.RECEIVE])
    assert (await api.delete(incoming)).status_code == 403
    for path in ("/v2/contacts", "/v2/me/senders", "/v2/me/keys", "/v2/reports/failed", "/api/me"):
        assert (await api.get(path)).status_code == 403
