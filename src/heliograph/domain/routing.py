"""Which carrier takes a message: rules by prefix, and optionally by account and sender."""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from heliograph.domain.prefix_table import PrefixTable


class Route(msgspec.Struct, frozen=True):
    """One rule. ``account_id`` and ``sender`` that are None match every one."""

    route_id: int
    prefix: str
    carrier_id: int
    account_id: int | None = None
    sender: str | None = None

    @property
    def precedence(self) -> tuple[bool, bool, int]:
        """Among rules of one prefix: for this account first, then for this sender, then the oldest."""
        return (self.account_id is None, self.sender is None, self.route_id)


class RoutingTable:
    """All rules. The longest prefix wins, whoever the rule is for; then ``Route.precedence``."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: route.precedence, reverse=True)
        self._restricted_senders = frozenset(route.sender for route in self._routes) - {None}
        self._restricted_accounts = frozenset(route.account_id for route in self._routes) - {None}
        self._compile = lru_cache(maxsize=1024)(self._compiled)

    def carriers(self, account_id: int, sender: str) -> PrefixTable[int]:
        """Carrier ids by prefix for what an account sends under a sender; no match means no route (502)."""
        return self._compile(
            account_id if account_id in self._restricted_accounts else None,
            sender if sender in self._restricted_senders else None,
        )

    def _compiled(self, account_id: int | None, sender: str | None) -> PrefixTable[int]:
        return PrefixTable(
            {
                route.prefix: route.carrier_id
                for route in self._routes
                if route.account_id in (None, account_id) and route.sender in (None, sender)
            }
        )
