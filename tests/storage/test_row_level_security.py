"""One account's rows are never another's to see, even where a statement forgets to name the account.

The statements of the read modules are run here with their account filter taken out: what still comes back
must be what row-level security alone lets through.
"""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from importlib import resources

import asyncpg
import pytest

from heliograph.domain.feed_events import pack_event
from heliograph.domain.ids import MessageIds
from heliograph.storage import (
    attempt_reading,
    batch_listing,
    batch_reading,
    blacklist_reading,
    contact_browsing,
    contact_reading,
    conversation_reading,
    event_reading,
    first_steps,
    ledger_reading,
    message_reading,
    message_search,
    senders,
    traffic_reading,
)
from heliograph.storage.database import (
    ENGINE_ROLE,
    FACE_ROLE,
    Connection,
    Database,
    Purpose,
    connect,
    load_query,
    transaction_on,
)
from heliograph.storage.event_feed import insert_events
from heliograph.storage.partitions import make_partitions
from tests.support.rows import IDS, NOW, NOW_MS, insert_account, insert_batch

ACCOUNTS = (1, 2)
READABLE = (
    "account",
    "api_key",
    "sender",
    "balance",
    "ledger",
    "batch",
    "batch_tag",
    "conversation",
    "message",
    "summary",
    "summary_change",
    "in_doubt",
    "daily_spend",
    "guard_window",
    "blacklist",
    "inbound_number",
    "inbound_keyword",
    "contact",
    "contact_label",
    "event_block",
    "audit_entry",
    "portal_draft",
    "removal",
    "traffic",
    "webhook_secret",
    "report_block",
    "report_retry",
    "report_origin",
    "report_attempt",
)
OPEN = ("migration", "conversation_progress", "traffic_progress")
"""Tables that tell nothing of any account."""
ROLES = [FACE_ROLE, ENGINE_ROLE]
READ_MODULES = (
    conversation_reading,
    batch_reading,
    batch_listing,
    message_reading,
    blacklist_reading,
    contact_reading,
    contact_browsing,
    senders,
    event_reading,
    first_steps,
    traffic_reading,
    attempt_reading,
    message_search,
    ledger_reading,
)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """Rows of two accounts in every table that faces may read; the owner of the tables sees them all."""
    opened = await connect(database)
    for account_id in ACCOUNTS:
        await insert_rows(opened, account_id)
    yield opened
    await opened.close()


def contact_id(account_id: int) -> bytes:
    """The id of the account's only contact."""
    return bytes([account_id]) * 12


async def insert_failed_reports(connection: Connection, account_id: int) -> None:
    """A secret, an origin that fails, an event that waits and an attempt."""
    name, origin = str(account_id), "https://shop.example:443"
    await connection.execute("INSERT INTO webhook_secret VALUES ($1, $2, '', $3)", account_id, name, NOW)
    await connection.execute(
        "INSERT INTO report_origin VALUES (0, $1, $2, 1, $3, NULL, NULL)", account_id, origin, NOW
    )
    await connection.execute(
        "INSERT INTO report_retry VALUES (0, $1, $2, $3, 1, $4, $4, false, '')",
        contact_id(account_id),
        account_id,
        origin,
        NOW,
    )
    await connection.execute(
        "INSERT INTO report_block VALUES (0, $1, $2, $3, $4, 1, '')",
        contact_id(account_id),
        account_id,
        origin,
        NOW,
    )
    async with transaction_on(connection) as tx:
        await make_partitions(tx, NOW)
    await connection.execute(
        "INSERT INTO report_attempt VALUES (0, $1, $2, $3, $2, $2, '')",
        NOW.date(),
        contact_id(account_id),
        account_id,
    )


