"""Delivery windows by days: the months of a calendar, and the windows that days and hours make."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.message_draft import MAX_WINDOWS, WindowEntry

MONTHS_SHOWN: Final = 2
"""At first, and how many more whoever asks for later ones is shown."""
MOST_MONTHS: Final = 12
_HOUR: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class CalendarDay(NamedTuple):
    """A day as a calendar shows it."""

    day: date
    is_past: bool
    has_window: bool


class CalendarMonth(NamedTuple):
    """A month in whole weeks from Monday to Sunday; None: a day of another month."""

    first: date
    weeks: list[list[CalendarDay | None]]


def calendar(today: date, windows: Iterable[WindowEntry], count: int = MONTHS_SHOWN) -> list[CalendarMonth]:
    """The month of a day and those after it, with the days on which windows open."""
    opened = {entry.opens[:10] for entry in windows if entry.opens}
    first, months = today.replace(day=1), []
    for _ in range(count):
        following = (first + timedelta(days=31)).replace(day=1)
        days: list[CalendarDay | None] = [None] * first.weekday()
        days += [
            CalendarDay(day, day < today, day.isoformat() in opened)
            for day in (first + timedelta(days=place) for place in range((following - first).days))
        ]
        days += [None] * (-len(days) % 7)
        months.append(CalendarMonth(first, [days[at : at + 7] for at in range(0, len(days), 7)]))
        first = following
    return months


def is_hour(text: str) -> bool:
    """Whether a text is a time of day such as 09:00."""
    return _HOUR.fullmatch(text) is not None


def with_days(
    windows: Sequence[WindowEntry], days: Iterable[str], opens: str, closes: str
) -> list[WindowEntry]:
    """The windows with one more for each day, in the order of time, none twice; as many as there may be.

    ``opens`` and ``closes`` are times of day; hours that end before they begin end on the next day. A text
    that is no day is passed over.
    """
    added = []
    for text in days:
        try:
            day = date.fromisoformat(text)
            ends = day if closes > opens else day + timedelta(days=1)
        except (ValueError, OverflowError):
            continue
        added.append(WindowEntry(f"{day}T{opens}", f"{ends}T{closes}"))
    known = {(entry.opens, entry.closes) for entry in windows}
    kept = [entry for entry in windows if not entry.is_blank]
    kept += [entry for entry in dict.fromkeys(added) if (entry.opens, entry.closes) not in known]
    return sorted(kept, key=lambda entry: entry.opens or "9999")[:MAX_WINDOWS]


def spoken_offset(moment: datetime) -> str:
    """How far a moment's clock is from UTC: ``UTC+01:00``."""
    offset = moment.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
