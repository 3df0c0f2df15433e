"""Every operation of the API, and how another account would try to reach what is not its own.

An operation that stands in the API's description without a line here fails a test. ``ELSEWHERE`` are ways to
name a thing other than by the path.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias

import httpx

from heliograph.domain.feed_events import pack_event
from heliograph.domain.history import entry
from heliograph.domain.report_url import bucket_of
from heliograph.storage.database import Connection, transaction_on
from heliograph.storage.event_feed import insert_events
from tests.support.rows import IDS, NOW, NOW_MS, insert_batch, insert_lot

OWNER, STRANGER, CHILD, PARENT = 1, 2, 3, 4
Names = dict[str, str]


class Ground(NamedTuple):
    """An account, others, a client for each, and the database behind."""

    connection: Connection
    owner: httpx.AsyncClient
    others: dict[int, httpx.AsyncClient]
    """By account: a stranger, a child of the owner's and the owner's parent."""


class Thing(NamedTuple):
    """An operation on one thing, named in its path, its query or its body."""

    make: Callable[[Ground], Awaitable[Names]]
    """Makes a thing of the owner's and tells how the path names it."""
    absent: Names
    """The name of a thing that nobody has, of the same form."""
    body: Any = None
    """What is sent; names in braces stand for those that were made."""
    missing: int = 404
    """How an absent thing is answered."""


class Listing(NamedTuple):
    """An operation that tells of many things."""

    make: Callable[[Ground], Awaitable[Names]]
    """Makes a thing of the owner's, and tells how the path names what is listed."""
    marker: str
    """The name of the thing that stands in every list that holds it."""
    shown_to: frozenset[int] = frozenset()
    """Others who may see it, too."""


class NamesNothing(NamedTuple):
    """An operation on the caller's account alone: what its path names is made, or is the caller's."""

    why: str


class Unmoved(NamedTuple):
    """An operation on all that fits: what others are answered does not change by the owner's things."""

    make: Callable[[Ground], Awaitable[Names]]
    body: Any = None
    names: Names = {}  # noqa: RUF012
    """How the path names what is asked for."""
    own: Callable[[Ground, int], Awaitable[Names]] | None = None
    """Makes what the other account has itself, and tells how the request names it."""


Case: TypeAlias = Thing | Listing | NamesNothing | Unmoved


class Attempt(NamedTuple):
    """A request that another account makes."""

    method: str
    path: str
    case: Case
    headers: Names = {}  # noqa: RUF012


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


async def told_batch_of_owner(ground: Ground) -> Names:
    batch_id, (message_id,) = await insert_batch(
        ground.connection, OWNER, code=201, url="https://shop.example/reports"
    )
    await ground.connection.execute(
        "UPDATE message SET history = $2 WHERE message_id = $1", message_id, entry(201, NOW_MS)
    )
    return {"batchId": batch_id.hex()}


async def event_of_owner(ground: Ground) -> Names:
    names = await batch_of_owner(ground)
    packed = pack_event(bytes.fromhex(names["messageId"]), 1, 201, NOW_MS)
    async with transaction_on(ground.connection) as tx:
        await insert_events(tx, OWNER, [packed], now=NOW, ids=IDS)
    return names


async def blacklist_entry_of_owner(ground: Ground) -> Names:
    await ground.connection.execute(
        "INSERT INTO blacklist VALUES ($1, '46701740605', $2) ON CONFLICT DO NOTHING", OWNER, NOW
    )
    return {"msisdn": "46701740605"}


async def sender_of_owner(ground: Ground) -> Names:
    await ground.connection.execute(
        "INSERT INTO sender VALUES ($1, 'Acme', $2) ON CONFLICT DO NOTHING", OWNER, NOW
    )
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
    # A child can have none of its own; the parent is one more stranger here.
    await ground.connection.execute("UPDATE account SET parent_id = NULL WHERE account_id = $1", OWNER)
    made = await ground.owner.post("/api/me/children", json={"Name": "Warehouse"})
    return {"account": "ip1-00001", "child": made.json()["Account"]}


