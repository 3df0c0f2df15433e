"""`heliograph user` at the terminal on a real database."""

import asyncio

import pytest

from heliograph.domain.login_secret import login_hash
from heliograph.storage.database import connect
from tests.faces.cli.conftest import Answer, Run


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--credit", "100", "--json").json["number"]
    return number


@pytest.fixture
def kim(admin: Run, account: str) -> str:
    made = admin("user", "create", "Kim@Example.com", "--name", "Kim", "--account", account)
    assert made.exit_code == 0
    assert "/portal/welcome/" in made.out
    return "kim@example.com"


def refused(answer: Answer, sentence: str) -> bool:
    return answer.exit_code == 2 and sentence in answer.err and answer.err.count("\n") == 1


def fetch(database: str, sql: str, *arguments: object) -> list[tuple[object, ...]]:
    async def ask() -> list[tuple[object, ...]]:
        connection = await connect(database)
        try:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_a_user_is_made_with_a_link_that_only_its_hash_is_kept_of(
    admin: Run, account: str, database: str
) -> None:
    made = admin(
        "user", "create", "kim@example.com", "--account", account, "--role", "read-only", "--json"
    ).json
    assert (made["email"], made["role"], made["operator"]) == ("kim@example.com", "read_only", False)
    address, _, secret = made["link"].rpartition("/")
    assert address.endswith("/portal/welcome")
    links = fetch(database, "SELECT kind FROM sign_in_link WHERE link_hash = $1", login_hash(secret))
    assert links == [("invitation",)]
    (listed,) = admin("user", "list", "--json").json
    assert (listed["roles"], listed["secondStep"], listed["disabled"]) == (
        [f"{account} read_only"],
        False,
        None,
    )
    assert "kim@example.com" in admin("user", "list").out
    assert fetch(database, "SELECT actor, action FROM audit_entry") == [("command line", "user.created")]


def test_a_link_takes_the_place_of_those_before(admin: Run, kim: str, database: str) -> None:
    first = admin("user", "link", kim, "--json").json["link"]
    second = admin("user", "link", "1", "--json").json["link"]
    assert first != second
    open_ones = fetch(database, "SELECT link_hash, kind FROM sign_in_link WHERE used_at IS NULL")
    assert open_ones == [(login_hash(second.rpartition("/")[2]), "reset")]


def test_a_lost_second_step_is_forgotten(admin: Run, kim: str, database: str) -> None:
    fetch(database, "UPDATE portal_user SET sealed_totp = '\\x00' RETURNING 1")
    fetch(database, "INSERT INTO recovery_code (user_id, code_hash) VALUES (1, '\\x00') RETURNING 1")
    assert admin("user", "list", "--json").json[0]["secondStep"] is True
    assert admin("user", "link", kim, "--forget-second-step").exit_code == 0
    assert admin("user", "list", "--json").json[0]["secondStep"] is False
    assert fetch(database, "SELECT 1 FROM recovery_code") == []


def test_somebody_is_disabled_and_enabled(admin: Run, kim: str) -> None:
    assert "is disabled" in admin("user", "disable", kim).out
    assert refused(admin("user", "link", kim), "is disabled")
    assert admin("user", "enable", kim, "--json").json["disabled"] is False
    assert admin("user", "link", kim).exit_code == 0


def test_roles_are_given_and_taken(admin: Run, kim: str, account: str) -> None:
    assert refused(admin("user", "role", kim, "sender", "--account", account), "would have no owner")
    admin("user", "create", "lee@example.com", "--account", account)
    assert admin("user", "role", kim, "sender", "--account", account).exit_code == 0
    assert admin("user", "list", "--json").json[0]["roles"] == [f"{account} sender"]
    assert admin("user", "role", kim, "none", "--account", account).exit_code == 0
    assert refused(admin("user", "role", kim, "none", "--account", account), "does not belong")
    assert admin("user", "role", kim, "operator").exit_code == 0
    assert admin("user", "list", "--json").json[0]["operator"] is True
    assert admin("user", "role", kim, "none").exit_code == 0
    assert refused(admin("user", "role", kim, "owner"), "name --account")


def test_a_link_made_before_does_not_give_a_later_role(
    admin: Run, kim: str, account: str, database: str
) -> None:
    admin("user", "link", kim)
    assert admin("user", "role", kim, "operator").exit_code == 0
    assert fetch(database, "SELECT 1 FROM sign_in_link WHERE used_at IS NULL") == []


def test_what_is_wrong_is_said(admin: Run, kim: str, account: str) -> None:
    assert refused(admin("user", "create", "kim", "--account", account), "no e-mail address")
    assert refused(admin("user", "create", kim, "--account", account), "is a user already")
    assert refused(admin("user", "create", "x@example.com"), "name --account, or --operator")
    assert refused(admin("user", "create", "x@example.com", "--account", "ip1-99999"), "no account")
    assert refused(
        admin("user", "create", "x@example.com", "--account", account, "--role", "king"), "no role"
    )
    for command in ("link", "disable", "enable"):
        assert refused(admin("user", command, "nobody@example.com"), "there is no user")
    assert refused(admin("user", "role", "99", "operator"), "there is no user")
