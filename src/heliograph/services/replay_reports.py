"""Try again what could not be delivered: an origin that was repaired gets every report that it missed.

Reports keep their ids, so a receiver that saw one of them already can tell.
"""

from datetime import datetime
from typing import Final, NamedTuple

from heliograph.domain.ids import IdSource
from heliograph.domain.refusals import NotFound
from heliograph.domain.replay_filter import MOST_REPLAYED, blocks_of
from heliograph.storage.database import Transaction
from heliograph.storage.failed_reports import (
    count_held,
    enable_origin,
    hasten_retries,
    keep_given_up,
    list_given_up,
    lock_given_up,
    queue_again,
)

UNKNOWN_ORIGIN: Final = (
    "Nothing has failed at this origin. GET /v2/reports/failed lists those where something has."
)


class Replay(NamedTuple):
    """What was done."""

    was_disabled: bool
    queued: int
    """Reports that were given up, or lay behind a disabled origin, and are now tried again."""
    hastened: int
    """Messages whose reports waited for their next try, which is now."""
    has_more: bool
    """Whether reports that were given up are left: ask again."""


async def replay_origin(
    tx: Transaction, account_id: int, origin: str, *, now: datetime, ids: IdSource
) -> Replay:
    """Begin anew with an origin, and deliver what it missed. Raises NotFound where nothing failed."""
    held = await count_held(tx, account_id, origin)
    # Locked in the order of the reporters: messages, then the origin.
    listed = await list_given_up(tx, account_id, origin=origin, limit=MOST_REPLAYED)
    given_up = await lock_given_up(tx, account_id, listed)
    await keep_given_up(tx, account_id, [(each, ()) for each in given_up])
    hastened = await hasten_retries(tx, account_id, origin, now)
    was_disabled = await enable_origin(tx, account_id, origin)
    if was_disabled is None and not hastened and not given_up:
        raise NotFound(UNKNOWN_ORIGIN)
    events = [each.events for each in given_up]
    await queue_again(tx, account_id, origin, list(blocks_of(events)), now=now, ids=ids)
    queued = sum(len(each.events) for each in events)
    if was_disabled:
        queued += held
    return Replay(bool(was_disabled), queued, hastened, len(listed) == MOST_REPLAYED)
