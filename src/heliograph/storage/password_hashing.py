"""Passwords as they are stored: argon2id, as much work for nobody's password as for somebody's.

A hash takes 19 MiB and a core for some 20 ms, so that only a few are made at a time; the library is loaded by
those who sign in, since most processes never do.
"""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from heliograph.domain.refusals import Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

AT_ONCE: Final = 2
WAITING: Final = 50
_NOBODYS: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$nS8+5Z9cv7YbXU1/yyQstg$LgXbrPVd0/pLk+otuZvl9MC/HRWnJcDVmSItfRnqJd0"
)
"""Of a password that nobody knows: compared with where there is no user."""


class PasswordHashing:
    """Hashes and compares in threads, a few at a time."""

    def __init__(self, *, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._begun = 0

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

    async def hash(self, password: str) -> str:
        """The stored form of a password, with a salt of its own."""
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether a password is the stored one; with None never, after the same work."""
        found = await self._in_turn(lambda: self._compare(stored or _NOBODYS, password))
        return found and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether it was made with less work than we make now."""
        return self._hasher.check_needs_rehash(stored)

    def _compare(self, stored: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._begun >= self._most:
            raise Unavailable(
                "Too many people sign in at this moment. Please try again in a few seconds.", 5.0
            )
        self._begun += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work)
        finally:
            self._begun -= 1
