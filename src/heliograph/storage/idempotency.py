"""Idempotency keys: the answers to requests that may be repeated, and those still being processed.

The row of a key is written in the transaction that accepts the batch, so a crash leaves both or neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from heliograph.domain.refusals import Conflict, IdempotencyMismatch
from heliograph.storage.batches import IdempotentRequest
from heliograph.storage.database import Database, Purpose, load_query

IN_PROGRESS = "A request with this Idempotency-Key is still being processed. Try again in a moment."
MISMATCH = "This Idempotency-Key was used before, with another body."


class StoredAnswer(msgspec.Struct, frozen=True):
    """What was answered to the first request with a key."""

    status: int
    answer: bytes
    location: str


class IdempotencyKeys:
    """The keys of one process at work, and the stored ones of all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_progress: set[tuple[int, str, str]] = set()

    @contextmanager
    def held(self, request: IdempotentRequest) -> Iterator[None]:
        """Keep others from using the key meanwhile. Raises Conflict if somebody does.

        Requests that reach another process are kept apart by the row's primary key.
        """
        key = request.account_id, request.route, request.key
        if key in self._in_progress:
            raise Conflict(IN_PROGRESS)
        self._in_progress.add(key)
        try:
            yield
        finally:
            self._in_progress.discard(key)

    async def find(self, request: IdempotentRequest) -> StoredAnswer | None:
        """The answer to the same request, if it came before.

        Raises IdempotencyMismatch when the key came with another body.
        """
        rows = await self._database.fetch(
            Purpose.HOT, load_query("find_idempotency"), request.account_id, request.route, request.key
        )
        if not rows:
            return None
        request_hash, status, answer, location = rows[0]
        if request_hash != request.request_hash:
            raise IdempotencyMismatch(MISMATCH)
        return StoredAnswer(status, answer, location)
