"""`heliograph batch` at the terminal on a real database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from heliograph.storage.database import connect
from tests.faces.cli.conftest import Answer, Run
from tests.support.rows import NOW, insert_batch, insert_lot

ACCOUNT_ID = 10_001
UNKNOWN = "0123456789abcdef01234567"


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--credit", "100", "--json").json["number"]
    return number


@pytest.fixture
def other(admin: Run, account: str) -> str:
    number: str = admin("account", "create", "Other", "--json").json["number"]
    return number


def store(database: str, *, count: int = 3, queued: bool = True, **members: Any) -> str:
    """A batch, with what of it waits to be sent; its id."""

    async def insert() -> str:
        connection = await connect(database)
        try:
            await connection.execute(
                "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
                " VALUES (1, 'telco', '127.0.0.1', 2775, 'esme', '') ON CONFLICT DO NOTHING"
            )
            recipients = [str(46_701_740_000 + place) for place in range(count)]
            batch_id, messages = await insert_batch(connection, ACCOUNT_ID, recipients=recipients, **members)
            if queued:
                await insert_lot(connection, messages, account_id=ACCOUNT_ID)
            return batch_id.hex()
        finally:
            await connection.close()

    return asyncio.run(insert())


def refused(answer: Answer, sentence: str) -> bool:
    is_one_line = answer.err.count("\n") == 1 and answer.out == ""
    return answer.exit_code == 2 and sentence in answer.err and is_one_line


def test_batches_are_listed_latest_first_by_status(admin: Run, account: str, database: str) -> None:
    assert admin("batch", "list", "--account", account).out == "No such batches.\n"
    old = store(database, code=201, queued=False, created_at=NOW - timedelta(minutes=2))
    new = store(database, reference="march", tags=["spring"])
    rows = admin("batch", "list", "--account", account, "--json").json
    assert [(row["id"], row["statusText"], row["messageCount"], row["price"]) for row in rows] == [
        (new, "111 ongoing", 3, 1.05),
        (old, "112 sent", 3, 1.05),
    ]
    assert (rows[0]["reference"], rows[0]["tags"], rows[0]["direction"]) == ("march", ["spring"], "MT")
    assert not {"body", "text", "recipients"}.intersection(rows[0]), "texts are the customer's"
    for status, expected in (("ongoing", [new]), ("sent", [old]), ("planned", []), ("canceled", [])):
        found = admin("batch", "list", "--account", account, "--status", status, "--json").json
        assert [row["id"] for row in found] == expected
    assert len(admin("batch", "list", "--account", account, "--count", "1", "--json").json) == 1
    assert "111 ongoing" in admin("batch", "list", "--account", account).out


def test_a_batch_is_shown_without_its_text(admin: Run, account: str, database: str) -> None:
    batch = store(database, code=201, queued=False)
    shown = admin("batch", "show", batch, "--account", account, "--json").json
    assert (shown["status"], shown["counts"], shown["currency"]) == (112, {"201": 3}, "SEK")
    out = admin("batch", "show", batch.upper(), "--account", account).out
    assert "3 with 201 delivered" in out
    assert "Hello" not in out
    assert "4670174" not in out


def test_a_batch_is_paused_resumed_and_canceled(admin: Run, account: str, database: str) -> None:
    batch = store(database)
    here = ("--account", account)
    assert admin("batch", "pause", batch, *here).out == f"{batch} is paused: 3 with 103 funded.\n"
    assert admin("batch", "show", batch, *here, "--json").json["paused"] is True
    assert admin("batch", "resume", batch, *here).out == f"{batch} goes on: 3 with 103 funded.\n"
    assert refused(admin("batch", "resume", batch, *here), "The batch is not paused.")
    canceled = admin("batch", "cancel", batch, *here, "--json").json
    assert (canceled["status"], canceled["counts"], canceled["price"]) == (203, {"203": 3}, 0)
    assert admin("ledger", "check").exit_code == 0


def test_a_finished_batch_stays_where_it_is(admin: Run, account: str, database: str) -> None:
    batch = store(database, code=201, queued=False)
    for command in ("cancel", "pause", "resume"):
        answer = admin("batch", command, batch, "--account", account)
        assert refused(answer, f"there is nothing left to {command}."), answer.err
    assert admin("batch", "show", batch, "--account", account).exit_code == 0


def test_what_is_with_its_carrier_can_be_neither_canceled_nor_paused(
    admin: Run, account: str, database: str
) -> None:
    batch = store(database, code=111, queued=False)
    for command in ("cancel", "pause"):
        assert refused(admin("batch", command, batch, "--account", account), "handed to its carrier")


def test_batches_of_others_are_as_unknown_as_those_that_are_not_there(
    admin: Run, other: str, database: str
) -> None:
    batch = store(database)
    for command in ("show", "cancel", "pause", "resume"):
        for unknown in (batch, UNKNOWN, "12", "../x"):
            answer = admin("batch", command, unknown, "--account", other)
            assert refused(answer, f"{other} has no batch {unknown!r}; see `heliograph batch list")
        assert refused(admin("batch", command, batch, "--account", "ip1-99999"), "there is no account")
        assert refused(admin("batch", command, batch), "--account")
    assert admin("batch", "list", "--account", other, "--json").json == []


def test_what_is_wrong_about_a_list_is_said(admin: Run, account: str) -> None:
    assert refused(admin("batch", "list"), "--account")
    assert refused(admin("batch", "list", "--account", account, "--count", "0"), "from 1 to 10000")
    assert refused(admin("batch", "list", "--account", account, "--status", "lost"), "lost")
    assert refused(admin("batch", "list", "--account", "ip1-99999"), "there is no account")
