"""What one account can do to another's things through the API: nothing, nor can it tell that they exist.

The matrix is made from the API's own description: an operation that stands there without saying here how it
is tried fails the first test.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from types import ModuleType
from typing import Any, NamedTuple

import httpx
import pytest

from heliograph.domain.feed_events import pack_event
from heliograph.domain.report_url import bucket_of
from heliograph.faces.api.openapi import openapi_document
from heliograph.storage import batch_reading, webhook_secrets
from heliograph.storage.database import Connection, connect, load_query, transaction_on
from heliograph.storage.event_feed import insert_events
from tests.storage.test_row_level_security import without_account_filter
from tests.support.rows import IDS, NOW, NOW_MS, insert_account, insert_batch, insert_lot
from tests.support.served_api import insert_key, served_api

OWNER, STRANGER = 1, 2
Names = dict[str, str]


class Ground(NamedTuple):
    """Two accounts, a client for each, and the database behind."""

    connection: Connection
    owner: httpx.AsyncClient
    stranger: httpx.AsyncClient


class Thing(NamedTuple):
    """An operation on one thing, named in its path."""

    make: Callable[[Ground], Awaitable[Names]]
    """Makes a thing of the owner's and tells how the path names it."""
    absent: Names
    """The name of a thing that nobody has, of the same form."""
    body: Any = None


class Listing(NamedTuple):
    """An operation that tells of many things."""

    make: Callable[[Ground], Awaitable[Names]]
    """Makes a thing of the owner's, and tells how the path names what is listed."""
    marker: str
    """The name of the thing that stands in every list that holds it."""


class NamesNothing(NamedTuple):
    """An operation on the caller's account alone: what its path names is made, or is the caller's."""

    why: str


async def batch_of_owner(ground: Ground) -> Names:
    batch_id, (message_id,) = await insert_batch(ground.connection, OWNER, recipients=["46701740605"])
    return {"batchId": batch_id.hex(), "messageId": message_id.hex()}


async def waiting_batch_of_owner(ground: Ground) -> Names:
    await ground.connection.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'carrier', '127.0.0.1', 2775, 'esme', '') ON CONFLICT DO NOTHING"
    )
    batch_id, messages = await insert_batch(ground.connection, OWNER)
    await insert_lot(ground.connection, messages, account_id=OWNER)
    return {"batchId": batch_id.hex(), "messageId": messages[0].hex()}


async def paused_batch_of_owner(ground: Ground) -> Names:
    names = await waiting_batch_of_owner(ground)
    await ground.owner.post(f"/v2/batches/{names['batchId']}/pause")
    return names


async def finished_batch_of_owner(ground: Ground) -> Names:
    batch_id, (message_id,) = await insert_batch(ground.connection, OWNER, code=201)
    return {"batchId": batch_id.hex(), "messageId": message_id.hex()}


async def event_of_owner(ground: Ground) -> Names:
    names = await batch_of_owner(ground)
    packed = pack_event(bytes.fromhex(names["messageId"]), 1, 201, NOW_MS)
    async with transaction_on(ground.connection) as tx:
        await insert_events(tx, OWNER, [packed], now=NOW, ids=IDS)
    return names


async def blacklist_entry_of_owner(ground: Ground) -> Names:
    await ground.connection.execute("INSERT INTO blacklist VALUES ($1, '46701740605', $2)", OWNER, NOW)
    return {"msisdn": "46701740605"}


async def sender_of_owner(ground: Ground) -> Names:
    await ground.connection.execute("INSERT INTO sender VALUES ($1, 'Acme', $2)", OWNER, NOW)
    return {"sender": "Acme"}


async def message_of_owner(ground: Ground) -> Names:
    names = await batch_of_owner(ground)
    return {**names, "participant": "46701740605"}


async def answer_to_owner(ground: Ground) -> Names:
    batch_id, _ = await insert_batch(
        ground.connection, OWNER, sender="46701740605", recipients=["46790000000"], incoming=True
    )
    return {"batchId": batch_id.hex(), "participant": "46701740605"}


async def child_of_owner(ground: Ground) -> Names:
    made = await ground.owner.post("/api/me/children", json={"Name": "Warehouse"})
    return {"account": "ip1-00001", "child": made.json()["Account"]}


async def contact_of_owner(ground: Ground) -> Names:
    contact = {"properties": {"phoneNumber": "+46701740605"}, "labels": ["Mine"]}
    made = await ground.owner.post("/v2/contacts?sync", json=[contact])
    return {"contactId": made.json()[0]["id"], "label": "Mine"}


async def key_of_owner(ground: Ground) -> Names:
    made = await ground.owner.post("/v2/me/keys", json={"name": "web shop"})
    return {"keyId": made.json()["id"]}


async def secret_of_owner(ground: Ground) -> Names:
    first = await ground.owner.post("/v2/reports/secrets", json={})
    await ground.owner.post("/v2/reports/secrets", json={})
    return {"secretId": first.json()["id"]}