async def insert_rows(connection: Connection, account_id: int) -> None:
    await insert_account(connection, account_id)
    await connection.execute(
        "INSERT INTO ledger VALUES ($1, $2, 4, $1, 'so that sums differ', $3)",
        account_id,
        IDS.new(int(NOW.timestamp())),
        NOW,
    )
    await insert_failed_reports(connection, account_id)
    batch_id, messages = await insert_batch(
        connection, account_id, tags=["a"], recipients=[f"4670174060{account_id}"]
    )
    await connection.execute(
        "INSERT INTO conversation VALUES ($1, $2, $3)", account_id, f"4670174060{account_id}", messages[0]
    )
    await connection.execute(
        "INSERT INTO traffic VALUES ($1, $2, 0, 201, 1, $1::bigint::integer, 1)", account_id, NOW
    )
    await connection.execute(
        "INSERT INTO audit_entry VALUES ($1, $2, $3, NULL, 'Anna', 'key.created', 'k', '{}')",
        account_id,
        IDS.new(int(NOW.timestamp())),
        NOW,
    )
    user_id = await connection.fetchval(
        "INSERT INTO portal_user (user_id, name, created_at) VALUES ($1, 'Anna', $2) RETURNING user_id",
        account_id,
        NOW,
    )
    await connection.execute(
        "INSERT INTO portal_draft VALUES ($1, '\\x01', $2, $3, '{}')", account_id, user_id, NOW
    )
    await connection.execute(
        "INSERT INTO removal VALUES ($1, '\\x01', $2, $3, '{}')", account_id, user_id, NOW
    )
    await connection.execute(
        "INSERT INTO sender (account_id, sender) VALUES ($1, $2)",
        account_id,
        f"iP{account_id}",
    )
    await connection.execute(
        "INSERT INTO blacklist VALUES ($1, $2, $3)", account_id, f"4670174060{account_id}", NOW
    )
    await connection.execute(
        "INSERT INTO api_key (key_id, account_id, secret_hash, name) VALUES ($2, $1, '\\x00', 'k')",
        account_id,
        f"k{account_id}",
    )
    await connection.execute(
        "INSERT INTO contact VALUES ($1, $2, $3, $4, '{}', $5, $5)",
        account_id,
        contact_id(account_id),
        f"4670174060{account_id}",
        f'{{"of{account_id}": "{account_id}"}}',
        NOW,
    )
    await connection.execute(
        "INSERT INTO contact_label VALUES ($1, $2, $3)",
        account_id,
        f"all{account_id}",
        contact_id(account_id),
    )
    packed = pack_event(messages[0], 1, 201, NOW_MS)
    async with transaction_on(connection) as tx:
        await insert_events(tx, account_id, [packed], now=NOW, ids=IDS)
    await connection.execute("INSERT INTO daily_spend VALUES ($1, '2026-11-22', 1)", account_id)
    await connection.execute(
        "INSERT INTO guard_window VALUES ($1, '46', 60, $2, 2, 1, true, 1, 1, $2, $2)", account_id, NOW
    )
    large, _ = await insert_batch(connection, account_id, recipients=[], message_count=501)
    await connection.execute("INSERT INTO summary VALUES ($1, $2, 103, 501, 501)", account_id, large)
    await connection.execute(
        "INSERT INTO summary_change VALUES ($1, $2, '\\x01', 103, -1, -1)", account_id, batch_id
    )
    await connection.execute(
        "INSERT INTO inbound_number (number, account_id) VALUES ($1, $2)", f"4655{account_id}", account_id
    )
    await connection.execute(
        "INSERT INTO inbound_keyword (number, keyword, account_id) VALUES ($1, 'acme', $2)",
        f"4655{account_id}",
        account_id,
    )
    await connection.execute(
        "INSERT INTO in_doubt VALUES (1, $2, 0, 1, $1, '46701740605', $3, $3, $3)",
        account_id,
        messages[0],
        NOW,
    )


@pytest.fixture
async def faces(database: str, connection: Connection) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def owned_ids(connection: Connection, account_id: int) -> tuple[list[bytes], list[bytes]]:
    """The account's batches and messages."""
    batches = await connection.fetch(
        "SELECT batch_id FROM batch WHERE account_id = $1 ORDER BY 1", account_id
    )
    messages = await connection.fetch(
        "SELECT message_id FROM message WHERE account_id = $1 ORDER BY 1", account_id
    )
    return [row[0] for row in batches], [row[0] for row in messages]


_FILTER = re.compile(r"(?:\b\w+\.)?account_id = (\$[0-9]+)")


def without_account_filter(statement: str) -> tuple[str, int]:
    """The statement as if its author had forgotten the account, and how often it was named."""
    return _FILTER.subn(r"(\1::bigint IS NOT NULL)", statement)


@pytest.mark.parametrize(
    ("statement", "stripped", "count"),
    [
        (
            "SELECT 1 FROM batch WHERE account_id = $1 AND batch_id = $2",
            "SELECT 1 FROM batch WHERE ($1::bigint IS NOT NULL) AND batch_id = $2",
            1,
        ),
        (
            "JOIN message m ON m.account_id = $1 AND m.message_id = $2 WHERE b.account_id = $13",
            "JOIN message m ON ($1::bigint IS NOT NULL) AND m.message_id = $2"
            " WHERE ($13::bigint IS NOT NULL)",
            2,
        ),
        (
            "SELECT 1 FROM b WHERE b.account_id = m.account_id",
            "SELECT 1 FROM b WHERE b.account_id = m.account_id",
            0,
        ),
    ],
)
def test_the_account_filter_is_found_and_taken_out(statement: str, stripped: str, count: int) -> None:
    assert without_account_filter(statement) == (stripped, count)


