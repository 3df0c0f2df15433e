"""The administrative commands on a database of their own."""

import asyncio
from io import StringIO
from pathlib import Path

import pytest

from heliograph.domain.api_token import parse_token
from heliograph.storage.database import connect
from tests.faces.cli.conftest import Answer, Run
from tests.support.rows import insert_account, insert_batch


@pytest.fixture
def account(admin: Run) -> str:
    """An account that may send as Acme, with 100 SEK."""
    assert admin("price", "create", "standard").exit_code == 0
    assert admin("price", "set", "standard", "default=0.80", "46=0.35").exit_code == 0
    made = admin("account", "create", "Acme", "--credit", "100", "--sender", "Acme", "--json")
    assert made.exit_code == 0, made.err
    number: str = made.json["number"]
    return number


@pytest.fixture
def carrier(admin: Run, tmp_path: Path) -> str:
    """A carrier nobody answers for."""
    (tmp_path / "password").write_text("secret\n")
    made = admin(
        *("carrier", "create", "telco", "--host", "smsc.example", "--port", "2775", "--system-id", "acme"),
        *("--password-file", str(tmp_path / "password"), "--tps", "50"),
    )
    assert made.exit_code == 0, made.err
    return "telco"


def refused(answer: Answer, sentence: str) -> bool:
    """Whether a command said no in one line with this in it."""
    return (
        answer.exit_code == 2 and answer.out == "" and sentence in answer.err and answer.err.count("\n") == 1
    )


def test_an_account_is_made_with_a_key_and_a_webhook_secret(admin: Run, account: str) -> None:
    made = admin("account", "create", "Other", "--json").json
    assert parse_token(made["key"]) is not None
    assert made["webhookSecret"].startswith("whsec_")
    assert made["number"] != account
    shown = admin("account", "show", account, "--json").json
    assert (shown["name"], shown["balance"], shown["senders"]) == ("Acme", 100, ["Acme"])
    assert [row["name"] for row in admin("account", "list", "--json").json] == ["Acme", "Other"]


def test_an_account_needs_a_price_list_in_its_currency(admin: Run, account: str) -> None:
    assert refused(admin("account", "create", "Euro", "--currency", "EUR"), "there is no price list in EUR")
    assert refused(admin("account", "create", "X", "--currency", "kronor"), "no currency")
    assert refused(
        admin("account", "create", "X", "--currency", "EUR", "--price-list", "standard"),
        "is in SEK, not in EUR",
    )
    admin("price", "create", "second")
    assert refused(admin("account", "create", "X"), "say which --price-list: standard, second")


def test_a_child_account_has_what_its_parent_has(admin: Run, account: str) -> None:
    made = admin("account", "create", "Warehouse", "--parent", account, "--json")
    assert made.exit_code == 0, made.err
    child = admin("account", "show", made.json["number"], "--json").json
    assert (child["parent"], child["currency"], child["priceList"]) == (account, "SEK", "standard")
    assert refused(
        admin("account", "create", "X", "--parent", account, "--currency", "SEK"),
        "has the currency and the price list of its --parent",
    )
    assert refused(admin("account", "create", "X", "--parent", "ip1-99999"), "there is no account")
    assert refused(
        admin("account", "create", "X", "--parent", made.json["number"]), "is a child account itself"
    )


def test_an_account_is_changed_in_what_is_named_only(admin: Run, account: str) -> None:
    assert admin("account", "change", account, "--reports", "final", "--disabled").exit_code == 0
    shown = admin("account", "show", account, "--json").json
    assert (shown["reports"], shown["disabled"], shown["name"]) == ("final", True, "Acme")
    assert admin("account", "change", account, "--enabled", "--json").json["disabled"] is False
    assert refused(admin("account", "change", account), "nothing to change")
    assert refused(admin("account", "change", "ip1-99999", "--disabled"), "there is no account 'ip1-99999'")


def test_keys_are_made_listed_and_revoked(admin: Run, account: str) -> None:
    made = admin("key", "create", account, "--name", "web shop", "--days", "90", "--json").json
    token = parse_token(made["key"])
    assert token is not None
    listed = {row["id"]: row for row in admin("key", "list", account, "--json").json}
    assert listed[token.key_id]["name"] == "web shop"
    assert listed[token.key_id]["expires"] is not None
    assert admin("key", "revoke", token.key_id).exit_code == 0
    assert refused(admin("key", "revoke", token.key_id), "revoked before")
    assert token.secret not in admin("key", "list", account, "--json").out


