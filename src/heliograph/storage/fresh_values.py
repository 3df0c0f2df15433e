"""Values that are read often and change seldom: kept in the process for a few seconds, then read again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class FreshValues(Generic[Key, Value]):
    """Values by key, never older than ``seconds``, at most ``limit`` of them.

    A key that does not exist (``load`` gave None) is remembered apart, so that strangers asking for made-up
    keys push nothing out. Those who ask for the same key at once share one load. Age counts from the
    beginning of the load, hence a change is seen ``seconds`` after it was committed at the latest.
    """

    def __init__(
        self,
        load: Callable[[Key], Awaitable[Value | None]],
        *,
        seconds: float,
        limit: int = 10_000,
        absent_limit: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._seconds = seconds
        self._limit = limit
        self._absent_limit = absent_limit
        self._clock = clock
        self._values: dict[Key, tuple[float, Value]] = {}
        self._absent: dict[Key, float] = {}
        self._loading: dict[Key, asyncio.Task[Value | None]] = {}

    def __repr__(self) -> str:
        return f"<FreshValues {len(self._values)} known, {len(self._absent)} absent>"

    def peek(self, key: Key) -> Value | None:
        """The value if it is at hand and fresh; asks nobody."""
        found = self._values.get(key)
        return found[1] if found is not None and self._clock() < found[0] else None

    def is_known_absent(self, key: Key) -> bool:
        """Whether the key was looked for and not found, just now."""
        return self._clock() < self._absent.get(key, 0.0)

    def forget(self, key: Key) -> None:
        """Read the key again when it is next asked for."""
        self._values.pop(key, None)
        self._absent.pop(key, None)

    async def get(self, key: Key) -> Value | None:
        """The value, or None if there is none. Raises what the load raised."""
        found = self._values.get(key)
        if found is not None and self._clock() < found[0]:
            return found[1]
        if self.is_known_absent(key):
            return None
        task = self._loading.get(key)
        if task is None:
            task = self._loading[key] = asyncio.create_task(self._reload(key))
            task.add_done_callback(_note_failure)
        # Shielded: others may wait for the same load when this caller gives up.
        return await asyncio.shield(task)

    async def _reload(self, key: Key) -> Value | None:
        until = self._clock() + self._seconds
        try:
            value = await self._load(key)
        finally:
            del self._loading[key]
        self.forget(key)
        if value is None:
            self._absent[key] = until
            _drop_oldest(self._absent, self._absent_limit)
        else:
            self._values[key] = (until, value)
            _drop_oldest(self._values, self._limit)
        return value


def _note_failure(task: asyncio.Task[Value | None]) -> None:
    """Take the exception of a load that nobody waits for any more, so that the loop does not report it."""
    if not task.cancelled():
        task.exception()


def _drop_oldest(entries: dict[Key, Value], limit: int) -> None:
    while len(entries) > limit:
        del entries[next(iter(entries))]
