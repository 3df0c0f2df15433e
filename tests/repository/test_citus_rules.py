"""The schema and the statements stay ready for a distributed database.

Three families of tables, each led by the column it would be spread by; statements name that column, stay in
one family, and use nothing that a distributed table refuses. Every check is first shown to find what it is
there to find.
"""

import re
from pathlib import Path

import pytest

from tests.repository.source_tree import MIGRATIONS, QUERIES, bare_sql, sql_of

FAMILIES = {
    "account_id": (
        "balance",
        "ledger",
        "batch",
        "batch_tag",
        "conversation",
        "message",
        "idempotency",
        "summary",
        "summary_change",
        "contact",
        "contact_label",
        "blacklist",
        "blacklist_event",
        "event_block",
        "daily_spend",
        "guard_window",
        "audit_entry",
        "portal_draft",
        "removal",
        "traffic",
        "erasure_progress",
        "erasure_later",
    ),
    "carrier_id": (
        "lot",
        "fair_position",
        "finished_lot",
        "segment",
        "in_doubt",
        "paused_batch",
        "receipt_block",
        "refused_block",
        "unmatched_receipt",
        "bind_lease",
        "reassembly",
        "carrier_cost",
        "thin_margin",
    ),
    "bucket": ("report_block", "report_retry", "report_origin", "report_attempt"),
}
FAMILY_OF = {table: column for column, tables in FAMILIES.items() for table in tables}
WRITTEN_BY_PEOPLE = frozenset(
    {
        "account",
        "api_key",
        "sender",
        "webhook_secret",
        "carrier",
        "route",
        "price_list",
        "price",
        "inbound_number",
        "inbound_keyword",
        "guard_rule",
        "portal_user",
        "membership",
        "login",
        "sign_in_link",
        "recovery_code",
        "passkey",
        "sign_in_try",
        "sign_in_step",
        "invitation",
        "mail_outbox",
    }
)

LOCAL = frozenset({"bucket_lease", "conversation_progress", "traffic_progress"})
"""Small tables that a distributed database keeps in one place: one row a bucket, written now and then."""

SWEEPS = {
    "create_carrier": "an operator adds a carrier",
    "delete_foreign_event_blocks": "the keeper looks once, when it starts, for events of another server",
    "list_attempt_blocks": "an account looks at its own attempts to deliver reports",
    "list_account_origins": "an account looks at its own addresses that fail",
    "list_bind_slots": "an operator looks at the binds of all carriers",
    "list_given_up_reports": "an account has what was given up of its own delivered again",
    "list_lease_holders": "an operator looks at the processes that hold leases",
    "list_batches_to_fold": "the keeper looks for summaries to fold, every few seconds",
    "list_carriers_with_due": "the keeper asks which carriers have messages to close",
    "list_carriers_with_undecided_doubt": "the keeper asks where it has doubts to decide",
    "list_carriers_with_reassembly_due": "the keeper asks which carriers have segments to give out",
    "list_carriers_with_lots_due": "the keeper asks which carriers have windows to open or close",
    "delete_oldest_blocks": "the keeper forgets what disabled addresses left behind, as it erases",
    "list_due_report_blocks": "a reporter reads its own buckets, without locks",
    "list_due_report_retries": "a reporter reads its own buckets, without locks",
    "list_reports_of_messages": "the keeper looks for reports of the few batches that it would erase",
    "list_report_origins": "a reporter that takes buckets over reads what failed in them",
    "list_retrying_origins": "a reporter that takes buckets over reads what waits in them",
    "list_thin_margins": "the keeper and an operator look at the few price lists that are too cheap",
    "list_vanished_holders": "an operator asks for binds that nobody holds",
    "prune_portal_drafts": "the keeper drops drafts of yesterday, once an hour",
    "prune_removals": "the keeper forgets what was removed hours ago, once an hour",
    "prune_daily_spend": "the keeper forgets days long gone, once an hour",
    "prune_guard_windows": "the keeper forgets windows long gone, once an hour",
    "prune_idempotency": "the keeper forgets old keys, once an hour",
    "read_waiting_reports": "an operator looks at the first reports that wait",
    "read_balances": "a group commit looks at the few accounts that may be short of money, without locks",
}
"""Statements outside the hot paths that look over a whole family, with the reason."""

QUERY_FILES = sorted(QUERIES.glob("*.sql"))
MIGRATION_FILES = sorted(MIGRATIONS.glob("*.sql"))
EVERY_FILE = [*QUERY_FILES, *MIGRATION_FILES]

