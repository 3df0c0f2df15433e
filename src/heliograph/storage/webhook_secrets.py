"""The secrets that sign an account's reports: all that have not expired sign. They lie sealed."""

from datetime import datetime
from typing import NamedTuple

from heliograph.storage.database import Transaction, load_query


class StoredSecret(NamedTuple):
    """A secret as lists show it: without the secret."""

    secret_id: str
    created_at: datetime
    expires_at: datetime | None
    """Set once a newer one takes over."""


async def list_secrets(tx: Transaction, account_id: int, *, now: datetime) -> list[StoredSecret]:
    """The secrets that sign, the newest first."""
    rows = await tx.fetch(load_query("list_webhook_secrets"), account_id, now)
    return [StoredSecret(*row) for row in rows]


async def add_secret(
    tx: Transaction, account_id: int, *, secret_id: str, sealed: bytes, now: datetime
) -> StoredSecret:
    """Add a secret that signs until it is replaced."""
    await tx.execute(load_query("create_webhook_secret"), account_id, secret_id, sealed, now)
    return StoredSecret(secret_id, now, None)


async def expire_secrets(tx: Transaction, account_id: int, *, ends_at: datetime, now: datetime) -> None:
    """Let an account's secrets end, and forget those that have."""
    await tx.execute(load_query("expire_webhook_secrets"), account_id, ends_at)
    await tx.execute(load_query("forget_webhook_secrets"), account_id, now)


async def remove_secret(tx: Transaction, account_id: int, secret_id: str) -> StoredSecret | None:
    """Remove a secret that is being replaced, before it ends by itself."""
    row = await tx.fetchrow(load_query("remove_webhook_secret"), account_id, secret_id)
    return None if row is None else StoredSecret(*row)
