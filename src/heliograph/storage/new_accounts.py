"""A new account, ready to send: with its senders, its credit, a key and a webhook secret."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from heliograph.domain.api_token import KEY_ID_BYTES, SECRET_BYTES
from heliograph.domain.ids import IdSource
from heliograph.domain.key_rights import UNRESTRICTED, KeyRights
from heliograph.domain.webhook_event import SECRET_LENGTH, secret_text
from heliograph.storage.accounts import (
    AccountSettingsChange,
    add_sender,
    change_account,
    create_account,
    top_up,
)
from heliograph.storage.api_keys import create_key
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.sealing import Sealer


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; ``credit`` in micro-units."""

    name: str
    currency: str
    price_list_id: int
    number_prefix: str
    senders: Sequence[str] = ()
    optional_sender: bool = True
    """Whether it may use senders of its own."""
    credit: int = 0
    credit_note: str = "First credit"
    parent_id: int | None = None
    key_rights: KeyRights = UNRESTRICTED
    key_expires_at: datetime | None = None


class OpenedAccount(msgspec.Struct, frozen=True):
    """What was made. The token and the webhook secret are shown once: neither can be read again."""

    account_id: int
    number: str
    token: str
    webhook_secret: str


async def open_account(
    tx: Transaction,
    wanted: NewAccount,
    *,
    sealer: Sealer,
    now: datetime,
    ids: IdSource,
    random_bytes: Callable[[int], bytes],
) -> OpenedAccount:
    """Make an account and everything it needs; ``random_bytes`` is a cryptographic source."""
    account_id, number = await create_account(
        tx,
        name=wanted.name,
        currency=wanted.currency,
        price_list_id=wanted.price_list_id,
        number_prefix=wanted.number_prefix,
        now=now,
        parent_id=wanted.parent_id,
    )
    if not wanted.optional_sender:
        await change_account(tx, account_id, AccountSettingsChange(optional_sender=False), now=now)
    for sender in wanted.senders:
        await add_sender(tx, account_id, sender, now=now)
    if wanted.credit:
        await top_up(tx, account_id, wanted.credit, note=wanted.credit_note, now=now, ids=ids)
    token = await create_key(
        tx,
        account_id,
        name="First key",
        key_id=random_bytes(KEY_ID_BYTES),
        secret=random_bytes(SECRET_BYTES),
        now=now,
        expires_at=wanted.key_expires_at,
        rights=wanted.key_rights,
    )
    webhook_secret = secret_text(random_bytes(SECRET_LENGTH))
    secret_id = random_bytes(8).hex()
    sealed = sealer.seal(webhook_secret)
    await tx.execute(load_query("create_webhook_secret"), account_id, secret_id, sealed, now)
    return OpenedAccount(account_id, number, token, webhook_secret)