def test_a_key_is_given_scopes_networks_and_an_end(admin: Run, account: str) -> None:
    made = admin(
        *("key", "create", account, "--scope", "send", "--scope", "READ", "--expires", "2099-01-31"),
        *("--network", "192.0.2.0/24", "--network", "2001:db8::/32", "--json"),
    ).json
    assert (made["scopes"], made["networks"]) == (["read", "send"], ["192.0.2.0/24", "2001:db8::/32"])
    token = parse_token(made["key"])
    assert token is not None
    listed = {row["id"]: row for row in admin("key", "list", account, "--json").json}[token.key_id]
    assert (listed["scopes"], listed["networks"]) == (made["scopes"], made["networks"])
    assert listed["expires"] == "2099-01-31T00:00:00Z"
    changed = admin("key", "change", token.key_id, "--scope", "all", "--name", "shop", "--json").json
    assert (changed["scopes"], changed["networks"]) == (["all"], made["networks"])
    assert (changed["name"], changed["expires"]) == ("shop", listed["expires"])
    opened = admin("key", "change", token.key_id, "--network", "any", "--expires", "never", "--json").json
    assert (opened["networks"], opened["expires"]) == (["any"], None)
    assert admin("key", "change", token.key_id, "--days", "30").exit_code == 0
    assert admin("key", "create", account, "--test", "--json").json["test"] is True
    assert [row["test"] for row in admin("key", "list", account, "--json").json] == [False, False, True]
    shown = admin("key", "list", account).out
    assert "all" in shown
    assert "any" in shown


def test_what_is_wrong_about_a_key_is_said(admin: Run, account: str) -> None:
    create = "key", "create", account
    assert refused(admin(*create, "--scope", "mail"), "there is no scope 'mail': send, read, receive,")
    assert refused(admin(*create, "--scope", "all", "--scope", "send"), "or all alone")
    assert refused(admin(*create, "--network", "10.0.0.1/8"), "10.0.0.0/8 is the network it is in")
    assert refused(admin(*create, "--network", "office"), "'office' is not a network")
    assert refused(admin(*create, "--expires", "2001-01-01"), "2001-01-01 is over already")
    assert refused(admin(*create, "--expires", "soon"), "'soon' is no day such as 2027-01-31")
    assert refused(admin(*create, "--expires", "2099-01-01", "--days", "1"), "not both")
    assert refused(admin(*create, "--days", "0"), "1 to 36500 days")
    key_id = admin("key", "list", account, "--json").json[0]["id"]
    assert refused(admin("key", "change", key_id), "nothing to change")
    assert refused(admin("key", "change", "none", "--name", "x"), "there is no key 'none'")
    assert admin("key", "revoke", key_id).exit_code == 0
    assert refused(admin("key", "change", key_id, "--name", "x"), "or it was revoked")


def test_senders_are_added_and_removed(admin: Run, account: str) -> None:
    assert admin("sender", "add", account, "46101606060").exit_code == 0
    assert refused(admin("sender", "add", account, "46101606060"), "already")
    rows = admin("sender", "list", account, "--json").json
    assert {row["sender"]: row["kind"] for row in rows} == {"46101606060": "msisdn", "Acme": "alphanumeric"}
    assert admin("sender", "remove", account, "Acme").exit_code == 0
    assert refused(admin("sender", "remove", account, "Acme"), "has no sender 'Acme'")


def test_credit_is_added_with_an_entry_in_the_ledger(admin: Run, account: str) -> None:
    added = admin("credit", "add", account, "0.50", "--note", "invoice 7", "--json").json
    assert added["balance"] == 100.5
    shown = admin("credit", "show", account, "--json").json
    assert (shown["topUps"], shown["charges"], shown["balance"]) == (100.5, 0, 100.5)
    assert refused(admin("credit", "add", "ip1-99999", "1"), "there is no account")


