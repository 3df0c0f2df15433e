"""Why a message takes its route."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.route_explanation import Verdict, judge_routes, taken_route
from heliograph.domain.routing import Route, RoutingTable

PREFIXES = st.sampled_from(["", "4", "46", "467", "47"])
ROUTES = st.lists(
    st.tuples(PREFIXES, st.sampled_from([1, 2]), st.sampled_from([None, 7, 8]), st.sampled_from([None, "A"])),
    max_size=8,
).map(lambda rows: [Route(number, *row) for number, row in enumerate(rows, 1)])


def test_each_rule_is_told_why() -> None:
    routes = [
        Route(1, "", 1),
        Route(2, "46", 2),
        Route(3, "46", 3, account_id=7),
        Route(4, "467", 4, account_id=8),
        Route(5, "467", 5, sender="Acme"),
        Route(6, "47", 6),
    ]
    judged = judge_routes(routes, "46712345678", 7, "Other")
    assert [(each.route.route_id, each.verdict) for each in judged] == [
        (4, Verdict.OTHER_ACCOUNT),
        (5, Verdict.OTHER_SENDER),
        (3, Verdict.TAKEN),
        (2, Verdict.AFTER),
        (1, Verdict.SHORTER),
    ]


@given(ROUTES, st.sampled_from(["4670", "4680", "4712", "5000"]), st.sampled_from([7, 8, 9]))
def test_what_is_explained_is_what_happens(routes: list[Route], msisdn: str, account_id: int) -> None:
    taken = taken_route(judge_routes(routes, msisdn, account_id, "A"))
    carrier_id = RoutingTable(routes).carriers(account_id, "A").find(msisdn)
    assert carrier_id == (taken.carrier_id if taken else None)
