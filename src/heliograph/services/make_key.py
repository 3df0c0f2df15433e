"""Makes an API key for an account that is not full of them."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from heliograph.domain.api_token import KEY_ID_BYTES, SECRET_BYTES, parse_token
from heliograph.domain.key_request import MOST_KEYS, TOO_MANY_KEYS, KeyDraft
from heliograph.domain.refusals import Conflict
from heliograph.storage.api_keys import StoredKey, create_key, list_keys
from heliograph.storage.database import Transaction


class MadeKey(NamedTuple):
    """A new key and its token, which can never be read again."""

    stored: StoredKey
    token: str


async def make_key(
    tx: Transaction,
    account_id: int,
    draft: KeyDraft,
    *,
    random_bytes: Callable[[int], bytes],
    now: datetime,
) -> MadeKey:
    """Make the key that somebody of the account asks for. Raises Conflict where the account has enough."""
    keys = await list_keys(tx, account_id)
    if sum(key.revoked_at is None for key in keys) >= MOST_KEYS:
        raise Conflict(TOO_MANY_KEYS)
    token = await create_key(
        tx,
        account_id,
        name=draft.name,
        key_id=random_bytes(KEY_ID_BYTES),
        secret=random_bytes(SECRET_BYTES),
        now=now,
        expires_at=draft.expires_at,
        rights=draft.rights,
    )
    halves = parse_token(token)
    assert halves is not None
    stored = StoredKey(
        halves.key_id,
        account_id,
        draft.name,
        now,
        draft.expires_at,
        revoked_at=None,
        last_used_at=None,
        rights=draft.rights,
    )
    return MadeKey(stored, token)
