"""What may be said of a key at the terminal: scopes, networks, and when it ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from heliograph.domain.delivery_windows import parse_time
from heliograph.domain.key_rights import KeyScope, Network, NotANetwork, parse_network, parse_scope
from heliograph.faces.cli.command_refused import CommandRefused

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
    moment = parse_time(text if "T" in text.upper() else f"{text}T00:00:00Z")
    if moment is None:
        raise CommandRefused(f"{text!r} is no day such as 2027-01-31, no time such as 2027-01-31T12:00Z")
    if moment <= now:
        raise CommandRefused(f"{text} is over already")
    return moment


def scopes_shown(scopes: frozenset[KeyScope] | None) -> list[str]:
    """Scopes as they are typed."""
    return [ALL] if scopes is None else sorted(scopes)


def networks_shown(networks: Sequence[Network]) -> list[str]:
    """Networks as they are typed."""
    return [str(network) for network in networks] or [ANY]
