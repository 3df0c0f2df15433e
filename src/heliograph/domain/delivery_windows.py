"""When a batch may be sent: opens and closes; is it open, when does it open next, when is it too late."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, unique
from typing import Final

import msgspec

from heliograph.domain.refusals import Refusal

DEFAULT_LENGTH: Final = timedelta(hours=72)
"""How long a window stays open whose ``closes`` is not given."""
MAX_WINDOWS: Final = 100
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199

_FIELD: Final = "deliveryWindows"
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)


class DeliveryWindow(msgspec.Struct, frozen=True, order=True):
    """A span of time in which messages may be sent; both ends aware and in UTC, ``closes`` excluded."""

    opens: datetime
    closes: datetime


@unique
class WindowState(Enum):
    """Where a moment lies among the windows of a batch."""

    BEFORE = "before"
    """Not open now, but a window is still to come."""
    OPEN = "open"
    """A window is open."""
    OVER = "over"
    """The last window has closed."""


def parse_time(text: str) -> datetime | None:
    """The moment of an RFC 3339 time in UTC, or None for any other text.

    Without a zone it is UTC. Fractions are cut to microseconds. No 24:00, no second 60; years 1970 to 2199.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(day)
        moment = moment.replace(
            hour=int(hour),
            minute=int(minute),
            second=int(second),
            microsecond=int(fraction[:6].ljust(6, "0")) if fraction else 0,
            tzinfo=_zone(zone),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def parse_windows(raw: object, now: datetime) -> tuple[DeliveryWindow, ...] | list[Refusal]:
    """The windows of a request in order of time, or every fault of them.

    None and an empty list make one window: from ``now``, 72 hours long. ``opens`` that is null is ``now``,
    ``closes`` that is null 72 hours after it. Windows may touch, not overlap, and one must still be to come.
    """
    if raw is None:
        return (DeliveryWindow(now, now + DEFAULT_LENGTH),)
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        return [
            Refusal(_FIELD, "not_array", "deliveryWindows must be an array of objects with opens and closes.")
        ]
    if not raw:
        return (DeliveryWindow(now, now + DEFAULT_LENGTH),)
    if len(raw) > MAX_WINDOWS:
        return [
            Refusal(
                _FIELD, "too_many", f"At most {MAX_WINDOWS} delivery windows are allowed, not {len(raw)}."
            )
        ]
    windows: list[tuple[DeliveryWindow, int]] = []
    faults: list[Refusal] = []
    for index, entry in enumerate(raw):
        window = _parse_window(entry, f"{_FIELD}[{index}]", now)
        if isinstance(window, DeliveryWindow):
            windows.append((window, index))
        else:
            faults.extend(window)
    if faults:
        return faults
    windows.sort()
    return _check_order(windows, now) or tuple(window for window, _ in windows)


def _check_order(windows: list[tuple[DeliveryWindow, int]], now: datetime) -> list[Refusal]:
    faults: list[Refusal] = []
    last, last_index = windows[0]
    for window, index in windows[1:]:
        if window.opens < last.closes:
            sentence = f"This delivery window overlaps deliveryWindows[{last_index}]."
            faults.append(Refusal(f"{_FIELD}[{index}]", "overlap", sentence))
        if window.closes > last.closes:
            last, last_index = window, index
    if not faults and all(window.closes <= now for window, _ in windows):
        faults.append(Refusal(_FIELD, "past", "Every delivery window has already closed."))
    return faults


def _parse_window(entry: object, field: str, now: datetime) -> DeliveryWindow | list[Refusal]:
    if not isinstance(entry, Mapping):
        return [Refusal(field, "not_object", "A delivery window must be an object with opens and closes.")]
    opens = _parse_end(_member(entry, "opens"), f"{field}.opens")
    closes = _parse_end(_member(entry, "closes"), f"{field}.closes")
    faults = [end for end in (opens, closes) if isinstance(end, Refusal)]
    if faults or isinstance(opens, Refusal) or isinstance(closes, Refusal):
        return faults
    start = now if opens is None else opens
    end = start + DEFAULT_LENGTH if closes is None else closes
    if end <= start:
        return [Refusal(f"{field}.closes", "closes_first", "A delivery window must close after it opens.")]
    return DeliveryWindow(start, end)


def _member(entry: Mapping[object, object], name: str) -> object:
    """A member under its name, in any case, since .NET clients write ``Opens``."""
    if name in entry:
        return entry[name]
    return next((value for key, value in entry.items() if isinstance(key, str) and key.lower() == name), None)


def _parse_end(value: object, field: str) -> datetime | Refusal | None:
    if value is None:
        return None
    moment = parse_time(value) if isinstance(value, str) else None
    if moment is None:
        return Refusal(
            field,
            "not_a_time",
            "This is not a time in the form 2025-11-12T17:00:19Z (RFC 3339, years 1970 to 2199).",
        )
    return moment


def state_at(windows: Sequence[DeliveryWindow], now: datetime) -> WindowState:
    """Whether a window is open at ``now``, one is still to come, or all are over."""
    if is_open(windows, now):
        return WindowState.OPEN
    return WindowState.BEFORE if next_opening(windows, now) else WindowState.OVER


def current(windows: Sequence[DeliveryWindow], now: datetime) -> DeliveryWindow | None:
    """The window that is open at ``now``, or None."""
    return next((window for window in windows if window.opens <= now < window.closes), None)


def is_open(windows: Sequence[DeliveryWindow], now: datetime) -> bool:
    """Whether messages may be sent at ``now``."""
    return current(windows, now) is not None


def next_window(windows: Sequence[DeliveryWindow], now: datetime) -> DeliveryWindow | None:
    """The window that is open at ``now``, else the first that opens later, or None when all are over.

    ``windows`` are in order of time, as ``parse_windows`` returns them.
    """
    return next((window for window in windows if now < window.closes), None)


def next_opening(windows: Sequence[DeliveryWindow], now: datetime) -> datetime | None:
    """When messages may next be sent: ``now`` itself while a window is open, None when all are over."""
    window = next_window(windows, now)
    return max(window.opens, now) if window else None


def last_close(windows: Sequence[DeliveryWindow]) -> datetime:
    """When the last window closes: from then on it is too late."""
    return max(window.closes for window in windows)
