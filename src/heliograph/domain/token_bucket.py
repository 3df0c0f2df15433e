"""Pace as arithmetic on ``now``: a carrier's TPS, a caller's rate limit. Times are monotonic seconds."""

from typing import Final

CONTRACT_SHARE: Final = 0.95
"""How much of a carrier's contracted pace we use, since clocks and networks bunch what we spread."""
PAUSE_SECONDS: Final = 1.0
RECOVERY_SECONDS: Final = 10.0
RECOVERY_SHARE: Final = 0.05
_LEAST_SHARE: Final = 0.01


class TokenBucket:
    """Lets ``rate`` tokens a second pass, and up to ``burst`` at once after a rest."""

    __slots__ = ("_tokens", "_updated_at", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a token bucket needs a rate above 0 and a burst of at least 1")
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._updated_at = now

    def available(self, now: float) -> int:
        """How many tokens may be taken at ``now``."""
        self._refill(now)
        return int(self._tokens)

    def take(self, wanted: int, now: float) -> int:
        """Take up to ``wanted`` tokens; how many were granted."""
        self._refill(now)
        granted = max(0, min(wanted, int(self._tokens)))
        self._tokens -= granted
        return granted

    def borrow(self, wanted: int) -> None:
        """Take ``wanted`` tokens, also those that are not there yet: the bucket is refilled from below 0."""
        self._tokens -= wanted

    def seconds_until(self, wanted: int, now: float) -> float:
        """How long until ``wanted`` tokens (at most the burst) may be taken at once; 0 when they may now."""
        self._refill(now)
        return max(0.0, (min(wanted, self.burst) - self._tokens) / self.rate)

    def set_rate(self, rate: float, now: float) -> None:
        """Change the pace from ``now`` on; tokens already earned stay."""
        self._refill(now)
        self.rate = rate

    def _refill(self, now: float) -> None:
        if now > self._updated_at:
            self._tokens = min(self.burst, self._tokens + (now - self._updated_at) * self.rate)
            self._updated_at = now


class CarrierPace:
    """A carrier's TPS with throttling: told to slow down, it pauses, halves, and comes back by and by.

    Every 10 seconds without a further throttle give back 5 % of the full pace.
    """

    __slots__ = ("_bucket", "_full", "_paused_until", "_share", "_stepped_at")

    def __init__(self, tps: float, now: float, *, burst_seconds: float = 0.1) -> None:
        self._full = tps * CONTRACT_SHARE
        self._bucket = TokenBucket(self._full, max(1.0, self._full * burst_seconds), now)
        self._share = 1.0
        self._stepped_at = now
        self._paused_until = now

    def rate(self, now: float) -> float:
        """Segments a second at present, the pause not considered."""
        self._recover(now)
        return self._bucket.rate

    def is_throttled(self, now: float) -> bool:
        """Whether the pace is still below the full one."""
        self._recover(now)
        return self._share < 1.0

    def available(self, now: float) -> int:
        """How many segments may be sent at ``now``."""
        self._recover(now)
        return 0 if now < self._paused_until else self._bucket.available(now)

    def take(self, wanted: int, now: float) -> int:
        """Take up to ``wanted`` segments' worth; how many were granted."""
        self._recover(now)
        return 0 if now < self._paused_until else self._bucket.take(wanted, now)

    def seconds_until(self, wanted: int, now: float) -> float:
        """How long until ``wanted`` segments, or as many as one burst holds, may be sent."""
        self._recover(now)
        return max(self._paused_until - now, self._bucket.seconds_until(wanted, now))

    def throttle(self, now: float) -> None:
        """The carrier said ESME_RTHROTTLED. Answers to what was on its way during the pause count once."""
        if now < self._paused_until:
            return
        self._recover(now)
        self._share = max(_LEAST_SHARE, self._share / 2)
        self._paused_until = now + PAUSE_SECONDS
        self._stepped_at = now
        self._bucket.set_rate(self._full * self._share, now)

    def _recover(self, now: float) -> None:
        if self._share >= 1.0 or now < self._stepped_at + RECOVERY_SECONDS:
            return
        steps = int((now - self._stepped_at) / RECOVERY_SECONDS)
        self._share = min(1.0, self._share + steps * RECOVERY_SHARE)
        self._stepped_at += steps * RECOVERY_SECONDS
        self._bucket.set_rate(self._full * self._share, now)
