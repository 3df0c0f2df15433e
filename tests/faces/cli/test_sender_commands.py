"""Senders and the optional-sender service at the command line, on a database of their own."""

from typing import Any

import pytest

from tests.faces.cli.conftest import Answer, Run


@pytest.fixture(autouse=True)
def prices(admin: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_ACCOUNTS_PROTECTED_SENDERS", "Handelsbank, Swish")
    assert admin("price", "create", "standard").exit_code == 0


def refused(answer: Answer, sentence: str) -> bool:
    return answer.exit_code == 2 and answer.out == "" and sentence in answer.err


def made(admin: Run, *options: str) -> str:
    answer = admin("account", "create", "Acme", "--json", *options)
    assert answer.exit_code == 0, answer.err
    number: str = answer.json["number"]
    return number


def shown(admin: Run, account: str) -> tuple[bool, list[str]]:
    document: dict[str, Any] = admin("account", "show", account, "--json").json
    return document["optionalSender"], document["senders"]


def test_a_new_account_has_the_service_unless_it_is_made_without(admin: Run) -> None:
    assert shown(admin, made(admin, "--sender", "Acme")) == (True, ["Acme"])
    assert shown(admin, made(admin, "--no-optional-sender")) == (False, ["iP1", "iP1sms"])
    answer = admin("account", "create", "X", "--no-optional-sender", "--sender", "Acme", "--sender", "iP1")
    assert refused(answer, "--no-optional-sender leaves the default senders only, not Acme")


def test_the_service_is_taken_and_given_back(admin: Run) -> None:
    account = made(admin, "--sender", "Acme")
    assert (
        admin("account", "change", account, "--no-optional-sender", "--json").json["optionalSender"] is False
    )
    assert shown(admin, account) == (False, ["Acme", "iP1", "iP1sms"])
    assert admin("account", "change", account, "--name", "Other").exit_code == 0
    assert shown(admin, account)[0] is False
    assert admin("account", "change", account, "--optional-sender").exit_code == 0
    assert shown(admin, account) == (True, ["Acme", "iP1", "iP1sms"])


def test_the_operator_registers_what_nobody_else_may(admin: Run) -> None:
    account = made(admin)
    assert admin("sender", "add", account, "HANDE1SBANK").out == (
        f"{account} may send as HANDE1SBANK. No other account may register it: it looks like Handelsbank.\n"
    )
    added = admin("sender", "add", account, "Acme", "--json").json
    assert (added["protectedName"], added["usable"]) == (None, True)


def test_a_sender_that_needs_the_service_is_said_to_wait_for_it(admin: Run) -> None:
    account = made(admin, "--no-optional-sender")
    assert admin("sender", "add", account, "Acme").out == (
        f"{account} may send as Acme once it has the optional-sender service.\n"
    )
