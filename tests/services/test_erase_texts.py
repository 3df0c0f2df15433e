"""Texts and numbers whose time is over go, everywhere; what is unfinished stays; a kill is mended."""

import os
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from heliograph.domain.history import entry, milliseconds
from heliograph.domain.ids import IdSource, id_at
from heliograph.domain.retention import ErasedNumbers, is_erased
from heliograph.services import erase_texts
from heliograph.services.erase_texts import EraseTexts
from heliograph.services.keep_house import KeepHouse
from heliograph.services.record_receipts.unmatched_retry import next_try
from heliograph.storage import erasure
from heliograph.storage.database import Connection, Database, connect
from heliograph.storage.partitions import make_partitions
from tests.support.rows import NOW, insert_account, insert_batch, ledger_minus_balance

OLD = NOW - timedelta(days=91)
NUMBER = "46701740605"
NUMBERS = ErasedNumbers(b"k" * 32)
FORM = NUMBERS.of(1, NUMBER)
FILLED = "UPDATE conversation_progress SET filled_to = $1"


class Killed(Exception):
    """In place of a SIGKILL: whatever was not committed is gone."""


@pytest.fixture
async def opened(database: str) -> AsyncIterator[Database]:
    async with Database(database) as found:
        yield found


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    found = await connect(database)
    for weeks in (14, 5):
        await make_partitions(found, NOW - timedelta(weeks=weeks))
    await found.execute(FILLED, id_at(int(NOW.timestamp())))
    await insert_account(found)
    yield found
    await found.close()


async def erase(opened: Database, now: datetime = NOW, *, days: int = 90) -> int:
    """As the keeper does, until nothing is left to do."""
    eraser = EraseTexts(opened, NUMBERS, default_days=days)
    steps = 0
    while await eraser.step(now):
        steps += 1
        assert steps < 100, "it never ends"
    return steps


def old_ids() -> IdSource:
    """A source that gave no younger ids yet: each goes forward only."""
    return IdSource(os.urandom(5))


async def sent(
    connection: Connection,
    recipients: list[str] | None = None,
    *,
    at: datetime = OLD,
    code: int = 201,
    changed_at: datetime | None = None,
    account_id: int = 1,
    url: str | None = None,
) -> tuple[bytes, list[bytes]]:
    """A templated batch that was sent, its messages in the conversations."""
    batch_id, messages = await insert_batch(
        connection, account_id, recipients=recipients, created_at=at, code=code, url=url, ids=old_ids()
    )
    history = entry(110, milliseconds(at)) + entry(code, milliseconds(changed_at or at))
    await connection.execute(
        "UPDATE message SET history = $2, body = 'Hello ' || recipient WHERE batch_id = $1", batch_id, history
    )
    await connection.execute(
        "INSERT INTO conversation SELECT account_id, recipient, message_id FROM message WHERE batch_id = $1",
        batch_id,
    )
    return batch_id, messages


async def recipients_of(connection: Connection, batch_id: bytes) -> list[str]:
    rows = await connection.fetch(
        "SELECT recipient FROM message WHERE batch_id = $1 ORDER BY message_id", batch_id
    )
    return [row["recipient"] for row in rows]


async def is_gone(connection: Connection, batch_id: bytes) -> bool:
    """Whether a batch is erased; half of it would be a fault."""
    body = await connection.fetchval("SELECT body FROM batch WHERE batch_id = $1", batch_id)
    erased = {is_erased(recipient) for recipient in await recipients_of(connection, batch_id)}
    assert erased == {not body}, "half erased"
    return not body


