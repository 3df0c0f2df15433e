"""What bench.portal_pages asks the portal for: every page it has, and what some of them look for."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import httpx

from heliograph.domain.ids import IdSource
from heliograph.domain.report_events import Attempt, encode_events
from heliograph.domain.report_url import BUCKETS
from heliograph.faces.portal.portal_app import ROUTES
from heliograph.storage.database import Database, Transaction
from heliograph.storage.inbound_numbers import add_keyword, add_number
from heliograph.storage.report_queue import AttemptRow, insert_attempts
from heliograph.wiring.parts import utc_now

CSRF: Final = "bench"
RECIPIENTS: Final = 10_000
"""Of the batch that is being composed."""
ATTEMPTS: Final = 500_000
"""To deliver reports, in the last hours."""
ATTEMPTS_A_BLOCK: Final = 50
CONTACTS: Final = 1_000_000
"""Each with two properties; all have one label, every tenth another."""
BLACKLISTED: Final = 100_000
ACCOUNTS: Final = 10_000
PREFIXES: Final = 10_000
"""With a price and a cost."""
_SHORT_NUMBER: Final = "72456"
_HEADERS: Final = {"sec-fetch-site": "same-origin"}


class Asked(NamedTuple):
    """What is asked for, under its name in the table; ``{words}`` stand for what is in the database."""

    name: str
    path: str
    form: dict[str, str] | None = None


_BATCH: Final = "/portal/batches/{batch_id}"
_MESSAGE: Final = _BATCH + "/messages/{message_id}"
_OPERATOR: Final = "/portal/operator"

REQUESTS: Final = (
    Asked("overview", "/portal/"),
    Asked("overview, its live part", "/portal/live/overview?looks=1"),
    Asked("overview, values of today's chart", "/portal/live/traffic?span=today"),
    Asked("overview, values of the week's chart", "/portal/live/traffic?span=week"),
    Asked("compose", "/portal/compose"),
    Asked("compose, a draft to 10,000 numbers", "/portal/compose/{draft}"),
    Asked("compose, the review of 10,000 numbers", "/portal/compose/{draft}/review"),
    Asked("compose, a handset's preview", "/portal/compose/{draft}/preview?place=5000"),
    Asked("batches", "/portal/batches"),
    Asked("batches, a page in the middle", "/portal/batches?after={batch_id}"),
    Asked("batches that are finished", "/portal/batches?status=sent"),
    Asked("batches that are under way, of which there are none", "/portal/batches?status=ongoing"),
    Asked("batches of a sender", "/portal/batches", {"sender": "iP1"}),
    Asked("batches with a reference that none has", "/portal/batches", {"reference": "none"}),
    Asked("a batch", _BATCH),
    Asked("a batch, its failed messages, of which there are none", f"{_BATCH}?group=failed"),
    Asked("a batch, its live part", f"{_BATCH}/progress?looks=1"),
    Asked("a batch, the message of one number", f"{_BATCH}/find", {"recipient": "{number}"}),
    Asked("a batch, to be sent again", f"{_BATCH}/again"),
    Asked("latest messages", "/portal/messages"),
    Asked("messages of a number", "/portal/messages", {"wanted": "{number}"}),
    Asked("messages of a number that has none", "/portal/messages", {"wanted": "46709999999"}),
    Asked("a message by its id", "/portal/messages", {"wanted": "{message_id}"}),
    Asked("messages that failed, of which there are none", "/portal/messages", {"group": "failed"}),
    Asked("messages with a word that none has", "/portal/messages", {"text": "nowhere"}),
    Asked(
        "messages of a number that failed, of which there are none",
        "/portal/messages",
        {"wanted": "{number}", "group": "failed"},
    ),
    Asked("a message", _MESSAGE),
    Asked("a message, its timeline", f"{_MESSAGE}/timeline"),
    Asked("conversations", "/portal/conversations"),
    Asked("conversations, live", "/portal/live/conversations?looks=1"),
    Asked("a conversation", "/portal/conversations/{message_id}"),
    Asked("a conversation, its live part", "/portal/conversations/{message_id}/messages?looks=1"),
    Asked("contacts", "/portal/contacts"),
    Asked("contacts, a page in the middle", "/portal/contacts?after={middle_contact}"),
    Asked("contacts of a label", "/portal/contacts?of={label}"),
    Asked("contacts with a number", "/portal/contacts/find", {"number": "+{number}"}),
    Asked("a contact", "/portal/contacts/{contact_id}"),
    Asked("a new contact", "/portal/contacts/new"),
    Asked("contacts, import", "/portal/contacts/import"),
    Asked("blacklist", "/portal/blacklist"),
    Asked("senders", "/portal/senders"),
    Asked("numbers", "/portal/numbers"),
    Asked("keys", "/portal/keys"),
    Asked("a new key", "/portal/keys/new"),
    Asked("webhooks", "/portal/webhooks"),
    Asked("webhooks, attempts", "/portal/webhooks/attempts"),
    Asked("webhooks, failed attempts, of which there are none", "/portal/webhooks/attempts?show=failed"),
    Asked("webhooks, an attempt", "/portal/webhooks/attempts/{attempt}"),
    Asked("usage", "/portal/usage"),
    Asked("users", "/portal/users"),
    Asked("settings", "/portal/settings"),
    Asked("guard", "/portal/guard"),
    Asked("audit", "/portal/audit"),
    Asked("me", "/portal/me"),
    Asked("operator/accounts", f"{_OPERATOR}/accounts"),
    Asked("operator/accounts, one", f"{_OPERATOR}/accounts/{{account}}"),
    Asked("operator/new-account", f"{_OPERATOR}/new-account"),
    Asked("operator/carriers", f"{_OPERATOR}/carriers"),
    Asked("operator/carriers, live", f"{_OPERATOR}/live/carriers?looks=1"),
    Asked("operator/carriers, one", f"{_OPERATOR}/carriers/{{carrier_id}}"),
    Asked("operator/carriers, one, live", f"{_OPERATOR}/live/carriers/{{carrier_id}}?looks=1"),
    Asked("operator/carriers, costs of one", f"{_OPERATOR}/carriers/{{carrier_id}}/costs"),
    Asked("operator/new-carrier", f"{_OPERATOR}/new-carrier"),
    Asked("operator/routes", f"{_OPERATOR}/routes"),
    Asked(
        "operator/routes, where a number would go",
        f"{_OPERATOR}/routes/explain",
        {"number": "{number}", "of_account": "{account}", "as_sender": "iP1"},
    ),
    Asked("operator/numbers", f"{_OPERATOR}/numbers"),
    Asked("operator/numbers, one", f"{_OPERATOR}/numbers/{{short_number}}"),
    Asked("operator/prices", f"{_OPERATOR}/prices"),
    Asked("operator/prices, one list", f"{_OPERATOR}/prices/{{price_list_id}}"),
    Asked("operator/guard", f"{_OPERATOR}/guard"),
    Asked("operator/queues", f"{_OPERATOR}/queues"),
    Asked("operator/queues, live", f"{_OPERATOR}/live/queues?looks=1"),
    Asked("operator/alarms", f"{_OPERATOR}/alarms"),
    Asked("operator/alarms, live", f"{_OPERATOR}/live/alarms?looks=1"),
    Asked("operator/health", f"{_OPERATOR}/health"),
    Asked("operator/health, live", f"{_OPERATOR}/live/processes?looks=1"),
    Asked("operator/audit", f"{_OPERATOR}/audit"),
)

NOT_TIMED: Final = {
    "/portal/sign-in": "a form that reads nothing",
    "/portal/sign-in/second-step": "needs a sign-in that is half done",
    "/portal/forgotten": "a form that reads nothing",
    "/portal/welcome": "there once, after the first start",
    "/portal/welcome/{}": "a link that counts once",
    "/portal/invitation/{}": "a link that counts once",
    "/portal/me/app": "there while an authenticator app is being set up",
    "/portal/me/app/picture.svg": "there while an authenticator app is being set up",
    "/portal/handset": "what it shows comes from the simulated carrier",
    "/portal/handset/screen": "what it shows comes from the simulated carrier",
    "/portal/contacts/export.csv": "a file: as long as there are contacts",
    "/portal/usage/ledger.csv": "a file: as long as the ledger",
    "/portal/usage/days.csv": "a file: what the page of usage shows",
    "/portal/batches/{}/messages.csv": "a file: as long as the batch",
    "/portal/batches/{}/reschedule": "of batches that wait, and here all are sent",
    "/portal/static/{}": "a file of the portal's own",
}
"""Routes that are no pages among many messages, and why."""


def forgotten_routes() -> list[str]:
    """Pages of the portal that are neither asked for nor said above to be left out."""
    timed = {_shape(asked.path) for asked in REQUESTS} | NOT_TIMED.keys()
    shown = {_shape(path) for route in ROUTES if "GET" in route.http_methods for path in route.paths}
    return sorted(shown - timed)


def filled_in(things: Mapping[str, str]) -> Iterator[Asked]:
    """The requests, with ids and numbers that are in the database."""
    for asked in REQUESTS:
        form = asked.form and {name: value.format(**things) for name, value in asked.form.items()}
        yield Asked(asked.name, asked.path.format(**things), form)


async def things_to_ask_for(database: Database, client: httpx.AsyncClient) -> dict[str, str]:
    """Ids and a number from the middle of what is there, and what is made to be looked at."""
    async with database.transaction() as tx:
        batch_id: bytes = await tx.fetchval(
            "SELECT batch_id FROM batch ORDER BY batch_id OFFSET $1 LIMIT 1", 500
        )
        message = await tx.fetchrow(
            "SELECT message_id, recipient, account_id FROM message WHERE batch_id = $1 AND message_id > $1"
            " ORDER BY message_id OFFSET 10 LIMIT 1",
            batch_id,
        )
        assert message is not None
        account_id = message["account_id"]
        await add_number(tx, _SHORT_NUMBER, account_id=account_id, shared=True, now=utc_now())
        await add_keyword(tx, _SHORT_NUMBER, "bench", account_id)
        account = await tx.fetchval("SELECT number FROM account WHERE account_id = $1", account_id)
        attempt = await _attempts(tx, account_id)
        await _people(tx, account_id)
        await _customers(tx)
        carrier_id = await tx.fetchval("SELECT carrier_id FROM carrier")
        price_list_id = await tx.fetchval("SELECT price_list_id FROM price_list")
    number = message["recipient"]
    fields = {"number": f"+{number}", "properties": "firstname: Ada", "labels": "bench"}
    await _posted(client, "/portal/contacts/new", fields)
    async with database.transaction() as tx:
        contact_id = await tx.fetchval("SELECT contact_id FROM contact WHERE msisdn = $1", number)
        middle_contact = await tx.fetchval(
            "SELECT contact_id FROM contact ORDER BY contact_id OFFSET $1 LIMIT 1", CONTACTS // 2
        )
    return {
        "batch_id": batch_id.hex(),
        "message_id": message["message_id"].hex(),
        "number": number,
        "account": account,
        "carrier_id": str(carrier_id),
        "price_list_id": str(price_list_id),
        "short_number": _SHORT_NUMBER,
        "contact_id": contact_id.hex(),
        "middle_contact": middle_contact.hex(),
        "label": await _label(client, "some"),
        "draft": await _draft(client),
        "attempt": attempt,
    }


async def _label(client: httpx.AsyncClient, name: str) -> str:
    """What stands for a label in addresses."""
    listed = (await client.get("/portal/contacts")).text
    (mark,) = re.findall(rf'/portal/contacts\?of=(\w+)"[^>]*>{name} ', listed)
    return str(mark)


async def _people(tx: Transaction, account_id: int) -> None:
    """Contacts with labels, and numbers that are not written to."""
    await tx.execute(
        "INSERT INTO contact"
        " SELECT $1, substr(sha256(int8send(n)), 1, 4) || int8send(n), (46702000000 + n)::text,"
        " jsonb_build_object('phoneNumber', '+' || (46702000000 + n), 'firstname', 'Ada'), '{}', now(), now()"
        " FROM generate_series(1, $2::bigint) AS n",
        account_id,
        CONTACTS,
    )
    await tx.execute(
        "INSERT INTO contact_label SELECT account_id, label, contact_id"
        " FROM contact, unnest(ARRAY['all', 'some']) AS label"
        " WHERE account_id = $1 AND (label = 'all' OR right(msisdn, 1) = '0')",
        account_id,
    )
    await tx.execute(
        "INSERT INTO blacklist"
        " SELECT $1, (46705000000 + n)::text, now() FROM generate_series(1, $2::bigint) AS n",
        account_id,
        BLACKLISTED,
    )


async def _customers(tx: Transaction) -> None:
    """Other accounts, prices and costs of many prefixes."""
    await tx.execute(
        "WITH made AS (INSERT INTO account (account_id, number, name, currency, price_list_id)"
        " SELECT 20000 + n, 'ip1-' || (20000 + n), 'Customer ' || n, l.currency, l.price_list_id"
        " FROM price_list AS l, generate_series(1, $1::bigint) AS n RETURNING account_id)"
        " INSERT INTO balance (account_id, amount) SELECT account_id, 0 FROM made",
        ACCOUNTS,
    )
    prefixes = "SELECT (200000 + 7 * n)::text AS prefix FROM generate_series(1, $1::bigint) AS n"
    await tx.execute(
        f"INSERT INTO price SELECT price_list_id, prefix, 350000 FROM price_list, ({prefixes}) AS p", PREFIXES
    )
    await tx.execute(
        f"INSERT INTO carrier_cost SELECT carrier_id, prefix, 100000 FROM carrier, ({prefixes}) AS p",
        PREFIXES,
    )
    await tx.execute("UPDATE carrier SET cost_currency = (SELECT max(currency) FROM price_list)")


async def _attempts(tx: Transaction, account_id: int) -> str:
    """Attempts to report the newest messages, as many an hour as there are; the place of one of them."""
    rows = await tx.fetch("SELECT message_id FROM message ORDER BY message_id DESC LIMIT $1", ATTEMPTS)
    ids, now = IdSource(b"bench"), utc_now()
    blocks = [rows[start : start + ATTEMPTS_A_BLOCK] for start in range(0, len(rows), ATTEMPTS_A_BLOCK)]
    seconds = int(now.timestamp()) - len(blocks)
    made = [ids.new(seconds + number) for number in range(len(blocks))]
    await insert_attempts(
        tx,
        [
            AttemptRow(
                number % BUCKETS,
                block_id,
                account_id,
                min(row["message_id"] for row in block),
                max(row["message_id"] for row in block),
                encode_events(
                    [
                        Attempt(row["message_id"], 3, 201, 1, 1000 * (seconds + number), 200, 12, "")
                        for row in block
                    ]
                ),
            )
            for number, (block_id, block) in enumerate(zip(made, blocks, strict=True))
        ],
        now.date(),
    )
    return f"{made[-1].hex()}-0"


async def _draft(client: httpx.AsyncClient) -> str:
    """A batch that is being composed."""
    fields = {
        "sender": "iP1",
        "body": "Hello",
        "pasted": "\n".join(str(46_701_000_000 + each) for each in range(RECIPIENTS)),
        "coding": "auto",
        "zone": "Europe/Stockholm",
        "step": "review",
    }
    address = await _posted(client, "/portal/compose", fields)
    found = re.search("[0-9a-f]{24}", address)
    if found is None:
        raise RuntimeError(f"the draft was not kept: {address}")
    return found[0]


async def _posted(client: httpx.AsyncClient, path: str, fields: dict[str, str]) -> str:
    answer = await client.post(path, data={"csrf": CSRF, **fields}, headers=_HEADERS)
    if answer.status_code != 303:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return answer.headers["location"]


def _shape(path: str) -> str:
    """``/portal/batches/{}`` of a route and of a request alike."""
    return re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0]).rstrip("/")
