"""The calls on contacts and labels, as values."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from heliograph.client.calls import Answered, Call, Query, new_key, path_segment, query_of
from heliograph.client.received_documents import Contact, ContactSummary, Imported, LabelUsage, NewContact

_CONTACTS = "/v2/contacts"
_WITH_METADATA: Query = (("meta", "true"),)

Texts = Mapping[str, str]


def contact_filter(
    *, labels: Sequence[str] | None, properties: Texts | None, metadata: Texts | None
) -> Query:
    """Which contacts are meant: with any of the labels, and with all the rest."""
    return (
        *query_of(labels=None if labels is None else list(labels)),
        *((f"properties[{name}]", value) for name, value in (properties or {}).items()),
        *((f"metadata[{name}]", value) for name, value in (metadata or {}).items()),
    )


def list_contacts(page: Query, chosen: Query, *, with_metadata: bool) -> Call[list[Contact]]:
    """GET /v2/contacts."""
    query = (*chosen, *page, *_meta(with_metadata))
    return Call(method="GET", path=_CONTACTS, shape=list[Contact], query=query)


def summarize_contacts() -> Call[ContactSummary]:
    """GET /v2/contacts/meta."""
    return Call(method="GET", path=f"{_CONTACTS}/meta", shape=ContactSummary)


def get_contact(contact_id: str, *, with_metadata: bool) -> Call[Contact]:
    """GET on a contact."""
    return Call(method="GET", path=_path(contact_id), shape=Contact, query=_meta(with_metadata))


def add_contacts(contacts: Sequence[NewContact], idempotency_key: str | None) -> Call[list[Contact]]:
    """POST /v2/contacts that answers what was stored."""
    return _post(_CONTACTS, contacts, list[Contact], idempotency_key, query=(("sync", "true"),))


def import_contacts(contacts: Sequence[NewContact], idempotency_key: str | None) -> Call[Imported]:
    """POST /v2/contacts that answers how many were stored."""
    return _post(_CONTACTS, contacts, Imported, idempotency_key)


def replace_contact(contact_id: str, contact: NewContact) -> Call[Contact]:
    """PUT on a contact."""
    return Call(method="PUT", path=_path(contact_id), shape=Contact, body=msgspec.json.encode(contact))


def change_contact(contact_id: str, **changes: object) -> Call[Contact]:
    """PATCH on a contact; ``changes`` that are None are left out."""
    named = {name: value for name, value in changes.items() if value is not None}
    return Call(method="PATCH", path=_path(contact_id), shape=Contact, body=msgspec.json.encode(named))


def delete_contact(contact_id: str) -> Call[Contact]:
    """DELETE on a contact."""
    return Call(method="DELETE", path=_path(contact_id), shape=Contact)


def delete_contacts(chosen: Query) -> Call[list[Contact]]:
    """DELETE on the contacts that fit a filter."""
    return Call(method="DELETE", path=_CONTACTS, shape=list[Contact], query=chosen)


def label_contacts(label: str, contact_ids: Sequence[str]) -> Call[LabelUsage]:
    """POST on the contacts of a label."""
    return _post(f"/v2/labels/{path_segment(label)}/contacts", contact_ids, LabelUsage)


def delete_label(label: str) -> Call[LabelUsage]:
    """DELETE on a label."""
    return Call(method="DELETE", path=f"/v2/labels/{path_segment(label)}", shape=LabelUsage)


def _post(
    path: str,
    content: Sequence[Any],
    shape: type[Answered],
    idempotency_key: str | None = None,
    *,
    query: Query = (),
) -> Call[Answered]:
    return Call(
        method="POST",
        path=path,
        shape=shape,
        query=query,
        body=msgspec.json.encode(content),
        idempotency_key=idempotency_key or new_key(),
        conflict_passes=True,
    )


def _path(contact_id: str) -> str:
    return f"{_CONTACTS}/{path_segment(contact_id)}"


def _meta(with_metadata: bool) -> Query:
    return _WITH_METADATA if with_metadata else ()
