"""Read the event feed of an account: what comes next after a cursor, and the cursor to go on from.

Who always goes on from the last cursor is told every event exactly once, whatever order transactions commit
in. Events of one message mostly come in their order; ``number`` tells it where two transactions overlapped.
"""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.feed_events import Cursor, FeedEvent, unpack_events
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.domain.status import Code
from heliograph.storage.database import Transaction
from heliograph.storage.event_feed import read_horizon
from heliograph.storage.event_reading import FeedBlock, MessageDescription, describe_messages, list_blocks

SCANNED_EVENTS: Final = 20_000
"""How many events are looked through for those that a filter wants, in one call."""
SCANNED_BLOCKS: Final = 5_000
_ARRIVED: Final = (1, Code.DELIVERED)
"""The one event of a message from a handset; a few that we sent have such an event, too."""
TOO_OLD: Final = (
    "Events are kept from {} on: what came before them is gone. Go on from there, without `after`."
)
NOT_OF_THIS_FEED: Final = (
    "after lies ahead of the feed: the database was restored since. Begin anew, without `after`."
)


class FeedQuery(NamedTuple):
    """What is asked of the feed; empty filters let everything pass."""

    after: Cursor | None
    limit: int
    codes: AbstractSet[int] = frozenset()
    messages: tuple[bytes, bytes] | None = None
    """The lowest and the highest message."""
    incoming_only: bool = False
    """Whether only messages from handsets are told."""

    def lets_pass(self, event: FeedEvent) -> bool:
        """Whether the filters want an event."""
        if self.codes and event.code not in self.codes:
            return False
        if self.incoming_only and (event.number, event.code) != _ARRIVED:
            return False
        return self.messages is None or self.messages[0] <= event.message_id <= self.messages[1]


class ToldEvent(NamedTuple):
    """An event with what its report says beside the status."""

    event: FeedEvent
    message: MessageDescription


class FeedPage(NamedTuple):
    """The next events. With a filter there may be few, even none, while ``has_more``."""

    events: list[ToldEvent]
    cursor: Cursor
    has_more: bool


async def read_events(
    tx: Transaction, account_id: int, query: FeedQuery, *, now: datetime, event_days: int
) -> FeedPage:
    """The events that come next. Raises InvalidRequest for a cursor of another time."""
    # The horizon comes first: whatever lies below it is seen by every statement after this one.
    horizon = await read_horizon(tx)
    kept_from = now - timedelta(days=event_days)
    start = query.after or Cursor(int(kept_from.timestamp()), 0)
    _check_cursor(start, horizon, kept_from)
    is_filtered = bool(query.codes) or query.messages is not None or query.incoming_only
    blocks = await list_blocks(
        tx,
        account_id,
        start,
        horizon=horizon,
        blocks=SCANNED_BLOCKS if is_filtered else query.limit + 2,
        events=start.taken + (SCANNED_EVENTS if is_filtered else query.limit + 1),
    )
    found, stopped_at = _select(blocks, start, query)
    if stopped_at is None and is_filtered and _is_cut(blocks, start.taken):
        last = blocks[-1]
        stopped_at = _cursor_in(last, last.event_count)
    messages = await describe_messages(tx, account_id, [event.message_id for event in found])
    return FeedPage(
        [
            ToldEvent(event, message)
            for event in found
            if (message := messages.get(event.message_id)) is not None
            and (message.incoming_from is not None or not query.incoming_only)
        ],
        stopped_at or Cursor(int(now.timestamp()), horizon),
        stopped_at is not None,
    )


def _check_cursor(start: Cursor, horizon: int, kept_from: datetime) -> None:
    if start.seconds < int(kept_from.timestamp()):
        oldest = datetime.fromtimestamp(int(kept_from.timestamp()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        raise InvalidRequest([Refusal("after", "too_old", TOO_OLD.format(oldest))])
    if start.transaction_id > horizon:
        raise InvalidRequest([Refusal("after", "too_old", NOT_OF_THIS_FEED)])


def _select(
    blocks: list[FeedBlock], start: Cursor, query: FeedQuery
) -> tuple[list[FeedEvent], Cursor | None]:
    """The first events that pass, and where the next one lies; None where there is none in these blocks."""
    found: list[FeedEvent] = []
    for block in blocks:
        is_begun = (block.transaction_id, block.block_id) == (start.transaction_id, start.block_id)
        taken = start.taken if is_begun else 0
        for place, event in enumerate(unpack_events(block.events)):
            if place < taken or not query.lets_pass(event):
                continue
            if len(found) == query.limit:
                return found, _cursor_in(block, place)
            found.append(event)
    return found, None


def _is_cut(blocks: list[FeedBlock], taken: int) -> bool:
    """Whether more blocks may lie behind these; ``taken`` events of the first were read before."""
    events = sum(block.event_count for block in blocks) - taken
    return len(blocks) == SCANNED_BLOCKS or events >= SCANNED_EVENTS


def _cursor_in(block: FeedBlock, taken: int) -> Cursor:
    return Cursor(int(block.written_at.timestamp()), block.transaction_id, block.block_id, taken)
