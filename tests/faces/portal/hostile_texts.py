"""Markup wherever somebody else's words are kept: a canary that runs where one page forgets to escape.

Each text ends with a name of its own, so that a test can tell which of them it has seen on a page.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web

from heliograph.carriers.translate import recipient_tail, smsc_hash
from heliograph.domain.history import entry, milliseconds
from heliograph.domain.ids import IdSource, id_at, parse_id
from heliograph.domain.report_events import Attempt, encode_events
from heliograph.faces.portal.handset_pages import FIRST_PHONE
from heliograph.simulator.handset_api import handset_api
from heliograph.simulator.simulator_settings import SimulatorSettings
from heliograph.simulator.smpp_wire import Submit
from heliograph.simulator.smsc import Smsc
from heliograph.smpp import DeliverSm
from heliograph.smpp.codec import encode
from heliograph.storage.database import Connection, connect, transaction_on
from heliograph.storage.receipts import insert_receipt_block
from tests.support.accepting import utc_now
from tests.support.rows import insert_batch
from tests.support.served_portal import ServedPortal

SHORT = "<img src=x onerror=canary=1>"
HOSTILE = '"\'><script>window.canary=1</script><img src=x onerror="window.canary=1">{{7*7}}'
LETTERS = '<b onclick="a">4</b>'
"""What a carrier may give as the sender of an incoming message: at most 20 octets."""
RECEIPT = "id:smsc-1 sub:001 dlvrd:001 submit date:2611230900 done date:2611230900 stat:DELIVRD err:000 text:"

NAMES = (
    *("agent", "phone", "answer", "receipt", "webhook", "file", "column", "cell", "carrier", "address"),
    *("holder", "body", "value", "reference", "tag", "account", "keyword", "key", "note", "prices", "person"),
    *("label", "property", "actor", "subject", "detail"),
)
"""Of every text that must come up on some page."""


def canary(name: str) -> str:
    """A hostile text with its name."""
    return SHORT + name


def seen_names(source: str) -> set[str]:
    """Which of them stand in the source of a page."""
    parts = source.replace("&gt;", ">").split(SHORT.replace("<img", "img"))
    return {name for part in parts[1:] for name in NAMES if part.startswith(name)}


async def fill_with_hostile_texts(portal: ServedPortal, dsn: str, secret: str) -> list[str]:
    """Put them everywhere, as whoever has the secret; pages that must be among those seen."""
    sent = await portal.api.post(
        {
            "sender": "iP1",
            "recipients": {FIRST_PHONE: {"name": HOSTILE}, "1": {"name": canary("value")}},
            "body": f"Hello {{name}} {canary('body')} {HOSTILE}",
            "reference": canary("reference"),
            "tags": [canary("tag")],
            "deliveryReportUrl": f"https://example.com/?{canary('url').replace(' ', '+')}",
        }
    )
    assert sent.status == 201, sent.body
    connection = await connect(dsn)
    try:
        await _name_everything(connection, portal.started.account_id)
        message_id = await _deliver(connection, portal.started.account_id, parse_id(sent.json["id"]) or b"")
        answer_id = await _answer(connection, portal.started.account_id)
        await _guard(connection, portal.started.account_id)
    finally:
        await connection.close()
    message = f"/portal/batches/{sent.json['id']}/messages/{message_id.hex()}"
    return [message, f"/portal/conversations/{answer_id.hex()}", *await _type_in(portal, secret)]


async def _name_everything(connection: Connection, account_id: int) -> None:
    """The names that people, customers and operators give."""
    now = utc_now()
    for statement, name in (
        ("UPDATE account SET name = $1", "account"),
        ("UPDATE api_key SET name = $1", "key"),
        ("UPDATE carrier SET name = $1", "carrier"),
        ("UPDATE carrier SET host = $1", "address"),
        ("UPDATE ledger SET note = $1", "note"),
        ("UPDATE price_list SET name = $1", "prices"),
    ):
        await connection.execute(statement, canary(name))
    await connection.execute(
        "INSERT INTO bind_lease SELECT carrier_id, 0, 7, $1, $2, $3 FROM carrier",
        canary("holder"),
        now + timedelta(hours=1),
        now,
    )
    await connection.execute(
        "INSERT INTO inbound_number (number, account_id, shared, created_at) VALUES ('72456', $1, true, $2)",
        account_id,
        now,
    )
    await connection.execute(
        "INSERT INTO inbound_keyword (number, keyword, account_id) VALUES ('72456', $1, $2)",
        canary("keyword"),
        account_id,
    )
    await connection.execute(
        "INSERT INTO audit_entry VALUES ($1, $2, $3, NULL, $4, 'key.created', $5, $6)",
        account_id,
        id_at(int(now.timestamp())),
        now,
        canary("actor"),
        canary("subject"),
        json.dumps({HOSTILE: canary("detail")}),
    )


async def _deliver(connection: Connection, account_id: int, batch_id: bytes) -> bytes:
    """A message with a receipt, and a report of it that its receiver refused, in hostile words; its id."""
    now = utc_now()
    message_id: bytes = await connection.fetchval(
        "SELECT message_id FROM message WHERE batch_id = $1 ORDER BY message_id LIMIT 1", batch_id
    )
    at = milliseconds(now)
    await connection.execute(
        "UPDATE message SET code = 201, rank = 9, previous_code = 103, history = $2 WHERE message_id = $1",
        message_id,
        entry(110, at) + entry(111, at + 5) + entry(201, at + 9),
    )
    await connection.execute(
        "INSERT INTO segment (carrier_id, smsc_hash, day, segment, segments, recipient_tail, account_id,"
        " message_id, smsc_id) SELECT carrier_id, $1, $2, 0, 1, $3, $4, $5, 'smsc-1' FROM carrier",
        smsc_hash("smsc-1"),
        now.date(),
        recipient_tail(FIRST_PHONE),
        account_id,
        message_id,
    )
    receipt = DeliverSm(
        source_addr=FIRST_PHONE,
        destination_addr="iP1",
        esm_class=4,
        short_message=(RECEIPT + canary("receipt")).encode(),
    )
    carrier_id = await connection.fetchval("SELECT carrier_id FROM carrier")
    async with transaction_on(connection) as tx:
        await insert_receipt_block(
            tx, carrier_id, id_at(int(now.timestamp())), [encode(receipt, 7)], received_at=now
        )
    bucket = await connection.fetchval("SELECT report_bucket FROM batch WHERE batch_id = $1", batch_id)
    await connection.execute(
        "INSERT INTO report_attempt VALUES ($1, $2, $3, $4, $3, $3, $5)",
        bucket,
        now.date(),
        message_id,
        account_id,
        encode_events([Attempt(message_id, 1, 110, 1, at, 422, 9, "", canary("webhook"))]),
    )
    return message_id


async def _answer(connection: Connection, account_id: int) -> bytes:
    """What handsets wrote; the message of the one that has a name for a number."""
    for sender, ids in (("46701740650", IdSource(b"inbox")), (LETTERS, IdSource(b"names"))):
        _, (message_id,) = await insert_batch(
            connection,
            account_id,
            sender=sender,
            recipients=["46701740699"],
            code=201,
            price=0,
            incoming=True,
            created_at=utc_now(),
            ids=ids,
        )
    await connection.execute("UPDATE batch SET body = $1 WHERE direction = 1", canary("answer") + HOSTILE)
    return message_id


async def _guard(connection: Connection, account_id: int) -> None:
    """Nothing hostile: what the pages of the guard show at all."""
    await connection.execute(
        "INSERT INTO guard_rule (account_id, prefix, mode, most, seconds) VALUES (0, '*', 2, 20, 3600)"
    )
    await connection.execute(
        "INSERT INTO guard_window (account_id, prefix, seconds, starts_at, recipients, most, blocks,"
        " beyond, blocked, counted_at, exceeded_at)"
        " VALUES ($1, '225', 3600, $2, 9, 1, true, 8, 6, $2, $2)",
        account_id,
        utc_now(),
    )


def hostile_file() -> tuple[str, bytes]:
    """A table's name and content."""
    columns = ("number", canary("column"), HOSTILE)
    cells = (f"+{FIRST_PHONE}", canary("cell"), HOSTILE)
    lines = (";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in (columns, cells))
    return canary("file") + ".csv", "\r\n".join(lines).encode()


async def _type_in(portal: ServedPortal, secret: str) -> list[str]:
    """What somebody types into the portal itself, and a draft with a file."""
    async with portal.client(secret) as client:
        properties = f"a<b>: {canary('property')}"
        fields = {"number": f"+{FIRST_PHONE}", "properties": properties, "labels": canary("label")}
        assert (await client.post("/portal/contacts/new", fields)).status_code == 303
        assert (await client.post("/portal/blacklist/add", {"msisdn": "46701740666"})).status_code == 303
        draft = {"step": "go on", "sender": "iP1", "body": "Hello", "zone": "Europe/Stockholm"}
        kept = await client.post("/portal/compose", draft, files={"file": hostile_file()})
        assert kept.status_code == 303, kept.text
    address = kept.headers["location"].partition("#")[0]
    return [address, f"{address}/review"]


async def look_out_of_hostile_browsers(portal: ServedPortal) -> None:
    """Let every login have been begun by a browser that says hostile things of itself."""
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE login SET browser = $1", canary("agent"))


@asynccontextmanager
async def hostile_handsets() -> AsyncIterator[str]:
    """The simulated handsets, one of which got hostile texts; where they are read."""
    settings = SimulatorSettings(system_id="test", password="test")
    smsc = Smsc(settings, now=utc_now)
    for sender, text in ((LETTERS, canary("phone")), ("iP1", HOSTILE)):
        submit = Submit(
            source=b"\x05\x00" + sender.encode(),
            destination=b"\x01\x01" + FIRST_PHONE.encode(),
            esm_class=0,
            registered_delivery=0,
            data_coding=0,
            octets=text.replace("{{7*7}}", "").encode(),
        )
        smsc.handsets.arrive((utc_now(), submit))
    runner = web.AppRunner(handset_api(smsc), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
