"""The things that the examples of the document name, made on an installation so that they are there.

Their ids are those that the installation gives them. For each operation there is told what stands in its path
instead of the example's ids.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from heliograph.domain.report_url import bucket_of
from heliograph.storage.database import connect
from heliograph.storage.embedded_postgres import running_dsn
from tests.acceptance.conftest import Served

NUMBER = "46701740605"
"""The one of the examples."""
ORIGIN = "https://shop.example:443"
Names = dict[str, str]


def made(served: Served, path: str, body: Any) -> Any:
    """What a POST makes."""
    status, document = served.ask(path, json.dumps(body).encode())
    assert status in (200, 201), document
    return document


def waiting_batch(served: Served) -> Names:
    """A batch to the number that opens tomorrow, and its message."""
    windows = [{"opens": (datetime.now(UTC) + timedelta(days=1)).isoformat()}]
    with_number_allowed(served)
    batch = {"sender": "iP1", "recipients": [NUMBER], "body": "A very nice message"}
    document = made(served, "/v2/batches", batch | {"deliveryWindows": windows, "reference": "custom-id-123"})
    assert document["messageSummary"] == {"103": {"messages": 1, "sms": 1}}
    message_id = f"{int(document['id'], 16) + 1:024x}"
    return {"batchId": document["id"], "messageId": message_id}


def with_number_allowed(served: Served) -> None:
    """Take the number of the examples off the blacklist."""
    status, document = served.ask(f"/v2/blacklist/{NUMBER}", method="DELETE")
    assert status in (200, 404), document


def paused_batch(served: Served) -> Names:
    """The same, paused."""
    names = waiting_batch(served)
    made(served, f"/v2/batches/{names['batchId']}/pause", {})
    return names


def conversation(served: Served) -> Names:
    """A message to the number and one from it."""
    with_number_allowed(served)
    waiting_batch(served)
    typed = served.command("handset", "send", NUMBER, "46701740699", "Hello back")
    assert typed.returncode == 0, typed.stderr
    return {"participant": NUMBER}


def contact(served: Served) -> Names:
    """A contact with the label of the examples."""
    wanted = [{"properties": {"phoneNumber": f"+{NUMBER}"}, "labels": ["Coworker"]}]
    return {"contactId": made(served, "/v2/contacts?sync", wanted)[0]["id"], "label": "Coworker"}


def child(served: Served) -> Names:
    """A child account."""
    return {"child": made(served, "/api/me/children", {"Name": "Warehouse"})["Account"]}


def key(served: Served) -> Names:
    """One more key."""
    return {"keyId": made(served, "/v2/me/keys", {"name": "web shop"})["id"]}


def old_secret(served: Served) -> Names:
    """A secret that a newer one follows."""
    status, secrets = served.ask("/v2/reports/secrets")
    assert status == 200, secrets
    if len(secrets) < 2:
        made(served, "/v2/reports/secrets", {})
    return {"secretId": secrets[0]["id"]}


def sender(served: Served) -> Names:
    """A registered sender."""
    status, document = served.ask("/v2/me/senders/Acme", method="PUT")
    assert status in (200, 201), document
    return {"sender": "Acme"}


def blacklisted(served: Served) -> Names:
    """The number on the blacklist."""
    made(served, "/v2/blacklist", {"msisdn": NUMBER})
    return {"msisdn": NUMBER}


def failing_origin(served: Served) -> Names:
    """An origin where reports failed: a row, since nothing here answers under its name."""

    async def insert() -> None:
        connection = await connect(running_dsn(served.folder))
        try:
            await connection.execute(
                "INSERT INTO report_origin SELECT $1, account_id, $2, 1, now(), NULL, NULL FROM account"
                " WHERE number = 'ip1-10001' ON CONFLICT DO NOTHING",
                bucket_of(ORIGIN),
                ORIGIN,
            )
        finally:
            await connection.close()

    asyncio.run(insert())
    return {"origin": ORIGIN}


MADE_FOR: dict[tuple[str, str], Callable[[Served], Names]] = {
    ("GET", "/v2/batches"): waiting_batch,
    ("GET", "/v2/batches/{batchId}"): waiting_batch,
    ("PATCH", "/v2/batches/{batchId}"): waiting_batch,
    ("DELETE", "/v2/batches/{batchId}"): waiting_batch,
    ("POST", "/v2/batches/{batchId}/pause"): waiting_batch,
    ("POST", "/v2/batches/{batchId}/resume"): paused_batch,
    ("GET", "/v2/batches/{batchId}/messages"): waiting_batch,
    ("GET", "/v2/batches/{batchId}/messages/{messageId}"): waiting_batch,
    ("GET", "/v2/batches/{batchId}/messages/{messageId}/timeline"): waiting_batch,
    ("GET", "/v2/conversations/{participant}"): conversation,
    ("GET", "/v2/conversations/{participant}/mt"): conversation,
    ("GET", "/v2/conversations/{participant}/mo"): conversation,
    ("GET", "/v2/conversations/{participant}/summary"): conversation,
    ("GET", "/v2/me/senders"): sender,
    ("GET", "/v2/me/senders/{sender}"): sender,
    ("PUT", "/v2/me/senders/{sender}"): sender,
    ("DELETE", "/v2/me/senders/{sender}"): sender,
    ("GET", "/v2/reports/secrets"): old_secret,
    ("DELETE", "/v2/reports/secrets/{secretId}"): old_secret,
    ("GET", "/v2/reports/failed"): failing_origin,
    ("POST", "/v2/reports/replay"): failing_origin,
    ("GET", "/v2/blacklist"): blacklisted,
    ("GET", "/v2/blacklist/{msisdn}"): blacklisted,
    ("PUT", "/v2/blacklist/{msisdn}"): blacklisted,
    ("DELETE", "/v2/blacklist/{msisdn}"): blacklisted,
    ("GET", "/v2/contacts"): contact,
    ("DELETE", "/v2/contacts"): contact,
    ("GET", "/v2/contacts/{contactId}"): contact,
    ("PUT", "/v2/contacts/{contactId}"): contact,
    ("PATCH", "/v2/contacts/{contactId}"): contact,
    ("DELETE", "/v2/contacts/{contactId}"): contact,
    ("POST", "/v2/labels/{label}/contacts"): contact,
    ("DELETE", "/v2/labels/{label}"): contact,
    ("GET", "/api/me/children"): child,
    ("GET", "/api/me/children/{child}"): child,
    ("PUT", "/api/me/children/{child}"): child,
    ("POST", "/api/me/children/{child}/credit"): child,
    ("GET", "/v2/me/keys"): key,
    ("DELETE", "/v2/me/keys/{keyId}"): key,
}
"""What is made for the examples of an operation; of the others, none names a thing."""
