"""Erased batches and messages are still valid documents of the API."""

from datetime import timedelta

import httpx

from heliograph.domain.ids import id_at
from heliograph.domain.retention import ErasedNumbers
from heliograph.services.erase_texts import EraseTexts
from heliograph.storage.database import Connection, Database
from tests.support.rows import NOW, insert_batch
from tests.support.served_api import decoded

NUMBERS = ErasedNumbers(b"k" * 32)
NUMBER = "46701740605"


async def erase_everything(database: str, connection: Connection) -> None:
    later = NOW + timedelta(days=90, hours=1)
    await connection.execute("UPDATE conversation_progress SET filled_to = $1", id_at(int(later.timestamp())))
    async with Database(database) as opened:
        assert await EraseTexts(opened, NUMBERS, default_days=90).step(later) == 1


async def test_what_was_sent_keeps_everything_but_text_and_number(
    database: str, connection: Connection, api: httpx.AsyncClient
) -> None:
    batch_id, [message_id] = await insert_batch(
        connection, code=201, url="https://example.com/", reference="order 1", tags=["a"]
    )
    path = f"/v2/batches/{batch_id.hex()}"
    paths = (path, f"{path}/messages/{message_id.hex()}", f"{path}/messages/{message_id.hex()}/timeline")
    before = [decoded(await api.get(each)) for each in paths]
    await erase_everything(database, connection)
    batch, message, timeline = [decoded(await api.get(each)) for each in paths]
    erased = {"body": "", "recipient": NUMBERS.of(1, NUMBER)}
    assert batch == {**before[0], "body": ""}
    assert message == {**before[1], **erased}
    assert timeline == {**before[2], "recipient": erased["recipient"]}
    assert decoded(await api.get("/v2/batches"))[0]["body"] == ""
    [listed] = decoded(await api.get(f"{path}/messages"))
    assert (listed["body"], listed["recipient"]) == ("", erased["recipient"])
    assert decoded(await api.get(f"{path}/messages?recipient={NUMBER}")) == []


async def test_what_came_in_loses_its_sender(
    database: str, connection: Connection, api: httpx.AsyncClient
) -> None:
    batch_id, [message_id] = await insert_batch(
        connection, recipients=["46701740699"], code=201, sender=NUMBER, incoming=True, price=0
    )
    path = f"/v2/batches/{batch_id.hex()}"
    before = decoded(await api.get(f"{path}/messages/{message_id.hex()}"))
    await erase_everything(database, connection)
    erased = {"body": "", "sender": NUMBERS.of(1, NUMBER)}
    assert decoded(await api.get(f"{path}/messages/{message_id.hex()}")) == {**before, **erased}
    assert decoded(await api.get(path))["sender"] == erased["sender"]
