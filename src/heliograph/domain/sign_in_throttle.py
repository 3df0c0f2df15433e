"""How long somebody waits who has guessed wrong: not at all at first, then twice as long each time.

Nobody is locked out for good, since anybody could do that to anybody; and a link or a passkey lets in at any
time.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address
from typing import Final

import msgspec


class TryPolicy(msgspec.Struct, frozen=True):
    """Failures that cost nothing, the longest wait after those that do, and when all are forgotten."""

    free: int
    longest: timedelta
    forgotten: timedelta


BY_ADDRESS: Final = TryPolicy(5, timedelta(seconds=60), timedelta(hours=24))
"""For one e-mail address, from everywhere: short, because strangers can make somebody wait."""
BY_NETWORK: Final = TryPolicy(30, timedelta(minutes=15), timedelta(hours=1))
"""From one network, whomever it tries. Success forgets nothing: whoever guesses may have a user, too."""
BY_RESET: Final = TryPolicy(3, timedelta(hours=1), timedelta(hours=24))
"""For asking for a link to one address: whoever asks for somebody else's fills their mailbox."""
BY_INVITER: Final = TryPolicy(20, timedelta(hours=1), timedelta(hours=24))
"""For the invitations that one account has mailed."""
BY_CODE: Final = TryPolicy(5, timedelta(minutes=15), timedelta(hours=24))
"""For the codes of one user: whoever guesses these knows the password."""


class Tries(msgspec.Struct, frozen=True):
    """What is remembered of the failures of a subject."""

    failures: int
    throttled_until: datetime
    last_at: datetime


def wait_until(tries: Tries, now: datetime) -> datetime | None:
    """When the next try is let pass; None for now."""
    return tries.throttled_until if tries.throttled_until > now else None


def after_failure(tries: Tries, policy: TryPolicy, now: datetime) -> Tries:
    """The tries with one failure more."""
    failures = 1 if now - tries.last_at > policy.forgotten else tries.failures + 1
    over = failures - policy.free
    wait = timedelta() if over <= 0 else min(policy.longest, timedelta(seconds=2 ** min(over, 20)))
    return Tries(failures, now + wait, now)


def address_subject(email: str) -> bytes:
    """Under what tries for an e-mail address are kept, whether anybody has it or not."""
    return sha256(f"address {email}".encode("utf-8", "replace")).digest()


def reset_subject(email: str) -> bytes:
    """Under what links are counted that were asked for to an address, whether anybody has it or not."""
    return sha256(f"reset {email}".encode("utf-8", "replace")).digest()


def inviter_subject(account_id: int) -> bytes:
    """Under what the invitations are counted that an account has mailed."""
    return sha256(f"inviter {account_id}".encode()).digest()


def code_subject(user_id: int) -> bytes:
    """Under what tries of a user's codes are kept."""
    return sha256(f"code {user_id}".encode()).digest()


def network_subject(address: str) -> bytes:
    """Under what tries from an IP address are kept; IPv6 counts by /64, which one customer has."""
    network = address
    if ":" in address:
        try:
            parsed = IPv6Address(address.partition("%")[0])
            network = str(parsed.ipv4_mapped) if parsed.ipv4_mapped else parsed.packed[:8].hex()
        except ValueError:
            network = address
    return sha256(f"network {network}".encode()).digest()
