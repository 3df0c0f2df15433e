"""New secrets for webhooks: the old ones go on signing for a while, so that receivers can change in peace."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from heliograph.domain.refusals import Conflict, NotFound
from heliograph.domain.webhook_event import SECRET_LENGTH, secret_text
from heliograph.storage.database import Transaction
from heliograph.storage.sealing import Sealer
from heliograph.storage.webhook_secrets import (
    StoredSecret,
    add_secret,
    expire_secrets,
    list_secrets,
    remove_secret,
)

GRACE_HOURS: Final = 24
LONGEST_GRACE_HOURS: Final = 168
MOST_SECRETS: Final = 5
TOO_MANY_SECRETS: Final = "At most 5 secrets sign at a time. Remove an old one first."
UNKNOWN_SECRET: Final = "There is no such secret."  # noqa: S105 - a sentence
IN_USE: Final = "The newest secret signs your reports: make a new one first, then remove this one."
_ID_BYTES: Final = 8


class MadeSecret(NamedTuple):
    """A new secret, the only time that it is shown."""

    stored: StoredSecret
    text: str


async def rotate_secret(
    tx: Transaction,
    account_id: int,
    *,
    grace_hours: int,
    now: datetime,
    sealer: Sealer,
    random_bytes: Callable[[int], bytes],
) -> MadeSecret:
    """Make a new secret; those before it end after the grace. Raises Conflict if too many sign."""
    await expire_secrets(tx, account_id, ends_at=now + timedelta(hours=grace_hours), now=now)
    if len(await list_secrets(tx, account_id, now=now)) >= MOST_SECRETS:
        raise Conflict(TOO_MANY_SECRETS)
    text = secret_text(random_bytes(SECRET_LENGTH))
    secret_id = random_bytes(_ID_BYTES).hex()
    stored = await add_secret(tx, account_id, secret_id=secret_id, sealed=sealer.seal(text), now=now)
    return MadeSecret(stored, text)


async def remove_old_secret(
    tx: Transaction, account_id: int, secret_id: str, *, now: datetime
) -> StoredSecret:
    """Remove a secret before it ends. Raises NotFound, and Conflict for the newest one."""
    removed = await remove_secret(tx, account_id, secret_id)
    if removed is not None:
        return removed
    if any(each.secret_id == secret_id for each in await list_secrets(tx, account_id, now=now)):
        raise Conflict(IN_USE)
    raise NotFound(UNKNOWN_SECRET)
