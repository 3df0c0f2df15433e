"""Traffic of an account as figures: how many messages, what became of them, how long it took.

How long a message took from its first submission to its final status is kept as a step, a number of a
stretch of durations; a median is read off the counts of steps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.status import Code, is_final

STEP_BOUNDS_MS: Final = (
    *(50, 100, 150, 200, 300, 400, 600, 800, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000),
    *(10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 90_000, 120_000, 300_000, 600_000, 1_800_000),
    *(3_600_000, 21_600_000, 86_400_000),
)
"""Step 1 ends at the first bound, step 2 at the second, ...; step 0 has no duration."""


_WITH_CARRIERS: Final = frozenset({Code.SENDING, Code.AT_GATEWAY, Code.AT_CARRIER, Code.AT_NETWORK})


_REFUSED: Final = frozenset(range(400, 500)) - {Code.REJECTED}
"""Refused by ourselves, and never paid for."""


class Look(NamedTuple):
    """An age at which messages are counted, and the stretch of time that is counted together."""

    number: int
    age: timedelta
    stretch: timedelta


LOOKS: Final = (
    Look(0, timedelta(minutes=1), timedelta(minutes=5)),
    Look(1, timedelta(hours=1), timedelta(minutes=5)),
    Look(2, timedelta(days=1), timedelta(minutes=5)),
    Look(3, timedelta(days=4), timedelta(hours=1)),
    Look(4, timedelta(days=10), timedelta(hours=1)),
)
"""A message that is not final at the last age stays counted as what it was then."""


class Counted(NamedTuple):
    """Messages that were accepted in one stretch of time and have the same fate."""

    began_at: datetime
    incoming: bool
    code: int
    step: int
    messages: int
    segments: int
    price: int = 0
    """What they cost, in micro-units, without what was returned."""


class DayCount(NamedTuple):
    """Messages that were accepted on one day and have the same fate."""

    day: date
    incoming: bool
    code: int
    messages: int
    segments: int
    price: int


class DayUsage(msgspec.Struct):
    """What an account used in a day, or in several."""

    accepted: int = 0
    segments: int = 0
    """Without those of messages that were refused at once."""
    delivered: int = 0
    failed: int = 0
    """Refused ones included; canceled ones not."""
    received: int = 0
    price: int = 0
    """In micro-units, without what was returned."""

    def add(self, counted: DayCount) -> None:
        """Count some messages."""
        if counted.incoming:
            self.received += counted.messages
            return
        self.accepted += counted.messages
        if counted.code not in _REFUSED:
            self.segments += counted.segments
        self.price += counted.price
        if counted.code == Code.DELIVERED:
            self.delivered += counted.messages
        elif is_final(counted.code) and counted.code != Code.CANCELED:
            self.failed += counted.messages


def usage_by_day(counted: Iterable[DayCount]) -> tuple[dict[date, DayUsage], DayUsage]:
    """What was used on each day, the latest first, and in all."""
    days, total = defaultdict[date, DayUsage](DayUsage), DayUsage()
    for each in counted:
        days[each.day].add(each)
        total.add(each)
    return dict(sorted(days.items(), reverse=True)), total


class Figures(msgspec.Struct, frozen=True):
    """What some time's traffic amounts to."""

    accepted: int
    sent: int
    """Of the accepted: those that a carrier was given, whatever became of them."""
    segments: int
    received: int
    final: int
    delivered: int
    failures: Mapping[int, int]
    """Messages that were refused or failed, by code, the most frequent first."""
    median_ms: float | None
    """From submission to final status; None where nothing was submitted and is final."""

    @property
    def delivered_percent(self) -> float | None:
        """Of the messages that are final and were not canceled."""
        return 100 * self.delivered / self.final if self.final else None


def figures(counted: Iterable[Counted]) -> Figures:
    """Add up. Messages that their owner canceled count as accepted, not as final."""
    accepted = sent = segments = received = final = delivered = 0
    failures, steps = Counter[int](), Counter[int]()
    for each in counted:
        if each.incoming:
            received += each.messages
            continue
        accepted += each.messages
        segments += each.segments
        # Only what was submitted has a step; what is under way has none yet.
        if each.step or each.code in _WITH_CARRIERS:
            sent += each.messages
        if not is_final(each.code) or each.code == Code.CANCELED:
            continue
        final += each.messages
        if each.code == Code.DELIVERED:
            delivered += each.messages
        else:
            failures[each.code] += each.messages
        if each.step:
            steps[each.step] += each.messages
    return Figures(
        accepted,
        sent,
        segments,
        received,
        final,
        delivered,
        dict(failures.most_common()),
        median_ms(steps),
    )


def median_ms(steps: Mapping[int, int]) -> float | None:
    """The median duration of messages by their steps, as if they lay evenly within each step."""
    total = sum(steps.values())
    below = 0
    for step in sorted(steps):
        if below + steps[step] >= total / 2:
            low = STEP_BOUNDS_MS[step - 2] if step > 1 else 0
            high = STEP_BOUNDS_MS[min(step, len(STEP_BOUNDS_MS)) - 1]
            return low + (max(high, low) - low) * (total / 2 - below) / steps[step]
        below += steps[step]
    return None


def floor_to(moment: datetime, stretch: timedelta) -> datetime:
    """When the stretch began that holds a moment; stretches are counted from 1970 on."""
    seconds = int(moment.timestamp())
    return moment - timedelta(seconds=seconds % int(stretch.total_seconds()), microseconds=moment.microsecond)
