"""/v2/contacts and /v2/labels: whom an account writes to, and the names by which many are written to."""

import asyncio
from typing import Final

from litestar import Response, delete, get, patch, post, put

from heliograph.domain.contact import ContactDraft, check_contact, label_fault
from heliograph.domain.ids import parse_id
from heliograph.domain.refusals import InvalidRequest, NotFound, Refusal
from heliograph.faces.api.api_context import (
    ApiRequest,
    account_of,
    caller_of,
    context_of,
    identifier,
    json_answer,
    links,
)
from heliograph.faces.api.contact_documents import (
    ContactSummary,
    ImportedContacts,
    LabelDocument,
    contact_document,
    new_contact,
    usage,
)
from heliograph.faces.api.contact_queries import contact_filter, has_flag
from heliograph.faces.api.idempotent_posts import answered_once
from heliograph.faces.api.json_faults import JsonValue
from heliograph.faces.api.json_requests import json_body
from heliograph.faces.api.paging import parse_page
from heliograph.services.contact_book import MOST_FAULTS, UNKNOWN_CONTACT, UNKNOWN_LABEL
from heliograph.storage.accounts import Account
from heliograph.storage.blacklist import find_blacklisted
from heliograph.storage.contact_reading import (
    ContactFilter,
    count_contacts,
    count_labels,
    find_contact,
    list_contacts,
    summarize_properties,
)
from heliograph.storage.database import Transaction

CONTACTS_PATH: Final = "/v2/contacts"
CONTACT_PATH: Final = f"{CONTACTS_PATH}/{{contact_id:str}}"
LABEL_PATH: Final = "/v2/labels/{label:str}"
MOST_AT_ONCE: Final = 10_000
MOST_IN_SYNC: Final = 1_000
NOT_CONTACTS: Final = "The body must be an array of contacts."
NOT_IDS: Final = "The body must be an array of ids of contacts."
NO_FILTER: Final = "Name which contacts to delete: labels, properties[...] or metadata[...]."
_STEP: Final = 50


@get(CONTACTS_PATH)
async def read_contacts(request: ApiRequest) -> Response[bytes]:
    """A page of the account's contacts that fit the filters."""
    account = await account_of(request)
    page = parse_page(request.scope["query_string"])
    wanted, meta = contact_filter(page), has_flag(page, "meta")
    async with context_of(request).database.reader(account.account_id) as tx:
        total = await count_contacts(tx, account.account_id, wanted)
        contacts = await list_contacts(
            tx,
            account.account_id,
            wanted,
            start=page.start,
            limit=page.limit,
            newest_first=page.newest_first,
        )
    documents = [contact_document(contact, account, meta=meta) for contact in contacts]
    return json_answer(documents, headers=links(request, page, total))


@get(f"{CONTACTS_PATH}/meta")
async def summarize_contacts(request: ApiRequest) -> Response[bytes]:
    """The account's contacts in numbers."""
    account_id = (await account_of(request)).account_id
    async with context_of(request).database.reader(account_id) as tx:
        total = await count_contacts(tx, account_id, ContactFilter())
        labels = await count_labels(tx, account_id)
        properties = await summarize_properties(tx, account_id)
    return json_answer(
        ContactSummary(total, [LabelDocument(*each) for each in labels], [usage(each) for each in properties])
    )


@get(CONTACT_PATH)
async def read_contact(request: ApiRequest, contact_id: str) -> Response[bytes]:
    """One contact."""
    account = await account_of(request)
    meta = has_flag(parse_page(request.scope["query_string"]), "meta")
    wanted = identifier(contact_id, UNKNOWN_CONTACT)
    async with context_of(request).database.reader(account.account_id) as tx:
        contact = await find_contact(tx, account.account_id, wanted)
    if contact is None:
        raise NotFound(UNKNOWN_CONTACT)
    return json_answer(contact_document(contact, account, meta=meta))


@post(CONTACTS_PATH, status_code=202)
async def add_contacts(request: ApiRequest) -> Response[bytes]:
    """Add contacts, all or none; they are stored before the answer, with ``sync`` it shows them."""
    context, account = context_of(request), await account_of(request)
    page = parse_page(request.scope["query_string"])
    in_sync, meta = has_flag(page, "sync"), has_flag(page, "meta")
    body = await json_body(request)
    drafts = await _checked_contacts(body.value, MOST_IN_SYNC if in_sync else MOST_AT_ONCE)

    async def write(tx: Transaction) -> Response[bytes]:
        ids = await context.contact_book.add(tx, account.account_id, drafts)
        if not in_sync:
            return json_answer(ImportedContacts(len(ids)), status=202)
        numbers = [draft.msisdn for draft in drafts if draft.msisdn]
        blocked = await find_blacklisted(context.database, account.account_id, numbers) if meta else ()
        contacts = [
            new_contact(contact_id, draft, is_blocked=draft.msisdn in blocked)
            for contact_id, draft in zip(ids, drafts, strict=True)
        ]
        return json_answer([contact_document(contact, account, meta=meta) for contact in contacts])

    return await answered_once(request, account.account_id, body.raw, write)


