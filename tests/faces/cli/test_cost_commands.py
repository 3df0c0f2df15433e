"""What carriers take, typed and from files."""

from pathlib import Path

import pytest

from tests.faces.cli.conftest import Answer, Run


@pytest.fixture
def carrier(admin: Run, tmp_path: Path) -> str:
    """A carrier nobody answers for."""
    (tmp_path / "password").write_text("secret\n")
    made = admin(
        *("carrier", "create", "telco", "--host", "smsc.example", "--port", "2775", "--system-id", "acme"),
        *("--password-file", str(tmp_path / "password")),
    )
    assert made.exit_code == 0, made.err
    return "telco"


def cost(admin: Run, *arguments: str) -> Answer:
    return admin("carrier", "cost", *arguments)


def listed(admin: Run, *arguments: str) -> dict[str, tuple[float, str]]:
    rows = cost(admin, "list", *arguments, "--json").json
    return {row["prefix"]: (row["cost"], row["currency"]) for row in rows}


def refused(answer: Answer, sentence: str) -> bool:
    return (
        answer.exit_code == 2 and answer.out == "" and sentence in answer.err and answer.err.count("\n") == 1
    )


def test_costs_are_set_listed_and_removed(admin: Run, carrier: str) -> None:
    assert cost(admin, "list").out == "No costs yet: no margin can be told.\n"
    done = cost(admin, "set", carrier, "46=0.2", "default=0.6")
    assert done.out == "telco: costs set: 2, removed: 0, the same before: 0.\n"
    again = cost(admin, "set", carrier, "46=0.2", "47=0.3", "--json").json
    assert again == {"name": "telco", "set": 1, "removed": 0, "same": 1}
    assert listed(admin) == {"46": (0.2, "SEK"), "default": (0.6, "SEK"), "47": (0.3, "SEK")}
    assert "telco     46         0.2   SEK" in cost(admin, "list", carrier).out
    assert cost(admin, "remove", carrier, "47").out == "telco has no cost for 47 any more.\n"
    assert refused(cost(admin, "remove", carrier, "47"), "'telco' has no cost for '47'")
    assert cost(admin, "remove", carrier, "--json").json == {"name": "telco", "prefix": None, "removed": True}
    assert refused(cost(admin, "remove", carrier), "'telco' has no costs")


def test_a_file_is_taken_over_whole_or_not_at_all(admin: Run, carrier: str, tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    cost(admin, "set", carrier, "44=1", "46=0.2")
    file.write_text("Prefix;Cost\n46;0,20\n47;0,30\n")
    assert cost(admin, "import", carrier, str(file), "--json").json == {
        "name": "telco",
        "set": 1,
        "removed": 0,
        "same": 1,
    }
    assert cost(admin, "import", carrier, str(file), "--remove-others", "--json").json["removed"] == 1
    assert listed(admin, carrier) == {"46": (0.2, "SEK"), "47": (0.3, "SEK")}
    file.write_text("48,0.4\n49,much\n")
    assert refused(cost(admin, "import", carrier, str(file)), "line 2: 'much' is not a price")
    file.write_text("prefix,cost\n")
    assert refused(cost(admin, "import", carrier, str(file)), "there are no costs in it")
    assert refused(cost(admin, "import", carrier, str(tmp_path / "none.csv")), "No such file")
    assert len(listed(admin, carrier)) == 2


def test_all_costs_of_a_carrier_are_in_one_currency(admin: Run, carrier: str) -> None:
    assert cost(admin, "set", carrier, "46=0.02", "--currency", "eur").exit_code == 0
    assert cost(admin, "set", carrier, "47=0.03").exit_code == 0
    assert listed(admin) == {"46": (0.02, "EUR"), "47": (0.03, "EUR")}
    answer = cost(admin, "set", carrier, "46=0.2", "--currency", "SEK")
    assert refused(answer, "telco: its costs are in EUR: remove them before you set others in SEK")
    assert refused(cost(admin, "set", carrier, "46=1", "--currency", "kronor"), "'KRONOR' is no currency")
    cost(admin, "remove", carrier, "46")
    cost(admin, "remove", carrier, "47")
    assert cost(admin, "set", carrier, "46=0.2").exit_code == 0
    assert listed(admin) == {"46": (0.2, "SEK")}


def test_what_is_no_cost_or_no_carrier_is_refused(admin: Run, carrier: str, tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text("46,1\n")
    for arguments, sentence in (
        (("set", "nobody", "46=1"), "there is no carrier 'nobody'"),
        (("import", "nobody", str(tmp_path / "costs.csv")), "there is no carrier 'nobody'"),
        (("list", "nobody"), "there is no carrier 'nobody'"),
        (("remove", "nobody"), "there is no carrier 'nobody'"),
        (("set", carrier), "no costs given: write them as 46=0.20"),
        (("set", carrier, "46"), "'46' is no cost"),
        (("set", carrier, "4x=1"), "'4x' is no prefix"),
        (("set", carrier, "46=free"), "'free' is not a price"),
        (("remove", carrier, "4x"), "'4x' is no prefix"),
    ):
        assert refused(cost(admin, *arguments), sentence), arguments
    assert listed(admin) == {}


def test_the_costs_of_a_removed_carrier_go_with_it(admin: Run, carrier: str) -> None:
    cost(admin, "set", carrier, "46=1")
    assert admin("carrier", "remove", carrier).exit_code == 0
    assert listed(admin) == {}
