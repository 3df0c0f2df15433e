"""Contacts and labels."""

from collections.abc import Mapping, Sequence

import msgspec

from heliograph.client.calls import Call, Query, Result, named, page_query, path_segment, post, query_of
from heliograph.client.operations import Listing, Operation
from heliograph.client.received_documents import Contact, ContactSummary, Imported, LabelUsage, NewContact

Texts = Mapping[str, str]

_CONTACTS = "/v2/contacts"


class _CountCall(Call[int], frozen=True):
    """A call that is answered by a count."""

    def read(self, result: Result) -> int:
        counted = Call(method=self.method, path=self.path, shape=Imported)
        return counted.read(result).count


class ContactOperations:
    """The calls on contacts and labels."""

    @Listing
    def list_contacts(
        self,
        *,
        labels: Sequence[str] | None = None,
        properties: Texts | None = None,
        metadata: Texts | None = None,
        with_metadata: bool = False,
        newest_first: bool = False,
        page_size: int = 500,
    ) -> Call[list[Contact]]:
        """The contacts with any of the labels, and with all the properties and ``property.name`` metadata."""
        page = page_query(newest_first=newest_first, page_size=page_size)
        query = (*_chosen(labels, properties, metadata), *page, *_shown(with_metadata))
        return Call(method="GET", path=_CONTACTS, shape=list[Contact], query=query)

    @Operation
    def summarize_contacts(self) -> Call[ContactSummary]:
        """How many contacts there are, and how many have each label and property."""
        return Call(method="GET", path=f"{_CONTACTS}/meta", shape=ContactSummary)

    @Operation
    def get_contact(self, contact_id: str, *, with_metadata: bool = False) -> Call[Contact]:
        """One contact."""
        path = _contact_path(contact_id)
        return Call(method="GET", path=path, shape=Contact, query=_shown(with_metadata))

    @Operation
    def add_contacts(
        self,
        contacts: Sequence[NewContact],
        *,
        with_metadata: bool = False,
        idempotency_key: str | None = None,
    ) -> Call[list[Contact]]:
        """Add at most 1,000 contacts, all or none, and see what was stored."""
        query = (*query_of(sync="true"), *_shown(with_metadata))
        return post(
            _CONTACTS,
            list[Contact],
            contacts,
            query=query,
            idempotency_key=idempotency_key,
            conflict_passes=True,
        )

    @Operation
    def import_contacts(
        self, contacts: Sequence[NewContact], *, idempotency_key: str | None = None
    ) -> Call[int]:
        """Add at most 10,000 contacts, all or none; the answer is how many."""
        called = post(_CONTACTS, int, contacts, idempotency_key=idempotency_key, conflict_passes=True)
        return _CountCall(**msgspec.structs.asdict(called))

    @Operation
    def replace_contact(
        self, contact_id: str, contact: NewContact, *, with_metadata: bool = False
    ) -> Call[Contact]:
        """Write everything of a contact anew."""
        return Call(
            method="PUT",
            path=_contact_path(contact_id),
            shape=Contact,
            query=_shown(with_metadata),
            body=msgspec.json.encode(contact),
        )

    @Operation
    def change_contact(
        self,
        contact_id: str,
        *,
        properties: Mapping[str, str | None] | None = None,
        labels: Sequence[str] | None = None,
        metadata: Mapping[str, Mapping[str, str | None]] | None = None,
        with_metadata: bool = False,
    ) -> Call[Contact]:
        """Write what is named and remove properties that are None; labels are replaced as a whole."""
        changes = named(properties=properties, labels=labels, metadata=metadata)
        return Call(
            method="PATCH",
            path=_contact_path(contact_id),
            shape=Contact,
            query=_shown(with_metadata),
            body=msgspec.json.encode(changes),
        )

    @Operation
    def delete_contact(self, contact_id: str) -> Call[Contact]:
        """Delete a contact; the answer is what it was."""
        return Call(method="DELETE", path=_contact_path(contact_id), shape=Contact)

    @Operation
    def delete_contacts(
        self,
        *,
        labels: Sequence[str] | None = None,
        properties: Texts | None = None,
        metadata: Texts | None = None,
        with_metadata: bool = False,
    ) -> Call[list[Contact]]:
        """Delete those that fit, at most 10,000 a call. Raises InvalidRequest without any filter."""
        query = (*_chosen(labels, properties, metadata), *_shown(with_metadata))
        return Call(method="DELETE", path=_CONTACTS, shape=list[Contact], query=query)

    @Operation
    def label_contacts(
        self, label: str, contact_ids: Sequence[str], *, idempotency_key: str | None = None
    ) -> Call[LabelUsage]:
        """Put a label on contacts, on all or on none."""
        return post(
            f"{_label_path(label)}/contacts",
            LabelUsage,
            contact_ids,
            idempotency_key=idempotency_key,
            conflict_passes=True,
        )

    @Operation
    def delete_label(self, label: str) -> Call[LabelUsage]:
        """Take a label off every contact; the contacts stay."""
        return Call(method="DELETE", path=_label_path(label), shape=LabelUsage)


def _chosen(labels: Sequence[str] | None, properties: Texts | None, metadata: Texts | None) -> Query:
    """Which contacts are meant: with any of the labels, and with all the rest."""
    return (
        *query_of(labels=None if labels is None else list(labels)),
        *((f"properties[{name}]", value) for name, value in (properties or {}).items()),
        *((f"metadata[{name}]", value) for name, value in (metadata or {}).items()),
    )


def _shown(with_metadata: bool) -> Query:
    return query_of(meta="true" if with_metadata else None)


def _contact_path(contact_id: str) -> str:
    return f"{_CONTACTS}/{path_segment(contact_id)}"


def _label_path(label: str) -> str:
    return f"/v2/labels/{path_segment(label)}"