async def _checked_contacts(value: JsonValue, most: int) -> list[ContactDraft]:
    """The contacts of a body. Raises InvalidRequest with their faults, at most ``MOST_FAULTS`` of them."""
    if not isinstance(value, list):
        raise InvalidRequest([Refusal("body", "not_array", NOT_CONTACTS)], NOT_CONTACTS)
    if not value:
        raise InvalidRequest([Refusal("body", "empty", "At least one contact is needed.")])
    if len(value) > most:
        sentence = f"At most {most} contacts are allowed in one such call, not {len(value)}."
        raise InvalidRequest([Refusal("body", "too_many", sentence)], sentence)
    faults: list[Refusal] = []
    drafts: list[ContactDraft] = []
    for index, each in enumerate(value):
        if draft := check_contact(each, f"[{index}]", faults):
            drafts.append(draft)
        if len(faults) >= MOST_FAULTS:
            break
        if index % _STEP == _STEP - 1:
            await asyncio.sleep(0)  # judging a phone number takes a tenth of a millisecond: others first
    if faults:
        raise InvalidRequest(faults[:MOST_FAULTS])
    return drafts


async def _reader_of(request: ApiRequest) -> Account:
    """The account that asks, with a key that may also read what the answer shows. Raises Forbidden."""
    caller = await caller_of(request)
    caller.check_may_read(what="the contacts in the answer")
    return caller.account


@put(CONTACT_PATH)
async def replace_contact(request: ApiRequest, contact_id: str) -> Response[bytes]:
    """Replace everything of a contact."""
    context, account = context_of(request), await account_of(request)
    meta = has_flag(parse_page(request.scope["query_string"]), "meta")
    wanted = identifier(contact_id, UNKNOWN_CONTACT)
    faults: list[Refusal] = []
    draft = check_contact((await json_body(request)).members(), "", faults)
    if draft is None:
        raise InvalidRequest(faults)
    async with context.database.transaction() as tx:
        contact = await context.contact_book.replace(tx, account.account_id, wanted, draft)
    return json_answer(contact_document(contact, account, meta=meta))


@patch(CONTACT_PATH)
async def change_contact(request: ApiRequest, contact_id: str) -> Response[bytes]:
    """Change what is named of a contact; what is null is removed."""
    context, account = context_of(request), await _reader_of(request)
    meta = has_flag(parse_page(request.scope["query_string"]), "meta")
    wanted = identifier(contact_id, UNKNOWN_CONTACT)
    change = (await json_body(request)).members()
    async with context.database.transaction() as tx:
        contact = await context.contact_book.change(tx, account.account_id, wanted, change)
    return json_answer(contact_document(contact, account, meta=meta))


@delete(CONTACT_PATH, status_code=200)
async def delete_contact(request: ApiRequest, contact_id: str) -> Response[bytes]:
    """Delete a contact; the answer is what it was."""
    context, account = context_of(request), await _reader_of(request)
    wanted = identifier(contact_id, UNKNOWN_CONTACT)
    async with context.database.transaction() as tx:
        contact = await context.contact_book.delete(tx, account.account_id, wanted)
    return json_answer(contact_document(contact, account, meta=False))


@delete(CONTACTS_PATH, status_code=200)
async def delete_contacts(request: ApiRequest) -> Response[bytes]:
    """Delete the contacts that fit the filters; the answer is what they were."""
    context, account = context_of(request), await _reader_of(request)
    page = parse_page(request.scope["query_string"])
    wanted, meta = contact_filter(page), has_flag(page, "meta")
    if wanted.names_nothing:
        raise InvalidRequest([Refusal("labels", "required", NO_FILTER)], NO_FILTER)
    async with context.database.transaction() as tx:
        contacts = await context.contact_book.delete_all(tx, account.account_id, wanted)
    return json_answer([contact_document(contact, account, meta=meta) for contact in contacts])


@post(f"{LABEL_PATH}/contacts", status_code=200)
async def add_label(request: ApiRequest, label: str) -> Response[bytes]:
    """Put a label on contacts, on all that are named or on none."""
    context, account = context_of(request), await account_of(request)
    body = await json_body(request)
    if fault := label_fault(label, "label"):
        raise InvalidRequest([fault])
    if not isinstance(body.value, list) or not body.value:
        raise InvalidRequest([Refusal("body", "not_array", NOT_IDS)], NOT_IDS)
    if len(body.value) > MOST_AT_ONCE:
        sentence = f"At most {MOST_AT_ONCE} ids are allowed in one call, not {len(body.value)}."
        raise InvalidRequest([Refusal("body", "too_many", sentence)], sentence)
    ids = [parse_id(each) if isinstance(each, str) else None for each in body.value]

    async def write(tx: Transaction) -> Response[bytes]:
        count = await context.contact_book.label(tx, account.account_id, label, ids)
        return json_answer(LabelDocument(label, count))

    return await answered_once(request, account.account_id, body.raw, write)


@delete(LABEL_PATH, status_code=200)
async def delete_label(request: ApiRequest, label: str) -> Response[bytes]:
    """Take a label off every contact; the answer says how many had it."""
    context, account = context_of(request), await account_of(request)
    if label_fault(label, "label"):
        raise NotFound(UNKNOWN_LABEL)
    async with context.database.transaction() as tx:
        count, _ = await context.contact_book.delete_label(tx, account.account_id, label)
    return json_answer(LabelDocument(label, count))
