"""How fast a key or an account may send: recipients a second with a burst, counted in each api process.

A request of n recipients is let pass when the bucket holds n tokens, or is full where n is more than it ever
holds; then it takes all n. So a request larger than the burst passes after a rest, and those after it wait
until the debt is paid. Over time nobody sends faster than their rate.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from heliograph.domain.token_bucket import TokenBucket

MOST_BUCKETS: Final = 10_000
_NO_TIME: Final = 1e-9


class RateLimit(msgspec.Struct, frozen=True):
    """A pace and how far ahead of it one may run."""

    per_second: float
    burst: int

    def divided(self, processes: int) -> "RateLimit":
        """The share of one of so many processes."""
        return RateLimit(self.per_second / processes, max(1, self.burst // processes))


def rate_limit(per_second: float | None, burst: int | None) -> RateLimit | None:
    """A limit from its two columns."""
    return None if per_second is None or burst is None else RateLimit(per_second, burst)


class LimitState(msgspec.Struct, frozen=True):
    """A limit after a request was judged by it."""

    name: str
    limit: RateLimit
    left: int
    """Recipients that could be sent to now."""
    full_in: float
    """Seconds until the whole burst is there again."""


class Judgement(msgspec.Struct, frozen=True):
    """What the limits say to a request."""

    wait: float
    """Seconds until it would be let pass; 0: it was."""
    states: tuple[LimitState, ...]


class RateLimiter:
    """The buckets of one of so many processes, by (kind, id). The one used longest ago goes first."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        processes: int = 1,
        most_buckets: int = MOST_BUCKETS,
    ) -> None:
        self._processes = processes
        self._clock = clock
        self._most = most_buckets
        self._buckets: dict[tuple[str, object], tuple[RateLimit, TokenBucket]] = {}

    def judge(self, limits: Sequence[tuple[str, object, RateLimit]], wanted: int) -> Judgement:
        """Take so many recipients from every limit (kind, id, limit), or from none of them."""
        now = self._clock()
        buckets = [self._bucket(kind, owner, limit, now) for kind, owner, limit in limits]
        wait = max(bucket.seconds_until(wanted, now) for bucket in buckets)
        if wait < _NO_TIME:
            wait = 0.0
            for bucket in buckets:
                bucket.borrow(wanted)
        states = [
            LimitState(
                kind,
                limit.divided(self._processes),
                max(0, bucket.available(now)),
                bucket.seconds_until(math.ceil(bucket.burst), now),
            )
            for (kind, _, limit), bucket in zip(limits, buckets, strict=True)
        ]
        return Judgement(wait, tuple(states))

    def _bucket(self, kind: str, owner: object, limit: RateLimit, now: float) -> TokenBucket:
        known = self._buckets.pop((kind, owner), None)
        if known is None or known[0] != limit:
            share = limit.divided(self._processes)
            known = limit, TokenBucket(share.per_second, share.burst, now)
        self._buckets[kind, owner] = known
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return known[1]
