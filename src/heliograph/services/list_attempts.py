"""Every attempt to deliver an account's webhooks, newest first, page by page."""

from datetime import datetime
from typing import Final, NamedTuple

from heliograph.storage.attempt_reading import AttemptPlace, PlacedAttempt, list_attempt_blocks
from heliograph.storage.batch_listing import HIGHEST_ID
from heliograph.storage.database import Transaction

PAGE_SIZE: Final = 50
_BLOCKS_AT_ONCE: Final = 100
_MOST_BLOCKS: Final = 1_000
"""Of one page that looks for failures among what was delivered."""
NEWEST: Final = AttemptPlace(HIGHEST_ID, 0)


class AttemptPage(NamedTuple):
    """A page of attempts, the newest first."""

    attempts: list[PlacedAttempt]
    following: AttemptPlace | None
    """Where the next page begins; None behind the oldest."""


async def list_attempts(
    tx: Transaction, account_id: int, *, start: AttemptPlace, failed_only: bool, now: datetime
) -> AttemptPage:
    """The attempts from a place on. A page of failures may be short and have another behind it."""
    found: list[PlacedAttempt] = []
    before = start.block_id + b"\0" if start.place else start.block_id
    for _ in range(0, _MOST_BLOCKS, _BLOCKS_AT_ONCE):
        blocks = await list_attempt_blocks(tx, account_id, before=before, now=now, limit=_BLOCKS_AT_ONCE)
        for block in blocks:
            for at, attempt in block.placed(start.place if block.block_id == start.block_id else 0):
                if len(found) == PAGE_SIZE:
                    return AttemptPage(found, at)
                if not failed_only or not 200 <= attempt.status < 300:
                    found.append((at, attempt))
        if len(blocks) < _BLOCKS_AT_ONCE:
            return AttemptPage(found, None)
        before = blocks[-1].block_id
    return AttemptPage(found, AttemptPlace(before, 0))
