"""Numbers and keywords as an operator keeps them, and where an account's incoming messages go."""

import pytest

from tests.faces.cli.conftest import Answer, Run


@pytest.fixture
def accounts(admin: Run) -> tuple[str, str]:
    """Two accounts."""
    admin("price", "create", "standard")
    one, other = (admin("account", "create", name, "--json").json["number"] for name in ("Acme", "Other"))
    return one, other


def refused(answer: Answer, sentence: str) -> bool:
    return (
        answer.exit_code == 2 and answer.out == "" and sentence in answer.err and answer.err.count("\n") == 1
    )


def test_a_number_of_an_account(admin: Run, accounts: tuple[str, str]) -> None:
    one, other = accounts
    made = admin("number", "add", "46701740699", "--account", one, "--json").json
    assert (made["number"], made["account"], made["shared"], made["keywords"]) == (
        "46701740699",
        one,
        False,
        {},
    )
    assert admin("number", "change", "46701740699", "--account", other, "--json").json["account"] == other
    assert [row["account"] for row in admin("number", "list", "--json").json] == [other]
    assert other in admin("number", "list").out
    assert admin("number", "remove", "46701740699", "--json").json["removed"] is True
    assert "No numbers yet" in admin("number", "list").out


def test_keywords_of_a_shared_number(admin: Run, accounts: tuple[str, str]) -> None:
    one, other = accounts
    assert admin("number", "add", "72456", "--shared").exit_code == 0
    assert admin("number", "keyword", "add", "72456", "ACME", one).exit_code == 0
    made = admin("number", "keyword", "add", "72456", "Åre", other, "--json").json
    assert made["keywords"] == {"acme": one, "åre": other}
    assert "acme: ip1-" in admin("number", "list").out
    assert refused(admin("number", "keyword", "add", "72456", "acme", other), "is taken")
    assert refused(admin("number", "change", "72456", "--own", "--account", one), "has keywords: acme, åre")
    assert admin("number", "keyword", "remove", "72456", "ACME", "--json").json["keywords"] == {"åre": other}
    assert refused(admin("number", "keyword", "remove", "72456", "acme"), "has no keyword 'acme'")
    assert admin("number", "change", "72456", "--account", one, "--json").json["account"] == one
    assert admin("number", "change", "72456", "--no-account", "--json").json["account"] is None
    assert admin("number", "remove", "72456").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "+4670", "--shared"), "'+4670' is no number"),
        (("add", "1" * 16, "--shared"), "is no number"),
        (("add", "72456"), "say whose it is with --account, or that it is --shared"),
        (("add", "72456", "--account", "ip1-99999"), "there is no account 'ip1-99999'"),
        (("add", "46555", "--shared"), "there is a number 46555 already"),
        (("change", "46555"), "nothing to change"),
        (("change", "46555", "--own"), "a number of nobody must be --shared"),
        (("change", "46555", "--account", "ip1-10001", "--no-account"), "contradict each other"),
        (("change", "72456", "--shared"), "there is no number '72456'"),
        (("remove", "72456"), "there is no number '72456'"),
        (("keyword", "add", "46555", "two words", "ip1-10001"), "'two words' is no keyword"),
        (("keyword", "add", "46555", "...", "ip1-10001"), "is no keyword"),
        (("keyword", "add", "46555", "acme", "ip1-99999"), "there is no account"),
        (("keyword", "add", "46666", "acme", "ip1-10001"), "46666 is not shared"),
    ],
)
def test_what_cannot_be_is_refused(
    admin: Run, accounts: tuple[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    admin("number", "add", "46555", "--shared")
    admin("number", "add", "46666", "--account", accounts[0])
    assert refused(admin("number", *arguments), sentence)


def test_where_incoming_messages_go(
    admin: Run, accounts: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, url = accounts[0], "https://example.com/sms"
    changed = admin("account", "change", account, "--incoming-url", url, "--json")
    assert changed.json["incomingUrl"] == url
    assert admin("account", "show", account, "--json").json["incomingUrl"] == url
    assert admin("account", "change", account, "--incoming-url", "", "--json").json["incomingUrl"] is None
    plain = "http://example.com/sms"
    assert refused(admin("account", "change", account, "--incoming-url", plain), "https://")
    allowed = admin("account", "change", account, "--incoming-url", plain, "--http-reports", "--json")
    assert allowed.json["incomingUrl"] == plain
    local = "http://127.0.0.1:8099/sms"
    assert refused(admin("account", "change", account, "--incoming-url", local), "The host of the URL")
    monkeypatch.setenv("HELIOGRAPH_REPORTS_LOOPBACK_ALLOWED", "true")
    assert admin("account", "change", account, "--incoming-url", local).exit_code == 0
