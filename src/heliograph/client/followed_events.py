"""The event feed as an iterator that knows where to go on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from heliograph.client.received_documents import Event, EventPage


class EventFeed:
    """The events after ``cursor``, until there are none for now; iterate again for those that came since.

    ``cursor`` moves on when the event after the last one of a page is asked for: who stores it and goes on
    from it misses none. After a crash within a page its events come again, with the same ``event_id``.
    """

    def __init__(self, read: Callable[[str | None], EventPage], after: str | None) -> None:
        self._read = read
        self.cursor = after

    def __iter__(self) -> Iterator[Event]:
        has_more = True
        while has_more:
            page = self._read(self.cursor)
            yield from page.events
            self.cursor, has_more = page.cursor, page.has_more


class AsyncEventFeed:
    """The same for the asynchronous client."""

    def __init__(self, read: Callable[[str | None], Awaitable[EventPage]], after: str | None) -> None:
        self._read = read
        self.cursor = after

    async def __aiter__(self) -> AsyncIterator[Event]:
        has_more = True
        while has_more:
            page = await self._read(self.cursor)
            for event in page.events:
                yield event
            self.cursor, has_more = page.cursor, page.has_more
