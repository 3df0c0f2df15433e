"""API keys: looked up by their id, made, listed, changed, revoked. The secret of a key is never stored."""

import time
from collections.abc import Callable
from datetime import datetime

import asyncpg
import msgspec

from heliograph.domain.api_token import make_token, parse_token, secret_hash
from heliograph.domain.key_rights import UNRESTRICTED, KeyRights, parse_scope
from heliograph.domain.rate_limit import rate_limit
from heliograph.storage.database import Database, Purpose, Transaction, load_query
from heliograph.storage.fresh_values import FreshValues

FRESH_SECONDS = 3.0
"""How long a revoked key may go on working; the promise is 5 seconds."""


class KeyRecord(msgspec.Struct, frozen=True):
    """What is needed to judge a key that is presented."""

    key_id: str
    account_id: int
    secret_hash: bytes
    expires_at: datetime | None
    rights: KeyRights | None
    """None for a key that may do everything from anywhere."""


class StoredKey(msgspec.Struct, frozen=True):
    """A line of the list of an account's keys."""

    key_id: str
    account_id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    rights: KeyRights = UNRESTRICTED


class KeyDirectory:
    """Keys by id, kept for a few seconds, and which of them were used."""

    def __init__(
        self,
        database: Database,
        *,
        seconds: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._keys = FreshValues(self._load, seconds=seconds, clock=clock)
        self._used: set[str] = set()

    def peek(self, key_id: str) -> KeyRecord | None:
        """The key if it is at hand."""
        return self._keys.peek(key_id)

    def is_known(self, key_id: str) -> bool:
        """Whether ``find`` would answer without asking the database."""
        return self._keys.peek(key_id) is not None or self._keys.is_known_absent(key_id)

    async def find(self, key_id: str) -> KeyRecord | None:
        """The key, None if there is none or it was revoked."""
        return await self._keys.get(key_id)

    async def _load(self, key_id: str) -> KeyRecord | None:
        rows = await self._database.fetch(Purpose.GENERAL, load_query("find_api_key"), key_id)
        if not rows:
            return None
        row = rows[0]
        rights = _rights_of(row)
        return KeyRecord(
            row["key_id"],
            row["account_id"],
            row["secret_hash"],
            row["expires_at"],
            None if rights.are_unrestricted else rights,
        )

    def note_use(self, key_id: str) -> None:
        """Remember that a key was used, for ``record_uses``."""
        self._used.add(key_id)

    async def record_uses(self, now: datetime) -> int:
        """Write when keys were last used, all at once; to be called every minute or so. How many."""
        used, self._used = self._used, set()
        if used:
            try:
                await self._database.fetch(Purpose.GENERAL, load_query("record_key_uses"), sorted(used), now)
            except BaseException:
                self._used |= used
                raise
        return len(used)


async def create_key(
    tx: Transaction,
    account_id: int,
    *,
    name: str,
    key_id: bytes,
    secret: bytes,
    now: datetime,
    expires_at: datetime | None = None,
    rights: KeyRights = UNRESTRICTED,
) -> str:
    """A new key from 10 and 32 random bytes; the token, which can never be read again."""
    token = make_token(key_id, secret)
    halves = parse_token(token)
    assert halves is not None
    await tx.execute(
        load_query("create_api_key"),
        halves.key_id,
        account_id,
        secret_hash(halves.secret),
        name,
        now,
        expires_at,
        _scope_names(rights),
        rights.networks,
        rights.is_test,
        *_rate_columns(rights),
    )
    return token


async def find_key(tx: Transaction, key_id: str) -> StoredKey | None:
    """A key as the lists show it, revoked or not."""
    row = await tx.fetchrow(load_query("find_stored_key"), key_id)
    return None if row is None else _stored(row)


async def change_key(tx: Transaction, changed: StoredKey) -> bool:
    """Give a key another name, end or rights: no process goes by the old ones after 5 seconds.

    False if there is none or it was revoked.
    """
    return (
        await tx.fetchval(
            load_query("change_api_key"),
            changed.key_id,
            changed.name,
            changed.expires_at,
            _scope_names(changed.rights),
            changed.rights.networks,
            *_rate_columns(changed.rights),
        )
        is not None
    )


async def revoke_key(tx: Transaction, key_id: str, *, now: datetime, account_id: int | None = None) -> bool:
    """Revoke a key: no process takes it after 5 seconds.

    False if there is none, not of ``account_id`` where that is given, or it was revoked before.
    """
    return await tx.fetchval(load_query("revoke_api_key"), key_id, now, account_id) is not None


async def list_keys(tx: Transaction, account_id: int) -> list[StoredKey]:
    """The keys of an account, revoked ones included, oldest first."""
    return [_stored(row) for row in await tx.fetch(load_query("list_api_keys"), account_id)]


def _stored(row: asyncpg.Record) -> StoredKey:
    return StoredKey(
        row["key_id"],
        row["account_id"],
        row["name"],
        row["created_at"],
        row["expires_at"],
        row["revoked_at"],
        row["last_used_at"],
        _rights_of(row),
    )


def _scope_names(rights: KeyRights) -> list[str] | None:
    return None if rights.scopes is None else sorted(rights.scopes)


def _rate_columns(rights: KeyRights) -> tuple[float | None, int | None]:
    return (None, None) if rights.rate is None else (rights.rate.per_second, rights.rate.burst)


def _rights_of(row: asyncpg.Record) -> KeyRights:
    """The rights as stored. A scope that this version does not know gives no right."""
    scopes = row["scopes"]
    known = None if scopes is None else frozenset(filter(None, map(parse_scope, scopes)))
    return KeyRights(
        scopes=known,
        networks=tuple(row["networks"]),
        is_test=row["is_test"],
        rate=rate_limit(row["rate_limit"], row["rate_burst"]),
    )
