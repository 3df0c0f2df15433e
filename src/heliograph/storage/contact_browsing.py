"""Reads an account's contacts for somebody who leafs through them, in the same time however many there are.

A page goes on from a contact, not from a place in the list, and counts end where nobody reads on.
"""

from typing import Final, NamedTuple

from heliograph.storage.batch_listing import HIGHEST_ID
from heliograph.storage.bounded_counts import COUNTED, Counted
from heliograph.storage.contact_reading import StoredContact
from heliograph.storage.database import Transaction, load_query

NEWEST: Final = HIGHEST_ID
"""Before the newest contact."""
_QUERIES: Final = {
    (False, False): "list_contacts_before",
    (True, False): "list_contacts_after",
    (False, True): "list_labelled_contacts_before",
    (True, True): "list_labelled_contacts_after",
}
"""By whether one leafs backwards, and whether through the contacts of a label."""


class LabelCount(NamedTuple):
    """A label and how many contacts have it."""

    label: str
    contacts: Counted


class ContactPage(NamedTuple):
    """Contacts, the newest first, and whether there are others on either side."""

    contacts: list[StoredContact]
    has_newer: bool
    has_older: bool


async def leaf_through_contacts(
    tx: Transaction, account_id: int, place: bytes, *, limit: int, backwards: bool = False, label: str = ""
) -> ContactPage:
    """The contacts older than one; ``backwards`` those newer than it. Of one label, if one is given."""
    labelled = (label,) if label else ()
    query = load_query(_QUERIES[backwards, bool(label)])
    rows = await tx.fetch(query, account_id, place, limit + 1, *labelled)
    found = [StoredContact(*row) for row in rows[:limit]]
    is_more = len(rows) > limit
    if backwards and is_more:
        return ContactPage(found[::-1], has_newer=True, has_older=True)
    if backwards:  # a page of few would begin the list
        return await leaf_through_contacts(tx, account_id, NEWEST, limit=limit, label=label)
    return ContactPage(found, place != NEWEST, is_more)


async def list_contacts_of_number(
    tx: Transaction, account_id: int, msisdn: str, *, limit: int
) -> list[StoredContact]:
    """The contacts with a number, the newest first."""
    rows = await tx.fetch(load_query("list_contacts_of_number"), account_id, msisdn, limit)
    return [StoredContact(*row) for row in rows]


async def list_oldest_of_labels(
    tx: Transaction, account_id: int, labels: list[str], *, limit: int
) -> list[StoredContact]:
    """The oldest contacts that have any of some labels."""
    found: dict[bytes, StoredContact] = {}
    for label in labels:
        rows = await tx.fetch(load_query("list_labelled_contacts_after"), account_id, b"", limit, label)
        found |= {row["contact_id"]: StoredContact(*row) for row in rows}
    return [found[contact_id] for contact_id in sorted(found)[:limit]]


async def count_contacts_up_to(tx: Transaction, account_id: int) -> Counted:
    """How many contacts the account has."""
    return Counted.up_to(
        COUNTED, await tx.fetchval(load_query("count_contacts_up_to"), account_id, COUNTED + 1)
    )


async def count_label_up_to(tx: Transaction, account_id: int, label: str) -> Counted:
    """How many contacts have a label."""
    found = await tx.fetchval(load_query("count_label_up_to"), account_id, label, COUNTED + 1)
    return Counted.up_to(COUNTED, found)


async def count_labels_up_to(tx: Transaction, account_id: int, *, limit: int) -> list[LabelCount]:
    """The account's first labels in alphabetical order."""
    rows = await tx.fetch(load_query("count_labels_up_to"), account_id, limit, COUNTED)
    return [LabelCount(row["label"], Counted.up_to(row["highest"], row["contacts"])) for row in rows]
