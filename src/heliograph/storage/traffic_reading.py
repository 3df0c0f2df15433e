"""Reads the traffic of one account: what the keeper counted, and what came since."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.ids import id_at
from heliograph.domain.traffic import STEP_BOUNDS_MS, Counted
from heliograph.storage.database import Transaction, load_query

LATEST: Final = 30_000
"""How many messages that the keeper has not counted yet are looked through, the newest ones."""


class Traffic(NamedTuple):
    """The traffic of some time, in stretches."""

    counted: list[Counted]
    is_partial: bool
    """Whether there were too many new messages to look through."""


async def read_traffic(tx: Transaction, account_id: int, since: datetime, *, stretch: timedelta) -> Traffic:
    """What an account sent and received since a moment, in stretches of time from that moment on."""
    counted_to: datetime = await tx.fetchval(load_query("read_traffic_progress"))
    latest_from = max(counted_to, since)
    counted = await tx.fetch(load_query("read_traffic"), account_id, since, latest_from, stretch)
    latest = await tx.fetch(
        load_query("count_latest_traffic"),
        account_id,
        id_at(int(latest_from.timestamp())),
        LATEST,
        since,
        stretch,
        list(STEP_BOUNDS_MS),
    )
    seen = sum(row["messages"] for row in latest)
    rows = [Counted(began, bool(direction), *rest) for began, direction, *rest in (*counted, *latest)]
    return Traffic(rows, seen >= LATEST)
