"""POST /v2/reports/replay with filters, with a real database."""

import os
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from heliograph.domain.history import entry
from heliograph.domain.ids import IdSource
from heliograph.domain.report_events import Destination, StoredEvent, decode_block, decode_retry
from heliograph.domain.retention import is_erased
from heliograph.faces.api.replay_requests import NOTHING_NAMED
from heliograph.faces.api.report_endpoints import REPLAY_PATH
from heliograph.services import replay_chosen
from heliograph.storage import batch_reading, failed_reports
from heliograph.storage.database import Connection, load_query
from tests.faces.api.test_report_endpoints import ORIGIN, URL, insert_failing, insert_retry
from tests.storage.test_row_level_security import without_account_filter
from tests.support.rows import IDS, NOW, NOW_MS, insert_batch
from tests.support.served_api import decoded, insert_key

OTHER_URL = "https://other.example/reports"
ERASED = "erased:" + "0" * 16
HISTORY = (110, 111, 201)


async def insert_told(
    connection: Connection,
    *,
    account_id: int = 1,
    recipients: int = 1,
    url: str | None = URL,
    codes: tuple[int, ...] = HISTORY,
    created_at: datetime = NOW,
) -> tuple[bytes, list[bytes]]:
    """A batch whose messages had these codes, all of them reported."""
    batch_id, messages = await insert_batch(
        connection,
        account_id,
        recipients=[f"467017406{number:02}" for number in range(recipients)],
        url=url,
        code=codes[-1],
        reference="order 7",
        created_at=created_at,
        ids=IDS if created_at == NOW else IdSource(os.urandom(5)),
    )
    await connection.execute(
        "UPDATE message SET history = $2 WHERE batch_id = $1",
        batch_id,
        b"".join(entry(code, NOW_MS + place) for place, code in enumerate(codes)),
    )
    return batch_id, messages


async def queued(connection: Connection) -> list[tuple[bytes, int, int]]:
    """What lies in fresh blocks: message, place and code, in the order in which it is sent."""
    rows = await connection.fetch("SELECT events FROM report_block ORDER BY block_id")
    return [
        (event.message_id, event.number, event.code)
        for row in rows
        for event in decode_block(row["events"]).events
    ]


async def replayed(api: httpx.AsyncClient, **body: Any) -> Any:
    return decoded(await api.post(REPLAY_PATH, json=body))


