"""Numbers, money and instants as people read them."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from heliograph.domain.pricing import UNIT

ROLE_NAMES: Final = {
    "owner": "Owner",
    "developer": "Developer",
    "sender": "Sender",
    "billing": "Billing",
    "read_only": "Read only",
    "operator": "Operator",
}
"""What roles are called, in English."""
_THIN: Final = "\N{NO-BREAK SPACE}"


def zone_of(name: str | None) -> ZoneInfo:
    """The time zone of that name; UTC for one that is unknown."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def number_text(value: float, language: str, decimals: int = 0) -> str:
    """A number with its thousands apart: 1,234.5 in English, 1 234,5 in Swedish."""
    text = f"{value:,.{decimals}f}"
    if language == "en":
        return text
    return text.replace(",", _THIN).replace(".", ",")


def money_text(micro: int, currency: str, language: str) -> str:
    """An amount of micro-units with as many decimals as it has, at least two: 0.35 SEK."""
    decimals = 2
    while decimals < 6 and micro % (UNIT // 10**decimals):
        decimals += 1
    return f"{number_text(micro / UNIT, language, decimals)}{_THIN}{currency}"


def duration_text(ms: float, language: str) -> str:
    """A duration in the unit that fits it: 850 ms, 1.5 s, 12 min, 3.0 h."""
    for below, unit, of_ms, decimals in (
        (1_000, "ms", 1, 0),
        (120_000, "s", 1_000, 1),
        (7_200_000, "min", 60_000, 0),
    ):
        if ms < below:
            return f"{number_text(ms / of_ms, language, decimals)}{_THIN}{unit}"
    return f"{number_text(ms / 3_600_000, language, 1)}{_THIN}h"


def age_text(at: datetime, now: datetime, zone: ZoneInfo, language: str) -> Markup:
    """How long ago an instant was, as an element that says the instant itself to whoever points at it."""
    local = at.astimezone(zone)
    title = f"{local.strftime('%Y-%m-%d %H:%M:%S')} {local.tzname()}"
    age = duration_text(max(0.0, (now - at).total_seconds()) * 1000, language)
    return Markup('<time class="nowrap" datetime="{}" title="{}">{}</time>').format(_exact(at), title, age)


def _exact(at: datetime) -> str:
    """An instant as programs read it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_text(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> Markup:
    """An instant in somebody's zone, as an element that says the exact time to programs."""
    local = at.astimezone(zone)
    shown = local.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
    day, _, clock = shown.partition(" ")
    return Markup('<time datetime="{}" title="{}"><span class="nowrap">{}</span> {}</time>').format(
        _exact(at), f"{shown} {local.tzname()}", day, clock
    )
