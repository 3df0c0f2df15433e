"""What is easily overlooked when a route is made."""

import pytest

from heliograph.domain.new_route import TEST_PREFIX, judge_new_route
from heliograph.domain.routing import Route
from heliograph.simulator.test_numbers import FIRST, LAST

SIMULATOR, TELCO = 1, 2
EVERYTHING = Route(1, "", SIMULATOR)


def test_a_route_for_the_same_messages_takes_nothing_while_an_older_one_is_there() -> None:
    judged = judge_new_route(2, [EVERYTHING, Route(2, "", TELCO)], {SIMULATOR})
    assert (judged.preferred, judged.takes_test_numbers) == (EVERYTHING, False)


@pytest.mark.parametrize(
    "new", [Route(2, "47", TELCO), Route(2, "", TELCO, account_id=7), Route(2, "", TELCO, sender="Acme")]
)
def test_a_route_for_other_messages_takes_those(new: Route) -> None:
    assert judge_new_route(2, [EVERYTHING, new], {SIMULATOR}).preferred is None


@pytest.mark.parametrize(
    ("new", "taken"),
    [
        (Route(2, "46", TELCO), True),
        (Route(2, "467017406", TELCO, account_id=7), True),
        (Route(2, "", TELCO, sender="Acme"), True),
        (Route(2, "47", TELCO), False),
        (Route(2, "46", SIMULATOR), False),
    ],
)
def test_a_route_that_takes_the_test_numbers_from_the_simulated_carrier(new: Route, taken: bool) -> None:
    assert judge_new_route(2, [EVERYTHING, new], {SIMULATOR}).takes_test_numbers is taken


def test_test_numbers_stay_by_a_route_of_their_own() -> None:
    kept = Route(2, TEST_PREFIX, SIMULATOR)
    routes = [EVERYTHING, kept, Route(3, "46", TELCO)]
    assert not judge_new_route(3, routes, {SIMULATOR}).takes_test_numbers
    assert str(FIRST).startswith(TEST_PREFIX)
    assert str(LAST).startswith(TEST_PREFIX)


def test_without_a_simulated_carrier_nothing_is_taken_from_it() -> None:
    assert not judge_new_route(2, [Route(1, "", 3), Route(2, "46", TELCO)], set()).takes_test_numbers