def test_carriers_are_made_and_changed(admin: Run, carrier: str) -> None:
    changed = admin("carrier", "change", carrier, "--window", "40", "--disabled", "--json").json
    assert (changed["tps"], changed["window"], changed["enabled"]) == (50, 40, False)
    assert changed["profile"] == {"tps": 50, "window": 40}
    answer = admin("carrier", "change", carrier, "--profile", '{"receipt_ids": "resp_hex_dlr_dec"}', "--json")
    assert answer.json["profile"] == {"tps": 50, "window": 40, "receipt_ids": "resp_hex_dlr_dec"}
    assert refused(admin("carrier", "change", carrier), "nothing to change")
    assert refused(admin("carrier", "change", carrier, "--profile", "{"), "no JSON object")
    assert refused(admin("carrier", "change", carrier, "--profile", '{"windw": 1}'), "windw")
    assert refused(admin("carrier", "change", carrier, "--tps", "0"), "tps: ")
    assert refused(admin("carrier", "change", carrier, "--window", "0"), "window: ")
    assert refused(admin("carrier", "change", "nobody", "--disabled"), "there is no carrier 'nobody'")


def test_a_password_is_read_from_a_file_and_shown_nowhere(admin: Run, carrier: str, tmp_path: Path) -> None:
    (tmp_path / "long").write_text("ninechars")
    long = admin("carrier", "change", carrier, "--password-file", str(tmp_path / "long"))
    assert refused(long, "at most 8 ASCII characters")
    missing = admin("carrier", "change", carrier, "--password-file", str(tmp_path / "none"))
    assert refused(missing, "No such file or directory")
    assert "secret" not in admin("carrier", "show", carrier, "--json").out


