"""Every attempt to deliver an account's webhooks, the newest first, block by block."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.ids import id_at, seconds_of
from heliograph.domain.report_events import Attempt, decode_attempts
from heliograph.domain.report_url import BUCKETS
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.partitions import BY_DAY

_SPANS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (60, 900, 3600, 6 * 3600, 86_400, 3 * 86_400, 9 * 86_400)
)
"""How far back is looked first, then, and so on: no index has an account's blocks of all buckets in order."""
_SLACK: Final = timedelta(days=1)
"""How far the id of a block may lie from the day under which it is kept."""


class AttemptPlace(NamedTuple):
    """Where an attempt is kept: its block, and its place there, the latest first."""

    block_id: bytes
    place: int


PlacedAttempt = tuple[AttemptPlace, Attempt]


class AttemptBlock(NamedTuple):
    """Attempts that were written down together."""

    block_id: bytes
    attempts: list[Attempt]
    """The latest first."""

    def placed(self, first: int = 0) -> list[PlacedAttempt]:
        """Its attempts from a place on, with their places."""
        return [
            (AttemptPlace(self.block_id, place), attempt)
            for place, attempt in enumerate(self.attempts[first:], first)
        ]


def read_block(block_id: bytes, stored: bytes) -> AttemptBlock:
    """A block as it is stored."""
    attempts = sorted(decode_attempts(stored), key=lambda attempt: attempt.at_ms, reverse=True)
    return AttemptBlock(block_id, attempts)


async def list_attempt_blocks(
    tx: Transaction, account_id: int, *, before: bytes, now: datetime, limit: int
) -> list[AttemptBlock]:
    """The newest blocks with ids below one, so many at most: fewer where there are no more."""
    until = min(_moment(before), now + _SLACK)
    oldest = now - timedelta(days=BY_DAY["report_attempt"])
    found: list[AttemptBlock] = []
    spans = iter(_SPANS)
    while len(found) < limit and until > oldest:
        since = max(until - next(spans, until - oldest), oldest)
        rows = await tx.fetch(
            load_query("list_attempt_blocks"),
            account_id,
            list(range(BUCKETS)),
            (since - _SLACK).date(),
            (until + _SLACK).date(),
            id_at(int(since.timestamp())),
            before,
            limit - len(found),
        )
        found += [read_block(row["block_id"], row["attempts"]) for row in rows]
        until, before = since, min(before, id_at(int(since.timestamp())))
    return found


async def find_attempt_block(tx: Transaction, account_id: int, block_id: bytes) -> AttemptBlock | None:
    """The block with an id; None if the account has none such."""
    at = _moment(block_id)
    row = await tx.fetchrow(
        load_query("list_attempt_blocks"),
        account_id,
        list(range(BUCKETS)),
        (at - _SLACK).date(),
        (at + _SLACK).date(),
        block_id,
        block_id + b"\0",
        1,
    )
    return None if row is None else read_block(row["block_id"], row["attempts"])


def _moment(block_id: bytes) -> datetime:
    return datetime.fromtimestamp(seconds_of(block_id), UTC)
