"""What becomes of an account's messages in doubt, chosen at the terminal on a real database."""

import pytest

from tests.faces.cli.conftest import Run


@pytest.fixture
def account(admin: Run) -> str:
    assert admin("price", "create", "standard").exit_code == 0
    number: str = admin("account", "create", "Acme", "--json").json["number"]
    return number


def test_an_account_holds_until_it_chooses_otherwise(admin: Run, account: str) -> None:
    assert admin("account", "show", account, "--json").json["inDoubt"] == "hold"
    changed = admin("account", "change", account, "--in-doubt", "resend-once", "--json")
    assert changed.json["inDoubt"] == "resend-once"
    assert admin("account", "change", account, "--weight", "2", "--json").json["inDoubt"] == "resend-once"
    assert "In doubt" in admin("account", "show", account).out


def test_any_other_word_is_refused(admin: Run, account: str) -> None:
    refused = admin("account", "change", account, "--in-doubt", "twice")
    assert refused.exit_code == 2
    assert "hold" in refused.err
    assert "resend-once" in refused.err
