"""What in an installation needs an operator: rules over what the database knows, and what to do next."""

import enum
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.alarm_texts import ALARM_TEXTS
from heliograph.domain.bind_fault import BindFault, read_bind_fault
from heliograph.domain.prefix_table import PrefixTable
from heliograph.domain.pricing import as_text
from heliograph.domain.routing import Route
from heliograph.domain.typed_values import shown_prefix

BOUND_FRESH: Final = timedelta(seconds=30)
"""A bind that was not seen for longer is not counted: its holder renews it every few seconds."""
QUEUE_OLD: Final = timedelta(minutes=5)
KEEPER_LATE: Final = timedelta(minutes=2)
ORIGIN_FAILING: Final = timedelta(minutes=30)
MAIL_LATE: Final = timedelta(minutes=15)
DAYS_AHEAD_AT_LEAST: Final = 7
UNMATCHED_AT_MOST: Final = 100
READY: Final = 1


class Severity(enum.IntEnum):
    """How much an alarm hurts; NOTICE is not counted."""

    NOTICE = 0
    WARNING = 1
    BAD = 2


class Amount(NamedTuple):
    """Money in an alarm, so that pages may show it in their language."""

    micro: int
    currency: str

    def __str__(self) -> str:
        return f"{as_text(self.micro)} {self.currency}"


class Alarm(msgspec.Struct, frozen=True):
    """Something that needs an operator. ``values`` are put into the texts of its kind."""

    kind: str
    severity: Severity
    values: Mapping[str, str | int | Amount | BindFault]
    path: str
    """Where it is mended, below the operator's pages."""

    @property
    def title(self) -> str:
        """What is so, in English, with places for ``values``."""
        return ALARM_TEXTS[self.kind][0]

    @property
    def next_step(self) -> str:
        """What to do, in English."""
        return ALARM_TEXTS[self.kind][1]


class BoundSlot(NamedTuple):
    """A bind of a carrier and who holds it."""

    carrier_id: int
    slot: int
    epoch: int
    holder: str
    is_held: bool
    bound_at: datetime | None
    as_of: datetime
    """The database's time when it was read."""
    answered_per_second: float = 0.0
    """Of the seconds before its lease was last renewed."""
    says_bound: bool = True
    """What its holder said last."""
    fault_code: str | None = None

    @property
    def fault(self) -> BindFault | None:
        """Why it is not bound, as far as its holder knows."""
        return (
            None
            if self.fault_code is None or self.is_bound or not self.is_held
            else read_bind_fault(self.fault_code)
        )

    @property
    def pace(self) -> float:
        """Segments that the carrier answers in a second, just now."""
        return self.answered_per_second if self.is_bound else 0.0

    @property
    def is_bound(self) -> bool:
        """Whether it was seen bound just now."""
        if not (self.is_held and self.says_bound) or self.bound_at is None:
            return False
        return self.as_of - self.bound_at < BOUND_FRESH


class QueueDepth(NamedTuple):
    """Lots of a carrier with one priority and one state."""

    carrier_id: int
    priority: int
    state: int
    lots: int
    segments: int
    in_flight: int
    """Segments claimed for a bind and not answered yet."""
    oldest: datetime
    """When the first of them could have been sent."""


class LooseEnds(NamedTuple):
    """What of a carrier is in doubt, unmatched or late."""

    carrier_id: int
    in_doubt: int
    unmatched: int
    unopened_since: datetime | None
    unclosed_since: datetime | None


class FailingOrigin(NamedTuple):
    """An origin whose last attempt failed."""

    number: str
    origin: str
    failures: int
    failing_since: datetime | None
    open_until: datetime | None
    """Nothing is tried there before."""
    disabled_at: datetime | None
    due_at: datetime | None = None
    """Of the first report that waits for it; None where none does."""

    @property
    def next_try(self) -> datetime | None:
        """When a report is sent there next, as far as is known."""
        if self.disabled_at is not None or self.due_at is None:
            return None
        return max(self.due_at, self.open_until or self.due_at)


class LowBalance(NamedTuple):
    """An account that has little left; micro-units."""

    number: str
    balance: int
    spent: int


class MailState(NamedTuple):
    """Mail that waits, and mail that was given up of late; why, in a word or two."""

    waiting_since: datetime | None
    fault: str | None
    given_up: int
    misaddressed: int
    """Of these, those whose address nobody has: somebody mistyped it."""
    last_fault: str | None


class WatchedCarrier(NamedTuple):
    """A carrier as the alarms need it."""

    carrier_id: int
    name: str
    bind_count: int
    enabled: bool


class WatchedPrices(NamedTuple):
    """A price list and its users: at least those that routes name, and one of the others."""

    price_list_id: int
    name: str
    prices: Mapping[str, int]
    accounts: Collection[int]
    currency: str = ""


class ServerFacts(NamedTuple):
    """What of the server counts for safety."""

    unsafe_settings: tuple[str, ...]
    standbys: int
    reporters: int
    days_ahead: int


