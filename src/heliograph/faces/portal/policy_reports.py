"""How often browsers told that a page broke its security policy: counted by each process since it began."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from heliograph.domain.token_bucket import TokenBucket

A_SECOND: Final = 1.0
AT_ONCE: Final = 20.0
"""Whoever reaches the portal may send reports: of more than these nothing is read and nothing is logged."""


class PolicyReports:
    """The counts: 0 as long as nothing foreign stands in a page."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pace = TokenBucket(A_SECOND, AT_ONCE, clock())
        self.count = 0
        self.passed_over = 0
        """Came too fast to be read."""
        self.latest_at: datetime | None = None

    def may_read(self) -> bool:
        """Whether one more is read now; what is not is counted apart."""
        if self._pace.take(1, self._clock()):
            return True
        self.passed_over += 1
        return False

    def add(self, now: datetime) -> None:
        """A browser told of a broken rule."""
        self.count += 1
        self.latest_at = now
