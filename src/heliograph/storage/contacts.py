"""Writes the contacts of one account, and which labels they have."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from heliograph.domain.contact import MAX_PROPERTIES, ContactDraft
from heliograph.storage.database import Transaction, load_query

SLICE = 1_000
"""Contacts that one statement writes."""

_encode = msgspec.json.Encoder().encode


def as_json(texts: object) -> str:
    """A text of JSON, as statements take it."""
    return _encode(texts).decode()


async def insert_contacts(
    tx: Transaction, account_id: int, ids: Sequence[bytes], drafts: Sequence[ContactDraft], *, now: datetime
) -> None:
    """New contacts with these ids."""
    for start in range(0, len(drafts), SLICE):
        some, their_ids = drafts[start : start + SLICE], ids[start : start + SLICE]
        await tx.execute(
            load_query("insert_contacts"),
            account_id,
            their_ids,
            [draft.msisdn for draft in some],
            [as_json(draft.properties) for draft in some],
            [as_json(draft.metadata) for draft in some],
            now,
        )
        pairs = [
            (label, contact_id)
            for contact_id, draft in zip(their_ids, some, strict=True)
            for label in draft.labels
        ]
        await label_contacts(tx, account_id, pairs)


async def label_contacts(tx: Transaction, account_id: int, pairs: Sequence[tuple[str, bytes]]) -> None:
    """Put labels on contacts; those they have already are left alone."""
    if pairs:
        labels, ids = [label for label, _ in pairs], [contact_id for _, contact_id in pairs]
        await tx.execute(load_query("insert_contact_labels"), account_id, labels, ids)


async def lock_contact(
    tx: Transaction, account_id: int, contact_id: bytes
) -> tuple[dict[str, str], dict[str, dict[str, str]]] | None:
    """Properties and metadata of a contact that nobody changes until the transaction ends; None if none."""
    row = await tx.fetchrow(load_query("lock_contact"), account_id, contact_id)
    if row is None:
        return None
    return (
        msgspec.json.decode(row[0], type=dict[str, str]),
        msgspec.json.decode(row[1], type=dict[str, dict[str, str]]),
    )


async def lock_contacts(tx: Transaction, account_id: int, ids: Sequence[bytes]) -> set[bytes]:
    """Those of many contacts that there are; they stay until the transaction ends."""
    return {row[0] for row in await tx.fetch(load_query("lock_contacts"), account_id, ids)}


async def update_contact(
    tx: Transaction,
    account_id: int,
    contact_id: bytes,
    draft: ContactDraft,
    *,
    keep_labels: bool,
    now: datetime,
) -> None:
    """Write a contact anew."""
    await tx.execute(
        load_query("update_contact"),
        account_id,
        contact_id,
        draft.msisdn,
        as_json(draft.properties),
        as_json(draft.metadata),
        now,
    )
    if not keep_labels:
        await tx.execute(load_query("delete_labels_of_contact"), account_id, contact_id)
        await label_contacts(tx, account_id, [(label, contact_id) for label in draft.labels])


async def merge_contacts(
    tx: Transaction, account_id: int, ids: Sequence[bytes], drafts: Sequence[ContactDraft], *, now: datetime
) -> None:
    """Add what drafts say to contacts that are there: properties, anew where they have them, and labels.

    A contact that would have too many properties gets the labels alone.
    """
    for start in range(0, len(drafts), SLICE):
        some, their_ids = drafts[start : start + SLICE], ids[start : start + SLICE]
        await tx.execute(
            load_query("merge_contacts"),
            account_id,
            their_ids,
            [as_json(draft.properties) for draft in some],
            now,
            MAX_PROPERTIES,
        )
        pairs = zip(their_ids, some, strict=True)
        labels = [(label, contact_id) for contact_id, draft in pairs for label in draft.labels]
        await label_contacts(tx, account_id, labels)


async def delete_contacts(tx: Transaction, account_id: int, ids: Sequence[bytes]) -> None:
    """Delete contacts; their labels stay on others."""
    await tx.execute(load_query("delete_contacts"), account_id, ids)


async def delete_label(
    tx: Transaction, account_id: int, label: str, *, most: int = 0
) -> tuple[int, list[bytes]]:
    """Take a label off every contact; how many had it, and up to ``most`` of those that did."""
    row = await tx.fetchrow(load_query("delete_label"), account_id, label, most)
    assert row is not None
    return row["contacts"], row["contact_ids"] or []
