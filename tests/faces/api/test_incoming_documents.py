"""Incoming messages as the API shows them: batches of one with direction MO and status 201."""

from collections.abc import AsyncIterator

import httpx
import pytest

from heliograph.domain.encoding import Encoding
from heliograph.domain.ids import id_bytes
from heliograph.domain.incoming import IncomingText, Wish
from heliograph.storage.database import Connection, connect
from heliograph.storage.incoming_messages import IncomingMessage, insert_incoming
from tests.support.rows import IDS, NOW, insert_account
from tests.support.served_api import decoded

PHONE, OURS = "46700000001", "46701740699"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await connect(database)
    for account_id in (1, 2):
        await insert_account(opened, account_id)
    yield opened
    await opened.close()


async def insert(
    connection: Connection,
    *,
    account_id: int = 1,
    body: str = "Hej",
    encoding: Encoding = Encoding.GSM7,
    segments: int = 1,
    missing: int = 0,
    flash: bool = False,
    wish: Wish | None = None,
) -> str:
    """The path of an incoming message's batch."""
    number = IDS.reserve(2, int(NOW.timestamp()))
    message = IncomingMessage(
        account_id,
        id_bytes(number),
        id_bytes(number + 1),
        PHONE,
        OURS,
        IncomingText(body, encoding, flash),
        segments,
        missing,
        wish,
    )
    await insert_incoming(connection, [message], NOW)
    return f"/v2/batches/{message.batch_id.hex()}"


async def test_an_incoming_message_is_read_as_a_batch_of_one(
    connection: Connection, api: httpx.AsyncClient
) -> None:
    path = await insert(connection, segments=2, flash=True)
    (listed,) = decoded(await api.get("/v2/batches"))
    batch = decoded(await api.get(path))
    for document in (listed, batch):
        assert (document["direction"], document["status"], document["sender"]) == ("MO", 201, PHONE)
        assert (document["body"], document["datacoding"], document["type"]) == ("Hej", "GSM", "flash")
        assert (document["deliveryWindows"], document["tags"], document["reference"]) == ([], [], None)
    assert batch["priceSummary"] == {"total": 0, "currency": "SEK", "average": 0}
    assert batch["messageSummary"] == {"201": {"messages": 1, "sms": 2}}
    (message,) = decoded(await api.get(f"{path}/messages"))
    assert message == decoded(await api.get(f"{path}/messages/{message['id']}"))
    created = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (message["direction"], message["recipient"], message["sender"]) == ("mo", OURS, PHONE)
    assert message["statuses"] == [{"code": 201, "duration": 1, "created": created}]
    assert (message["price"], message["segments"], message["type"]) == (0, 2, "Flash")
    assert (message["modified"], "incomplete" in message) == (created, False)


@pytest.mark.parametrize(
    ("encoding", "shown"), [(Encoding.GSM7, "GSM"), (Encoding.UCS2, "UCS"), (Encoding.BINARY, "BINARY")]
)
async def test_its_coding_is_shown(
    connection: Connection, api: httpx.AsyncClient, encoding: Encoding, shown: str
) -> None:
    path = await insert(connection, encoding=encoding)
    (message,) = decoded(await api.get(f"{path}/messages"))
    assert (decoded(await api.get(path))["datacoding"], message["datacoding"]) == (shown, shown)


async def test_one_that_misses_a_segment_says_so(connection: Connection, api: httpx.AsyncClient) -> None:
    path = await insert(connection, body="a…", segments=2, missing=1)
    (message,) = decoded(await api.get(f"{path}/messages"))
    assert (message["body"], message["segments"], message["incomplete"]) == ("a…", 2, True)


async def test_another_accounts_message_is_not_there(connection: Connection, api: httpx.AsyncClient) -> None:
    path = await insert(connection, account_id=2)
    absent = await api.get("/v2/batches/" + "0" * 24)
    foreign = await api.get(path)
    assert foreign.status_code == absent.status_code == 404
    assert decoded(await api.get("/v2/batches")) == []


async def test_it_is_hidden_by_delete(connection: Connection, api: httpx.AsyncClient) -> None:
    path = await insert(connection)
    assert decoded(await api.delete(path))["status"] == 201
    assert decoded(await api.get("/v2/batches")) == []


@pytest.mark.parametrize("wish", [Wish.STOP, Wish.START, None])
async def test_it_says_that_it_changed_the_blacklist(
    connection: Connection, api: httpx.AsyncClient, wish: Wish | None
) -> None:
    path = await insert(connection, body="STOP", wish=wish)
    (message,) = decoded(await api.get(f"{path}/messages"))
    told = [message, decoded(await api.get(f"{path}/messages/{message['id']}"))]
    told += decoded(await api.get(f"/v2/conversations/{PHONE}"))
    told += decoded(await api.get(f"/v2/conversations/{PHONE}/mo"))
    assert [document.get("optOut", "absent") for document in told] == [wish.value if wish else "absent"] * 4