FORBIDDEN = {
    "trigger": r"\bTRIGGER\b",
    "MERGE": r"\bMERGE\s+INTO\b",
    "rule": r"\bCREATE\s+(?:OR\s+REPLACE\s+)?RULE\b",
    "EXCLUDE": r"\bEXCLUDE\s+USING\b",
    "serial": r"\b(?:small|big)?serial\b",
    "sequence": r"\bSEQUENCE\b|\bnextval\b",
    "small identity": r"\b(?:smallint|integer|int)\s+GENERATED\b",
    "ctid": r"\bctid\b",
    "ON DELETE SET NULL": r"\bSET\s+NULL\b|\bSET\s+DEFAULT\b",
    "LATERAL with LIMIT": r"\bLATERAL\s*\([^)]*\bLIMIT\b",
    "unnest LEFT JOIN": (
        r"\bunnest\s*\((?:[^()]|\([^()]*\))*\)\s*(?:AS\s+)?\w*\s*(?:\([^)]*\))?\s*LEFT\s+(?:OUTER\s+)?JOIN\s+"
        rf"(?:{'|'.join(FAMILY_OF)})\b"
    ),
    "volatile function in UPDATE": (
        r"\bUPDATE\b(?:(?!\bRETURNING\b).)*\b(?:clock_timestamp|random|gen_random_uuid|statement_timestamp)\s*\("
    ),
    "now() in DO UPDATE": r"\bDO\s+UPDATE\s+SET\b(?:(?!\bRETURNING\b).)*\b(?:now\s*\(|current_timestamp\b)",
}


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("trigger", "CREATE TRIGGER t BEFORE INSERT ON batch"),
        ("MERGE", "MERGE INTO message USING x ON true"),
        ("rule", "CREATE RULE r AS ON INSERT TO batch DO NOTHING"),
        ("EXCLUDE", "EXCLUDE USING gist (a WITH =)"),
        ("serial", "a bigserial"),
        ("sequence", "CREATE SEQUENCE s"),
        ("sequence", "SELECT nextval('s')"),
        ("small identity", "a integer GENERATED ALWAYS AS IDENTITY"),
        ("ctid", "DELETE FROM batch WHERE ctid IN (SELECT 1)"),
        ("ON DELETE SET NULL", "REFERENCES batch ON DELETE SET NULL"),
        ("LATERAL with LIMIT", "FROM account a, LATERAL (SELECT 1 FROM batch LIMIT 1) b"),
        ("unnest LEFT JOIN", "FROM unnest($1::bytea[]) AS u(id) LEFT JOIN message m ON true"),
        (
            "unnest LEFT JOIN",
            "FROM unnest($1::bytea[], $2::numeric(3, 2)[]) u LEFT OUTER JOIN message m ON true",
        ),
        ("volatile function in UPDATE", "UPDATE batch SET hidden_at = clock_timestamp()"),
        ("now() in DO UPDATE", "INSERT INTO x VALUES (1) ON CONFLICT (a) DO UPDATE SET at = now()"),
        (
            "now() in DO UPDATE",
            "INSERT INTO x VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1, at = CURRENT_TIMESTAMP",
        ),
    ],
)
def test_each_forbidden_thing_is_recognised(rule: str, statement: str) -> None:
    assert re.search(FORBIDDEN[rule], statement, re.IGNORECASE)


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.stem)
def test_nothing_is_used_that_a_distributed_table_refuses(path: Path) -> None:
    found = [rule for rule, pattern in FORBIDDEN.items() if re.search(pattern, sql_of(path), re.IGNORECASE)]
    assert found == []


def keys_of(sql: str) -> list[tuple[str, list[str]]]:
    """Table and columns of every primary key, unique constraint and unique index."""
    keys: list[tuple[str, list[str]]] = []
    for table, body in re.findall(
        r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*?)\)(?: WITH \(| PARTITION BY|;)", sql
    ):
        inner = re.findall(r"(?:PRIMARY KEY|UNIQUE) \(([^)]*)\)", body)
        keys += [(table, [column.strip() for column in columns.split(",")]) for columns in inner]
        for definition in re.split(r", (?=\w+ \w)", body):
            if re.search(r"\b(?:PRIMARY KEY|UNIQUE)(?! \()", definition):
                keys.append((table, [definition.split()[0]]))
    for table, columns in re.findall(r"CREATE UNIQUE INDEX \w+ ON (\w+) \(([^)]*)\)", sql):
        keys.append((table, [column.strip() for column in columns.split(",")]))
    return keys


def test_keys_are_read_from_a_schema() -> None:
    sql = bare_sql(
        """CREATE TABLE a (x bigint PRIMARY KEY, y text NOT NULL UNIQUE);
        CREATE TABLE b (x bigint, -- , PRIMARY KEY
            y numeric(3, 2), PRIMARY KEY (x, y)) PARTITION BY RANGE (y);
        CREATE UNIQUE INDEX i ON b (y, x) WHERE y > 0;"""
    )
    assert keys_of(sql) == [("a", ["x"]), ("a", ["y"]), ("b", ["x", "y"]), ("b", ["y", "x"])]