async def contact_of_owner(ground: Ground) -> Names:
    contact = {"properties": {"phoneNumber": "+46701740605"}, "labels": ["Mine"]}
    made = await ground.owner.post("/v2/contacts?sync", json=[contact])
    return {"contactId": made.json()[0]["id"], "label": "Mine"}


async def contacts_of_owner(ground: Ground) -> Names:
    await contact_of_owner(ground)
    return await contact_of_owner(ground)


async def contact_of_other(ground: Ground, account_id: int) -> Names:
    contact_id = bytes([account_id]) * 12
    await ground.connection.execute(
        "INSERT INTO contact VALUES ($1, $2, '46701740606', '{}', '{}', $3, $3) ON CONFLICT DO NOTHING",
        account_id,
        contact_id,
        NOW,
    )
    return {"contactId": contact_id.hex()}


async def key_of_owner(ground: Ground) -> Names:
    made = await ground.owner.post("/v2/me/keys", json={"name": "web shop"})
    return {"keyId": made.json()["id"]}


async def secret_of_owner(ground: Ground) -> Names:
    first = await ground.owner.post("/v2/reports/secrets", json={})
    await ground.owner.post("/v2/reports/secrets", json={})
    return {"secretId": first.json()["id"]}


ORIGIN = "https://shop.example:443"


