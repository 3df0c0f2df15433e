"""Accounts, their senders and their credit: what accept must know of them, and the writes of the operator.

``AccountDirectory`` keeps what accept reads for a few seconds; a change is seen everywhere within that time.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

from heliograph.domain.carrier_profile import load_profile
from heliograph.domain.ids import IdSource
from heliograph.domain.pricing import PriceTable
from heliograph.domain.rate_limit import RateLimit, rate_limit
from heliograph.domain.refusals import Conflict
from heliograph.domain.routing import Route, RoutingTable
from heliograph.domain.sender_rules import ORDINARY_RULES, SenderRules, usable_senders
from heliograph.domain.velocity_rules import GuardRule
from heliograph.storage.blacklist import find_blacklisted
from heliograph.storage.contact_reading import list_labelled_numbers
from heliograph.storage.daily_caps import read_spent
from heliograph.storage.database import Database, Purpose, Transaction, load_query
from heliograph.storage.fresh_values import FreshValues
from heliograph.storage.guard_rules import decode_rules

FIRST_ACCOUNT_ID = 10_001
FRESH_SECONDS = 2.0
NO_SIMULATED_CARRIER: Final = (
    "This is a test key, and there is no simulated carrier here that could take what it sends."
)
_FREE: Final = PriceTable({"": 0})


class Account(msgspec.Struct, frozen=True):
    """An account as accept and the faces need it."""

    account_id: int
    number: str
    """Its public name, ``ip1-10001``: the owner of batches."""
    name: str
    currency: str
    price_list_id: int
    weight: int
    report_codes: str
    http_reports: bool
    is_disabled: bool
    senders: frozenset[str]
    prices: PriceTable
    has_blacklist: bool = False
    """Whether it ever had an entry on its blacklist; a paid send notices the first one by itself."""
    parent: str | None = None
    """The number of the account that it is a child of."""
    organization: str = ""
    """Who owns it: its parent's name, else its own."""
    optional_sender: bool = True
    """Whether it may use senders of its own; if not, ``senders`` are default senders alone."""
    daily_cap: int | None = None
    """The most it may spend in a day, in micro-units."""
    rate: RateLimit | None = None
    """How fast it may send, all its keys together."""
    guard_rules: tuple[GuardRule, ...] = ()
    """The rules of the velocity guard that count for it; none is the usual case."""
    is_test: bool = False
    """Whether a test key asks: what is sent costs nothing and goes to the simulated carrier."""

    def for_tests(self) -> "Account":
        """The account as a test key sees it."""
        return msgspec.structs.replace(self, is_test=True, prices=_FREE, guard_rules=())


class Routing(msgspec.Struct, frozen=True):
    """Where messages go, and how fast each carrier may be fed."""

    table: RoutingTable
    segments_per_second: dict[int, float]
    carrier_names: dict[int, str] = {}
    simulated_carrier: int | None = None

    def for_tests(self) -> "Routing":
        """The routing of what test keys send. Raises Conflict where there is no simulated carrier."""
        if self.simulated_carrier is None:
            raise Conflict(NO_SIMULATED_CARRIER)
        return msgspec.structs.replace(self, table=_everything_to(self.simulated_carrier))


@lru_cache(maxsize=16)
def _everything_to(carrier_id: int) -> RoutingTable:
    return RoutingTable([Route(0, "", carrier_id)])


