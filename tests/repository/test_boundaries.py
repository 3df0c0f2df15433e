"""Who commits, who waits for the network, and who may forget to name the account: nobody but those listed.

The rules that imports cannot express, read from the syntax trees.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository.source_tree import QUERIES, SOURCE, place, python_files, sql_of, tree_of

COMMITS = frozenset({"database.py", "migrations_runner.py", "embedded_postgres.py"})
"""The modules of storage that may begin and end transactions themselves."""

TENANT_TABLES = (
    "balance",
    "ledger",
    "batch",
    "message",
    "idempotency",
    "summary",
    "summary_change",
)
READ_MODULES = ("batch_reading.py", "message_reading.py", "cancel.py")

_WORDS = re.compile(r"\b(?:COMMIT|ROLLBACK|BEGIN|START TRANSACTION|SAVEPOINT)\b")


def own_transactions(tree: ast.AST) -> Iterator[str]:
    """What in a module begins or ends a transaction past ``storage/database.py``."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Await) and _called(node.value) in ("commit", "rollback", "begin"):
            yield _called(node.value)
        elif isinstance(node, ast.Call) and _called(node) == "transaction":
            if isinstance(node.func, ast.Attribute) and not _is_of_database(node.func.value):
                yield "transaction"
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from _WORDS.findall(node.value) if isinstance(node.value, str) else ()


def _is_of_database(node: ast.expr) -> bool:
    """Whether an expression is our ``Database``, by the names that it goes under."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.lstrip("_") in ("database", "pools")


@pytest.mark.parametrize(
    "source",
    [
        "await connection.commit()",
        "await tx.execute('COMMIT')",
        "await tx.execute('BEGIN READ ONLY')",
        "async with connection.transaction(): pass",
    ],
)
def test_a_transaction_of_ones_own_is_noticed(source: str) -> None:
    assert list(own_transactions(ast.parse(source)))


def test_a_transaction_of_the_database_is_let_pass() -> None:
    source = '"""Begins: COMMIT."""\nasync with self._database.transaction() as tx: pass'
    assert list(own_transactions(ast.parse(source))) == []


def test_only_the_database_module_commits() -> None:
    found = {
        place(path): list(own_transactions(tree_of(path)))
        for path in python_files("src")
        if not (path.parent.name == "storage" and path.name in COMMITS)
    }
    assert {path: words for path, words in found.items() if words} == {}


WAITS = frozenset(
    {"post", "send", "connect", "request", "submit", "open_connection", "drain", "sleep", "resolve"}
)
"""Methods that wait for the network or the clock."""


def waits_in_transactions(tree: ast.AST) -> Iterator[str]:
    """Calls that wait for somebody else while a transaction is open."""
    for block in ast.walk(tree):
        if isinstance(block, ast.AsyncWith) and any(map(_opens_transaction, block.items)):
            for node in ast.walk(ast.Module(block.body, [])):
                if isinstance(node, ast.Await) and (name := _called(node.value)) in WAITS:
                    yield name


def _opens_transaction(item: ast.withitem) -> bool:
    return _called(item.context_expr) in ("transaction", "transaction_on", "reader")


def _called(node: ast.expr) -> str:
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_waiting_inside_a_transaction_is_noticed() -> None:
    source = "async with database.transaction() as tx:\n    for u in urls:\n        await client.post(u)"
    assert list(waits_in_transactions(ast.parse(source))) == ["post"]
    after = "async with transaction_on(c) as tx:\n    await record(tx)\nawait client.post(u)"
    assert list(waits_in_transactions(ast.parse(after))) == []


@pytest.mark.parametrize("folder", ["services", "faces", "carriers", "storage"])
def test_no_transaction_is_open_while_somebody_else_is_waited_for(folder: str) -> None:
    found = {
        place(path): list(waits_in_transactions(tree_of(path)))
        for path in python_files(f"src/heliograph/{folder}")
    }
    assert {path: names for path, names in found.items() if names} == {}


def tenant_tables_of(sql: str) -> list[str]:
    """Where a statement reads or changes rows of accounts: each table with its alias, if it has one."""
    tables = "|".join(TENANT_TABLES)
    return re.findall(rf"\b(?:FROM|JOIN|UPDATE|USING) (?:{tables})\b", sql)


def test_every_statement_of_the_read_modules_names_the_account_for_every_table() -> None:
    looked_at = 0
    for name in READ_MODULES:
        for path in _queries_of(SOURCE / "storage" / name):
            sql = sql_of(path)
            tables = len(tenant_tables_of(sql))
            assert len(re.findall(r"\baccount_id = \$[0-9]+", sql)) >= tables, path.stem
            looked_at += bool(tables)
    assert looked_at >= 12


def _queries_of(module: Path) -> Iterator[Path]:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            path = QUERIES / f"{node.value}.sql"
            if re.fullmatch("[a-z_]+", node.value) and path.is_file():
                yield path


def test_every_statement_on_rows_of_accounts_names_an_account() -> None:
    forgetful = [
        path.stem
        for path in QUERIES.glob("*.sql")
        if tenant_tables_of(sql_of(path)) and "account_id" not in sql_of(path)
    ]
    assert forgetful == ["prune_idempotency"], "old keys of every account are forgotten alike"


def test_only_services_and_storage_load_statements() -> None:
    loading = [
        place(path)
        for path in python_files("src/heliograph/faces", "src/heliograph/carriers", "src/heliograph/domain")
        if "load_query" in path.read_text("utf-8")
    ]
    assert loading == []


def test_the_pure_layers_read_no_clock_and_draw_no_lots() -> None:
    banned = re.compile(r"\b(?:datetime\.now|utcnow|time\.time|monotonic|urandom|token_bytes|uuid4)\(")
    found = {
        place(path): banned.findall(path.read_text("utf-8"))
        for path in python_files("src/heliograph/domain", "src/heliograph/smpp")
    }
    assert {path: calls for path, calls in found.items() if calls} == {}
