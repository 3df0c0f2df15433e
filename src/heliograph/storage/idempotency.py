"""Idempotency keys: the answers to requests that may be repeated, and those still being processed.

The row of a key is written in the transaction that does what was asked for: a crash leaves both or neither.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from heliograph.domain.refusals import Conflict, IdempotencyMismatch
from heliograph.storage.batches import IdempotentRequest
from heliograph.storage.database import Database, Purpose, Row, Transaction, load_query

IN_PROGRESS: Final = "A request with this Idempotency-Key is still being processed. Try again in a moment."
MISMATCH: Final = "This Idempotency-Key was used before, with another request."
CLAIM_WAIT: Final = "20ms"
"""How long a transaction that holds the same key is waited for; then it is at work."""


class StoredAnswer(msgspec.Struct, frozen=True):
    """What was answered to the first request with a key."""

    status: int
    answer: bytes
    location: str | None


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
        return _same_request(rows, request)


def _same_request(rows: Sequence[Row], request: IdempotentRequest) -> StoredAnswer | None:
    if not rows:
        return None
    request_hash, status, answer, location = rows[0]
    if request_hash != request.request_hash:
        raise IdempotencyMismatch(MISMATCH)
    return StoredAnswer(status, answer, location)


async def claim_key(
    tx: Transaction, request: IdempotentRequest, now: datetime, *, wait: str = CLAIM_WAIT
) -> StoredAnswer | None:
    """Take a key for the rest of a transaction, or the answer that the same request was given before.

    None: the key is taken, and the transaction must end with ``keep_answer``, or a later one with that or
    ``free_key``. Raises Conflict while another
    process is at work on the key, IdempotencyMismatch when it came with another body.
    """
    named = request.account_id, request.route, request.key
    await tx.execute(f"SET LOCAL lock_timeout = '{wait}'")
    try:
        claimed = await tx.fetchval(load_query("claim_idempotency_key"), *named, request.request_hash, now)
    except asyncpg.LockNotAvailableError:
        raise Conflict(IN_PROGRESS) from None
    await tx.execute("SET LOCAL lock_timeout TO DEFAULT")
    if claimed is not None:
        return None
    found = _same_request(await tx.fetch(load_query("find_idempotency"), *named), request)
    if found is None or not found.status:
        # Forgotten by the keeper this very moment: the next try takes it. Or taken by what uses the network.
        raise Conflict(IN_PROGRESS)
    return found


async def keep_answer(tx: Transaction, request: IdempotentRequest, answer: StoredAnswer) -> None:
    """Store the answer to a request whose key this transaction claimed."""
    await tx.execute(
        load_query("keep_idempotent_answer"),
        request.account_id,
        request.route,
        request.key,
        answer.status,
        answer.answer,
        answer.location,
    )


async def free_key(tx: Transaction, request: IdempotentRequest) -> None:
    """Let go of a key that was taken for something that was not done."""
    await tx.execute(load_query("free_idempotency_key"), request.account_id, request.route, request.key)