class AccountDirectory:
    """Accounts with their prices, and the routes; never older than a few seconds."""

    def __init__(
        self,
        database: Database,
        *,
        seconds: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sender_rules: SenderRules = ORDINARY_RULES,
    ) -> None:
        self._database = database
        self._sender_rules = sender_rules
        self._accounts = FreshValues(self._load_account, seconds=seconds, clock=clock)
        self._children = FreshValues(self._load_child, seconds=seconds, clock=clock)
        self._prices = FreshValues(self._load_prices, seconds=seconds, clock=clock)
        self._routing = FreshValues(self._load_routing, seconds=seconds, clock=clock)
        self._compiled_prices: dict[int, tuple[dict[str, int], PriceTable]] = {}
        self._compiled_routes: tuple[list[Route], RoutingTable] = ([], RoutingTable([]))

    async def account(self, account_id: int) -> Account | None:
        """The account, or None if it does not exist."""
        return self._accounts.peek(account_id) or await self._accounts.get(account_id)

    async def child(self, parent_id: int, number: str) -> Account | None:
        """The child account with that number; None if the account has no such child."""
        child_id = await self._children.get((parent_id, number))
        return None if child_id is None else await self.account(child_id)

    def forget(self, account_id: int) -> None:
        """Read an account again when it is next asked for: more is known of it than we have."""
        self._accounts.forget(account_id)

    async def with_newest_senders(self, account: Account) -> Account:
        """The account with the senders it has at this moment, which may be newer than what is remembered."""
        newest = await self._load_account(account.account_id)
        self.forget(account.account_id)
        if newest is None:
            return account
        return msgspec.structs.replace(
            account, senders=newest.senders, optional_sender=newest.optional_sender
        )

    async def blacklisted(self, account_id: int, msisdns: Sequence[str]) -> frozenset[str]:
        """Those of many numbers that the account does not send to: never remembered, always as of now."""
        return await find_blacklisted(self._database, account_id, msisdns)

    async def labelled(
        self, account_id: int, label: str, *, limit: int, with_properties: bool
    ) -> list[tuple[str, str | None]]:
        """The phone numbers of the contacts with a label, as of now, with their properties as JSON."""
        async with self._database.reader(account_id) as tx:
            return await list_labelled_numbers(
                tx, account_id, label, limit=limit, with_properties=with_properties
            )

    async def routing(self) -> Routing:
        """The routes and paces of all carriers."""
        routing = self._routing.peek("") or await self._routing.get("")
        assert routing is not None
        return routing

    async def balance(self, account_id: int) -> int:
        """What the account has to spend just now, in micro-units."""
        rows = await self._database.fetch(Purpose.HOT, load_query("read_balances"), [account_id])
        return rows[0][1] if rows else 0

    async def spent_today(self, account_id: int, now: datetime) -> int:
        """What an account with a daily cap has spent in the day, in micro-units."""
        async with self._database.transaction() as tx:
            return await read_spent(tx, account_id, now=now)

    async def _load_account(self, account_id: int) -> Account | None:
        rows = await self._database.fetch(Purpose.GENERAL, load_query("find_account"), account_id)
        if not rows:
            return None
        row = dict(rows[0])
        rate = rate_limit(row.pop("rate_limit"), row.pop("rate_burst"))
        prices = await self._prices.get(row["price_list_id"])
        assert prices is not None
        row["senders"] = usable_senders(
            row["senders"], self._sender_rules, optional_sender=row["optional_sender"]
        )
        guard_rules = decode_rules(row.pop("guard_rules"))
        return Account(**row, prices=prices, rate=rate, guard_rules=guard_rules)

    async def _load_child(self, key: tuple[int, str]) -> int | None:
        rows = await self._database.fetch(Purpose.GENERAL, load_query("find_child_account"), *key)
        return rows[0]["account_id"] if rows else None

    async def _load_prices(self, price_list_id: int) -> PriceTable:
        (row,) = await self._database.fetch(Purpose.GENERAL, load_query("list_prices"), price_list_id)
        amounts: dict[str, int] = dict(zip(row["prefixes"], row["amounts"], strict=True))
        before = self._compiled_prices.get(price_list_id)
        if before is None or before[0] != amounts:
            before = self._compiled_prices[price_list_id] = (amounts, PriceTable(amounts))
        return before[1]

    async def _load_routing(self, _: str) -> Routing:
        rows = await self._database.fetch(Purpose.GENERAL, load_query("list_routes"))
        carriers = await self._database.fetch(Purpose.GENERAL, load_query("list_carriers"))
        routes = [Route(**dict(row)) for row in rows]
        if routes != self._compiled_routes[0]:
            self._compiled_routes = (routes, RoutingTable(routes))
        return Routing(
            self._compiled_routes[1],
            {
                row["carrier_id"]: load_profile(msgspec.json.decode(row["profile"], type=dict)).tps
                for row in carriers
            },
            {row["carrier_id"]: row["name"] for row in carriers},
            next((row["carrier_id"] for row in carriers if row["simulated"] and row["enabled"]), None),
        )


