"""Times as clocks on a wall show them, to moments: clocks skip an hour in spring and repeat one in autumn."""

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?")


class LocalMoment(msgspec.Struct, frozen=True):
    """A moment in UTC. ``comes_twice``: the clock shows that time twice, and one of the two is meant."""

    moment: datetime
    comes_twice: bool = False


class SkippedTime(msgspec.Struct, frozen=True):
    """A time that the clock never shows. ``instead``: what it shows when that time would be."""

    instead: datetime


def local_moment(text: str, zone: ZoneInfo, *, second: bool = False) -> LocalMoment | SkippedTime | None:
    """The moment of a time like ``2027-10-31T02:30`` in a zone; None for any other text.

    Of a time that comes twice the first one is meant, unless ``second`` is asked for.
    """
    if not _WRITTEN.fullmatch(text):
        return None
    try:
        written = datetime.fromisoformat(text)
        first = written.replace(tzinfo=zone, fold=0).astimezone(UTC)
        later = written.replace(tzinfo=zone, fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if first.astimezone(zone).replace(tzinfo=None) != written:
        return SkippedTime(first.astimezone(zone))
    return LocalMoment(later if second else first, comes_twice=first != later)
