"""`heliograph limit`, and limits of keys, at the terminal on a real database."""

import pytest

from tests.faces.cli.conftest import Answer, Run


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--credit", "100", "--json").json["number"]
    return number


def refused(answer: Answer, sentence: str) -> bool:
    return answer.exit_code == 2 and sentence in answer.err and answer.err.count("\n") == 1


def test_limits_are_set_shown_and_taken_away(admin: Run, account: str) -> None:
    none = admin("limit", "show", account, "--json").json
    assert (none["rate"], none["burst"], none["dailyCap"], none["spent"]) == (None, None, None, None)
    made = admin("limit", "set", account, "--rate", "50", "--daily-cap", "12.50", "--json").json
    assert (made["rate"], made["burst"], made["dailyCap"]) == (50, 50, 12.5)
    assert admin("limit", "set", account, "--burst", "500").exit_code == 0
    shown = admin("limit", "show", account).out
    assert "50, 500 at once" in shown
    assert "12.5 SEK" in shown
    assert "0 SEK" in shown
    assert admin("limit", "set", account, "--rate", "none", "--daily-cap", "none").exit_code == 0
    assert admin("limit", "show", account, "--json").json == none


def test_what_is_wrong_about_a_limit_is_said(admin: Run, account: str) -> None:
    assert refused(admin("limit", "set", account), "nothing to change")
    assert refused(admin("limit", "set", account, "--rate", "fast"), "'fast' is no rate")
    assert refused(admin("limit", "set", account, "--rate", "0"), "'0' is no rate")
    assert refused(admin("limit", "set", account, "--rate", "nan"), "'nan' is no rate")
    assert refused(admin("limit", "set", account, "--burst", "5"), "a burst needs a rate")
    assert refused(admin("limit", "set", account, "--rate", "5", "--burst", "0"), "from 1 to 1000000")
    assert refused(admin("limit", "set", account, "--rate", "none", "--burst", "1"), "there is no burst")
    assert refused(admin("limit", "set", account, "--daily-cap", "-1"), "not a positive amount")
    assert refused(admin("limit", "show", "ip1-99999"), "there is no account")


def test_a_key_has_a_rate_of_its_own(admin: Run, account: str) -> None:
    made = admin("key", "create", account, "--rate", "2.5", "--json").json
    assert made["rate"] == "2.5, 3 at once"
    key_id = made["key"].split("_")[1]
    changed = admin("key", "change", key_id, "--burst", "10", "--json").json
    assert changed["rate"] == "2.5, 10 at once"
    assert admin("key", "change", key_id, "--rate", "none", "--json").json["rate"] == "none"
    assert refused(admin("key", "create", account, "--burst", "1"), "a burst needs a rate")
