"""Which carrier takes a message."""

import pytest

from heliograph.domain.routing import Route, RoutingTable

TABLE = RoutingTable(
    [
        Route(1, "", 10),
        Route(2, "46", 20),
        Route(3, "46", 30, account_id=7),
        Route(4, "46", 40, sender="iP1"),
        Route(5, "46", 50, account_id=7, sender="iP1"),
        Route(6, "4670", 60),
        Route(7, "46", 70),
    ]
)


@pytest.mark.parametrize(
    ("account_id", "sender", "msisdn", "carrier_id"),
    [
        (1, "Shop", "4712345", 10),
        (1, "Shop", "4612345", 20),
        (7, "Shop", "4612345", 30),
        (1, "iP1", "4612345", 40),
        (7, "iP1", "4612345", 50),
        (7, "iP1", "46701740605", 60),
    ],
)
def test_the_longest_prefix_then_the_closest_rule_wins(
    account_id: int, sender: str, msisdn: str, carrier_id: int
) -> None:
    assert TABLE.carriers(account_id, sender).find(msisdn) == carrier_id


def test_of_equal_rules_the_older_one_wins() -> None:
    assert TABLE.carriers(1, "Shop").find("46812345") == 20


def test_accounts_and_senders_without_rules_of_their_own_share_one_compiled_table() -> None:
    assert TABLE.carriers(1, "Shop") is TABLE.carriers(2, "Other")


def test_no_match_is_no_route() -> None:
    assert RoutingTable([Route(1, "46", 10)]).carriers(1, "Shop").find_all(["4712345", "4612345"]) == [
        None,
        10,
    ]
    assert RoutingTable([]).carriers(1, "Shop").find("4612345") is None
