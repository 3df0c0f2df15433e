"""Why a message takes its route: every rule for its number, and what became of it."""

import enum
from collections.abc import Iterable

import msgspec

from heliograph.domain.routing import Route


class Verdict(enum.Enum):
    """What became of a route."""

    TAKEN = "taken"
    OTHER_ACCOUNT = "other_account"
    OTHER_SENDER = "other_sender"
    SHORTER = "shorter"
    """A longer prefix is before it."""
    AFTER = "after"
    """Among rules of one prefix, one for this account, for this sender or an older one is before it."""


class RouteJudgement(msgspec.Struct, frozen=True):
    """A route whose prefix the number has, and what became of it."""

    route: Route
    verdict: Verdict


def judge_routes(routes: Iterable[Route], msisdn: str, account_id: int, sender: str) -> list[RouteJudgement]:
    """Every route for a number in the order in which they count; the first that fits is taken."""
    candidates = sorted(
        (route for route in routes if msisdn.startswith(route.prefix)),
        key=lambda route: (-len(route.prefix), route.precedence),
    )
    judged: list[RouteJudgement] = []
    taken: Route | None = None
    for route in candidates:
        if route.account_id not in (None, account_id):
            verdict = Verdict.OTHER_ACCOUNT
        elif route.sender not in (None, sender):
            verdict = Verdict.OTHER_SENDER
        elif taken is None:
            taken, verdict = route, Verdict.TAKEN
        else:
            verdict = Verdict.AFTER if len(taken.prefix) == len(route.prefix) else Verdict.SHORTER
        judged.append(RouteJudgement(route, verdict))
    return judged


def taken_route(judged: Iterable[RouteJudgement]) -> Route | None:
    """The route that is taken; None: the message is refused with 502."""
    return next((each.route for each in judged if each.verdict is Verdict.TAKEN), None)
