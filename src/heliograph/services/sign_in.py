"""Sign in with address and password; choose a password.

An address that nobody has costs the same time and gets the same answer as a wrong password.
"""

from datetime import datetime
from functools import cache
from importlib import resources
from typing import Final

from heliograph.domain.email_address import LONGEST_ADDRESS, parse_email
from heliograph.domain.password_rules import LONGEST, normal_password, password_fault
from heliograph.domain.refusals import TooManyRequests, Unauthorized
from heliograph.domain.sign_in_throttle import (
    BY_ADDRESS,
    BY_NETWORK,
    address_subject,
    network_subject,
)
from heliograph.storage.database import Database
from heliograph.storage.password_hashing import PasswordHashing
from heliograph.storage.sign_in_tries import count_try, forget_tries
from heliograph.storage.user_credentials import find_password, read_password, set_password

WRONG: Final = "Address and password do not belong together."
NOT_YOURS: Final = "This is not your password."
TOO_FAST: Final = "That was tried too often. Please wait a while, or sign in with a passkey or a link."


@cache
def guessed_passwords() -> frozenset[str]:
    """Words that passwords are made of so often that they are guessed first."""
    return frozenset(
        resources.files("heliograph.services").joinpath("guessed_passwords.txt").read_text("utf-8").split()
    )


class SignIn:
    """Compares passwords and sets them."""

    def __init__(self, database: Database, passwords: PasswordHashing) -> None:
        self._database = database
        self._passwords = passwords

    async def by_password(self, typed: str, password: str, *, network: str, now: datetime) -> int:
        """The user with that address and password. Raises Unauthorized, TooManyRequests or Unavailable."""
        email, password = parse_email(typed), normal_password(password)
        address = address_subject(email or typed[:LONGEST_ADDRESS].lower())
        async with self._database.transaction() as tx:
            until = await count_try(tx, {address: BY_ADDRESS, network_subject(network): BY_NETWORK}, now=now)
            found = None if until is not None or email is None else await find_password(tx, email)
        _raise_if_throttled(until, now)
        stored = found[1] if found else None
        if not await self._passwords.matches(stored, password[: LONGEST + 1]) or found is None:
            raise Unauthorized(WRONG)
        await self._welcome(found[0], address, stored or "", password)
        return found[0]

    async def confirm(
        self, user_id: int, email: str | None, password: str, *, network: str, now: datetime
    ) -> None:
        """See that it is a signed-in user's password. Raises as above."""
        password, address = normal_password(password), address_subject(email or f"#{user_id}")
        async with self._database.transaction() as tx:
            until = await count_try(tx, {address: BY_ADDRESS, network_subject(network): BY_NETWORK}, now=now)
            stored = None if until is not None else await read_password(tx, user_id)
        _raise_if_throttled(until, now)
        if not await self._passwords.matches(stored, password[: LONGEST + 1]):
            raise Unauthorized(NOT_YOURS)
        await self._welcome(user_id, address, stored or "", password)

    async def stored_form(self, password: str) -> str:
        """What is kept of a password that was judged."""
        return await self._passwords.hash(normal_password(password))

    async def _welcome(self, user_id: int, address: bytes, stored: str, password: str) -> None:
        """Forget the failures before; make the hash anew if it took less work than we want by now."""
        newer = await self._passwords.hash(password) if self._passwords.is_outdated(stored) else None
        async with self._database.transaction() as tx:
            await forget_tries(tx, [address])
            if newer is not None:
                await set_password(tx, user_id, newer)


def _raise_if_throttled(until: datetime | None, now: datetime) -> None:
    if until is not None:
        raise TooManyRequests(TOO_FAST, (until - now).total_seconds())


def judge_password(password: str, *own_words: str | None) -> str | None:
    """Why a password is not taken; None if it is."""
    words = tuple(word for word in own_words if word)
    return password_fault(
        normal_password(password), own_words=(*words, "heliograph"), common=guessed_passwords()
    )
