"""Who is calling: the bearer token of a request to the account that owns it.

Failures are slowed down by client address; a key that is at hand is still judged then, so that somebody
behind the same address cannot lock others out.
"""

import time
from collections.abc import Callable, Iterable, MutableMapping
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from ipaddress import IPv6Address
from typing import Any, Final

import msgspec

from heliograph.domain.api_token import ApiToken, parse_token, secret_hash
from heliograph.domain.key_rights import LACKING, UNRESTRICTED, KeyRights, KeyScope, rights_text
from heliograph.domain.refusals import (
    Forbidden,
    InvalidRequest,
    NotFound,
    Refusal,
    TooManyRequests,
    Unauthorized,
)
from heliograph.domain.token_bucket import TokenBucket
from heliograph.storage.accounts import Account, AccountDirectory
from heliograph.storage.api_keys import KeyDirectory, KeyRecord

__all__ = ["Account", "Authenticator", "Caller", "FailureThrottle", "account_choice"]

ACCOUNT_HEADER: Final = "Heliograph-Account"

MISSING: Final = "An API key is needed: send the header Authorization: Bearer <API key>."
UNKNOWN: Final = "The API key is unknown, expired or revoked."
DISABLED: Final = "The account of this API key is disabled."
CHOSEN_UNKNOWN: Final = f"There is no such account to choose with {ACCOUNT_HEADER}."
CHOSEN_DISABLED: Final = f"The account chosen with {ACCOUNT_HEADER} is disabled."
CHOSEN_TWICE: Final = f"{ACCOUNT_HEADER} is given more than once."
THROTTLED: Final = "Too many failed attempts from this address. Try again later."

_NOBODY: Final = bytes(32)
"""Compared with when there is no such key, so that both cases do the same work."""
_MAX_ADDRESSES: Final = 10_000
_MAX_JUDGED: Final = 10_000
_LONGEST_NUMBER: Final = 64