async def test_what_a_batch_was_told_before_is_sent_again_with_the_same_ids(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    batch_id, (message_id,) = await insert_told(connection)
    await insert_told(connection)
    answer = await replayed(api, BATCHID=batch_id.hex())
    assert answer == {
        "origin": None,
        "wasDisabled": False,
        "reports": 3,
        "waiting": 0,
        "hasMore": False,
        "cursor": None,
    }
    block = decode_block(await connection.fetchval("SELECT events FROM report_block"))
    assert block.currency == "SEK"
    assert block.destinations == [Destination(URL, "order 7")]
    assert block.events[2] == StoredEvent(
        message_id, batch_id, 3, 201, NOW_MS + 2, "46701740600", 1, 350_000, 0
    )
    assert await queued(connection) == [(message_id, place, code) for place, code in enumerate(HISTORY, 1)]


async def test_an_account_that_is_told_final_codes_gets_only_these_again(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    batch_id, (message_id,) = await insert_told(connection)
    refused, (never_sent,) = await insert_batch(connection, url=URL, code=402)
    await connection.execute("UPDATE account SET report_codes = 'final' WHERE account_id = 1")
    assert (await replayed(api, batchId=[batch_id.hex(), refused.hex()]))["reports"] == 2
    assert await queued(connection) == [(message_id, 3, 201), (never_sent, 1, 402)]


async def test_filters_narrow_each_other_down(api: httpx.AsyncClient, connection: Connection) -> None:
    hour = timedelta(hours=1)
    await insert_told(connection, created_at=NOW - 3 * hour)
    _, (message_id,) = await insert_told(connection, created_at=NOW - 2 * hour)
    await insert_told(connection, created_at=NOW - 2 * hour, url=OTHER_URL)
    await insert_told(connection, created_at=NOW - 2 * hour, url=None)
    incoming, _ = await insert_batch(connection, incoming=True, code=201)
    last, _ = await insert_told(connection, created_at=NOW - hour, codes=(110, 501))
    span = {"createdFrom": (NOW - 2 * hour).isoformat(), "createdTo": (NOW - hour).isoformat()}
    assert (await replayed(api, **span))["reports"] == 6
    assert (await replayed(api, **span, origin=URL))["reports"] == 3
    await connection.execute("DELETE FROM report_block")
    assert (await replayed(api, **span, origin=URL, status=["2xx", 501]))["reports"] == 1
    assert await queued(connection) == [(message_id, 3, 201)]
    assert (await replayed(api, **span, batchId=last.hex()))["reports"] == 0
    assert (await replayed(api, batchId=incoming.hex()))["reports"] == 0
    assert (await replayed(api, createdFrom=span["createdTo"], status="5"))["reports"] == 1
    assert (await replayed(api, createdTo=span["createdTo"], status=501))["reports"] == 0


async def test_without_batch_and_time_only_what_was_given_up_is_sent(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    await insert_told(connection)
    first = await insert_retry(connection, 111, 201, parked=True)
    second = await insert_retry(connection, 501, parked=True)
    waiting = await insert_retry(connection, 201, parked=False)
    answer = await replayed(api, status=[201, 501])
    assert (answer["reports"], answer["waiting"]) == (2, 0)
    assert await queued(connection) == [(first, 5, 201), (second, 4, 501)]
    rows = await connection.fetch("SELECT message_id, events FROM report_retry ORDER BY 1")
    left = {row["message_id"]: [each.code for each in decode_retry(row["events"]).events] for row in rows}
    assert left == {first: [111], waiting: [201]}
    assert (await replayed(api, status=201, origin=ORIGIN))["reports"] == 0
    assert (await replayed(api, status=1))["reports"] == 1
    assert await connection.fetchval("SELECT count(*) FROM report_retry WHERE parked") == 0


async def test_what_was_given_up_and_what_was_delivered_come_once_and_in_order(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    await insert_failing(connection, disabled=True)
    batch_id, messages = await insert_told(connection, recipients=3, codes=(110, 111, 112, 201, 501))
    given_up, waiting, delivered = messages
    await insert_retry(connection, 201, 501, parked=True, message_id=given_up)
    await insert_retry(connection, 501, parked=False, message_id=waiting)
    answer = await replayed(api, batchId=batch_id.hex())
    assert (answer["wasDisabled"], answer["reports"], answer["waiting"]) == (True, 15, 1)
    expected = [(message, place + 1, code) for message in messages for place, code in PLACES]
    assert await queued(connection) == expected
    row = await connection.fetchrow("SELECT message_id, due_at FROM report_retry")
    assert row is not None
    assert (row["message_id"], row["due_at"]) == (waiting, NOW)
    assert await connection.fetchval("SELECT disabled_at FROM report_origin") is None
    assert delivered in {message for message, _, _ in expected}


PLACES = list(enumerate((110, 111, 112, 201, 501)))


async def test_one_call_is_bounded_and_the_next_goes_on(
    api: httpx.AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_chosen, "MOST_REPLAYED", 4)
    monkeypatch.setattr(replay_chosen, "_SLICE", 3)
    batches = [await insert_told(connection, recipients=5, codes=(201,)) for _ in range(2)]
    lost = await insert_retry(connection, 201, parked=True)
    body: dict[str, Any] = {"createdFrom": "2020-01-01T00:00:00Z", "status": "2"}
    counts = []
    while True:
        answer = await replayed(api, **body)
        counts.append(answer["reports"])
        if not answer["hasMore"]:
            break
        body["after"] = answer["cursor"]
    assert counts == [4, 4, 2]
    told = [message for message, _, _ in await queued(connection)]
    assert told == [message for _, messages in batches for message in messages]
    # What is given up of a message that is no longer stored is reached by its origin or status.
    assert (await replayed(api, status=201))["reports"] == 1
    assert (await queued(connection))[-1][0] == lost


async def test_a_removed_batch_is_unknown_and_told_no_more(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    batch_id, _ = await insert_told(connection)
    await connection.execute("UPDATE batch SET hidden_at = now()")
    gone = await api.post(REPLAY_PATH, json={"batchId": batch_id.hex()})
    assert decoded(gone, 404)["detail"] == replay_chosen.UNKNOWN_BATCH
    assert (await replayed(api, createdTo="2100-01-01T00:00:00Z"))["reports"] == 0


async def test_what_has_no_number_any_more_is_told_no_more(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    batch_id, (_, message_id) = await insert_told(connection, recipients=2)
    await connection.execute("UPDATE message SET recipient = $2 WHERE message_id <> $1", message_id, ERASED)
    assert is_erased(ERASED)
    assert (await replayed(api, batchId=batch_id.hex()))["reports"] == 3
    assert {message for message, _, _ in await queued(connection)} == {message_id}


async def test_another_accounts_reports_are_as_absent_as_none(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    batch_id, (message_id,) = await insert_told(connection, account_id=2)
    await insert_retry(connection, 501, parked=True, account_id=2, message_id=message_id)
    foreign = await api.post(REPLAY_PATH, json={"batchId": batch_id.hex()})
    absent = await api.post(REPLAY_PATH, json={"batchId": "0" * 24})
    assert (foreign.status_code, foreign.content) == (404, absent.content)
    for body in ({"createdTo": "2100-01-01T00:00:00Z"}, {"status": 501}, {"origin": ORIGIN, "status": 501}):
        assert (await replayed(api, **body))["reports"] == 0
    assert await connection.fetchval("SELECT count(*) FROM report_retry WHERE parked") == 1
    api.headers.update(await insert_key(connection, 2))
    assert (await replayed(api, batchId=batch_id.hex()))["reports"] == 4


def forget_account_filter(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *names: str) -> None:
    """Run statements of a module as if their author had forgotten the account."""
    forgetful = {}
    for name in names:
        forgetful[name], count = without_account_filter(load_query(name))
        assert count
    monkeypatch.setattr(module, "load_query", lambda asked: forgetful.get(asked) or load_query(asked))


FORGETFUL: dict[str, tuple[ModuleType, tuple[str, ...], dict[str, Any]]] = {
    "a batch": (batch_reading, ("find_batch",), {"batchId": "batch"}),
    "messages": (failed_reports, ("list_told_messages",), {"createdTo": "2100-01-01T00:00:00Z"}),
    "what was given up": (
        failed_reports,
        ("list_given_up_reports", "lock_given_up_reports"),
        {"status": 501},
    ),
    "what an origin missed": (
        failed_reports,
        ("list_given_up_reports", "lock_given_up_reports"),
        {"origin": ORIGIN},
    ),
    "an origin": (failed_reports, ("enable_report_origin",), {"origin": ORIGIN}),
    "what waits": (failed_reports, ("hasten_report_retries",), {"origin": ORIGIN}),
}
"""Where an author may forget the account, the statements, and the replay that goes through them."""


async def foreign_replay(api: httpx.AsyncClient, connection: Connection, body: dict[str, Any]) -> bool:
    """Whether a replay of the first account touches or tells of what the second one has."""
    await connection.execute("DELETE FROM report_origin")
    await insert_failing(connection, account_id=2, disabled=True)
    batch_id, (message_id,) = await insert_told(connection, account_id=2)
    await insert_retry(connection, 501, parked=True, account_id=2, message_id=message_id)
    await insert_retry(connection, 501, parked=False, account_id=2)
    named = {name: batch_id.hex() if value == "batch" else value for name, value in body.items()}
    before = await connection.fetch(STATE)
    answer = await api.post(REPLAY_PATH, json=named)
    touched: bool = await connection.fetch(STATE) != before
    told = answer.status_code == 200 and answer.json()["reports"] + answer.json()["waiting"] > 0
    return touched or told or (answer.status_code == 200 and "batchId" in named)


STATE = (
    "SELECT message_id::text, due_at::text, parked::text FROM report_retry"
    " UNION ALL SELECT origin, disabled_at::text, '' FROM report_origin"
    " UNION ALL SELECT block_id::text, '', '' FROM report_block ORDER BY 1"
)


@pytest.mark.parametrize("where", FORGETFUL)
async def test_a_forgotten_account_filter_of_a_replay_is_found(
    api: httpx.AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    module, statements, body = FORGETFUL[where]
    assert not await foreign_replay(api, connection, body)
    forget_account_filter(monkeypatch, module, *statements)
    assert await foreign_replay(api, connection, body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "origin"),
        ({"batchId": []}, "batchId"),
        ({"batchId": "x"}, "batchId"),
        ({"batchId": [5]}, "batchId"),
        ({"batchId": ["0" * 24] * 101}, "batchId"),
        ({"createdFrom": "yesterday"}, "createdFrom"),
        ({"createdTo": 5}, "createdTo"),
        ({"status": "3xx"}, "status"),
        ({"status": []}, "status"),
        ({"status": True}, "status"),
        ({"status": [201] * 51}, "status"),
        ({"status": 201, "after": "x"}, "after"),
        ({"origin": ORIGIN, "after": "0" * 24}, "after"),
    ],
)
async def test_a_wrong_filter_is_refused(api: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    problem = decoded(await api.post(REPLAY_PATH, json=body), 400)
    assert list(problem["errors"]) == [field]


async def test_every_fault_is_told_at_once(api: httpx.AsyncClient) -> None:
    problem = decoded(await api.post(REPLAY_PATH, json={"origin": 1, "batchId": 2, "status": 3}), 400)
    assert list(problem["errors"]) == ["origin", "batchId", "status"]
    empty = decoded(await api.post(REPLAY_PATH, json={"createdFrom": None}), 400)
    assert empty["errors"]["origin"] == [NOTHING_NAMED]


async def test_a_replay_with_an_idempotency_key_is_done_once(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    batch_id, _ = await insert_told(connection)
    for _ in range(2):
        answer = await api.post(
            REPLAY_PATH, json={"batchId": batch_id.hex()}, headers={"Idempotency-Key": "once"}
        )
        assert decoded(answer)["reports"] == 3
    assert len(await queued(connection)) == 3
