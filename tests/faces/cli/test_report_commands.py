"""`heliograph report` on a database of its own."""

import asyncio

import pytest

from heliograph.domain.history import entry
from heliograph.domain.report_url import bucket_of
from heliograph.storage.database import connect
from tests.faces.cli.conftest import Answer, Run
from tests.support.rows import NOW_MS, insert_batch


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--json").json["number"]
    return number


ORIGIN = "https://shop.example:443"


async def insert_failing(dsn: str, number: str) -> None:
    connection = await connect(dsn)
    await connection.execute(
        "INSERT INTO report_origin SELECT $1, account_id, $2, 900, now(), NULL, now() FROM account"
        " WHERE number = $3",
        bucket_of(ORIGIN),
        ORIGIN,
        number,
    )
    await connection.close()


def refused(answer: Answer, sentence: str) -> bool:
    return answer.exit_code == 2 and answer.out == "" and sentence in answer.err


def test_a_secret_is_rotated_and_the_old_one_removed(admin: Run, account: str) -> None:
    (first,) = admin("report", "secret", "list", account, "--json").json
    made = admin("report", "secret", "rotate", account, "--json").json
    assert made["secret"].startswith("whsec_")
    listed = admin("report", "secret", "list", account, "--json")
    assert [each["id"] for each in listed.json] == [made["id"], first["id"]]
    assert made["secret"] not in listed.out
    assert refused(admin("report", "secret", "remove", account, made["id"]), "make a new one first")
    assert admin("report", "secret", "remove", account, first["id"]).exit_code == 0
    assert refused(admin("report", "secret", "remove", account, first["id"]), "There is no such secret.")
    assert refused(admin("report", "secret", "rotate", account, "--grace", "200"), "from 0 to 168")


def test_where_nothing_failed_there_is_nothing_to_replay(admin: Run, account: str) -> None:
    assert "Nothing fails." in admin("report", "failed", account).err + admin("report", "failed", account).out
    assert refused(admin("report", "replay", account, "https://shop.example"), "nothing of")
    assert refused(admin("report", "replay", account, "nonsense"), "The URL must start with")


def test_a_failing_origin_is_listed_and_begun_anew(admin: Run, account: str, database: str) -> None:
    asyncio.run(insert_failing(database, account))
    (failing,) = admin("report", "failed", account, "--json").json
    assert (failing["origin"], failing["failures"], failing["givenUp"]) == (ORIGIN, 900, 0)
    done = admin("report", "replay", account, "https://shop.example/reports", "--json").json
    assert done == {"origin": ORIGIN, "wasDisabled": True, "reports": 0, "waiting": 0, "hasMore": False}
    assert admin("report", "failed", account, "--json").json == []


async def insert_told(dsn: str, number: str) -> str:
    """A batch whose only message was told twice, and was so on its way; its id."""
    connection = await connect(dsn)
    account_id = await connection.fetchval("SELECT account_id FROM account WHERE number = $1", number)
    batch_id, _ = await insert_batch(connection, account_id, url=f"{ORIGIN}/reports", code=201)
    history = entry(111, NOW_MS) + entry(201, NOW_MS)
    await connection.execute("UPDATE message SET history = $1", history)
    await connection.close()
    return batch_id.hex()


def test_reports_of_batches_and_times_are_sent_again(admin: Run, account: str, database: str) -> None:
    batch_id = asyncio.run(insert_told(database, account))
    chosen = admin("report", "replay", account, "--batch", batch_id, "--status", "2xx", "--json").json
    assert chosen == {"origin": None, "wasDisabled": False, "reports": 1, "waiting": 0, "hasMore": False}
    since = ("--from", "2020-01-01", "--to", "2100-01-01T12:00:00Z")
    assert "2 reports" in admin("report", "replay", account, ORIGIN, *since).out
    several = ("--batch", batch_id, "--batch", batch_id, "--status", "111", "--status", "201")
    assert admin("report", "replay", account, *several, "--json").json["reports"] == 2


def test_a_wrong_filter_of_reports_is_refused(admin: Run, account: str) -> None:
    assert refused(admin("report", "replay", account), "name an origin, or one of --batch")
    assert refused(admin("report", "replay", account, "--batch", "x"), "no id of a batch")
    assert refused(admin("report", "replay", account, "--batch", "0" * 24), "There is no such batch.")
    assert refused(admin("report", "replay", account, "--status", "3xx"), "no status such as 201")
    assert refused(admin("report", "replay", account, "--from", "monday"), "no day such as")


def test_a_test_report_that_reaches_nobody_is_said_to(admin: Run, account: str) -> None:
    assert refused(admin("report", "test", account), "Name a url")
    assert refused(admin("report", "test", account, "https://10.0.0.1/"), "is private")
    nobody = "https://nobody.invalid/reports"
    told = admin("report", "test", account, nobody)
    assert told.exit_code == 1
    assert f"Nothing came back from {nobody}" in told.out
    document = admin("report", "test", account, nobody, "--json").json
    assert (document["received"], document["answer"], document["url"]) == (False, 0, nobody)
    assert document["reason"]
