"""Reads the traffic of one account: what the keeper counted, and what came since."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from heliograph.domain.ids import id_at
from heliograph.domain.traffic import STEP_BOUNDS_MS, Counted, DayCount
from heliograph.storage.database import Transaction, load_query

_HOUR: Final = timedelta(hours=1)
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
    latest = await _latest(tx, account_id, latest_from, since, stretch)
    rows = [Counted(began, bool(direction), *rest) for began, direction, *rest in counted]
    return Traffic(rows + latest.counted, latest.is_partial)


async def read_daily_traffic(
    tx: Transaction, account_id: int, since: datetime, until: datetime, zone: ZoneInfo
) -> tuple[list[DayCount], bool]:
    """What an account sent and received in a time, by days of a time zone; whether some may be missing.

    Days that are long ago are told apart by the hour.
    """
    counted_to: datetime = await tx.fetchval(load_query("read_traffic_progress"))
    latest_from = min(max(counted_to, since), until)
    rows = await tx.fetch(load_query("read_daily_traffic"), account_id, since, latest_from, zone.key)
    days = [DayCount(day, bool(direction), *rest) for day, direction, *rest in rows]
    if latest_from == until:
        return days, False
    latest = await _latest(tx, account_id, latest_from, latest_from, _HOUR)
    days += [
        DayCount(each.began_at.astimezone(zone).date(), each.incoming, each.code, *each[4:])
        for each in latest.counted
        if each.began_at < until
    ]
    return days, latest.is_partial


async def _latest(
    tx: Transaction, account_id: int, latest_from: datetime, since: datetime, stretch: timedelta
) -> Traffic:
    """What the keeper has not counted yet, in stretches of time from ``since`` on."""
    rows = await tx.fetch(
        load_query("count_latest_traffic"),
        account_id,
        id_at(int(latest_from.timestamp())),
        LATEST,
        since,
        stretch,
        list(STEP_BOUNDS_MS),
    )
    found = [Counted(began, bool(direction), *rest) for began, direction, *rest in rows]
    return Traffic(found, sum(each.messages for each in found) >= LATEST)
