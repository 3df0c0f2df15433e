"""The contacts of an account: add, replace, change, delete, label. Each in a transaction of the caller's."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from heliograph.domain.contact import ContactDraft, check_contact, merged
from heliograph.domain.ids import IdSource, block
from heliograph.domain.refusals import InvalidRequest, NotFound, Refusal
from heliograph.storage.accounts import lock_account
from heliograph.storage.contact_reading import (
    ContactFilter,
    StoredContact,
    count_label,
    find_contact,
    find_contacts_of,
    list_contacts,
)
from heliograph.storage.contacts import (
    delete_contacts,
    delete_label,
    insert_contacts,
    label_contacts,
    lock_contact,
    lock_contacts,
    merge_contacts,
    update_contact,
)
from heliograph.storage.database import Transaction

MOST_DELETED: Final = 10_000
"""Contacts that one request deletes."""
MOST_FAULTS: Final = 1_000
UNKNOWN_CONTACT: Final = "There is no such contact."
UNKNOWN_LABEL: Final = "No contact has this label."
UNKNOWN_ID: Final = "There is no contact with this id."


class ContactBook:
    """The writes of contacts. ``now`` is the clock."""

    def __init__(self, ids: IdSource, now: Callable[[], datetime]) -> None:
        self._ids = ids
        self._now = now

    async def add(self, tx: Transaction, account_id: int, drafts: Sequence[ContactDraft]) -> list[bytes]:
        """Make contacts; their ids, in their order."""
        now = self._now()
        ids = block(self._ids.reserve(len(drafts), int(now.timestamp())), len(drafts))
        await insert_contacts(tx, account_id, ids, drafts, now=now)
        return ids

    async def merge(self, tx: Transaction, account_id: int, drafts: Sequence[ContactDraft]) -> int:
        """Make contacts of numbers that have none, add to the oldest one of every other; how many are new.

        The same drafts again change nothing. Each draft has a number, and no number comes twice.
        """
        await lock_account(tx, account_id)  # two imports of a number at once: the later one finds the earlier
        known = await find_contacts_of(tx, account_id, [draft.msisdn for draft in drafts if draft.msisdn])
        new = [draft for draft in drafts if draft.msisdn not in known]
        others = [(known[draft.msisdn], draft) for draft in drafts if draft.msisdn in known]
        if new:
            await self.add(tx, account_id, new)
        ids = [contact_id for contact_id, _ in others]
        await merge_contacts(tx, account_id, ids, [draft for _, draft in others], now=self._now())
        return len(new)

    async def replace(
        self, tx: Transaction, account_id: int, contact_id: bytes, draft: ContactDraft
    ) -> StoredContact:
        """Write a contact anew. Raises NotFound."""
        if await lock_contact(tx, account_id, contact_id) is None:
            raise NotFound(UNKNOWN_CONTACT)
        await update_contact(tx, account_id, contact_id, draft, keep_labels=False, now=self._now())
        return await _existing(tx, account_id, contact_id)

    async def change(
        self, tx: Transaction, account_id: int, contact_id: bytes, change: Mapping[str, object]
    ) -> StoredContact:
        """Change what is named, remove what is null; names in lower case. Raises NotFound, InvalidRequest."""
        found = await lock_contact(tx, account_id, contact_id)
        if found is None:
            raise NotFound(UNKNOWN_CONTACT)
        faults: list[Refusal] = []
        draft = check_contact(merged(*found, change), "", faults)
        if draft is None:
            raise InvalidRequest(faults)
        await update_contact(
            tx, account_id, contact_id, draft, keep_labels="labels" not in change, now=self._now()
        )
        return await _existing(tx, account_id, contact_id)

    async def delete(self, tx: Transaction, account_id: int, contact_id: bytes) -> StoredContact:
        """Delete a contact; what it was. Raises NotFound."""
        if await lock_contact(tx, account_id, contact_id) is None:
            raise NotFound(UNKNOWN_CONTACT)
        contact = await _existing(tx, account_id, contact_id)
        await delete_contacts(tx, account_id, [contact_id])
        return contact

    async def delete_all(
        self, tx: Transaction, account_id: int, wanted: ContactFilter
    ) -> list[StoredContact]:
        """Delete the contacts that fit a filter, the oldest ``MOST_DELETED`` of them; what they were."""
        contacts = await list_contacts(
            tx, account_id, wanted, start=0, limit=MOST_DELETED, newest_first=False
        )
        await delete_contacts(tx, account_id, [contact.contact_id for contact in contacts])
        return contacts

    async def label(self, tx: Transaction, account_id: int, label: str, ids: Sequence[bytes | None]) -> int:
        """Put a label on contacts; how many have it now. An id that could not be read stands as None.

        Raises InvalidRequest, and labels none, where one of them does not exist.
        """
        there = await lock_contacts(tx, account_id, [each for each in ids if each is not None])
        faults = [
            Refusal(f"[{index}]", "unknown_contact", UNKNOWN_ID)
            for index, each in enumerate(ids)
            if each not in there
        ]
        if faults:
            raise InvalidRequest(faults[:MOST_FAULTS])
        await label_contacts(tx, account_id, [(label, each) for each in there])
        return await count_label(tx, account_id, label)

    async def delete_label(
        self, tx: Transaction, account_id: int, label: str, *, most: int = 0
    ) -> tuple[int, list[bytes]]:
        """Take a label off every contact; how many had it, and up to ``most`` of them. Raises NotFound."""
        count, contact_ids = await delete_label(tx, account_id, label, most=most)
        if not count:
            raise NotFound(UNKNOWN_LABEL)
        return count, contact_ids


async def _existing(tx: Transaction, account_id: int, contact_id: bytes) -> StoredContact:
    contact = await find_contact(tx, account_id, contact_id)
    if contact is None:
        raise NotFound(UNKNOWN_CONTACT)
    return contact
