"""What the velocity guard counted, exact over every process: a row for each account, prefix and window.

A request is counted in one statement, whose rows are changed under their lock; so of two that come at once
the second sees what the first one counted. Where a limit was passed the row is the event that tells of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from heliograph.domain.velocity_rules import Guarded, GuardMode, Passage, window_start
from heliograph.storage.database import Database, Purpose, Transaction, load_query


class GuardEvent(msgspec.Struct, frozen=True):
    """A window in which a limit was passed."""

    account_id: int
    prefix: str
    seconds: int
    starts_at: datetime
    recipients: int
    """Asked for in the window, the blocked ones included."""
    most: int
    """The limit, as it was when something was last counted."""
    blocks: bool
    """Whether it was enforced then."""
    beyond: int
    blocked: int
    exceeded_at: datetime
    """When the limit was first passed."""

    @property
    def would_have_blocked(self) -> int:
        """Recipients beyond the limit that were sent to, since the rule only watches."""
        return self.beyond - self.blocked


async def count_guarded(
    database: Database, account_id: int, asked: Mapping[Guarded, int], now: datetime
) -> dict[str, int]:
    """Count recipients; what the window of each prefix holds with them."""
    ordered = sorted(asked, key=lambda each: each.prefix)
    rows = await database.fetch(
        Purpose.HOT,
        load_query("count_guarded"),
        account_id,
        *_keys(ordered, now),
        [asked[each] for each in ordered],
        [each.most for each in ordered],
        [each.mode is GuardMode.BLOCK for each in ordered],
        now,
    )
    return {row[0]: row[1] for row in rows}


async def read_guarded(
    database: Database, account_id: int, guarded: Iterable[Guarded], now: datetime
) -> dict[str, int]:
    """What the window of each prefix holds; one in which nothing was counted is missing."""
    rows = await database.fetch(
        Purpose.HOT, load_query("read_guarded"), account_id, *_keys(list(guarded), now)
    )
    return {row[0]: row[1] for row in rows}


async def uncount_guarded(database: Database, account_id: int, passages: Sequence[Passage]) -> None:
    """Take back what was counted: ``asked`` recipients, ``beyond`` of which lay beyond the limit."""
    await database.fetch(
        Purpose.HOT,
        load_query("uncount_guarded"),
        account_id,
        [passage.guarded.prefix for passage in passages],
        [passage.guarded.seconds for passage in passages],
        [passage.starts_at for passage in passages],
        [passage.asked for passage in passages],
        [passage.beyond for passage in passages],
        [passage.blocked for passage in passages],
    )


async def list_guard_events(tx: Transaction, account_id: int | None, *, limit: int) -> list[GuardEvent]:
    """The latest events of an account, or of all."""
    return [GuardEvent(*row) for row in await tx.fetch(load_query("list_guard_events"), account_id, limit)]


def _keys(guarded: Sequence[Guarded], now: datetime) -> tuple[list[str], list[int], list[datetime]]:
    return (
        [each.prefix for each in guarded],
        [each.seconds for each in guarded],
        [window_start(now, each.seconds) for each in guarded],
    )
