"""/v2/reports over HTTP, with a real database."""

from datetime import timedelta

import httpx
import pytest

from heliograph.domain.report_events import (
    Attempt,
    Destination,
    EventBlock,
    RetryEvents,
    StoredEvent,
    decode_block,
    encode_events,
)
from heliograph.domain.report_url import bucket_of
from heliograph.domain.webhook_event import parse_secret
from heliograph.faces.api.report_endpoints import FAILED_PATH, REPLAY_PATH, SECRETS_PATH
from heliograph.services.webhook_rotation import IN_USE, MOST_SECRETS, TOO_MANY_SECRETS
from heliograph.storage import failed_reports
from heliograph.storage.database import Connection, transaction_on
from heliograph.storage.partitions import make_partitions
from heliograph.storage.report_queue import find_report_account
from heliograph.storage.sealing import Sealer
from tests.support.rows import IDS, NOW, NOW_MS, insert_batch
from tests.support.served_api import decoded, insert_key

ORIGIN = "https://shop.example:443"
URL = "https://shop.example/reports"
BUCKET = bucket_of(ORIGIN)
SOON = NOW + timedelta(minutes=10)


async def insert_failing(connection: Connection, *, account_id: int = 1, disabled: bool = False) -> None:
    await connection.execute(
        "INSERT INTO report_origin VALUES ($1, $2, $3, 12, $4, $5, $6)",
        BUCKET,
        account_id,
        ORIGIN,
        NOW,
        SOON,
        NOW if disabled else None,
    )


async def insert_retry(
    connection: Connection, *codes: int, account_id: int = 1, parked: bool, message_id: bytes | None = None
) -> bytes:
    made = message_id or IDS.new(int(NOW.timestamp()))
    events = [
        StoredEvent(made, made, number, code, NOW_MS, "46701740605", 1, 350_000, 0)
        for number, code in enumerate(codes, 4)
    ]
    await connection.execute(
        "INSERT INTO report_retry VALUES ($1, $2, $3, $4, 5, $5, $6, $7, $8)",
        BUCKET,
        made,
        account_id,
        ORIGIN,
        NOW,
        SOON,
        parked,
        encode_events(RetryEvents("SEK", Destination(URL, None), events)),
    )
    return made


async def insert_attempt(
    connection: Connection, message_id: bytes, reason: str, *, at_ms: int, status: int = 503
) -> None:
    attempt = Attempt(message_id, 4, 201, 3, at_ms, status, 81, reason)
    await connection.execute(
        "INSERT INTO report_attempt VALUES ($1, $2, $3, 1, $4, $4, $5)",
        BUCKET,
        NOW.date(),
        IDS.new(int(NOW.timestamp())),
        message_id,
        encode_events([attempt]),
    )


