"""Contacts and labels: whom the account writes to."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.response import Stream

from heliograph.domain.contact import PHONE, ContactDraft, check_contact
from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound, Refusal
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.csv_downloads import csv_download
from heliograph.faces.portal.number_fields import typed_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.undoable_acts import note_removal
from heliograph.services.contact_book import UNKNOWN_CONTACT
from heliograph.storage.bounded_counts import Counted
from heliograph.storage.contact_browsing import (
    NEWEST,
    ContactPage,
    LabelCount,
    count_contacts_up_to,
    count_label_up_to,
    count_labels_up_to,
    leaf_through_contacts,
    list_contacts_of_number,
)
from heliograph.storage.contact_reading import (
    StoredContact,
    find_contact,
    list_contacts_after,
    summarize_properties,
)
from heliograph.storage.removals import MOST_LABELLED, RemovedContact, RemovedLabel

CONTACTS: Final = "/portal/contacts"
PAGE: Final = 50
MOST_LABELS: Final = 100
"""That are shown above the list, the first in alphabetical order."""
EXPORTED_AT_ONCE: Final = 1_000


class ShownContact(msgspec.Struct, frozen=True):
    """A contact as pages show it."""

    id: str
    number: str
    """With its plus; empty for a contact without one."""
    properties: dict[str, str]
    """All others."""
    labels: list[str]
    is_blocked: bool


@show(CONTACTS)
async def show_contacts(request: PortalRequest) -> Response[str]:
    """A page of the contacts, the newest first; of one label if one is chosen."""
    return await _listed(request, mark=request.query_params.get("of", ""))


@act(f"{CONTACTS}/find", right=Right.READ)
async def find_contacts(request: PortalRequest) -> Response[str]:
    """The contacts with a number, asked for with a form, to keep it out of addresses."""
    form = await form_of(request)
    number, fault = typed_number(request, form.text("number"))
    return await (_listed(request, typed=number, fault=fault) if fault else _found(request, number))


@show(f"{CONTACTS}/export.csv")
async def export_contacts(request: PortalRequest) -> Stream:
    """Every contact as CSV: number, labels, then a column for each property."""
    context, me = context_of(request), me_of(request)
    async with context.database.reader(me.account_id) as tx:
        summaries = await summarize_properties(tx, me.account_id)
    names = [each.name for each in summaries if each.name != PHONE]

    async def rows() -> AsyncIterator[Iterable[Sequence[object]]]:
        latest = b""
        while True:
            async with context.database.reader(me.account_id) as tx:
                found = await list_contacts_after(tx, me.account_id, latest, limit=EXPORTED_AT_ONCE)
            if not found:
                return
            yield [_row(shown_contact(each), names) for each in found]
            latest = found[-1].contact_id

    return csv_download(f"contacts-{me.account_number}.csv", ("number", "labels", *names), rows())


@show(f"{CONTACTS}/new", right=Right.SEND)
async def show_new_contact(request: PortalRequest) -> Response[str]:
    """The form for another contact."""
    return _form_page(request, None, {})


@act(f"{CONTACTS}/new", right=Right.SEND)
async def add_contact(request: PortalRequest) -> Response[str] | Response[None]:
    """Make a contact."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    draft, faults = _draft(request, form)
    if draft is None:
        return _form_page(request, None, faults, form)
    async with context.database.transaction() as tx:
        (contact_id,) = await context.contact_book.add(tx, me.account_id, [draft])
        await note_act(tx, request, "contact.added", contact_id.hex())
    return see(CONTACTS, translate_for(request)("The contact is added."))


@show(f"{CONTACTS}/{{contact_id:str}}")
async def show_contact(request: PortalRequest, contact_id: str) -> Response[str]:
    """One contact, to be changed by those who may."""
    me = me_of(request)
    async with context_of(request).database.reader(me.account_id) as tx:
        found = await find_contact(tx, me.account_id, _key(contact_id))
    if found is None:
        raise NotFound(UNKNOWN_CONTACT)
    return _form_page(request, shown_contact(found), {})


