"""`heliograph guard` at the terminal on a real database."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from tests.faces.cli.conftest import Answer, Run

NOW = datetime(2026, 11, 22, 13, 37, tzinfo=UTC)


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--json").json["number"]
    return number


def refused(answer: Answer, sentence: str) -> bool:
    is_one_line = answer.err.count("\n") == 1 and answer.out == ""
    return answer.exit_code == 2 and sentence in answer.err and is_one_line


def test_rules_are_set_listed_and_removed(admin: Run, account: str) -> None:
    assert admin("guard", "list").out == "Nothing is guarded.\n"
    made = admin("guard", "set", "+225", "--limit", "20", "--per", "hour", "--mode", "block", "--json").json
    assert made == {"account": "all", "prefix": "225", "limit": 20, "per": "hour", "mode": "block"}
    said = admin("guard", "set", "*", "--limit", "500", "--per", "day", "--account", account).out
    assert said == f"{account} is watched beyond 500 recipients a day for each country.\n"
    said = admin("guard", "set", "46", "--mode", "off").out
    assert said == "Every account without a rule of its own is not guarded for numbers that begin with 46.\n"
    said = admin("guard", "set", "225", "--limit", "5", "--per", "minute", "--mode", "block").out
    assert "is held to 5 recipients a minute for numbers that begin with 225" in said
    rows = admin("guard", "list", "--json").json
    assert [(row["account"], row["prefix"], row["limit"], row["mode"]) for row in rows] == [
        ("all", "225", 5, "block"),
        ("all", "46", None, "off"),
        (account, "*", 500, "watch"),
    ]
    assert "minute" in admin("guard", "list").out
    removed = admin("guard", "remove", "225", "--json").json
    assert removed == {"account": "all", "prefix": "225", "removed": True}
    assert admin("guard", "remove", "*", "--account", account).out == "The rule for * is removed.\n"
    assert [row["prefix"] for row in admin("guard", "list", "--json").json] == ["46"]


def test_the_rules_of_an_account_are_those_that_count_for_it(admin: Run, account: str) -> None:
    admin("guard", "set", "225", "--limit", "20", "--per", "hour")
    admin("guard", "set", "*", "--limit", "9", "--per", "day")
    admin("guard", "set", "225", "--limit", "50", "--per", "day", "--account", account)
    rows = admin("guard", "list", "--account", account, "--json").json
    assert [(row["account"], row["prefix"], row["limit"]) for row in rows] == [
        ("all", "*", 9),
        (account, "225", 50),
    ]


def test_what_is_wrong_about_a_rule_is_said(admin: Run, account: str) -> None:
    on = ("--limit", "1", "--per", "hour")
    for prefix in ("default", "", "+", "046", "4x", "1" * 16, "++46"):
        assert refused(admin("guard", "set", prefix, *on), "is no prefix"), prefix
    assert refused(admin("guard", "set", "46"), "say how many and in which time")
    assert refused(admin("guard", "set", "46", "--limit", "5"), "say how many and in which time")
    assert refused(admin("guard", "set", "46", *on, "--mode", "off"), "leave out --limit and --per")
    assert refused(admin("guard", "set", "46", "--limit=-1", "--per", "hour"), "from 0 to 1000000000")
    assert refused(admin("guard", "set", "46", "--limit", "1", "--per", "week"), "week")
    assert refused(admin("guard", "set", "46", *on, "--account", "ip1-99999"), "there is no account")
    assert refused(admin("guard", "remove", "46"), "there is no rule for 46 and all accounts")
    assert refused(admin("guard", "remove", "46", "--account", account), f"no rule for 46 and {account}")
    assert refused(admin("guard", "list", "--account", "ip1-99999"), "there is no account")
    assert refused(admin("guard", "events", "--account", "ip1-99999"), "there is no account")
    assert refused(admin("guard", "events", "--count", "0"), "--count is a number from 1 to 10000")


async def add_windows(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        for prefix, blocks, beyond, blocked, exceeded in (
            ("225", True, 7, 7, NOW),
            ("232", False, 4, 0, NOW.replace(minute=40)),
            ("46", False, 0, 0, None),
        ):
            await connection.execute(
                "INSERT INTO heliograph.guard_window VALUES (10001, $1, 3600, $2, 12, 5, $3, $4, $5, $2, $6)",
                *(prefix, NOW.replace(minute=0), blocks, beyond, blocked, exceeded),
            )
    finally:
        await connection.close()


def test_events_say_what_was_and_what_would_have_been_blocked(
    admin: Run, account: str, database: str
) -> None:
    assert admin("guard", "events").out == "No limit was passed.\n"
    asyncio.run(add_windows(database))
    latest, first = admin("guard", "events", "--json").json
    assert latest == {
        "at": "2026-11-22T13:40:00Z",
        "account": account,
        "prefix": "232",
        "windowStart": "2026-11-22T13:00:00Z",
        "per": "hour",
        "recipients": 12,
        "limit": 5,
        "mode": "watch",
        "blocked": 0,
        "wouldHaveBlocked": 4,
    }
    assert (first["prefix"], first["mode"], first["blocked"], first["wouldHaveBlocked"]) == (
        "225",
        "block",
        7,
        0,
    )
    assert len(admin("guard", "events", "--account", account, "--count", "1", "--json").json) == 1
    assert "Would have blocked" in admin("guard", "events").out
