"""When to try again: schedules as tuples, jitter as a function of a random number that the caller draws.

All times are seconds.
"""

from collections.abc import Sequence
from typing import Final

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0

STANDARD_REPORTS: Final = (
    0.0,
    10.0,
    _MINUTE,
    *(10 * _MINUTE,) * 8,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    19 * _HOUR,
)
"""Delay before each of the 17 tries of a report; the last one starts 71 h 21 min after the first."""

STRICT_REPORTS: Final = (0.0, *(10 * _MINUTE,) * 9)
"""iP.1's own schedule: 10 tries, 10 minutes apart."""

REPORT_SCHEDULES: Final = {"standard": STANDARD_REPORTS, "ip1-strict": STRICT_REPORTS}
"""By the name that an account chooses."""

SYSTEM_ERROR: Final = (30.0, 2 * _MINUTE, 10 * _MINUTE)
"""After ESME_RSYSERR."""
QUEUE_FULL: Final = (30.0, _MINUTE, 3 * _MINUTE, 10 * _MINUTE)
"""After ESME_RMSGQFUL; the last delay repeats until the delivery window ends."""
TEMPORARY: Final = (30.0, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR)
"""After ESME_RX_T_APPN, temporary by definition."""
VAGUE: Final = (_MINUTE, 5 * _MINUTE)
"""After a refusal without a reason."""
ONCE: Final = (_MINUTE,)
"""After a status that no table knows."""

MAIL: Final = (_MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR)
"""Between the tries of a mail; the last delay repeats until its time is over."""

JITTER: Final = 0.2
SLOW_RECEIVER_SECONDS: Final = 60.0
"""The least wait after a receiver timed out or answered 429."""

RECONNECT_FIRST: Final = 1.0
RECONNECT_LONGEST: Final = 60.0
STABLE_SECONDS: Final = 60.0
"""A bind that held this long forgets the failures before it."""


def jittered(delay: float, draw: float) -> float:
    """A delay spread by 20 % to either side; ``draw`` is uniform in 0..1."""
    return delay * (1.0 - JITTER + 2.0 * JITTER * draw)


def next_delay(schedule: Sequence[float], tries: int, draw: float = 0.5) -> float | None:
    """The delay before the next try after ``tries`` tries, jittered; None when the schedule is exhausted."""
    return jittered(schedule[tries], draw) if tries < len(schedule) else None


def receiver_delay(planned: float, *, retry_after: float | None = None, slow: bool = False) -> float:
    """The planned delay bent by the receiver: its Retry-After between one and two times the plan.

    ``slow``: it timed out or answered 429, so that at least a minute must pass.
    """
    delay = planned if retry_after is None else min(max(retry_after, planned), 2 * planned)
    return max(delay, SLOW_RECEIVER_SECONDS) if slow else delay


def reconnect_delay(failures: int, draw: float = 0.5) -> float:
    """How long to wait before connecting again: 1 s after the first failure, doubling to 60 s, jittered."""
    doublings = min(max(failures - 1, 0), 6)
    return jittered(min(RECONNECT_FIRST * 2**doublings, RECONNECT_LONGEST), draw)
