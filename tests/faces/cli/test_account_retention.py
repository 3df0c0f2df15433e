"""How long an account keeps texts and numbers, at the terminal on a real database."""

import pytest

from tests.faces.cli.conftest import Run


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--json").json["number"]
    return number


def test_days_are_shown_chosen_and_given_back_to_the_installation(admin: Run, account: str) -> None:
    assert admin("account", "show", account, "--json").json["retentionDays"] == 90
    changed = admin("account", "change", account, "--retention-days", "30", "--json")
    assert changed.json["retentionDays"] == 30
    assert admin("account", "change", account, "--weight", "2", "--json").json["retentionDays"] == 30
    assert "Days texts are kept" in admin("account", "show", account).out
    given_back = admin("account", "change", account, "--retention-days", "0", "--json")
    assert given_back.json["retentionDays"] == 90


@pytest.mark.parametrize("days", ["9", "3651", "-1"])
def test_too_few_and_too_many_days_are_refused(admin: Run, account: str, days: str) -> None:
    refused = admin("account", "change", account, f"--retention-days={days}")
    assert refused.exit_code == 2
    assert "10 to 3650 days" in refused.err
