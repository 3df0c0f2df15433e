"""Batches that are being written in the portal, kept between the steps so that nothing typed is lost.

A draft belongs to one user of one account; the keeper drops it a day after it was begun.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from heliograph.domain.message_draft import MessageDraft
from heliograph.domain.recipient_file import RecipientTable
from heliograph.storage.database import Transaction, load_query

KEPT: Final = timedelta(days=1)
MOST_DRAFTS: Final = 20
"""Of one user in one account; a newer one takes the place of the oldest."""


class StoredDraft(msgspec.Struct, frozen=True):
    """A draft, and the batch that it was sent as."""

    draft: MessageDraft
    batch_id: bytes | None


_decode_draft = msgspec.json.Decoder(MessageDraft).decode
_decode_table = msgspec.msgpack.Decoder(RecipientTable).decode


def packed(table: RecipientTable | None) -> bytes | None:
    """A table as it is stored."""
    return None if table is None else msgspec.msgpack.encode(table)


async def insert_draft(
    tx: Transaction,
    account_id: int,
    draft_id: bytes,
    user_id: int,
    draft: MessageDraft,
    file: bytes | None,
    *,
    now: datetime,
) -> None:
    """Keep a new draft with its packed table, and forget the user's oldest ones."""
    contents = msgspec.json.encode(draft)
    await tx.execute(load_query("insert_portal_draft"), account_id, draft_id, user_id, now, contents, file)
    await tx.execute(load_query("drop_older_portal_drafts"), account_id, user_id, MOST_DRAFTS)


async def change_draft(
    tx: Transaction, account_id: int, draft_id: bytes, user_id: int, draft: MessageDraft
) -> bool:
    """Keep what the fields hold now; False for a draft that is gone or was sent."""
    contents = msgspec.json.encode(draft)
    found = await tx.fetchval(load_query("change_portal_draft"), account_id, draft_id, user_id, contents)
    return found is not None


async def change_draft_file(
    tx: Transaction, account_id: int, draft_id: bytes, user_id: int, draft: MessageDraft, file: bytes | None
) -> bool:
    """The same with another file, or with none any more."""
    contents = msgspec.json.encode(draft)
    found = await tx.fetchval(
        load_query("change_portal_draft_file"), account_id, draft_id, user_id, contents, file
    )
    return found is not None


async def find_draft(tx: Transaction, account_id: int, draft_id: bytes, user_id: int) -> StoredDraft | None:
    """A draft of a user, without its file."""
    row = await tx.fetchrow(load_query("find_portal_draft"), account_id, draft_id, user_id)
    return None if row is None else StoredDraft(_decode_draft(row["contents"]), row["batch_id"])


async def read_draft_file(tx: Transaction, account_id: int, draft_id: bytes, user_id: int) -> bytes | None:
    """The packed table of a draft; None without a file."""
    file: bytes | None = await tx.fetchval(
        load_query("read_portal_draft_file"), account_id, draft_id, user_id
    )
    return file


def unpacked(file: bytes) -> RecipientTable:
    """A table as it was stored."""
    return _decode_table(file)


async def note_draft_sent(
    tx: Transaction, account_id: int, draft_id: bytes, user_id: int, batch_id: bytes
) -> bool:
    """Remember what a draft was sent as; False if that is known already."""
    found = await tx.fetchval(load_query("note_portal_draft_sent"), account_id, draft_id, user_id, batch_id)
    return found is not None
