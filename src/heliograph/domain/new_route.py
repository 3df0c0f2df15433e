"""What the operator should know of a route just made: that it takes nothing, or the test numbers as well."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from heliograph.domain.routing import Route, RoutingTable

TEST_PREFIX: Final = "467017406"
"""Of the numbers with fixed outcomes, which the simulated carrier has."""
_A_TEST_NUMBER: Final = "46701740605"


class NewRoute(msgspec.Struct, frozen=True):
    """What a new route changes, beside what it was made for."""

    preferred: Route | None
    """An older route for the same messages: it takes them all, the new one none."""
    takes_test_numbers: bool
    """Whether the numbers with fixed outcomes leave the simulated carrier by it."""


def judge_new_route(route_id: int, routes: Sequence[Route], simulated: Collection[int]) -> NewRoute:
    """Compare the routes with and without a new one. ``simulated`` are ids of carriers that reach nobody."""
    (new,) = (route for route in routes if route.route_id == route_id)
    others = [route for route in routes if route is not new]
    twins = [
        route
        for route in others
        if (route.prefix, route.account_id, route.sender) == (new.prefix, new.account_id, new.sender)
        and route.precedence < new.precedence
    ]
    before, after = _test_carrier(others, new), _test_carrier(routes, new)
    return NewRoute(
        preferred=min(twins, key=lambda route: route.precedence, default=None),
        takes_test_numbers=before in simulated and after not in simulated,
    )


def _test_carrier(routes: Sequence[Route], like: Route) -> int | None:
    """The carrier of a test number, for what the account and the sender of a route send; 0: any other."""
    return RoutingTable(routes).carriers(like.account_id or 0, like.sender or "").find(_A_TEST_NUMBER)
