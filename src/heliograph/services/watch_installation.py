"""Watches an installation for its operators: the alarms, computed anew every few seconds at most."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain
from typing import Final

from heliograph.domain.installation_alarms import (
    KEEPER_LATE,
    Alarm,
    Amount,
    ServerFacts,
    Severity,
    WatchedCarrier,
    WatchedPrices,
    carrier_alarms,
    customer_alarms,
    house_alarms,
    mail_alarms,
    price_alarms,
)
from heliograph.domain.margin_alarms import ThinPrice, margin_alarms
from heliograph.domain.margins import CostSheet
from heliograph.domain.routing import Route
from heliograph.storage.account_lines import list_low_balances
from heliograph.storage.carrier_settings import StoredCarrier, list_carriers, list_routes
from heliograph.storage.database import Database, Transaction
from heliograph.storage.fresh_values import FreshValues
from heliograph.storage.installation_reading import (
    days_ahead,
    list_bind_slots,
    list_failing_origins,
    read_loose_ends,
    read_queue_depth,
    read_server_state,
)
from heliograph.storage.mail_outbox import read_mail_state
from heliograph.storage.price_list_users import NOBODY, read_price_list_users
from heliograph.storage.price_lists import list_price_lists, list_prices
from heliograph.storage.process_sessions import list_holders
from heliograph.storage.thin_margins import list_thin_margins

ALARM_SECONDS: Final = 10.0


class WatchInstallation:
    """The alarms of an installation, never older than a few seconds."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], *, seconds: float = ALARM_SECONDS
    ) -> None:
        self._database = database
        self._now = now
        self._fresh = FreshValues(self._load, seconds=seconds)

    async def alarms(self) -> list[Alarm]:
        """What needs an operator, the worst first."""
        found = await self._fresh.get("")
        assert found is not None
        return found

    async def count(self) -> int:
        """How many alarms there are, without mere notices."""
        return sum(1 for alarm in await self.alarms() if alarm.severity > Severity.NOTICE)

    def forget(self) -> None:
        """Compute them anew when they are next asked for."""
        self._fresh.forget("")

    async def _load(self, _: str) -> list[Alarm]:
        now = self._now()
        async with self._database.transaction() as tx:
            ends = await read_loose_ends(tx, late=now - KEEPER_LATE)
            routes = await list_routes(tx)
            stored = await list_carriers(tx)
            prices = await _watched_prices(tx, routes)
            carriers = [
                WatchedCarrier(each.carrier_id, each.name, each.bind_count, each.enabled) for each in stored
            ]
            found = chain(
                carrier_alarms(
                    carriers,
                    await list_bind_slots(tx),
                    await read_queue_depth(tx),
                    {each.carrier_id: each for each in ends},
                    now=now,
                ),
                customer_alarms(
                    await list_failing_origins(tx), await list_low_balances(tx, now=now), now=now
                ),
                price_alarms(routes, prices),
                margin_alarms(
                    await _thin_prices(tx, stored, prices), routes, prices, _currencies_of_costs(stored)
                ),
                house_alarms(ends, await _server_facts(tx, now), now=now),
                mail_alarms(await read_mail_state(tx), now=now),
            )
            return sorted(found, key=lambda alarm: -alarm.severity)


async def _watched_prices(tx: Transaction, routes: list[Route]) -> list[WatchedPrices]:
    users = await read_price_list_users(tx, routes)
    return [
        WatchedPrices(
            each.price_list_id,
            each.name,
            await list_prices(tx, each.price_list_id),
            users.get(each.price_list_id, NOBODY).ids,
            each.currency,
        )
        for each in await list_price_lists(tx)
    ]


async def _thin_prices(
    tx: Transaction, carriers: Iterable[StoredCarrier], prices: Iterable[WatchedPrices]
) -> list[ThinPrice]:
    """What the keeper found of lists and carriers that are still there and in use."""
    names = {each.carrier_id: each.name for each in carriers}
    used = {each.price_list_id: each for each in prices if each.accounts}
    return [
        ThinPrice(
            each.price_list_id,
            used[each.price_list_id].name,
            each.prefix,
            Amount(each.price, used[each.price_list_id].currency),
            names[each.carrier_id],
            Amount(each.cost, used[each.price_list_id].currency),
            each.prefixes,
        )
        for each in await list_thin_margins(tx)
        if each.price_list_id in used and each.carrier_id in names
    ]


def _currencies_of_costs(carriers: Iterable[StoredCarrier]) -> list[CostSheet]:
    return [
        CostSheet(each.carrier_id, each.name, each.cost_currency, {})
        for each in carriers
        if each.cost_currency is not None
    ]


async def _server_facts(tx: Transaction, now: datetime) -> ServerFacts:
    state = await read_server_state(tx)
    reporters = sum(1 for each in await list_holders(tx) if each.role == "reporter")
    return ServerFacts(state.unsafe_settings, state.standbys, reporters, await days_ahead(tx, now=now))