OF_NOBODY = {"read_conversation_progress", "read_traffic_progress"}
"""Statements on what is no account's."""
ONLY_WORDS = {"top_up"}
"""What a read module says that happens to be a statement's name, too."""


def queries_of_faces() -> list[str]:
    """The statements that the read modules load by name."""
    names: set[str] = set()
    for module in READ_MODULES:
        assert module.__file__ is not None
        source = (
            resources.files("heliograph.storage").joinpath(module.__file__.rpartition("/")[2]).read_text()
        )
        quoted = set(re.findall(r'"([a-z_]+)"', source))
        names |= {name for name in quoted if _query_exists(name)}
    return sorted(names - OF_NOBODY - ONLY_WORDS)


def _query_exists(name: str) -> bool:
    return resources.files("heliograph.storage").joinpath("queries", f"{name}.sql").is_file()


QUERIES = queries_of_faces()


def arguments_of(
    name: str, account_id: int, batches: Sequence[bytes], messages: Sequence[bytes]
) -> tuple[object, ...]:
    """Arguments with which a statement would find everything of the account that owns these ids."""
    lowest, highest = min(messages), max(messages)
    any_batch = (account_id, b"", b"\xff" * 13, None, None, None, None, None)
    between = (b"", b"\xff" * 13, None, 1000)
    any_message = (account_id, lowest, highest, batches[0], None, None)
    return {
        "find_batch": (account_id, batches[0]),
        "list_event_blocks": (account_id, NOW.date(), 0, b"", 2**62, 1000, 1000),
        "describe_messages": (account_id, list(messages), lowest, highest),
        "list_batches_oldest_first": (*any_batch, 0, 1000),
        "list_batches_newest_first": (*any_batch, 0, 1000),
        "list_tagged_batches_oldest_first": (*any_batch, 0, 1000, "a"),
        "list_tagged_batches_newest_first": (*any_batch, 0, 1000, "a"),
        "list_batches_of_any_tag_oldest_first": (*any_batch, 0, 1000, ["a"]),
        "list_batches_of_any_tag_newest_first": (*any_batch, 0, 1000, ["a"]),
        "count_batches": (*any_batch, 1000),
        "count_tagged_batches": (*any_batch, 1000, ["a"]),
        "count_messages_by_code": (account_id, lowest, highest),
        "count_large_batches": (account_id, batches),
        "list_lowest_codes": (
            account_id,
            batches,
            [MessageIds(batch_id, 1)[0] for batch_id in batches],
            [MessageIds(batch_id, 500)[-1] for batch_id in batches],
            bytes(12),
            b"\xff" * 12,
        ),
        "find_message": (account_id, messages[0], batches[0]),
        "list_messages": (account_id, lowest, highest, batches[0]),
        "find_contact": (account_id, contact_id(account_id)),
        "list_contacts_oldest_first": (account_id, *contact_reading.ContactFilter(), 0, 1000),
        "list_contacts_after": (account_id, b"", 1000),
        "list_contacts_before": (account_id, b"\xff" * 13, 1000),
        "list_labelled_contacts_before": (account_id, b"\xff" * 13, 1000, f"all{account_id}"),
        "list_labelled_contacts_after": (account_id, b"", 1000, f"all{account_id}"),
        "list_contacts_of_number": (account_id, f"4670174060{account_id}", 1000),
        "count_contacts_up_to": (account_id, 1000),
        "count_label_up_to": (account_id, f"all{account_id}", 1000),
        "count_labels_up_to": (account_id, 1000, 1000),
        "count_blacklist_up_to": (account_id, 1000),
        "list_contacts_newest_first": (account_id, *contact_reading.ContactFilter(), 0, 1000),
        "count_contacts": (account_id, *contact_reading.ContactFilter()),
        "list_contact_properties": (account_id, [f"4670174060{account_id}"]),
        "find_contacts_of_numbers": (account_id, [f"4670174060{account_id}"]),
        "list_attempt_blocks": (account_id, [0], NOW.date(), NOW.date(), b"", b"\xff" * 13, 1000),
        "search_messages": (account_id, [lowest], [highest], [True], lowest, highest, None, "", 1000),
        "list_ledger": (account_id, b"\xff" * 12, NOW - timedelta(days=1), NOW + timedelta(days=1), 1000),
        "list_balance_changes": (account_id, b"", 1000, timedelta(hours=1), NOW),
        "count_labels": (account_id,),
        "count_label": (account_id, f"all{account_id}"),
        "summarize_contact_properties": (account_id,),
        "list_labelled_numbers": (account_id, f"all{account_id}", 1000, True),
        "list_messages_to_oldest_first": (account_id, f"4670174060{account_id}", b"", *between),
        "list_messages_to_newest_first": (account_id, f"4670174060{account_id}", b"\xff", *between),
        "count_messages_to": (account_id, f"4670174060{account_id}", b"", 1000),
        "list_batches_from_oldest_first": (account_id, "iP1", *between),
        "list_batches_from_newest_first": (account_id, "iP1", *between),
        "count_messages_of_batches": (account_id, [True], [lowest], [highest], lowest, highest),
        "read_messages": (account_id, list(messages), lowest, highest),
        "read_batches": (account_id, list(batches), min(batches), max(batches)),
        "list_chosen_messages_oldest_first": (*any_message, 0, 1000),
        "list_chosen_messages_newest_first": (*any_message, 0, 1000),
        "count_chosen_messages": any_message,
        "find_in_blacklist": (account_id, f"4670174060{account_id}"),
        "list_blacklist_oldest_first": (account_id, 0, 1000),
        "list_blacklist_newest_first": (account_id, 0, 1000),
        "count_blacklist": (account_id,),
        "read_traffic": (account_id, NOW - timedelta(days=1), NOW + timedelta(days=1), timedelta(hours=1)),
        "read_daily_traffic": (account_id, NOW - timedelta(days=1), NOW + timedelta(days=1), "UTC"),
        "count_latest_traffic": (account_id, b"", 100, NOW, timedelta(hours=1), [1000]),
        "read_first_steps": (account_id,),
        "list_latest_messages": (account_id, b"\xff" * 13, 10),
        "find_message_place": (account_id, messages[0]),
        "find_sender": (account_id, f"iP{account_id}"),
        "list_senders_forwards": (account_id, 0, 1000),
        "list_senders_backwards": (account_id, 0, 1000),
        "count_senders": (account_id,),
    }[name]


