"""Reads the contacts of one account: one, a page of those that fit a filter, their labels, sums over them."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from heliograph.domain.contact import called
from heliograph.storage.database import Transaction, load_query


class StoredContact(msgspec.Struct, frozen=True):
    """A contact as its rows say, in the order of the columns of the queries; JSON as it is stored."""

    contact_id: bytes
    properties: str
    metadata: str
    is_blocked: bool
    """Whether its number is on the account's blacklist now."""
    labels: list[str]


class ContactFilter(NamedTuple):
    """Which contacts are meant; None: any. Properties and metadata are JSON that must be contained."""

    msisdn: str | None = None
    properties: str | None = None
    metadata: str | None = None
    is_blocked: bool | None = None
    labels: list[str] | None = None
    """Those with any of these labels."""

    @property
    def names_nothing(self) -> bool:
        """Whether every contact is meant."""
        return self == ContactFilter()


class PropertySummary(NamedTuple):
    """How a property is used, in the order of the query's columns; lengths in characters."""

    name: str
    usage_count: int
    average_length: int
    max_length: int
    min_length: int


async def find_contact(tx: Transaction, account_id: int, contact_id: bytes) -> StoredContact | None:
    """A contact of the account; None where there is none."""
    row = await tx.fetchrow(load_query("find_contact"), account_id, contact_id)
    return None if row is None else StoredContact(*row)


async def list_contacts(
    tx: Transaction, account_id: int, wanted: ContactFilter, *, start: int, limit: int, newest_first: bool
) -> list[StoredContact]:
    """A page of the account's contacts by the time they were made."""
    query = "list_contacts_newest_first" if newest_first else "list_contacts_oldest_first"
    return [
        StoredContact(*row) for row in await tx.fetch(load_query(query), account_id, *wanted, start, limit)
    ]


async def list_contacts_after(
    tx: Transaction, account_id: int, contact_id: bytes, *, limit: int
) -> list[StoredContact]:
    """The account's contacts that follow one, by the time they were made; after ``b""`` from the first on."""
    rows = await tx.fetch(load_query("list_contacts_after"), account_id, contact_id, limit)
    return [StoredContact(*row) for row in rows]


async def count_contacts(tx: Transaction, account_id: int, wanted: ContactFilter) -> int:
    """How many contacts ``list_contacts`` has in all."""
    count: int = await tx.fetchval(load_query("count_contacts"), account_id, *wanted)
    return count


async def count_labels(tx: Transaction, account_id: int) -> list[tuple[str, int]]:
    """The account's labels in alphabetical order, each with how many contacts have it."""
    return [(row[0], row[1]) for row in await tx.fetch(load_query("count_labels"), account_id)]


async def count_label(tx: Transaction, account_id: int, label: str) -> int:
    """How many contacts have a label."""
    count: int = await tx.fetchval(load_query("count_label"), account_id, label)
    return count


async def summarize_properties(tx: Transaction, account_id: int) -> list[PropertySummary]:
    """The names of the contacts' properties in alphabetical order, and how they are used."""
    rows = await tx.fetch(load_query("summarize_contact_properties"), account_id)
    return [PropertySummary(*row) for row in rows]


async def list_labelled_numbers(
    tx: Transaction, account_id: int, label: str, *, limit: int, with_properties: bool
) -> list[tuple[str, str | None]]:
    """The phone numbers of the contacts with a label, each with its properties as JSON if asked for."""
    rows = await tx.fetch(load_query("list_labelled_numbers"), account_id, label, limit, with_properties)
    return [(row[0], row[1]) for row in rows]


async def find_contacts_of(tx: Transaction, account_id: int, numbers: Sequence[str]) -> dict[str, bytes]:
    """The oldest contact of each number that has one, by number."""
    return {
        row[0]: row[1] for row in await tx.fetch(load_query("find_contacts_of_numbers"), account_id, numbers)
    }


async def list_contact_names(tx: Transaction, account_id: int, numbers: Collection[str]) -> dict[str, str]:
    """What those of the numbers are called that an account has named contacts for."""
    rows = await tx.fetch(load_query("list_contact_properties"), account_id, list(numbers))
    names = {row["msisdn"]: called(msgspec.json.decode(row["properties"])) for row in rows}
    return {number: name for number, name in names.items() if name is not None}