async def failing_origin_of_owner(ground: Ground) -> Names:
    origin = "https://shop.example:443"
    await ground.connection.execute(
        "INSERT INTO report_origin VALUES ($1, $2, $3, 1, $4, NULL, NULL)",
        bucket_of(origin),
        OWNER,
        origin,
        NOW,
    )
    return {"origin": origin}


NO_CONTACT = {"contactId": "0" * 24}
NO_CHILD = {"child": "ip1-99999"}


NO_BATCH = {"batchId": "0" * 24, "messageId": "0" * 23 + "1"}

MATRIX: dict[tuple[str, str], Thing | Listing | NamesNothing] = {
    ("GET", "/api/me"): Listing(child_of_owner, "account"),
    ("GET", "/api/me/account"): Listing(child_of_owner, "account"),
    ("GET", "/api/me/children"): Listing(child_of_owner, "child"),
    ("POST", "/api/me/children"): NamesNothing("makes a child of the caller's"),
    ("GET", "/api/me/children/{child}"): Thing(child_of_owner, NO_CHILD),
    ("PUT", "/api/me/children/{child}"): Thing(child_of_owner, NO_CHILD, {"Name": "Mine"}),
    ("POST", "/api/me/children/{child}/credit"): Thing(child_of_owner, NO_CHILD, {"Amount": 1}),
    ("DELETE", "/v2/me/keys/{keyId}"): Thing(key_of_owner, {"keyId": "aaaaaaaaaaaaaaaa"}),
    ("GET", "/v2/contacts"): Listing(contact_of_owner, "contactId"),
    ("POST", "/v2/contacts"): NamesNothing("makes contacts of the caller's"),
    ("DELETE", "/v2/contacts"): NamesNothing("deletes contacts of the caller's that fit a filter"),
    ("GET", "/v2/contacts/meta"): Listing(contact_of_owner, "label"),
    ("GET", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT),
    ("PUT", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT, {"properties": {"a": "b"}}),
    ("PATCH", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT, {"properties": {"a": "b"}}),
    ("DELETE", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT),
    ("POST", "/v2/labels/{label}/contacts"): NamesNothing("labels contacts of the caller's: see their tests"),
    ("DELETE", "/v2/labels/{label}"): Thing(contact_of_owner, {"label": "Nobody"}),
    ("GET", "/v2/reports/secrets"): Listing(secret_of_owner, "secretId"),
    ("POST", "/v2/reports/secrets"): NamesNothing("makes a secret of the caller's"),
    ("DELETE", "/v2/reports/secrets/{secretId}"): Thing(secret_of_owner, {"secretId": "0" * 16}),
    ("GET", "/v2/reports/failed"): Listing(failing_origin_of_owner, "origin"),
    ("POST", "/v2/reports/test"): NamesNothing("a URL is everybody's to name"),
    ("POST", "/v2/reports/replay"): NamesNothing("an origin is everybody's to name: see its tests"),
    ("GET", "/v2/batches"): Listing(batch_of_owner, "batchId"),
    ("POST", "/v2/batches"): NamesNothing("makes a batch of the caller's"),
    ("GET", "/v2/batches/{batchId}"): Thing(batch_of_owner, NO_BATCH),
    ("DELETE", "/v2/batches/{batchId}"): Thing(finished_batch_of_owner, NO_BATCH),
    ("PATCH", "/v2/batches/{batchId}"): Thing(waiting_batch_of_owner, NO_BATCH, {"deliveryWindows": []}),
    ("POST", "/v2/batches/{batchId}/pause"): Thing(waiting_batch_of_owner, NO_BATCH),
    ("POST", "/v2/batches/{batchId}/resume"): Thing(paused_batch_of_owner, NO_BATCH),
    ("GET", "/v2/batches/{batchId}/messages"): Thing(batch_of_owner, NO_BATCH),
    ("GET", "/v2/batches/{batchId}/messages/{messageId}"): Thing(batch_of_owner, NO_BATCH),
    ("GET", "/v2/me/keys"): Listing(key_of_owner, "keyId"),
    ("POST", "/v2/me/keys"): NamesNothing("makes a key of the caller's"),
    ("GET", "/v2/me/senders"): Listing(sender_of_owner, "sender"),
    ("PUT", "/v2/me/senders"): NamesNothing("registers a sender of the caller's"),
    ("GET", "/v2/me/senders/{sender}"): Thing(sender_of_owner, {"sender": "Other"}),
    ("PUT", "/v2/me/senders/{sender}"): NamesNothing("registers a sender of the caller's"),
    ("DELETE", "/v2/me/senders/{sender}"): Thing(sender_of_owner, {"sender": "Other"}),
    ("GET", "/v2/events"): Listing(event_of_owner, "messageId"),
    ("GET", "/v2/batches/{batchId}/messages/{messageId}/timeline"): Thing(batch_of_owner, NO_BATCH),
    ("GET", "/v2/conversations/{participant}"): Listing(message_of_owner, "messageId"),
    ("GET", "/v2/conversations/{participant}/mt"): Listing(message_of_owner, "messageId"),
    ("GET", "/v2/conversations/{participant}/mo"): Listing(answer_to_owner, "batchId"),
    ("GET", "/v2/conversations/{participant}/summary"): NamesNothing("a number is everybody's to ask for"),
    ("GET", "/v2/blacklist"): Listing(blacklist_entry_of_owner, "msisdn"),
    ("POST", "/v2/blacklist"): NamesNothing("makes an entry of the caller's"),
    ("GET", "/v2/blacklist/{msisdn}"): Thing(blacklist_entry_of_owner, {"msisdn": "46701740606"}),
    ("PUT", "/v2/blacklist/{msisdn}"): NamesNothing("makes an entry of the caller's"),
    ("DELETE", "/v2/blacklist/{msisdn}"): Thing(blacklist_entry_of_owner, {"msisdn": "46701740606"}),
}

METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [
    (method.upper(), path)
    for path, described in openapi_document()["paths"].items()
    for method in METHODS
    if method in described and described[method].get("security") != []
]
THINGS = [key for key, case in MATRIX.items() if isinstance(case, Thing)]
LISTINGS = [key for key, case in MATRIX.items() if isinstance(case, Listing)]


@pytest.fixture
async def ground(database: str) -> AsyncIterator[Ground]:
    connection = await connect(database)
    await insert_account(connection, OWNER)
    await insert_account(connection, STRANGER)
    async with served_api(database) as owner, served_api(database) as stranger:
        owner.headers.update(await insert_key(connection, OWNER))
        stranger.headers.update(await insert_key(connection, STRANGER))
        yield Ground(connection, owner, stranger)
    await connection.close()


def test_every_operation_is_in_the_matrix() -> None:
    assert set(MATRIX) == set(OPERATIONS)


@pytest.mark.parametrize("key", THINGS, ids=" ".join)
async def test_another_accounts_thing_is_as_absent_as_one_that_never_was(
    ground: Ground, key: tuple[str, str]
) -> None:
    assert await difference(ground, key) is None


@pytest.mark.parametrize("key", LISTINGS, ids=" ".join)
async def test_lists_hold_nothing_of_another_account(ground: Ground, key: tuple[str, str]) -> None:
    case = MATRIX[key]
    assert isinstance(case, Listing)
    names = await case.make(ground)
    method, path = key
    hers = await ground.owner.request(method, path.format(**names))
    theirs = await ground.stranger.request(method, path.format(**names))
    assert hers.status_code == theirs.status_code == 200
    assert names[case.marker] in hers.text
    assert names[case.marker] not in theirs.text


async def difference(ground: Ground, key: tuple[str, str]) -> str | None:
    """How a stranger tells the owner's thing from an absent one; None if not at all.

    In the end the owner does what the stranger could not, which shows that the thing was there untouched.
    """
    method, path = key
    case = MATRIX[key]
    assert isinstance(case, Thing)
    named = path.format(**await case.make(ground))
    foreign = await ground.stranger.request(method, named, json=case.body)
    absent = await ground.stranger.request(method, path.format(**case.absent), json=case.body)
    owners = await ground.owner.request(method, named, json=case.body)
    if (foreign.status_code, foreign.content) != (absent.status_code, absent.content):
        return f"{foreign.status_code} {foreign.text}, not {absent.status_code} {absent.text}"
    if absent.status_code != 404:
        return f"an absent thing is {absent.status_code}"
    if owners.status_code >= 300:
        return f"the owner gets {owners.status_code} {owners.text}"
    return None


def forget_account_filter(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *names: str) -> None:
    """Run statements of a module as if their author had forgotten the account."""
    forgetful = {}
    for name in names:
        forgetful[name], count = without_account_filter(load_query(name))
        assert count
    monkeypatch.setattr(module, "load_query", lambda asked: forgetful.get(asked) or load_query(asked))


async def test_a_forgotten_account_filter_of_a_writer_is_found(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_account_filter(monkeypatch, batch_reading, "find_batch")
    found = await difference(ground, ("DELETE", "/v2/batches/{batchId}"))
    assert found is not None
    assert found.startswith("200")


async def test_a_forgotten_account_filter_of_a_writer_of_secrets_is_found(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_account_filter(monkeypatch, webhook_secrets, "remove_webhook_secret")
    found = await difference(ground, ("DELETE", "/v2/reports/secrets/{secretId}"))
    assert found is not None
    assert found.startswith("200")


async def test_a_forgotten_account_filter_of_a_reader_shows_nothing(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row-level security stands behind it."""
    forget_account_filter(monkeypatch, batch_reading, "find_batch")
    assert await difference(ground, ("GET", "/v2/batches/{batchId}")) is None
