"""The velocity guard: how many recipients behind a prefix an account may send to in a minute, hour or day.

The rule with the longest prefix counts for a number, as with prices and routes, and for a prefix the
account's own rule stands in place of the one for all accounts. Windows are those of the clock, in UTC.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import IntEnum, unique
from functools import lru_cache
from itertools import compress, repeat
from operator import eq
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.msisdn import CALLING_CODES
from heliograph.domain.prefix_table import PrefixTable
from heliograph.domain.status import Code
from heliograph.domain.typed_values import LONGEST_PREFIX

EVERY_COUNTRY: Final = "*"
"""Stands for every country calling code, each counted by itself."""
PERIODS: Final = {"minute": 60, "hour": 3600, "day": 86_400}
LARGEST_LIMIT: Final = 1_000_000_000
"""Recipients that a rule can allow at most."""
_WORDS: Final = {seconds: word for word, seconds in PERIODS.items()}
_FUNDED: Final = Code.FUNDED.value
_TOLD: Final = 10


@unique
class GuardMode(IntEnum):
    """What becomes of recipients beyond the limit. The numbers are stored."""

    OFF = 0
    """Nothing: they are not even counted."""
    WATCH = 1
    """They are sent to, and it is recorded that they would have been blocked."""
    BLOCK = 2
    """Their messages are refused with 405."""


class GuardRule(msgspec.Struct, frozen=True):
    """At most ``most`` recipients behind a prefix in ``seconds``; both are 0 where the guard is off."""

    prefix: str
    mode: GuardMode
    most: int = 0
    seconds: int = 0


class Guarded(msgspec.Struct, eq=False):
    """What is counted together: the numbers behind a prefix. Two are the same only if they are one object."""

    prefix: str
    mode: GuardMode
    most: int
    seconds: int


class Passage(NamedTuple):
    """Recipients of one request behind a prefix, and how many of them lie beyond the limit."""

    guarded: Guarded
    asked: int
    beyond: int
    starts_at: datetime
    """When the window began in which they were counted."""
    is_first_beyond: bool = False
    """Whether the limit was passed here, and not before in the window."""

    @property
    def blocked(self) -> int:
        """How many are refused."""
        return self.beyond if self.guarded.mode is GuardMode.BLOCK else 0


def read_guard_prefix(text: str) -> str | None:
    """What a rule is for: the digits that numbers begin with, or ``*``; None for neither."""
    if text == EVERY_COUNTRY:
        return text
    digits = text.removeprefix("+")
    is_prefix = digits.isascii() and digits.isdigit() and digits[0] != "0" and len(digits) <= LONGEST_PREFIX
    return digits if is_prefix else None


def rules_in_force(for_all: Iterable[GuardRule], own: Iterable[GuardRule]) -> tuple[GuardRule, ...]:
    """The rules that count for an account; none where every one of them is off."""
    by_prefix = {rule.prefix: rule for rule in for_all} | {rule.prefix: rule for rule in own}
    if all(rule.mode is GuardMode.OFF for rule in by_prefix.values()):
        return ()
    return tuple(by_prefix[prefix] for prefix in sorted(by_prefix))


@lru_cache(maxsize=1024)
def guard_table(rules: tuple[GuardRule, ...]) -> PrefixTable[Guarded]:
    """What each number is counted with."""
    guarded: dict[str, Guarded] = {}
    for rule in rules:
        if rule.prefix == EVERY_COUNTRY:
            guarded = {code: _guarded(rule, code) for code in CALLING_CODES}
    for rule in rules:
        if rule.prefix != EVERY_COUNTRY:
            guarded[rule.prefix] = _guarded(rule, rule.prefix)
    return PrefixTable(guarded)


def _guarded(rule: GuardRule, prefix: str) -> Guarded:
    return Guarded(prefix, rule.mode, rule.most, rule.seconds)


def number_guarded(found: Sequence[Guarded | None], codes: Sequence[int]) -> Counter[Guarded]:
    """How many messages that are to be sent belong to each; ``found`` and ``codes`` are aligned."""
    counts = Counter(compress(found, map(eq, codes, repeat(_FUNDED))))
    return Counter({each: count for each, count in counts.items() if each and each.mode is not GuardMode.OFF})


def window_start(now: datetime, seconds: int) -> datetime:
    """When the window began that ``now`` lies in."""
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def beyond(asked: int, total: int, most: int) -> int:
    """How many of the recipients asked for last lie beyond a limit, with ``total`` asked for by now."""
    return min(asked, max(0, total - most))


def period_word(seconds: int) -> str:
    """``minute``, ``hour`` or ``day``."""
    return _WORDS[seconds]


def a_period(seconds: int) -> str:
    """``a minute``, ``an hour`` or ``a day``."""
    word = period_word(seconds)
    return f"{'an' if word == 'hour' else 'a'} {word}"


def guard_warnings(passages: Sequence[Passage], message_count: int) -> list[str]:
    """What is said in the answer to a batch of which messages are blocked."""
    blocking = [passage for passage in passages if passage.blocked]
    told = [
        f"{passage.blocked} of {message_count} messages were refused with status 405: the account may send to"
        f" {passage.guarded.most} recipients that begin with {passage.guarded.prefix} in"
        f" {a_period(passage.guarded.seconds)}."
        for passage in blocking[:_TOLD]
    ]
    if rest := blocking[_TOLD:]:
        count = sum(passage.blocked for passage in rest)
        told.append(f"{count} more were refused for {len(rest)} other prefixes.")
    return told