def test_every_key_begins_with_the_column_of_its_family() -> None:
    keys = [key for path in MIGRATION_FILES for key in keys_of(sql_of(path))]
    led = {table for table, _ in keys if table in FAMILY_OF}
    assert led == set(FAMILY_OF) - {"segment"}, "segments have no unique key"
    wrong = [
        (table, columns) for table, columns in keys if table in FAMILY_OF and columns[0] != FAMILY_OF[table]
    ]
    assert wrong == []


def test_every_table_belongs_to_a_family_or_is_small() -> None:
    tables = {
        table
        for path in MIGRATION_FILES
        for table in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \(", sql_of(path))
    }
    assert tables == set(FAMILY_OF) | LOCAL | WRITTEN_BY_PEOPLE


def test_no_foreign_key_leaves_a_family() -> None:
    for path in MIGRATION_FILES:
        for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\);", sql_of(path)):
            if table in FAMILY_OF:
                assert "REFERENCES" not in body, table


def tables_of(sql: str) -> set[str]:
    """The tables of the schema that a statement names."""
    named = set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE|USING) (?:ONLY )?(\w+)\b", sql))
    for listed in re.findall(r"\bFROM ((?:\w+(?: (?:AS )?\w+)?, )+\w+)", sql):
        named |= {item.split()[0] for item in listed.split(", ")}
    return named & (set(FAMILY_OF) | WRITTEN_BY_PEOPLE)


def families_of(sql: str) -> set[str]:
    return {FAMILY_OF[table] for table in tables_of(sql) if table in FAMILY_OF}


def test_families_of_a_statement_are_found() -> None:
    assert families_of("SELECT 1 FROM lot l JOIN batch b ON true") == {"carrier_id", "account_id"}
    assert families_of("WITH x AS (DELETE FROM lot USING report_block) UPDATE batch SET a = 1") == {
        "carrier_id",
        "bucket",
        "account_id",
    }
    assert families_of("SELECT 1 FROM account, batch") == {"account_id"}
    assert families_of("SELECT 1 FROM account a, carrier AS c, lot") == {"carrier_id"}
    assert (
        families_of("INSERT INTO x (segment, batch) SELECT segment, balance FROM unnest($1) AS u(segment)")
        == set()
    )


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: path.stem)
def test_no_statement_joins_families(path: Path) -> None:
    assert len(families_of(sql_of(path))) <= 1


def names_its_family(sql: str, column: str) -> bool:
    """Whether a statement compares its family's column with ``=``, or only inserts into the family."""
    if re.search(rf"\b{column} = (?!ANY\b)", sql):
        return True
    return not families_of(re.sub(r"\bINSERT INTO \w+", "", sql))


def test_a_missing_family_column_is_noticed() -> None:
    assert names_its_family("SELECT 1 FROM lot WHERE carrier_id = $1 AND state = 1", "carrier_id")
    assert names_its_family("INSERT INTO lot (carrier_id) SELECT $1 FROM unnest($2::int[])", "carrier_id")
    assert not names_its_family("SELECT 1 FROM lot WHERE state = 1", "carrier_id")
    assert not names_its_family("SELECT 1 FROM lot WHERE carrier_id = ANY ($1)", "carrier_id")
    assert not names_its_family("INSERT INTO lot SELECT * FROM lot WHERE state = 1", "carrier_id")


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: path.stem)
def test_every_statement_names_its_family(path: Path) -> None:
    sql = sql_of(path)
    unnamed = [column for column in families_of(sql) if not names_its_family(sql, column)]
    if path.stem in SWEEPS:
        assert unnamed, "it is no sweep any more: take it off the list"
    else:
        assert unnamed == []


def locks_of(sql: str) -> list[str]:
    """What stands between the nearest SELECT and each lock on rows."""
    found = []
    for lock in re.finditer(r"\bFOR (?:NO KEY )?(?:UPDATE|SHARE|KEY SHARE)\b", sql):
        found.append(sql[: lock.start()].rpartition("SELECT ")[2])
    return found


def one_key(locked: str) -> bool:
    """Whether a locking SELECT names one account, carrier or bucket."""
    columns = families_of(f"SELECT {locked}")
    return all(re.search(rf"\b{column} = \$", locked) for column in columns)


def test_locks_over_several_keys_are_noticed() -> None:
    assert [one_key(found) for found in locks_of("SELECT 1 FROM lot WHERE carrier_id = $1 FOR UPDATE")] == [
        True
    ]
    assert [
        one_key(found) for found in locks_of("SELECT 1 FROM lot l WHERE l.state = 1 FOR UPDATE OF l")
    ] == [False]
    assert [
        one_key(found) for found in locks_of("SELECT 1 FROM lot WHERE carrier_id = ANY ($1) FOR SHARE")
    ] == [False]


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: path.stem)
def test_a_lock_on_rows_names_one_key(path: Path) -> None:
    assert all(one_key(locked) for locked in locks_of(sql_of(path)))


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: path.stem)
def test_one_statement_a_file(path: Path) -> None:
    assert ";" not in sql_of(path)
