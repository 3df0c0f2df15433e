"""The drafts of whoever is signed in: found, read with their file, and kept when they change."""

import asyncio
from typing import Final

import msgspec

from heliograph.domain.ids import parse_id
from heliograph.domain.message_draft import CompiledDraft, MessageDraft, compile_draft
from heliograph.domain.recipient_file import RecipientTable
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.number_fields import country_of
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.signed_in import me_of
from heliograph.faces.portal.text_formats import zone_of
from heliograph.storage.portal_drafts import (
    StoredDraft,
    change_draft,
    change_draft_file,
    find_draft,
    insert_draft,
    note_draft_sent,
    packed,
    read_draft_file,
    unpacked,
)

_KEY_BYTES: Final = 16
_ON_LOOP: Final = 500
"""Rows and characters of lists that are read without leaving the loop; more of them take a thread."""
_CHARACTERS_ON_LOOP: Final = 20_000


class OpenDraft(msgspec.Struct, frozen=True):
    """A draft and its id; None before it is kept for the first time."""

    draft: MessageDraft
    draft_id: bytes | None = None
    batch_id: bytes | None = None

    @property
    def name(self) -> str:
        """Its id in addresses."""
        return self.draft_id.hex() if self.draft_id else ""


async def find_open(request: PortalRequest, name: str) -> OpenDraft | None:
    """The user's draft of that id; None if they have none."""
    me, draft_id = me_of(request), parse_id(name)
    if draft_id is None:
        return None
    async with context_of(request).database.reader(me.account_id) as tx:
        stored: StoredDraft | None = await find_draft(tx, me.account_id, draft_id, me.user_id)
    return None if stored is None else OpenDraft(stored.draft, draft_id, stored.batch_id)


async def open_draft(request: PortalRequest, name: str) -> OpenDraft:
    """The same. Raises NotFound."""
    found = await find_open(request, name)
    if found is None:
        raise NotFound("There is no such draft. Drafts are kept for a day.")
    return found


async def keep_draft(
    request: PortalRequest,
    before: OpenDraft | None,
    draft: MessageDraft,
    table: RecipientTable | None = None,
) -> OpenDraft:
    """Keep what the fields hold now, with another table if one is given.

    A draft that was sent stays as it is: what is changed after that is another one.
    """
    context, me = context_of(request), me_of(request)
    draft = msgspec.structs.replace(draft, send_key=context.random_bytes(_KEY_BYTES).hex())
    has_new_file = table is not None or draft.file is None
    file = packed(table)
    async with context.database.transaction() as tx:
        if before is not None and before.draft_id is not None and before.batch_id is None:
            whose = (tx, me.account_id, before.draft_id, me.user_id, draft)
            if await (change_draft_file(*whose, file) if has_new_file else change_draft(*whose)):
                return OpenDraft(draft, before.draft_id)
        if not has_new_file and before is not None and before.draft_id is not None:
            file = await read_draft_file(tx, me.account_id, before.draft_id, me.user_id)
        now = context.now()
        draft_id = context.ids.new(int(now.timestamp()))
        await insert_draft(tx, me.account_id, draft_id, me.user_id, draft, file, now=now)
    return OpenDraft(draft, draft_id)


async def compiled(request: PortalRequest, opened: OpenDraft) -> CompiledDraft:
    """The request that a draft makes."""
    me, draft = me_of(request), opened.draft
    file = None
    if draft.file is not None and opened.draft_id is not None:
        async with context_of(request).database.reader(me.account_id) as tx:
            file = await read_draft_file(tx, me.account_id, opened.draft_id, me.user_id)
    if (draft.file is None or draft.file.row_count <= _ON_LOOP) and len(draft.pasted) <= _CHARACTERS_ON_LOOP:
        return _compile(draft, file, country_of(request))
    return await asyncio.to_thread(_compile, draft, file, country_of(request))


def _compile(draft: MessageDraft, file: bytes | None, country: str) -> CompiledDraft:
    return compile_draft(draft, unpacked(file) if file else None, zone_of(draft.zone), country)


async def remember_sent(request: PortalRequest, opened: OpenDraft, batch_id: bytes) -> bool:
    """Remember what a draft was sent as; False if another request did already."""
    context, me = context_of(request), me_of(request)
    assert opened.draft_id is not None
    async with context.database.transaction() as tx:
        return await note_draft_sent(tx, me.account_id, opened.draft_id, me.user_id, batch_id)