@act(f"{CONTACTS}/{{contact_id:str}}", right=Right.SEND)
async def change_contact(request: PortalRequest, contact_id: str) -> Response[str] | Response[None]:
    """Write a contact anew."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    key = _key(contact_id)
    async with context.database.transaction() as tx:
        found = await find_contact(tx, me.account_id, key)
        if found is None:
            raise NotFound(UNKNOWN_CONTACT)
        draft, faults = _draft(request, form, found.metadata)
        if draft is None:
            return _form_page(request, shown_contact(found), faults, form)
        await context.contact_book.replace(tx, me.account_id, key, draft)
        await note_act(tx, request, "contact.changed", contact_id)
    return see(CONTACTS, translate_for(request)("The contact is changed."))


@act(f"{CONTACTS}/{{contact_id:str}}/delete", right=Right.SEND)
async def delete_contact(request: PortalRequest, contact_id: str) -> Response[None]:
    """Delete a contact."""
    context, me = context_of(request), me_of(request)
    async with context.database.transaction() as tx:
        gone = await context.contact_book.delete(tx, me.account_id, _key(contact_id))
        removal = RemovedContact(
            gone.contact_id,
            msgspec.json.decode(gone.properties, type=dict[str, str]),
            msgspec.json.decode(gone.metadata, type=dict[str, dict[str, str]]),
            gone.labels,
        )
        undo = await note_removal(
            tx, request, removal, "contact.deleted", contact_id, f"{CONTACTS}/{gone.contact_id.hex()}"
        )
    return see(CONTACTS, translate_for(request)("The contact is deleted."), undo=undo)


@act(f"{CONTACTS}/labels/delete", right=Right.SEND)
async def delete_label(request: PortalRequest) -> Response[None]:
    """Take a label off every contact; the contacts stay."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    label = form.text("label")
    async with context.database.transaction() as tx:
        count, contact_ids = await context.contact_book.delete_label(
            tx, me.account_id, label, most=MOST_LABELLED
        )
        undo = None
        if count <= MOST_LABELLED:
            removal, detail = RemovedLabel(label, contact_ids), {"contacts": count}
            undo = await note_removal(tx, request, removal, "label.deleted", label, CONTACTS, detail)
        else:
            await note_act(tx, request, "label.deleted", label, {"contacts": count})
    said = translate_for(request)("The label is gone; the contacts are still there.")
    return see(CONTACTS, said, undo=undo)


def shown_contact(contact: StoredContact) -> ShownContact:
    """A stored contact as pages show it."""
    properties = msgspec.json.decode(contact.properties, type=dict[str, str])
    number = properties.pop(PHONE, "")
    return ShownContact(contact.contact_id.hex(), number, properties, contact.labels, contact.is_blocked)


def _row(contact: ShownContact, names: Sequence[str]) -> Sequence[object]:
    # The plus would be taken for a formula.
    others = (contact.properties.get(name, "") for name in names)
    return contact.number.removeprefix("+"), ",".join(contact.labels), *others


def _key(contact_id: str) -> bytes:
    key = parse_id(contact_id)
    if key is None:
        raise NotFound(UNKNOWN_CONTACT)
    return key