def carrier_alarms(
    carriers: Iterable[WatchedCarrier],
    slots: Iterable[BoundSlot],
    depths: Collection[QueueDepth],
    loose_ends: Mapping[int, LooseEnds],
    *,
    now: datetime,
) -> Iterator[Alarm]:
    """Carriers that are not bound, whose queue is old, or who owe us answers."""
    bound, faults = Counter[int](), defaultdict[int, list[BindFault]](list)
    for slot in slots:
        bound[slot.carrier_id] += slot.is_bound
        if slot.fault is not None:
            faults[slot.carrier_id].append(slot.fault)
    ready: dict[int, datetime] = {}
    for depth in depths:
        if depth.state == READY:
            ready[depth.carrier_id] = min(depth.oldest, ready.get(depth.carrier_id, depth.oldest))
    for carrier in carriers:
        path, name = f"carriers/{carrier.carrier_id}", carrier.name
        count = min(bound[carrier.carrier_id], carrier.bind_count)
        if carrier.enabled and count == 0:
            yield _unbound(name, faults[carrier.carrier_id], path)
        elif carrier.enabled and count < carrier.bind_count:
            values: dict[str, str | int] = {"carrier": name, "bound": count, "wanted": carrier.bind_count}
            yield Alarm("carrier_partly_bound", Severity.WARNING, values, path)
        waited = now - ready.get(carrier.carrier_id, now)
        if not carrier.enabled and carrier.carrier_id in ready:
            yield Alarm("carrier_disabled", Severity.BAD, {"carrier": name}, path)
        elif waited >= QUEUE_OLD:
            yield Alarm("queue_old", Severity.BAD, {"carrier": name, "minutes": _minutes(waited)}, "queues")
        yield from _loose_ends(name, loose_ends.get(carrier.carrier_id), path)


def _unbound(name: str, faults: Iterable[BindFault], path: str) -> Alarm:
    """What keeps a carrier from being bound; what it said counts more than what was not heard."""
    fault = max(faults, key=lambda each: bool(each.status), default=None)
    if fault is None:
        return Alarm("carrier_unbound", Severity.BAD, {"carrier": name}, path)
    kind = "carrier_refuses" if fault.status else "carrier_unreachable"
    return Alarm(kind, Severity.BAD, {"carrier": name, "fault": fault}, path)


def _loose_ends(name: str, ends: LooseEnds | None, path: str) -> Iterator[Alarm]:
    if ends is not None and ends.in_doubt:
        yield Alarm("in_doubt", Severity.WARNING, {"carrier": name, "count": ends.in_doubt}, "queues")
    if ends is not None and ends.unmatched >= UNMATCHED_AT_MOST:
        yield Alarm("unmatched", Severity.WARNING, {"carrier": name, "count": ends.unmatched}, path)


def customer_alarms(
    origins: Iterable[FailingOrigin], balances: Iterable[LowBalance], *, now: datetime
) -> Iterator[Alarm]:
    """Customers that get no reports, or run out of credit."""
    for origin in origins:
        values: dict[str, str | int] = {"account": origin.number, "origin": origin.origin}
        failing = now - (origin.failing_since or now)
        if origin.disabled_at is not None:
            yield Alarm("origin_disabled", Severity.WARNING, values, "queues")
        elif failing >= ORIGIN_FAILING:
            values["minutes"] = _minutes(failing)
            yield Alarm("origin_failing", Severity.WARNING, values, "queues")
    for balance in balances:
        kind = "balance_negative" if balance.balance < 0 else "balance_low"
        severity = Severity.WARNING
        yield Alarm(kind, severity, {"account": balance.number}, f"accounts/{balance.number}")


def price_alarms(routes: Iterable[Route], lists: Iterable[WatchedPrices]) -> Iterator[Alarm]:
    """Where a route leads without a price, and what is given away."""
    routes = list(routes)
    for price_list in lists:
        path = f"prices/{price_list.price_list_id}"
        table = PrefixTable(price_list.prices)
        reached = {
            route.prefix
            for route in routes
            if (route.account_id is None and price_list.accounts) or route.account_id in price_list.accounts
        }
        for prefix in sorted(prefix for prefix in reached if table.find(prefix) is None):
            missing: dict[str, str | int] = {"list": price_list.name, "prefix": shown_prefix(prefix)}
            yield Alarm("price_missing", Severity.WARNING, missing, path)
        free = sum(1 for price in price_list.prices.values() if price == 0)
        if free and price_list.accounts:
            yield Alarm("price_zero", Severity.WARNING, {"list": price_list.name, "count": free}, path)


def house_alarms(ends: Iterable[LooseEnds], server: ServerFacts, *, now: datetime) -> Iterator[Alarm]:
    """Processes that are missing or late, and a database that is not safe."""
    late = [since for each in ends for since in (each.unopened_since, each.unclosed_since) if since]
    if late and now - min(late) >= KEEPER_LATE:
        yield Alarm("keeper_late", Severity.BAD, {"minutes": _minutes(now - min(late))}, "health")
    if server.reporters == 0:
        yield Alarm("no_reporter", Severity.BAD, {}, "health")
    if server.days_ahead < DAYS_AHEAD_AT_LEAST:
        yield Alarm("partitions_short", Severity.BAD, {"days": max(server.days_ahead, 0)}, "health")
    for setting in server.unsafe_settings:
        yield Alarm("unsafe_server", Severity.BAD, {"setting": setting}, "health")
    if server.standbys == 0:
        yield Alarm("no_standby", Severity.NOTICE, {}, "health")


def mail_alarms(mail: MailState, *, now: datetime) -> Iterator[Alarm]:
    """Mail that does not leave."""
    waited = now - (mail.waiting_since or now)
    if waited >= MAIL_LATE:
        late: dict[str, str | int] = {"minutes": _minutes(waited), "fault": mail.fault or "never_tried"}
        yield Alarm("mail_late", Severity.WARNING, late, "health")
    if mail.given_up:
        lost: dict[str, str | int] = {"count": mail.given_up, "fault": mail.last_fault or ""}
        severity = Severity.NOTICE if mail.misaddressed == mail.given_up else Severity.WARNING
        yield Alarm("mail_given_up", severity, lost, "health")


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