async def test_texts_and_numbers_go_and_the_rest_stays(opened: Database, connection: Connection) -> None:
    columns = (
        "SELECT message_id, batch_id, price, code, previous_code, rank, segments, encoding, refunded, history"
        " FROM message ORDER BY message_id"
    )
    old, _ = await sent(connection, [NUMBER, "46701740606"])
    young, _ = await sent(connection, at=NOW - timedelta(days=89))
    before = [tuple(row) for row in await connection.fetch(columns)]
    await erase(opened)
    assert await recipients_of(connection, old) == [FORM, NUMBERS.of(1, "46701740606")]
    assert await is_gone(connection, old)
    assert not await is_gone(connection, young)
    assert await connection.fetchval("SELECT count(body) FROM message WHERE batch_id = $1", old) == 0
    assert [tuple(row) for row in await connection.fetch(columns)] == before
    assert await connection.fetchval("SELECT array_agg(message_id) FROM conversation") == [
        row[0] for row in before if row[1] == young
    ]
    assert await ledger_minus_balance(connection) == 0
    assert await erase(opened) == 0


async def test_no_table_holds_an_erased_number_or_text(opened: Database, connection: Connection) -> None:
    """A canary goes through every table there is, so that a new one cannot be overlooked."""
    await sent(connection, ["46700000042"])
    await incoming(connection, "46700000042", "canary 46700000042")
    assert (await everything(connection)).count("46700000042") > 4
    await erase(opened)
    assert not {"46700000042", "canary"} & set(re.findall("46700000042|canary", await everything(connection)))


async def everything(connection: Connection) -> str:
    """Every row of every table, as text."""
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'heliograph'")
    rows = [
        await connection.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table['tablename']} t")
        for table in tables
    ]
    return " ".join(filter(None, rows))


async def incoming(connection: Connection, sender: str, text: str, *, at: datetime = OLD) -> bytes:
    """A message from a handset to a number of ours."""
    batch_id, _ = await insert_batch(
        connection,
        recipients=["46701740699"],
        created_at=at,
        code=201,
        sender=sender,
        incoming=True,
        price=0,
        ids=old_ids(),
    )
    await connection.execute("UPDATE batch SET body = $2 WHERE batch_id = $1", batch_id, text)
    return batch_id


async def test_an_incoming_message_loses_its_text_and_who_wrote_it(
    opened: Database, connection: Connection
) -> None:
    batch_id = await incoming(connection, NUMBER, "Yes please")
    await erase(opened)
    rows = await connection.fetch("SELECT sender, body FROM batch WHERE batch_id = $1", batch_id)
    assert [tuple(row) for row in rows] == [(FORM, "")]
    assert await recipients_of(connection, batch_id) == ["46701740699"], "a number of ours"


async def test_what_is_not_final_waits_and_is_looked_at_again(
    opened: Database, connection: Connection
) -> None:
    batch_id, messages = await sent(connection, [NUMBER, "46701740606"])
    await connection.execute("UPDATE message SET code = 111 WHERE message_id = $1", messages[1])
    later, _ = await sent(connection)
    await erase(opened)
    assert not await is_gone(connection, batch_id)
    assert await is_gone(connection, later), "one that waits holds up nobody"
    await connection.execute("UPDATE message SET code = 201")
    await erase(opened, NOW + timedelta(hours=23))
    assert not await is_gone(connection, batch_id)
    await erase(opened, NOW + timedelta(hours=25))
    assert await is_gone(connection, batch_id)
    assert await connection.fetchval("SELECT count(*) FROM erasure_later") == 0


async def test_days_count_from_the_last_window_where_it_opened_later(
    opened: Database, connection: Connection
) -> None:
    batch_id, _ = await sent(connection)
    planned = OLD + timedelta(days=60)
    await connection.execute("UPDATE batch SET opens = array[opens[1], $1::timestamptz]", planned)
    await erase(opened)
    assert not await is_gone(connection, batch_id)
    await erase(opened, planned + timedelta(days=90, seconds=1))
    assert await is_gone(connection, batch_id)