async def held_report_of_owner(ground: Ground) -> Names:
    await disabled_origin(ground, OWNER)
    await ground.connection.execute(
        "INSERT INTO report_block VALUES ($1, $2, $3, $4, $5, 1, '')",
        bucket_of(ORIGIN),
        IDS.new(NOW_MS // 1000),
        OWNER,
        ORIGIN,
        NOW,
    )
    return {}


async def disabled_origin(ground: Ground, account_id: int) -> Names:
    await ground.connection.execute(
        "INSERT INTO report_origin VALUES ($1, $2, $3, 12, $4, $4, $4)"
        " ON CONFLICT (bucket, account_id, origin) DO UPDATE SET disabled_at = EXCLUDED.disabled_at",
        bucket_of(ORIGIN),
        account_id,
        ORIGIN,
        NOW,
    )
    return {}


async def failing_origin_of_owner(ground: Ground) -> Names:
    await ground.connection.execute(
        "INSERT INTO report_origin VALUES ($1, $2, $3, 1, $4, NULL, NULL) ON CONFLICT DO NOTHING",
        bucket_of(ORIGIN),
        OWNER,
        ORIGIN,
        NOW,
    )
    return {"origin": ORIGIN}


NO_CONTACT = {"contactId": "0" * 24}
NO_CHILD = {"child": "ip1-99999"}


NO_BATCH = {"batchId": "0" * 24, "messageId": "0" * 23 + "1"}

MATRIX: dict[tuple[str, str], Case] = {
    ("GET", "/api/me"): Listing(child_of_owner, "account"),
    ("GET", "/api/me/account"): Listing(child_of_owner, "account", shown_to=frozenset({CHILD})),
    ("GET", "/api/me/children"): Listing(child_of_owner, "child"),
    ("POST", "/api/me/children"): NamesNothing("makes a child of the caller's"),
    ("GET", "/api/me/children/{child}"): Thing(child_of_owner, NO_CHILD),
    ("PUT", "/api/me/children/{child}"): Thing(child_of_owner, NO_CHILD, {"Name": "Mine"}),
    ("POST", "/api/me/children/{child}/credit"): Thing(child_of_owner, NO_CHILD, {"Amount": 1}),
    ("DELETE", "/v2/me/keys/{keyId}"): Thing(key_of_owner, {"keyId": "aaaaaaaaaaaaaaaa"}),
    ("GET", "/v2/contacts"): Listing(contact_of_owner, "contactId"),
    ("POST", "/v2/contacts"): NamesNothing("makes contacts of the caller's"),
    ("DELETE", "/v2/contacts"): NamesNothing("deletes contacts of the caller's that fit a filter: see below"),
    ("GET", "/v2/contacts/meta"): Listing(contact_of_owner, "label"),
    ("GET", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT),
    ("PUT", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT, {"properties": {"a": "b"}}),
    ("PATCH", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT, {"properties": {"a": "b"}}),
    ("DELETE", "/v2/contacts/{contactId}"): Thing(contact_of_owner, NO_CONTACT),
    ("POST", "/v2/labels/{label}/contacts"): Thing(
        contact_of_owner, NO_CONTACT | {"label": "Mine"}, ["{contactId}"], 400
    ),
    ("DELETE", "/v2/labels/{label}"): Thing(contact_of_owner, {"label": "Nobody"}),
    ("GET", "/v2/reports/secrets"): Listing(secret_of_owner, "secretId"),
    ("POST", "/v2/reports/secrets"): NamesNothing("makes a secret of the caller's"),
    ("DELETE", "/v2/reports/secrets/{secretId}"): Thing(secret_of_owner, {"secretId": "0" * 16}),
    ("GET", "/v2/reports/failed"): Listing(failing_origin_of_owner, "origin"),
    ("POST", "/v2/reports/test"): NamesNothing("a URL is everybody's to name"),
    ("POST", "/v2/reports/replay"): Thing(told_batch_of_owner, NO_BATCH, {"batchId": "{batchId}"}),
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
    ("GET", "/v2/conversations/{participant}/summary"): Unmoved(
        message_of_owner, names={"participant": "46701740605"}
    ),
    ("GET", "/v2/blacklist"): Listing(blacklist_entry_of_owner, "msisdn"),
    ("POST", "/v2/blacklist"): NamesNothing("makes an entry of the caller's"),
    ("GET", "/v2/blacklist/{msisdn}"): Thing(blacklist_entry_of_owner, {"msisdn": "46701740606"}),
    ("PUT", "/v2/blacklist/{msisdn}"): NamesNothing("makes an entry of the caller's"),
    ("DELETE", "/v2/blacklist/{msisdn}"): Thing(blacklist_entry_of_owner, {"msisdn": "46701740606"}),
}

ELSEWHERE: dict[str, Attempt] = {
    "events of a batch": Attempt("GET", "/v2/events?batchId={batchId}", Thing(event_of_owner, NO_BATCH)),
    "replay of many batches": Attempt(
        "POST", "/v2/reports/replay", Thing(told_batch_of_owner, NO_BATCH, {"batchId": ["{batchId}"]})
    ),
    "replay by time": Attempt(
        "POST", "/v2/reports/replay", Unmoved(told_batch_of_owner, {"createdFrom": "2020-01-01T00:00:00Z"})
    ),
    "replay of an origin": Attempt(
        "POST", "/v2/reports/replay", Unmoved(failing_origin_of_owner, {"origin": ORIGIN})
    ),
    "replay of what lies behind an origin": Attempt(
        "POST", "/v2/reports/replay", Unmoved(held_report_of_owner, {"origin": ORIGIN}, own=disabled_origin)
    ),
    "count of a label": Attempt(
        "POST",
        "/v2/labels/Mine/contacts",
        Unmoved(contacts_of_owner, ["{contactId}"], own=contact_of_other),
    ),
    "contacts of a label": Attempt("GET", "/v2/contacts?labels=Mine", Unmoved(contact_of_owner)),
    "deletion of all with a label": Attempt("DELETE", "/v2/contacts?labels=Mine", Unmoved(contact_of_owner)),
    "acting for a child": Attempt(
        "GET", "/v2/me/senders", Thing(child_of_owner, NO_CHILD), {"Heliograph-Account": "{child}"}
    ),
    "a child's other name": Attempt(
        "PUT", "/api/me/children/{child}", Thing(child_of_owner, NO_CHILD, {"Name": "Mine", "ID": "{child}"})
    ),
}

ATTEMPTS: dict[str, Attempt] = {
    f"{method} {path}": Attempt(method, path, case) for (method, path), case in MATRIX.items()
} | ELSEWHERE