class FailureThrottle:
    """Failed attempts by client address: so many at once, so many a minute, for a bounded number of them.

    IPv6 clients count by their /64, since each has as many addresses as it likes.
    """

    def __init__(
        self,
        per_minute: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_addresses: int = _MAX_ADDRESSES,
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._max_addresses = max_addresses
        self._buckets: dict[str, TokenBucket] = {}

    def wait_seconds(self, address: str) -> float:
        """How long until another failure is let pass; 0 for now."""
        bucket = self._buckets.get(_network_of(address))
        return bucket.seconds_until(1, self._clock()) if bucket else 0.0

    def note_failure(self, address: str) -> None:
        """Count a failure; the addresses seen longest ago are forgotten when there are too many."""
        key, now = _network_of(address), self._clock()
        bucket = self._buckets.pop(key, None) or TokenBucket(self._per_minute / 60, self._per_minute, now)
        bucket.take(1, now)
        self._buckets[key] = bucket
        if len(self._buckets) > self._max_addresses:
            del self._buckets[next(iter(self._buckets))]


def _network_of(address: str) -> str:
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else parsed.packed[:8].hex()


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks: the account, and the key it asks with."""

    account: Account
    key_id: str
    rights: KeyRights | None
    """None for a key that may do everything from anywhere."""
    expires_at: datetime | None

    @property
    def limits(self) -> str:
        """What its key may not, as the same text for keys that may the same; '' for one that may all."""
        if self.rights is None and self.expires_at is None:
            return ""
        return f"{rights_text(self.rights or UNRESTRICTED)} {self.expires_at}"

    def may(self, scope: KeyScope) -> bool:
        """Whether its key has a scope."""
        return self.rights is None or self.rights.may(scope)

    @property
    def reads_incoming_only(self) -> bool:
        """Whether of the messages its key may read only those that handsets sent in."""
        return self.rights is not None and self.rights.read_incoming_only

    def check_may_read(self, *, what: str, incoming: bool = False) -> None:
        """Refuse to show what is not incoming to a key that reads only that. Raises Forbidden."""
        if not incoming and self.reads_incoming_only:
            raise Forbidden(LACKING.format(scope=KeyScope.READ.value, what=f"{what} need"))


class Authenticator:
    """Judges the ``Authorization`` header of requests."""

    def __init__(
        self,
        keys: KeyDirectory,
        accounts: AccountDirectory,
        *,
        throttle: FailureThrottle,
        now: Callable[[], datetime],
    ) -> None:
        self._keys = keys
        self._accounts = accounts
        self._throttle = throttle
        self._now = now
        self._judged: dict[bytes, KeyRecord] = {}

    async def authenticate(
        self,
        authorization: bytes | None,
        client: str,
        needed: tuple[KeyScope, ...] = (),
        choice: bytes | None = None,
    ) -> Caller:
        """Who sent a request that needs one of some scopes; ``client`` is the address it came from.

        ``choice`` is the number of a child of the key's account, for which the request is then. Raises
        Unauthorized, TooManyRequests, Forbidden when the account is disabled or the key is not for this, and
        NotFound for a choice that is no child.
        """
        if not authorization:
            raise Unauthorized(MISSING)
        key = await self._judge(authorization, client)
        if key.expires_at is not None and key.expires_at <= self._now():
            raise self._failure(client)
        rights = key.rights
        if rights is not None:
            rights.check(needed, client)
        account = await self._accounts.account(key.account_id)
        if account is None or account.is_disabled:
            raise Forbidden(DISABLED)
        self._keys.note_use(key.key_id)
        if choice is not None:
            account = await self._chosen(account, choice)
        if rights is not None and rights.is_test:
            account = account.for_tests()
        return Caller(account, key.key_id, rights, key.expires_at)

    async def _chosen(self, account: Account, choice: bytes) -> Account:
        """The account itself or the child of it that is chosen by its number."""
        number = choice.decode("latin-1").strip()
        if number == account.number:
            return account
        is_number = 0 < len(number) <= _LONGEST_NUMBER and number.isascii() and number.isprintable()
        child = await self._accounts.child(account.account_id, number) if is_number else None
        if child is None:
            raise NotFound(CHOSEN_UNKNOWN)
        if child.is_disabled:
            raise Forbidden(CHOSEN_DISABLED)
        return child

    async def authenticate_scope(
        self, scope: MutableMapping[str, Any], needed: tuple[KeyScope, ...] = ()
    ) -> Caller:
        """The same for an ASGI scope."""
        client = scope.get("client")
        address, headers = client[0] if client else "", scope["headers"]
        return await self.authenticate(_authorization(headers), address, needed, account_choice(headers))

    async def _judge(self, authorization: bytes, client: str) -> KeyRecord:
        """The key that a header holds.

        The hash of a header that was judged is remembered for as long as its key's record is at hand.
        """
        digest = sha256(authorization).digest()
        judged = self._judged.get(digest)
        if judged is not None and self._keys.peek(judged.key_id) is judged:
            return judged
        token = _bearer_token(authorization)
        if token is None:
            raise self._failure(client, UNKNOWN if _is_bearer(authorization) else MISSING)
        key = self._keys.peek(token.key_id) or await self._look_up(token, client)
        matches = compare_digest(secret_hash(token.secret), key.secret_hash if key else _NOBODY)
        if key is None or not matches:
            raise self._failure(client)
        if len(self._judged) >= _MAX_JUDGED:
            self._judged.clear()
        self._judged[digest] = key
        return key

    async def _look_up(self, token: ApiToken, client: str) -> KeyRecord | None:
        wait = self._throttle.wait_seconds(client)
        if wait and not self._keys.is_known(token.key_id):
            raise TooManyRequests(THROTTLED, wait)
        return await self._keys.find(token.key_id)

    def _failure(self, client: str, sentence: str = UNKNOWN) -> Unauthorized | TooManyRequests:
        wait = self._throttle.wait_seconds(client)
        if wait:
            return TooManyRequests(THROTTLED, wait)
        self._throttle.note_failure(client)
        return Unauthorized(sentence)


def _is_bearer(authorization: bytes) -> bool:
    return authorization[:7].lower() == b"bearer "


def _bearer_token(authorization: bytes) -> ApiToken | None:
    if not _is_bearer(authorization):
        return None
    return parse_token(authorization[7:].strip().decode("latin-1"))


def _authorization(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    return next((value for name, value in headers if name == b"authorization"), None)


def account_choice(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The account that a request names in ``Heliograph-Account``. Raises InvalidRequest for several."""
    values = [value for name, value in headers if name == b"heliograph-account"]
    if len(values) > 1:
        raise InvalidRequest([Refusal(ACCOUNT_HEADER, "repeated", CHOSEN_TWICE)], CHOSEN_TWICE)
    return values[0] if values else None