class StoredAccount(msgspec.Struct, frozen=True):
    """A line of the operator's list of accounts; ``balance`` in micro-units."""

    account_id: int
    number: str
    name: str
    currency: str
    price_list_id: int
    weight: int
    report_codes: str
    http_reports: bool
    is_disabled: bool
    created_at: datetime
    optional_sender: bool
    balance: int
    parent: str | None
    """The number of the account that it is a child of."""
    incoming_url: str | None
    """Where its incoming messages are POSTed."""
    retention_days: int | None
    """How long texts and numbers are kept; None as the installation says."""
    in_doubt_policy: str
    """What becomes of a message in doubt whose receipt is overdue: domain/second_try.py."""


class StoredSender(msgspec.Struct, frozen=True):
    """A sender that an account may use."""

    sender: str
    created_at: datetime


class AccountSettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of an account; None leaves a thing as it is."""

    name: str | None = None
    price_list_id: int | None = None
    weight: int | None = None
    report_codes: str | None = None
    http_reports: bool | None = None
    is_disabled: bool | None = None
    optional_sender: bool | None = None
    retention_days: int | None = None
    """0 for as the installation says."""
    in_doubt_policy: str | None = None


async def create_account(
    tx: Transaction,
    *,
    name: str,
    currency: str,
    price_list_id: int,
    number_prefix: str,
    now: datetime,
    parent_id: int | None = None,
) -> tuple[int, str]:
    """A new account with an empty balance; its id and its public number."""
    await tx.execute(load_query("lock_account_numbers"))
    row = await tx.fetchrow(
        load_query("create_account"),
        number_prefix,
        name,
        currency,
        price_list_id,
        FIRST_ACCOUNT_ID,
        now,
        parent_id,
    )
    assert row is not None
    return row["account_id"], row["number"]


async def change_account(
    tx: Transaction, account_id: int, change: AccountSettingsChange, *, now: datetime
) -> bool:
    """Change an account; False if it does not exist."""
    row = await tx.fetchrow(
        load_query("change_account"),
        account_id,
        change.name,
        change.price_list_id,
        change.weight,
        change.report_codes,
        change.http_reports,
        change.is_disabled,
        now,
        change.optional_sender,
        change.retention_days,
        change.in_doubt_policy,
    )
    return row is not None


async def list_accounts(tx: Transaction) -> list[StoredAccount]:
    """Every account, by id."""
    return [StoredAccount(**dict(row)) for row in await tx.fetch(load_query("list_accounts"))]


async def find_account_by_number(tx: Transaction, number: str) -> int | None:
    """The id of the account with a public number (``ip1-10001``)."""
    found: int | None = await tx.fetchval(load_query("find_account_by_number"), number)
    return found


async def lock_account(tx: Transaction, account_id: int) -> None:
    """Wait for others who change the account's members or import contacts into it, and let them wait."""
    await tx.execute(load_query("lock_account"), account_id)


async def add_sender(tx: Transaction, account_id: int, sender: str, *, now: datetime) -> bool:
    """Register a sender that ``domain/sender.check_sender`` let pass; False if it was registered already."""
    return await tx.fetchval(load_query("add_sender"), account_id, sender, now) is not None


async def remove_sender(tx: Transaction, account_id: int, sender: str) -> StoredSender | None:
    """Unregister a sender; the sender as it was, None if it was not registered."""
    row = await tx.fetchrow(load_query("remove_sender"), account_id, sender)
    return None if row is None else StoredSender(*row)


async def list_senders(tx: Transaction, account_id: int) -> list[StoredSender]:
    """The senders of an account in alphabetical order."""
    return [StoredSender(**dict(row)) for row in await tx.fetch(load_query("list_senders"), account_id)]


async def top_up(
    tx: Transaction, account_id: int, amount: int, *, note: str | None, now: datetime, ids: IdSource
) -> int | None:
    """Add credit in micro-units, with its ledger entry; the new balance, None if there is no such account."""
    if amount <= 0:
        raise ValueError("credit is added in positive amounts")
    balance: int | None = await tx.fetchval(
        load_query("top_up"), account_id, ids.new(int(now.timestamp())), amount, note, now
    )
    return balance


async def correct_credit(
    tx: Transaction, account_id: int, amount: int, *, note: str | None, now: datetime, ids: IdSource
) -> int | None:
    """Take credit back in micro-units, below zero too; the new balance, None if there is no such account."""
    if amount >= 0:
        raise ValueError("a correction takes credit back")
    balance: int | None = await tx.fetchval(
        load_query("correct_credit"), account_id, ids.new(int(now.timestamp())), amount, note, now
    )
    return balance