async def test_a_report_that_is_owed_is_waited_for_and_a_given_up_one_goes(
    opened: Database, connection: Connection
) -> None:
    batch_id, [message_id] = await sent(connection, url="https://example.com")
    await connection.execute(
        "INSERT INTO report_retry (bucket, message_id, account_id, origin, tries, first_try, due_at, events)"
        " VALUES (7, $1, 1, 'https://example.com', 3, $2, $2, 'holds the number')",
        message_id,
        NOW,
    )
    await erase(opened)
    assert not await is_gone(connection, batch_id)
    await connection.execute("UPDATE report_retry SET parked = true")
    await erase(opened, NOW + timedelta(days=2))
    assert await is_gone(connection, batch_id)
    assert await connection.fetchval("SELECT count(*) FROM report_retry") == 0


async def test_what_waits_behind_a_disabled_address_is_not_kept_for_longer(
    opened: Database, connection: Connection
) -> None:
    batch_id, [message_id] = await sent(connection, url="https://example.com")
    await connection.execute(
        "INSERT INTO report_retry (bucket, message_id, account_id, origin, tries, first_try, due_at, events)"
        " VALUES (7, $1, 1, 'https://example.com', 3, $2, $3, 'holds the number')",
        message_id,
        OLD,
        NOW + timedelta(days=1),
    )
    for at in (OLD, NOW - timedelta(days=1)):
        await connection.execute(
            "INSERT INTO report_block VALUES (7, $1, 1, 'https://example.com', $2, 1, '')",
            old_ids().new(int(at.timestamp())),
            at,
        )
    await erase(opened, NOW)
    await erase(opened, NOW + timedelta(days=2))
    assert await is_gone(connection, batch_id)
    assert await connection.fetchval("SELECT count(*) FROM report_retry") == 0
    assert await connection.fetchval("SELECT count(*) FROM report_block") == 1, "the young one"


async def test_a_report_that_was_never_tried_is_waited_for(opened: Database, connection: Connection) -> None:
    changed_at = NOW - timedelta(days=2)
    late, _ = await sent(connection, changed_at=changed_at)
    early, _ = await sent(connection)
    await connection.execute(
        "INSERT INTO report_block VALUES (7, $1, 1, 'https://example.com', $2, 1, '')",
        old_ids().new(int(changed_at.timestamp())),
        changed_at,
    )
    await erase(opened)
    assert not await is_gone(connection, late)
    assert await is_gone(connection, early)
    await connection.execute("DELETE FROM report_block")
    await erase(opened, NOW + timedelta(days=2))
    assert await is_gone(connection, late)


async def test_each_account_has_days_of_its_own(opened: Database, connection: Connection) -> None:
    await insert_account(connection, 2)
    await connection.execute("UPDATE account SET retention_days = 10 WHERE account_id = 2")
    at = NOW - timedelta(days=11)
    mine, _ = await sent(connection, at=at)
    theirs, _ = await sent(connection, at=at, account_id=2)
    await erase(opened)
    assert not await is_gone(connection, mine)
    assert await recipients_of(connection, theirs) == [NUMBERS.of(2, NUMBER)]
    await erase(opened, days=10)
    assert await is_gone(connection, mine)


async def test_what_conversations_do_not_show_yet_is_left_for_later(
    opened: Database, connection: Connection
) -> None:
    batch_id, _ = await sent(connection)
    await connection.execute(FILLED, batch_id)
    await erase(opened)
    assert not await is_gone(connection, batch_id)
    await connection.execute(FILLED, id_at(int(NOW.timestamp())))
    await erase(opened)
    assert await is_gone(connection, batch_id)


async def test_many_batches_and_accounts_go_lot_by_lot(
    opened: Database, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase_texts, "BATCHES_AT_ONCE", 3)
    monkeypatch.setattr(erase_texts, "MESSAGES_AT_ONCE", 4)
    monkeypatch.setattr(erase_texts, "ACCOUNTS_AT_ONCE", 2)
    batches = []
    for account_id in range(2, 7):
        await insert_account(connection, account_id)
        for size in (1, 2, 9, 1):
            numbers = [f"4670174{number:04}" for number in range(size)]
            batch_id, _ = await sent(connection, numbers, account_id=account_id)
            batches.append(batch_id)
    await erase(opened)
    assert all([await is_gone(connection, batch_id) for batch_id in batches])