def test_every_statement_of_the_faces_is_looked_at() -> None:
    assert len(QUERIES) == 64
    for name in QUERIES:
        assert without_account_filter(load_query(name))[1] == len(
            re.findall(
                r"\b(?:FROM|JOIN) (?:batch|message|summary|blacklist|contact|conversation\b|sender|"
                r"event_block|traffic\b|api_key|account\b|ledger\b|report_attempt\b)",
                load_query(name),
            )
        )


@pytest.mark.parametrize("name", QUERIES)
async def test_a_statement_that_forgets_the_account_still_shows_nothing_of_another(
    connection: Connection, faces: Database, name: str
) -> None:
    theirs = await owned_ids(connection, 2)
    arguments = arguments_of(name, 2, *theirs)
    forgetful, _ = without_account_filter(load_query(name))
    as_owner = [tuple(row) for row in await connection.fetch(load_query(name), *arguments)]
    async with faces.reader(2) as tx:
        own = [tuple(row) for row in await tx.fetch(forgetful, *arguments)]
    async with faces.reader(1) as tx:
        foreign = [tuple(row) for row in await tx.fetch(forgetful, *arguments)]
    assert own == as_owner, "the account itself sees what is its own"
    assert own
    if name in ("count_label", "count_label_up_to"):
        assert (own, foreign) == ([(1,)], [(0,)]), "a label of another account is on nobody"
    elif name in (
        "count_batches",
        "count_tagged_batches",
        "count_blacklist",
        "count_blacklist_up_to",
        "count_contacts",
        "count_contacts_up_to",
        "count_senders",
    ):
        assert own == foreign == [(2 if name == "count_batches" else 1,)], "each account counts its own"
    elif name in ("count_latest_traffic", "read_first_steps"):
        assert own == foreign, "as much as with the filter: nothing of another account is added"
    else:
        assert not set(map(repr, foreign)) & set(map(repr, own))


