"""The isolation matrix notices a statement whose author forgot the account.

Faces read by a role that row-level security holds to one account (``tests/storage/test_row_level_security``).
Whatever else a request runs is run by the engine's role, which sees every account: there the filter of the
statement is all there is, and here it is taken out of each of them in turn.
"""

import re
import sys
from importlib import resources
from typing import Any

import pytest

from heliograph.domain.key_rights import UNRESTRICTED
from heliograph.storage import database as heliograph_database
from heliograph.storage.database import Connection, Purpose, connect, load_query
from tests.faces.api.isolation_attempts import ask, difference
from tests.faces.api.isolation_matrix import ATTEMPTS, Ground, Listing, NamesNothing
from tests.storage.test_row_level_security import without_account_filter
from tests.support.accepting import accepting_api

NOTICED: dict[str, tuple[str, ...]] = {
    "DELETE /v2/batches/{batchId}": ("find_batch",),
    "PATCH /v2/batches/{batchId}": ("find_batch",),
    "POST /v2/reports/replay": ("find_batch",),
    "DELETE /v2/contacts/{contactId}": ("lock_contact", "find_contact"),
    "PATCH /v2/contacts/{contactId}": ("lock_contact", "find_contact"),
    "POST /v2/labels/{label}/contacts": ("lock_contacts",),
    "DELETE /v2/labels/{label}": ("delete_label",),
    "DELETE /v2/blacklist/{msisdn}": ("remove_from_blacklist",),
    "DELETE /v2/me/senders/{sender}": ("remove_sender",),
    "DELETE /v2/me/keys/{keyId}": ("list_api_keys",),
    "DELETE /v2/reports/secrets/{secretId}": ("remove_webhook_secret",),
    "PUT /api/me/children/{child}": ("find_child_account", "read_child_accounts"),
    "acting for a child": ("find_child_account",),
    "replay by time": ("list_told_messages",),
    "replay of an origin": ("enable_report_origin",),
    "replay of what lies behind an origin": ("count_held_reports",),
    "count of a label": ("count_label",),
    "deletion of all with a label": ("list_contacts_oldest_first",),
}
"""By attempt: the statements whose filters are forgotten, together where one stands behind the other."""

FOUND_BEFORE = {
    "find_batch": (
        "change_batch_windows",
        "count_messages_by_code",
        "delete_unsent_lots",
        "hide_batch",
        "lock_lots_of_batch",
        "mark_batch_paused",
        "read_lot_payloads",
        "release_paused_batch",
        "resume_paused_lots",
    ),
    "lock_contact": ("delete_contacts", "delete_labels_of_contact", "update_contact"),
    "list_api_keys": ("revoke_api_key",),
    "find_child_account": ("change_account", "find_account", "transfer_credit"),
    "list_told_messages": ("hasten_messages",),
}
"""Masked: run only on what the first statement, which has the filter too, has found with the same ids."""

TRIED_WITH_REPLAYS = {"hasten_report_retries", "list_given_up_reports"}
"""Forgotten in ``test_replay_endpoint``, where there is something that was given up."""


FOUND_BY_A_FACE = {"find_lot_of_message"}
"""Run only with the id of a message that row-level security let through before."""


def forgetful(statement: str) -> str:
    """A statement without its account, be that the owner of a row or the parent of the owner."""
    of_owner, _ = without_account_filter(statement)
    return re.sub(r"(?:\b\w+\.)?parent_id = (\$[0-9]+)", r"(\1::bigint IS NOT NULL)", of_owner)


FILTERED = {
    text: file.name.removesuffix(".sql")
    for file in resources.files("heliograph.storage").joinpath("queries").iterdir()
    if forgetful(text := file.read_text("utf-8")) != text
}
"""Every statement that names an account, and what it is called."""


def forget(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Run statements as if their author had forgotten the account."""
    remembered = load_query
    forgotten = {name: forgetful(load_query(name)) for name in names}
    for module in list(sys.modules.values()):
        if getattr(module, "load_query", None) is remembered:
            monkeypatch.setattr(module, "load_query", lambda asked: forgotten.get(asked) or remembered(asked))


@pytest.mark.parametrize("name", NOTICED)
async def test_the_matrix_notices_a_forgotten_account_filter(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    forget(monkeypatch, *NOTICED[name])
    found = await difference(ground, ATTEMPTS[name])
    assert found is not None
    assert found.startswith(tuple(map(str, ground.others))), "another account did it"
    assert ": 500" not in found, "the statement still works"


async def test_every_statement_that_only_its_filter_guards_is_forgotten_once(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []

    async def watched(dsn: str, purpose: Purpose = Purpose.OWNER, **settings: Any) -> Connection:
        connection = await opened(dsn, purpose, **settings)
        if purpose is not Purpose.FACE:
            connection.add_query_logger(lambda logged: run.append(logged.query))
        return connection

    opened = heliograph_database.connect
    monkeypatch.setattr(heliograph_database, "connect", watched)
    unguarded: set[str] = set()
    for attempt in ATTEMPTS.values():
        case = attempt.case
        if isinstance(case, NamesNothing):
            continue
        names = {} if isinstance(case, Listing) else getattr(case, "names", {})
        names = names | await case.make(ground)
        run.clear()
        assert (await ask(ground.owner, attempt, names)).status_code < 300
        unguarded |= {FILTERED[statement] for statement in run if statement in FILTERED}
    noticed = {statement for statements in NOTICED.values() for statement in statements}
    masked = {statement for statements in FOUND_BEFORE.values() for statement in statements}
    assert unguarded == noticed | masked | TRIED_WITH_REPLAYS | FOUND_BY_A_FACE
    assert FOUND_BEFORE.keys() <= noticed


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_the_key_of_a_send_is_the_accounts_own(
    database: str, monkeypatch: pytest.MonkeyPatch, is_forgotten: bool
) -> None:
    """Two accounts that choose the same Idempotency-Key for the same request make a batch each."""
    batch = {"sender": "iP1", "recipients": ["46701740605"], "body": "A nice message"}
    if is_forgotten:
        forget(monkeypatch, "find_idempotency")
    async with accepting_api(database) as api:
        owner = await connect(database)
        await owner.execute(
            "INSERT INTO account (account_id, number, name, currency, price_list_id)"
            " SELECT 99, 'ip1-99999', 'Stranger', currency, price_list_id FROM account"
        )
        await owner.execute("INSERT INTO balance VALUES (99, 1000000)")
        await owner.execute("INSERT INTO sender VALUES (99, 'iP1', now())")
        await owner.close()
        first = await api.post(batch, headers={"idempotency-key": "order-1"})
        theirs = await api.post(
            batch, headers={"idempotency-key": "order-1"}, token=await api.make_key(UNRESTRICTED, 99)
        )
    assert first.status == theirs.status == 201
    assert (theirs.json["owner"] == "ip1-99999") is not is_forgotten
    assert ("idempotent-replayed" in theirs.headers) is is_forgotten
