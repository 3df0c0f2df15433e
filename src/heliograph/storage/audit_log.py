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


class AuditEntry(msgspec.Struct, frozen=True):
    """Something that somebody did."""

    entry_id: bytes
    happened_at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, object]


async def list_audit_entries(
    tx: Transaction, account_id: int, *, before: bytes | None, action: str | None, limit: int
) -> list[AuditEntry]:
    """What was done in an account, the newest first, from before an entry on."""
    rows = await tx.fetch(load_query("list_audit_entries"), account_id, before, action, limit)
    return [
        AuditEntry(
            row["entry_id"],
            row["happened_at"],
            row["actor"],
            row["action"],
            row["subject"],
            msgspec.json.decode(row["detail"], type=dict[str, object]),
        )
        for row in rows
    ]


async def list_audit_actions(tx: Transaction, account_id: int) -> list[str]:
    """Every action that was ever done in an account."""
    return [row[0] for row in await tx.fetch(load_query("list_audit_actions"), account_id)]
