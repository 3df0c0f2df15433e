"""What may be said of a key at the terminal: scopes, networks, and when it ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from heliograph.domain.delivery_windows import parse_time
from heliograph.domain.key_rights import KeyScope, Network, NotANetwork, parse_network, parse_scope
from heliograph.domain.rate_limit import RateLimit
from heliograph.domain.typed_values import LARGEST_BURST, burst_of, read_pace
from heliograph.faces.cli.command_refused import CommandRefused

NONE: Final = "none"
ALL: Final = "all"
ANY: Final = "any"
NEVER: Final = "never"


def scopes_from(texts: Sequence[str]) -> frozenset[KeyScope] | None:
    """Scopes by name; None for ``all``."""
    if [text.lower() for text in texts] == [ALL]:
        return None
    found = [parse_scope(text) for text in texts]
    for scope, text in zip(found, texts, strict=True):
        if scope is None:
            raise CommandRefused(f"there is no scope {text!r}: {', '.join(KeyScope)}, or {ALL} alone")
    return frozenset(scope for scope in found if scope is not None)


def networks_from(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks as they are written; none for ``any``."""
    if [text.lower() for text in texts] == [ANY]:
        return ()
    try:
        return tuple(parse_network(text) for text in texts)
    except NotANetwork as error:
        raise CommandRefused(str(error)) from None


def end_from(text: str, now: datetime) -> datetime | None:
    """A day, which begins at midnight UTC, or a time, still to come; None for ``never``."""
    if text.lower() == NEVER:
        return None
    moment = day_or_time(text)
    if moment <= now:
        raise CommandRefused(f"{text} is over already")
    return moment


def day_or_time(text: str) -> datetime:
    """A day, which begins at midnight UTC, or a time."""
    moment = parse_time(text if "T" in text.upper() else f"{text}T00:00:00Z")
    if moment is None:
        raise CommandRefused(f"{text!r} is no day such as 2027-01-31, no time such as 2027-01-31T12:00:00Z")
    return moment


def rate_from(rate: str | None, burst: int | None, before: RateLimit | None) -> RateLimit | None:
    """A rate limit from what was typed; what was not stays as before. None for ``none``."""
    if rate is not None and rate.lower() == NONE:
        if burst is not None:
            raise CommandRefused("without a rate there is no burst")
        return None
    per_second = _pace_from(rate) if rate is not None else before.per_second if before else None
    if per_second is None:
        if burst is not None:
            raise CommandRefused("a burst needs a rate: name --rate, too")
        return None
    if burst is not None and not 1 <= burst <= LARGEST_BURST:
        raise CommandRefused(f"a burst is a number from 1 to {LARGEST_BURST}")
    if burst is None:
        burst = before.burst if before and rate is None else burst_of(per_second)
    return RateLimit(per_second, burst)


def _pace_from(text: str) -> float:
    pace = read_pace(text)
    if pace is None:
        raise CommandRefused(f"{text!r} is no rate: recipients a second, such as 50 or 0.5, or {NONE}")
    return pace


def rate_shown(rate: RateLimit | None) -> str:
    """A rate limit for people."""
    return NONE if rate is None else f"{rate.per_second:g}, {rate.burst} at once"


def scopes_shown(scopes: frozenset[KeyScope] | None) -> list[str]:
    """Scopes as they are typed."""
    return [ALL] if scopes is None else sorted(scopes)


def networks_shown(networks: Sequence[Network]) -> list[str]:
    """Networks as they are typed."""
    return [str(network) for network in networks] or [ANY]