@pytest.mark.parametrize("kill_at", range(6))
async def test_killed_anywhere_it_begins_again(
    opened: Database, connection: Connection, monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> None:
    """The failpoint stands before each commit: a large batch has three, besides those of the others."""
    monkeypatch.setattr(erase_texts, "MESSAGES_AT_ONCE", 4)
    batches = [
        (await sent(connection, [f"467017400{number:02}" for number in range(size)]))[0] for size in (2, 9, 3)
    ]
    passes = iter(range(100))

    def kill(name: str) -> None:
        assert name == "erasure.pre_commit"
        if next(passes) == kill_at:
            raise Killed

    monkeypatch.setattr(erase_texts, "failpoint", kill)
    if kill_at < 5:
        with pytest.raises(Killed):
            await erase(opened)
        assert not all([await is_gone_so_far(connection, batch_id) for batch_id in batches])
    await erase(opened)
    assert all([await is_gone(connection, batch_id) for batch_id in batches])
    assert await connection.fetchval("SELECT count(*) FROM conversation") == 0
    assert await ledger_minus_balance(connection) == 0


async def is_gone_so_far(connection: Connection, batch_id: bytes) -> bool:
    return all(is_erased(recipient) for recipient in await recipients_of(connection, batch_id))


async def test_a_lot_that_fails_in_its_midst_leaves_nothing_half_done(
    opened: Database, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id, _ = await sent(connection)

    async def fail(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(erasure, "note_erasure", fail)
        with pytest.raises(Killed):
            await erase(opened)
    assert not await is_gone(connection, batch_id)
    await erase(opened)
    assert await is_gone(connection, batch_id)


async def test_two_keepers_do_not_wait_for_each_other(opened: Database, connection: Connection) -> None:
    batch_id, _ = await sent(connection)
    async with opened.transaction() as tx:
        await erasure.begin_erasure(tx, [1])
    async with opened.transaction() as tx:
        assert await erasure.lock_erasure(tx, 1) == b""
        assert await EraseTexts(opened, NUMBERS, default_days=90).step(NOW) == 0
    await erase(opened)
    assert await is_gone(connection, batch_id)


async def test_what_carriers_told_is_kept_no_longer_than_any_account_wants(
    opened: Database, connection: Connection
) -> None:
    await KeepHouse(opened).step(NOW - timedelta(days=15))
    days = "SELECT count(*) FROM pg_class WHERE relname = $1"
    fortnight = f"receipt_block_d{NOW - timedelta(days=14):%Y%m%d}"
    await KeepHouse(opened).step(NOW)
    assert await connection.fetchval(days, fortnight) == 1
    await connection.execute("UPDATE account SET retention_days = 14")
    await KeepHouse(opened).step(NOW)
    assert await connection.fetchval(days, fortnight) == 0


async def test_receipts_that_never_found_their_message_go_too(
    opened: Database, connection: Connection
) -> None:
    never = next_try(NOW - timedelta(days=8), NOW)
    await connection.execute(
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (1, 'one', '127.0.0.1', 2775, 'x', '')"
    )
    for number, (age, again) in enumerate([(8, never), (31, never), (31, NOW)]):
        await connection.execute(
            "INSERT INTO unmatched_receipt VALUES (1, $1, 1, 'x', $2, 9, 201, $3, $4)",
            bytes([number]),
            NUMBER,
            NOW - timedelta(days=age),
            again,
        )
    left = "SELECT array_agg(get_byte(receipt_id, 0) ORDER BY receipt_id) FROM unmatched_receipt"
    await KeepHouse(opened).step(NOW)
    assert await connection.fetchval(left) == [0, 2], "what is still looked at stays"
    await connection.execute("UPDATE account SET retention_days = 10")
    await KeepHouse(opened).step(NOW + timedelta(days=2))
    assert await connection.fetchval(left) == [2]