async def test_a_secret_is_shown_once_and_signs_beside_the_old_one(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    first = decoded(await api.post(SECRETS_PATH, json={}), 201)
    made = await api.post(SECRETS_PATH, json={"gracehours": 2})
    second = decoded(made, 201)
    assert made.headers["location"] == f"{SECRETS_PATH}/{second['id']}"
    listed = await api.get(f"{SECRETS_PATH}/")
    assert second["secret"] not in listed.text
    oldest, newest = decoded(listed)
    assert newest == {"id": second["id"], "created": second["created"], "expires": None}
    assert (oldest["id"], oldest["expires"] is not None) == (first["id"], True)
    async with transaction_on(connection) as tx:
        account = await find_report_account(tx, 1)
    assert account is not None
    signing = [Sealer(b"k" * 32).open(sealed) for sealed in account.sealed_secrets]
    assert second["secret"] in signing
    assert all(parse_secret(each) for each in signing)


async def test_secrets_are_listed_in_pages(api: httpx.AsyncClient) -> None:
    for _ in range(2):
        await api.post(SECRETS_PATH, json={})
    page = await api.get(f"{SECRETS_PATH}?limit=1")
    assert len(decoded(page)) == 1
    assert 'rel="next"' in page.headers["link"]


async def test_old_secrets_are_removed_the_newest_is_not(api: httpx.AsyncClient) -> None:
    first = decoded(await api.post(SECRETS_PATH, json={}), 201)
    assert decoded(await api.delete(f"{SECRETS_PATH}/{first['id']}"), 409)["detail"] == IN_USE
    await api.post(SECRETS_PATH, json={})
    assert decoded(await api.delete(f"{SECRETS_PATH}/{first['id']}"))["id"] == first["id"]
    assert decoded(await api.delete(f"{SECRETS_PATH}/{first['id']}"), 404)
    assert decoded(await api.delete(f"{SECRETS_PATH}/å"), 404)


async def test_no_grace_ends_the_others_and_too_many_are_refused(api: httpx.AsyncClient) -> None:
    for _ in range(MOST_SECRETS):
        decoded(await api.post(SECRETS_PATH, json={}), 201)
    assert decoded(await api.post(SECRETS_PATH, json={}), 409)["detail"] == TOO_MANY_SECRETS
    made = decoded(await api.post(SECRETS_PATH, json={"graceHours": 0}), 201)
    assert [each["id"] for each in decoded(await api.get(SECRETS_PATH))] == [made["id"]]


@pytest.mark.parametrize("grace", [-1, 169, 1.5, "24", True])
async def test_a_wrong_grace_is_refused(api: httpx.AsyncClient, grace: object) -> None:
    problem = decoded(await api.post(SECRETS_PATH, json={"graceHours": grace}), 400)
    assert list(problem["errors"]) == ["graceHours"]


async def test_failing_origins_are_listed_with_what_waits_and_the_last_error(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    await insert_failing(connection)
    _, (message_id,) = await insert_batch(connection, url=URL)
    await insert_retry(connection, 201, parked=False, message_id=message_id)
    await insert_retry(connection, 201, parked=True)
    await insert_retry(connection, 201, parked=True)
    async with transaction_on(connection) as tx:
        await make_partitions(tx, NOW)
    await insert_attempt(connection, message_id, "", at_ms=NOW_MS)
    await insert_attempt(connection, message_id, "", at_ms=NOW_MS + 1000, status=200)
    (failed,) = decoded(await api.get(FAILED_PATH))
    assert failed == {
        "origin": ORIGIN,
        "failures": 12,
        "since": failed["since"],
        "nextAttempt": failed["nextAttempt"],
        "disabled": None,
        "waiting": 1,
        "givenUp": 2,
        "lastAttempt": {
            "created": failed["lastAttempt"]["created"],
            "messageId": message_id.hex(),
            "code": 201,
            "attempt": 3,
            "answer": 503,
            "milliseconds": 81,
            "reason": "",
        },
    }


async def insert_fresh(connection: Connection, *messages: bytes, account_id: int = 1) -> None:
    """A block of reports that nobody tried yet, one report for each message named."""
    events = [
        StoredEvent(each, each, number, 201, NOW_MS, "46701740605", 1, 350_000, 0)
        for number, each in enumerate(messages, 1)
    ]
    await connection.execute(
        "INSERT INTO report_block VALUES ($1, $2, $3, $4, $5, $6, $7)",
        BUCKET,
        IDS.new(int(NOW.timestamp())),
        account_id,
        ORIGIN,
        NOW,
        len(events),
        encode_events(EventBlock("SEK", [Destination(URL, None)], events)),
    )


async def test_at_a_disabled_origin_all_that_lies_there_is_given_up_each_message_once(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    await insert_failing(connection, disabled=True)
    parked = await insert_retry(connection, 201, parked=True)
    waiting = await insert_retry(connection, 201, parked=False)
    fresh = IDS.new(int(NOW.timestamp()))
    await insert_fresh(connection, parked, waiting, fresh)
    await insert_fresh(connection, fresh)
    await insert_fresh(connection, IDS.new(int(NOW.timestamp())), account_id=2)
    (failed,) = decoded(await api.get(FAILED_PATH))
    assert (failed["givenUp"], failed["waiting"]) == (3, 0)
    done = decoded(await api.post(REPLAY_PATH, json={"origin": ORIGIN}))
    assert (done["wasDisabled"], done["reports"], done["waiting"]) == (True, 5, 1)


async def test_given_up_reports_are_counted_so_far_and_no_further(
    api: httpx.AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_reports, "MOST_COUNTED", 3)
    await insert_failing(connection, disabled=True)
    await insert_retry(connection, 201, parked=True)
    for _ in range(5):
        await insert_fresh(connection, IDS.new(int(NOW.timestamp())))
    assert decoded(await api.get(FAILED_PATH))[0]["givenUp"] == 3


async def test_a_replay_enables_the_origin_and_queues_what_was_given_up(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    await insert_failing(connection, disabled=True)
    parked = await insert_retry(connection, 111, 201, parked=True)
    waiting = await insert_retry(connection, 201, parked=False)
    done = decoded(await api.post(REPLAY_PATH, json={"Origin": URL}))
    assert done == {
        "origin": ORIGIN,
        "wasDisabled": True,
        "reports": 2,
        "waiting": 1,
        "hasMore": False,
        "cursor": None,
    }
    block = decode_block(await connection.fetchval("SELECT events FROM report_block"))
    assert [(event.message_id, event.number, event.code) for event in block.events] == [
        (parked, 4, 111),
        (parked, 5, 201),
    ]
    assert block.destinations == [Destination(URL, None)]
    rows = await connection.fetch("SELECT message_id, due_at FROM report_retry")
    assert [(row["message_id"], row["due_at"]) for row in rows] == [(waiting, NOW)]
    assert decoded(await api.get(FAILED_PATH)) == []


async def test_an_origin_where_nothing_of_ones_own_failed_is_unknown(
    api: httpx.AsyncClient, connection: Connection
) -> None:
    await insert_failing(connection, account_id=2)
    await insert_retry(connection, 201, account_id=2, parked=True)
    foreign = await api.post(REPLAY_PATH, json={"origin": ORIGIN})
    absent = await api.post(REPLAY_PATH, json={"origin": "https://nowhere.example"})
    assert (foreign.status_code, foreign.content) == (404, absent.content)
    assert decoded(await api.get(FAILED_PATH)) == []
    api.headers.update(await insert_key(connection, 2))
    assert decoded(await api.post(REPLAY_PATH, json={"origin": ORIGIN}))["reports"] == 1


@pytest.mark.parametrize("body", [{}, {"origin": 5}, {"origin": ""}, {"origin": "shop.example"}])
async def test_a_wrong_origin_is_refused(api: httpx.AsyncClient, body: dict[str, object]) -> None:
    problem = decoded(await api.post(REPLAY_PATH, json=body), 400)
    assert list(problem["errors"]) == ["origin"]
