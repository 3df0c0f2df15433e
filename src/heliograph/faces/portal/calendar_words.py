"""Days and windows in words, in the reader's language."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.domain.local_times import LocalMoment, local_moment
from heliograph.domain.message_draft import WindowEntry
from heliograph.domain.window_calendar import spoken_offset
from heliograph.faces.portal.translations import Translate

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def month_text(first: date, translate: Translate) -> str:
    """``November 2026``."""
    return f"{translate(MONTHS[first.month - 1])} {first.year}"


def day_text(day: date, translate: Translate) -> str:
    """``Tuesday 24 November 2026``."""
    return f"{translate(WEEKDAYS[day.weekday()])} {day.day} {month_text(day, translate)}"


def window_text(entry: WindowEntry, zone: ZoneInfo, translate: Translate) -> str | None:
    """When a window is open, with how far its clock is from UTC; None while its times cannot be read."""
    opens = local_moment(entry.opens, zone, second=entry.opens_second)
    closes = local_moment(entry.closes, zone, second=entry.closes_second)
    if not isinstance(opens, LocalMoment) or not isinstance(closes, LocalMoment):
        return None
    if closes.moment <= opens.moment:
        return None
    return span_text(opens.moment, closes.moment, zone, translate)


def span_text(opens: datetime, closes: datetime, zone: ZoneInfo, translate: Translate) -> str:
    """``Tuesday 24 November 2026, 09:00 – 17:00 (UTC+01:00)``; both offsets where they differ."""
    begins, ends = opens.astimezone(zone), closes.astimezone(zone)
    until = f"{ends:%H:%M}" if ends.date() == begins.date() else f"{day_text(ends, translate)}, {ends:%H:%M}"
    offsets = spoken_offset(begins)
    if spoken_offset(ends) != offsets:
        offsets += f" → {spoken_offset(ends)}"
    return f"{day_text(begins, translate)}, {begins:%H:%M} – {until} ({offsets})"
