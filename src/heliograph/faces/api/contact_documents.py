"""Contacts and labels as the API shows them."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.contact import ContactDraft, with_blocked
from heliograph.storage.accounts import Account
from heliograph.storage.contact_reading import PropertySummary, StoredContact
from heliograph.storage.contacts import as_json


class ContactDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A contact; its metadata only when it is asked for."""

    id: str
    owner_id: str
    properties: dict[str, str]
    metadata: dict[str, dict[str, str]] | UnsetType = UNSET
    labels: list[str]


class LabelDocument(msgspec.Struct, frozen=True, rename="camel"):
    """A label and how many contacts have it."""

    label_name: str
    usage_count: int


class PropertyUsage(msgspec.Struct, frozen=True, rename="camel"):
    """How many contacts have a property, and how long its values are in characters."""

    property_name: str
    usage_count: int
    average_length: int
    max_length: int
    min_length: int


class ContactSummary(msgspec.Struct, frozen=True, rename="camel"):
    """All contacts of an account in numbers."""

    total_count: int
    labels: list[LabelDocument]
    properties: list[PropertyUsage]


class ImportedContacts(msgspec.Struct, frozen=True):
    """How many contacts were added."""

    count: int


_texts = msgspec.json.Decoder(dict[str, str]).decode
_metadata = msgspec.json.Decoder(dict[str, dict[str, str]]).decode


def contact_document(contact: StoredContact, account: Account, *, meta: bool) -> ContactDocument:
    """A stored contact."""
    metadata = with_blocked(_metadata(contact.metadata), is_blocked=contact.is_blocked) if meta else UNSET
    return ContactDocument(
        id=contact.contact_id.hex(),
        owner_id=account.number,
        properties=_texts(contact.properties),
        metadata=metadata,
        labels=contact.labels,
    )


def usage(summary: PropertySummary) -> PropertyUsage:
    """How a property is used."""
    return PropertyUsage(*summary)


def new_contact(contact_id: bytes, draft: ContactDraft, *, is_blocked: bool) -> StoredContact:
    """A contact that was just written, as it would be read."""
    return StoredContact(
        contact_id, as_json(draft.properties), as_json(draft.metadata), is_blocked, list(draft.labels)
    )