@pytest.mark.parametrize("table", READABLE)
async def test_a_face_sees_one_accounts_rows_and_without_an_account_none(
    connection: Connection, faces: Database, table: str
) -> None:
    everyones = await connection.fetch(f"SELECT DISTINCT account_id FROM {table} ORDER BY 1")
    assert [row[0] for row in everyones] == list(ACCOUNTS)
    for account_id in ACCOUNTS:
        async with faces.reader(account_id) as tx:
            rows = await tx.fetch(f"SELECT DISTINCT account_id FROM {table}")
        assert [row[0] for row in rows] == [account_id]
    async with faces.transaction(Purpose.FACE) as tx:
        assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_face_reads_no_other_table(connection: Connection, faces: Database) -> None:
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'heliograph' AND tablename !~ '_[wd][0-9]{8}$'"
    )
    others = {row[0] for row in tables} - {*READABLE, *OPEN}
    assert {"lot", "bucket_lease", "carrier"} <= others
    for table in others:
        async with faces.reader(1) as tx:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await tx.fetch(f"SELECT 1 FROM {table}")


@pytest.mark.parametrize("columns", ["secret_hash", "*"])
async def test_a_face_lists_keys_without_their_secrets(faces: Database, columns: str) -> None:
    async with faces.reader(1) as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.fetch(f"SELECT {columns} FROM api_key")


@pytest.mark.parametrize("columns", ["sealed", "*"])
async def test_a_face_lists_webhook_secrets_without_what_they_are(faces: Database, columns: str) -> None:
    async with faces.reader(1) as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.fetch(f"SELECT {columns} FROM webhook_secret")


async def test_a_partition_is_no_way_around(connection: Connection, faces: Database) -> None:
    partitions = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'heliograph' AND tablename ~ '_[wd][0-9]{8}$'"
    )
    assert partitions
    for row in partitions:
        async with faces.reader(1) as tx:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await tx.fetch(f"SELECT 1 FROM {row[0]}")


@pytest.mark.parametrize("table", READABLE)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET account_id = account_id"])
async def test_a_face_writes_nothing(faces: Database, table: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with faces.transaction(Purpose.FACE, account_id=1) as tx:
            await tx.execute(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "SET LOCAL row_security = off; SELECT count(*) FROM batch",
        "ALTER TABLE batch DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE batch NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY face ON batch",
        "CREATE POLICY all_of_it ON batch TO PUBLIC USING (true)",
        "ALTER ROLE heliograph_face BYPASSRLS",
        "GRANT heliograph_engine TO heliograph_face",
    ],
)
async def test_a_face_cannot_step_around_its_policy(faces: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with faces.transaction(Purpose.FACE, account_id=1) as tx:
            await tx.execute(statement)


async def test_the_roles_own_nothing_and_bypass_nothing(connection: Connection) -> None:
    roles = await connection.fetch(
        "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = ANY ($1)", ROLES
    )
    assert len(roles) == 2
    assert not any(row["rolsuper"] or row["rolbypassrls"] or row["rolcanlogin"] for row in roles)
    owned = await connection.fetch(
        "SELECT 1 FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE r.rolname = ANY ($1)", ROLES
    )
    assert not owned


async def test_every_table_has_row_level_security(connection: Connection) -> None:
    unguarded = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'heliograph'::regnamespace AND NOT relrowsecurity"
        " AND relkind IN ('r', 'p') AND relname <> 'migration' AND relname !~ '_[wd][0-9]{8}$'"
    )
    assert [row[0] for row in unguarded] == []


async def test_a_reader_that_ends_leaves_no_account_behind(faces: Database) -> None:
    async with faces.reader(1) as tx:
        assert await tx.fetchval("SELECT count(*) FROM batch") == 2
    async with faces.transaction(Purpose.FACE) as tx:
        assert await tx.fetchval("SELECT count(*) FROM batch") == 0


async def test_a_reader_cannot_write_whatever_its_rights(faces: Database) -> None:
    async with faces.reader(1) as tx:
        with pytest.raises((asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientPrivilegeError)):
            await tx.execute("UPDATE batch SET tags = '{}' WHERE account_id = 1")


@pytest.mark.parametrize("purpose", [Purpose.HOT, Purpose.GENERAL])
async def test_the_engine_reads_and_writes_rows_of_every_account(faces: Database, purpose: Purpose) -> None:
    async with faces.transaction(purpose) as tx:
        rows = await tx.fetch("SELECT DISTINCT account_id FROM message ORDER BY 1")
        assert [row[0] for row in rows] == list(ACCOUNTS)
        assert await tx.execute("UPDATE message SET code = 110 WHERE account_id = 2") == "UPDATE 1"


async def test_the_engine_is_no_owner_either(database: str) -> None:
    connection = await connect(database, Purpose.GENERAL)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with transaction_on(connection) as tx:
                await tx.execute("ALTER TABLE batch DISABLE ROW LEVEL SECURITY")
    finally:
        await connection.close()
