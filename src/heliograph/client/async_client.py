"""The asynchronous client."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from heliograph.client.api_operations import ApiOperations
from heliograph.client.async_caller import AsyncCaller
from heliograph.client.client_errors import BatchNotFinished
from heliograph.client.followed_events import AsyncEventFeed
from heliograph.client.received_documents import Batch

FIRST_LOOK = 0.25
LONGEST_LOOK = 5.0


class AsyncHeliograph(AsyncCaller, ApiOperations):
    """An account's access to the API. Use it as a context, or close it; tasks may share one.

    Without ``key`` and ``url`` it takes HELIOGRAPH_KEY and HELIOGRAPH_URL. ``account`` is the number of a
    child account as which it asks, with a key of the parent. ``timeout`` is for each try, in seconds. Calls
    raise the errors of this package, above all ApiError and NoAnswer.
    """

    async def wait(self, batch_id: str, *, timeout: float = 60.0) -> Batch:
        """The batch once all its messages have their final status. Raises BatchNotFinished."""
        deadline = time.monotonic() + timeout
        pause = FIRST_LOOK
        while not (batch := await self.get_batch(batch_id)).is_finished:
            left = deadline - time.monotonic()
            if left <= 0:
                raise BatchNotFinished(f"batch {batch_id} is not finished after {timeout:g} seconds")
            await asyncio.sleep(min(pause, left))
            pause = min(LONGEST_LOOK, pause * 1.5)
        return batch

    def list_events(
        self,
        after: str | None = None,
        *,
        codes: Sequence[int] | None = None,
        batch_id: str | None = None,
        page_size: int = 1000,
    ) -> AsyncEventFeed:
        """Every event after a cursor, page by page; the feed's ``cursor`` says where to go on."""
        return AsyncEventFeed(
            partial(self.read_events, codes=codes, batch_id=batch_id, limit=page_size), after
        )
