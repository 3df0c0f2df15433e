"""What people changed, and when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.storage.database import Transaction, load_query

INSTALLATION: Final = 0
"""In place of an account: what operators did to the installation."""


async def write_audit_entry(
    tx: Transaction,
    account_id: int,
    *,
    user_id: int | None,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
    now: datetime,
    ids: IdSource,
) -> None:
    """Note an act in the transaction that does it. ``detail`` holds no secrets and no message text."""
    await tx.execute(
        load_query("insert_audit_entry"),
        account_id,
        ids.new(int(now.timestamp())),
        now,
        user_id,
        actor,
        action,
        subject,
        msgspec.json.encode(detail or {}).decode(),
    )