def _draft(
    request: PortalRequest, form: Form, metadata: str = "{}"
) -> tuple[ContactDraft | None, dict[str, str]]:
    """The contact that a form describes; else None and its faults by field.

    ``metadata``, as JSON, is kept of the properties that stay.
    """
    faults: dict[str, str] = {}
    properties: dict[str, str] = {}
    translate = translate_for(request)
    number, number_fault = typed_number(request, form.text("number"))
    if number_fault:
        faults["number"] = number_fault
    else:
        properties[PHONE] = f"+{number}"
    for line in filter(None, map(str.strip, form.raw("properties").splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            english = "Write name: value on each line; this one has no colon: %(line)s"
            faults["properties"] = translate(english, line=line[:60])
        properties[name.strip()] = value.strip()
    labels = [each.strip() for each in form.raw("labels").replace("\n", ",").split(",") if each.strip()]
    before = msgspec.json.decode(metadata, type=dict[str, dict[str, str]])
    kept = {name: texts for name, texts in before.items() if name in properties}
    refused: list[Refusal] = []
    draft = check_contact({"properties": properties, "metadata": kept, "labels": labels}, "", refused)
    for fault in refused:
        is_number = PHONE.lower() in fault.field.lower()
        field = "number" if is_number else "labels" if fault.field.startswith("labels") else "properties"
        faults.setdefault(field, translate(fault.sentence))
    return (None, faults) if faults or draft is None else (draft, {})


def _form_page(
    request: PortalRequest, contact: ShownContact | None, faults: dict[str, str], form: Form | None = None
) -> Response[str]:
    values = {"number": "", "properties": "", "labels": ""}
    if form is not None:
        values |= form.values()
    elif contact is not None:
        lines = [f"{name}: {value}" for name, value in contact.properties.items()]
        values = {
            "number": contact.number,
            "properties": "\n".join(lines),
            "labels": ", ".join(contact.labels),
        }
    shown: dict[str, Any] = {field: faults.get(field) for field in ("number", "properties", "labels")}
    status = 400 if faults else 200
    return page(request, "contact.html", status=status, contact=contact, values=values, faults=shown)


async def _found(request: PortalRequest, msisdn: str) -> Response[str]:
    """The contacts with a number."""
    account_id = me_of(request).account_id
    async with context_of(request).database.reader(account_id) as tx:
        found = await list_contacts_of_number(tx, account_id, msisdn, limit=PAGE)
        labels = await count_labels_up_to(tx, account_id, limit=MOST_LABELS)
    shown = ContactPage(found, has_newer=False, has_older=False)
    return _list_page(request, shown, Counted(len(found)), labels, typed=msisdn)


async def _listed(
    request: PortalRequest, *, mark: str = "", typed: str = "", fault: str = ""
) -> Response[str]:
    account_id, asked = me_of(request).account_id, request.query_params
    after, before = parse_id(asked.get("after", "")), parse_id(asked.get("before", ""))
    async with context_of(request).database.reader(account_id) as tx:
        labels = await count_labels_up_to(tx, account_id, limit=MOST_LABELS)
        label = _label_of(request, labels, mark) if mark else ""
        shown = await leaf_through_contacts(
            tx, account_id, before or after or NEWEST, limit=PAGE, backwards=before is not None, label=label
        )
        total = await (
            count_label_up_to(tx, account_id, label) if label else count_contacts_up_to(tx, account_id)
        )
    return _list_page(request, shown, total, labels, label=label, typed=typed, fault=fault)


def label_mark(request: PortalRequest, label: str) -> str:
    """What a label is called in addresses, which its own words, often somebody's name, stay out of."""
    return context_of(request).sealer.mark(f"label {me_of(request).account_id} {label}")


def _label_of(request: PortalRequest, labels: Sequence[LabelCount], mark: str) -> str:
    for each in labels:
        if label_mark(request, each.label) == mark:
            return each.label
    raise NotFound("There is no such label.")


def _list_page(
    request: PortalRequest,
    shown: ContactPage,
    total: Counted,
    labels: list[LabelCount],
    *,
    label: str = "",
    typed: str = "",
    fault: str = "",
) -> Response[str]:
    chosen, contacts = f"of={label_mark(request, label)}&" if label else "", shown.contacts
    newer = f"{CONTACTS}?{chosen}before={contacts[0].contact_id.hex()}" if contacts else None
    older = f"{CONTACTS}?{chosen}after={contacts[-1].contact_id.hex()}" if contacts else None
    return page(
        request,
        "contacts.html",
        status=400 if fault else 200,
        contacts=[shown_contact(each) for each in contacts],
        total=total,
        labels=[(each.label, each.contacts, label_mark(request, each.label)) for each in labels],
        label=label,
        pager={
            "previous_href": newer if shown.has_newer else None,
            "next_href": older if shown.has_older else None,
        },
        typed=typed,
        fault=fault or None,
    )


PAGES: Final = (
    show_contacts,
    find_contacts,
    export_contacts,
    show_new_contact,
    add_contact,
    show_contact,
    change_contact,
    delete_contact,
    delete_label,
)
