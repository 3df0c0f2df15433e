"""The events of one message on their way to the customer: in order, one at a time, tried by a schedule.

Event n + 1 waits until event n is received or given up. A final event does not wait behind intermediates
that failed three times: it takes their place.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from heliograph.domain.report_events import Destination, RetryEvents, StoredEvent
from heliograph.domain.retry import jittered, receiver_delay
from heliograph.domain.status import is_final

SUPERSEDED_AFTER = 3
GONE = 410
TOO_MANY_REQUESTS = 429


class Waiting:
    """One event that waits, and the block it came in (None when it came from a retry row)."""

    __slots__ = ("block", "event")

    def __init__(self, event: StoredEvent, block: object) -> None:
        self.event = event
        self.block = block


class ReportChain:
    """The events of one message, the first of which is being tried.

    ``tries`` counts the tries of the first event that failed. ``stored`` tells whether a retry row exists.
    """

    __slots__ = ("currency", "destination", "stored", "tries", "waiting")

    def __init__(
        self, destination: Destination, currency: str, *, tries: int = 0, stored: bool = False
    ) -> None:
        self.destination = destination
        self.currency = currency
        self.tries = tries
        self.stored = stored
        self.waiting: deque[Waiting] = deque()

    def add(self, event: StoredEvent, block: object) -> None:
        """An event more; it waits for those before it."""
        self.waiting.append(Waiting(event, block))

    @property
    def first(self) -> StoredEvent:
        """The event to be tried now."""
        return self.waiting[0].event

    def received(self) -> Waiting:
        """The first event was received: it leaves."""
        self.tries = 0
        return self.waiting.popleft()

    def failed(self, schedule_length: int, *, gone: bool) -> list[Waiting]:
        """The first event was not received. Returns the events that are given up by it.

        ``tries`` is not 0 then where a final event takes their place. What stays is to be tried again, if
        anything; see ``delay``.
        """
        self.tries += 1
        given_up: list[Waiting] = []
        if gone:
            given_up = list(self.waiting)
            self.waiting.clear()
            self.tries = 0
        elif self.tries >= schedule_length:
            given_up.append(self.received())
        elif self.tries >= SUPERSEDED_AFTER and any(is_final(w.event.code) for w in self.waiting):
            while not is_final(self.first.code):
                given_up.append(self.waiting.popleft())
        return given_up

    def delay(
        self,
        schedule: Sequence[float],
        draw: float,
        *,
        status: int | None,
        retry_after: float | None,
        slow: bool,
    ) -> float:
        """Seconds until the next try; ``draw`` is uniform in 0..1, ``slow`` a receiver that timed out."""
        planned = jittered(schedule[self.tries], draw) if self.tries else 0.0
        return receiver_delay(
            planned, retry_after=retry_after, slow=bool(self.tries) and (slow or status == TOO_MANY_REQUESTS)
        )

    def stored_events(self, waiting: Iterable[Waiting]) -> RetryEvents:
        """What a retry row holds: these events of it."""
        return RetryEvents(self.currency, self.destination, [each.event for each in waiting])


class Breaker:
    """Whether an origin of an account may be tried; opens after failures in a row.

    Times are seconds since 1970.
    """

    __slots__ = ("disabled", "failing_since", "failures", "open_until")

    OPENS_AFTER = 10
    PROBE_SECONDS = 60.0
    DISABLED_AFTER_SECONDS = 5 * 86_400.0

    def __init__(
        self,
        *,
        failures: int = 0,
        failing_since: float | None = None,
        open_until: float = 0.0,
        disabled: bool = False,
    ) -> None:
        self.failures = failures
        self.failing_since = failing_since
        self.open_until = open_until
        self.disabled = disabled

    def is_closed(self, now: float) -> bool:
        """Whether a try may be made now."""
        return not self.disabled and now >= self.open_until

    @property
    def is_probing(self) -> bool:
        """Whether the next try decides if it stays open: one block at a time."""
        return self.failures >= self.OPENS_AFTER

    def succeeded(self) -> None:
        """One success resets it."""
        self.failures = 0
        self.failing_since = None
        self.open_until = 0.0

    def failed(self, now: float) -> None:
        """One failure more."""
        self.failures += 1
        self.failing_since = now if self.failing_since is None else self.failing_since
        if self.failures >= self.OPENS_AFTER:
            self.open_until = now + self.PROBE_SECONDS
            self.disabled = now - self.failing_since >= self.DISABLED_AFTER_SECONDS
