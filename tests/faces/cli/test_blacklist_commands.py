"""`heliograph blacklist` on a database of its own."""

import pytest

from tests.faces.cli.conftest import Answer, Run

NUMBER = "46701740605"


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--json").json["number"]
    return number


def refused(answer: Answer, sentence: str) -> bool:
    return answer.exit_code == 2 and answer.out == "" and sentence in answer.err


def test_numbers_are_added_listed_and_removed(admin: Run, account: str) -> None:
    assert admin("blacklist", "add", account, NUMBER).out == f"{account} sends nothing more to {NUMBER}.\n"
    assert refused(admin("blacklist", "add", account, NUMBER), "is on the blacklist of ip1-10001 already")
    assert [row["msisdn"] for row in admin("blacklist", "list", account, "--json").json] == [NUMBER]
    assert NUMBER in admin("blacklist", "list", account).out
    removed = admin("blacklist", "remove", account, NUMBER, "--json").json
    assert removed == {"account": account, "msisdn": NUMBER, "removed": True}
    assert refused(admin("blacklist", "remove", account, NUMBER), "is not on the blacklist of ip1-10001")
    assert admin("blacklist", "list", account).out == "Nobody is on the blacklist.\n"


def test_the_history_says_who_did_it(admin: Run, account: str) -> None:
    admin("blacklist", "add", account, NUMBER)
    admin("blacklist", "remove", account, NUMBER)
    rows = admin("blacklist", "history", account, NUMBER, "--json").json
    assert [(row["change"], row["source"]) for row in rows] == [
        ("added", "operator"),
        ("removed", "operator"),
    ]
    assert admin("blacklist", "history", account, "1").out == "1 was never on the blacklist.\n"


def test_what_is_no_number_and_no_account_is_refused(admin: Run, account: str) -> None:
    assert refused(admin("blacklist", "add", account, "+46701740605"), "is not a phone number")
    assert refused(admin("blacklist", "add", account, "0046701740605"), "Nobody can have the number")
    for command in (("add", NUMBER), ("remove", NUMBER), ("history", NUMBER), ("list",)):
        answer = admin("blacklist", command[0], "ip1-99999", *command[1:])
        assert refused(answer, "there is no account 'ip1-99999'"), command