def test_a_lone_hyphen_is_standard_input(admin: Run, carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for hyphen in (("--password-file", "-"), ("--password-file=-",)):
        monkeypatch.setattr("sys.stdin", StringIO("ninechars\n"))
        long = admin("carrier", "change", carrier, *hyphen)
        assert refused(long, "at most 8 ASCII characters"), hyphen
    assert refused(admin("account", "create", "-"), "Unknown option: -"), "elsewhere it means nothing"


def test_a_carrier_with_routes_stays(admin: Run, account: str, carrier: str) -> None:
    made = admin("route", "create", carrier, "--prefix", "46", "--account", account, "--json").json
    listed = admin("route", "list", "--json").json
    assert listed == [
        {"id": made["id"], "prefix": "46", "account": account, "sender": None, "carrier": carrier}
    ]
    assert refused(admin("carrier", "remove", carrier), "routes or messages still need this carrier")
    assert admin("route", "remove", str(made["id"])).exit_code == 0
    assert refused(admin("route", "remove", str(made["id"])), "there is no route")
    assert refused(admin("route", "remove", str(2**40)), "there is no route")
    assert admin("carrier", "remove", carrier).exit_code == 0
    assert refused(admin("carrier", "remove", carrier), "there is no carrier")


def test_a_route_names_digits_and_known_names(admin: Run, carrier: str) -> None:
    assert refused(admin("route", "create", carrier, "--prefix", "+46"), "'+46' is no prefix")
    assert refused(admin("route", "create", carrier, "--sender", "no"), "3 to 11 characters")
    assert refused(admin("route", "create", carrier, "--account", "ip1-1"), "there is no account")
    assert refused(admin("route", "create", "nobody"), "there is no carrier")


def test_a_route_that_changes_nothing_says_so(admin: Run, carrier: str) -> None:
    first = admin("route", "create", carrier)
    assert first.out == f"Route 1 leads to {carrier}.\n"
    second = admin("route", "create", carrier)
    assert f"route 1 to {carrier} is for the same messages" in second.out
    assert "`heliograph route remove 1`" in second.out
    assert len(admin("route", "create", carrier, "--json").json["notes"]) == 1


def test_prices_are_set_shown_and_removed(admin: Run, account: str, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("47,0.40\n\n4670,0.30\n")
    assert admin("price", "set", "standard", "--file", str(tmp_path / "prices.csv")).exit_code == 0
    assert {row["prefix"]: row["price"] for row in admin("price", "show", "standard", "--json").json} == {
        "default": 0.8,
        "46": 0.35,
        "4670": 0.3,
        "47": 0.4,
    }
    assert admin("price", "remove", "standard", "47").exit_code == 0
    assert refused(admin("price", "remove", "standard", "47"), "has no price for '47'")
    assert refused(admin("price", "remove", "standard"), "is used by an account")
    assert refused(admin("price", "create", "standard"), "there is a price list 'standard' already")
    assert admin("price", "create", "euro", "--currency", "eur").exit_code == 0
    assert admin("price", "remove", "euro").exit_code == 0
    assert [row["name"] for row in admin("price", "list", "--json").json] == ["standard"]


def test_a_wrong_price_file_names_its_line(admin: Run, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("46,0.35\n47;0.40\n")
    answer = admin("price", "set", "standard", "--file", str(tmp_path / "prices.csv"))
    assert refused(answer, "line 2: write prefix,price")


def test_people_get_tables(admin: Run, account: str, carrier: str) -> None:
    admin("route", "create", carrier)
    for command, word in (
        ("account list", "Balance"),
        (f"account show {account}", "Senders"),
        (f"key list {account}", "First key"),
        (f"sender list {account}", "alphanumeric"),
        (f"credit show {account}", "Top-ups"),
        ("carrier list", "smsc.example"),
        ("carrier show telco", '{"tps":50.0}'),
        ("route list", "telco"),
        ("price list", "standard"),
        ("price show standard", "default"),
    ):
        assert word in admin(*command.split()).out, command


def test_the_ledger_is_proved(admin: Run, account: str) -> None:
    answer = admin("ledger", "check")
    assert answer.exit_code == 0
    assert "Proved: 1 account, 1 ledger entry, 0 batches." in answer.out
    assert admin("ledger", "check", "--json").json["proved"] is True


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE balance SET amount = amount + 1", "the balance is 100000001, the ledger sums to 100000000"),
        ("UPDATE ledger SET amount = amount - 1", "the balance is 100000000, the ledger sums to 99999999"),
        ("DELETE FROM balance", "the balance is 0"),
    ],
)
def test_money_that_does_not_add_up_is_found(
    admin: Run, account: str, database: str, statement: str, fault: str
) -> None:
    asyncio.run(execute(database, statement))
    answer = admin("ledger", "check", "--json")
    assert answer.exit_code == 1
    assert answer.json["proved"] is False
    assert any(fault in each for each in answer.json["faults"])
    assert fault in answer.err
    assert answer.err.count("\n") == 1


def test_a_schema_that_is_missing_is_named(
    empty_database: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", empty_database)
    monkeypatch.setenv("HELIOGRAPH_SECRET_KEY", "5e" * 32)
    checked = run("migrate", "--check", "--json").json
    assert checked["applied"] == []
    assert "0001_pre_first_schema.sql" in checked["waiting"]
    assert run("migrate", "--json").json["applied"] == checked["waiting"]
    assert run("migrate").out == "The schema is up to date.\n"
    assert run("account", "list").out == "No accounts yet.\n"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", "the database cannot be reached"),
        ("mysql://localhost/x", "must begin with postgresql://"),
        ("postgresql://[/x", "HELIOGRAPH_DATABASE_URL is no URL"),
    ],
)
def test_a_database_that_is_away_is_one_line(
    url: str, sentence: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", url)
    monkeypatch.setenv("HELIOGRAPH_SECRET_KEY", "5e" * 32)
    for command in ("account list", "migrate", "serve --http 127.0.0.1:0"):
        assert refused(run(*command.split()), sentence), command


async def execute(dsn: str, statement: str) -> None:
    """One statement as the owner of the tables."""
    connection = await connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_a_batch_that_was_charged_something_else_is_found(admin: Run, database: str) -> None:
    batch_id = asyncio.run(store_batch(database))
    assert admin("ledger", "check").exit_code == 0
    asyncio.run(execute(database, "UPDATE message SET price = price + 1"))
    answer = admin("ledger", "check", "--json")
    assert answer.exit_code == 1
    assert answer.json["faults"] == [
        f"ip1-00001: batch {batch_id} was charged 700000 and refunded 0, its messages cost 700002 and"
        " returned 0"
    ]


async def store_batch(dsn: str) -> str:
    """An account with a paid batch of two messages; the batch's id."""
    connection = await connect(dsn)
    try:
        await insert_account(connection)
        batch_id, _ = await insert_batch(connection, recipients=["46701740605", "46701740606"])
    finally:
        await connection.close()
    return batch_id.hex()
