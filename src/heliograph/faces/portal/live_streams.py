"""The streams of server-sent events that one process serves."""

import asyncio
from collections import Counter
from typing import Final

from heliograph.domain.refusals import Unavailable

MOST_STREAMS: Final = 1_000
"""Of one process."""
MOST_STREAMS_EACH: Final = 20
"""Of one person: more tabs than anybody looks at, since hidden ones let go of theirs."""


class LiveStreams:
    """The streams of a process: how many there are, and when they end."""

    def __init__(self, stopping: asyncio.Event | None = None) -> None:
        self.stopping = stopping or asyncio.Event()
        """Set when the process stops: browsers come back to another one."""
        self.open: Counter[int] = Counter()
        """By person."""

    def __repr__(self) -> str:
        return f"<LiveStreams {self.open.total()} open>"

    def check_room(self, user_id: int) -> None:
        """Raises Unavailable when nobody, or not this person, may open another one."""
        if self.open.total() >= MOST_STREAMS or self.open[user_id] >= MOST_STREAMS_EACH:
            raise Unavailable("Too many pages are kept up to date just now.", 30.0)
