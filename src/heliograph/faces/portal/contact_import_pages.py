"""Contacts from a file: choose it, see what would come of it, import it."""

import asyncio
import base64
import zlib
from collections import Counter
from typing import Any, Final

import msgspec
from litestar import Response

from heliograph.domain.batch_recipients import MAX_KEYS
from heliograph.domain.contact import PHONE, ContactDraft, check_contact, label_column, label_fault, labels_in
from heliograph.domain.portal_rights import Right
from heliograph.domain.recipient_file import FileFlaw, RecipientTable, read_table
from heliograph.domain.refusals import Refusal
from heliograph.domain.written_numbers import NumberFlaw, read_number
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.compose_forms import FAULTS, FLAWS
from heliograph.faces.portal.number_fields import country_of
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import language_of, page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.text_formats import number_text
from heliograph.storage.contact_reading import find_contacts_of

IMPORT: Final = "/portal/contacts/import"
MAX_FILE_BYTES: Final = 8 * 1024 * 1024
MAX_IMPORTED: Final = 20_000
"""Rows that one import writes, in one transaction."""
SHOWN_FAULTS: Final = 50
_DIGITS: Final = 9
SHOWN_ROWS: Final = 5
SHOWN_LABELS: Final = 20


class Columns(msgspec.Struct, frozen=True):
    """What the columns of a table are; those not named here are properties."""

    number: int
    labels: int | None


class Judged(msgspec.Struct, frozen=True):
    """What would come of a table."""

    drafts: list[ContactDraft]
    faults: list[tuple[int, str]]
    """Lines that are left out, and why."""


@show(IMPORT, right=Right.SEND)
async def show_import(request: PortalRequest) -> Response[str]:
    """The form that asks for a file."""
    return _asking(request, {})


@act(IMPORT, right=Right.SEND, files=True)
async def preview_import(request: PortalRequest) -> Response[str]:
    """What would come of a file, with every line that would be left out."""
    form = await form_of(request)
    faults: dict[str, str] = {}
    labels = _labels(form.text("labels"), faults)
    file, content = form.file("file"), b""
    if file is None:
        faults["file"] = "Choose a file."
    else:
        content = await file.read()
        if len(content) > MAX_FILE_BYTES:
            faults["file"] = "The file has more than 8 MB."
    table = None if faults else await asyncio.to_thread(_table, content, faults, country_of(request))
    if table is None:
        return _asking(request, faults, form.text("labels"))
    number = table.number_column if table.number_column is not None else 0
    return await _preview(request, table, Columns(number, label_column(table.columns)), labels)


@act(f"{IMPORT}/run", right=Right.SEND, files=True)
async def run_import(request: PortalRequest) -> Response[str] | Response[None]:
    """Import what the preview showed; or show it anew with other columns for numbers and labels."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    translate = translate_for(request)
    table = await asyncio.to_thread(_unpacked, form.raw("table"))
    columns = None if table is None else _chosen_columns(form, table)
    labels = _labels(form.text("labels"), {})
    if table is None or columns is None:
        return _asking(request, {"file": "Choose the file again."}, form.text("labels"))
    if not form.flag("confirmed"):
        return await _preview(request, table, columns, labels)
    judged = await asyncio.to_thread(judge, table, columns, labels, country_of(request))
    if not judged.drafts:
        return await _preview(request, table, columns, labels)
    async with context.database.transaction() as tx:
        new = await context.contact_book.merge(tx, me.account_id, judged.drafts)
        known = len(judged.drafts) - new
        detail = {"contacts": len(judged.drafts), "known": known, "left_out": len(judged.faults)}
        await note_act(tx, request, "contacts.imported", "contacts", detail)
    if known:
        notice = translate("%(new)s contacts are new, %(known)s were there already.", new=new, known=known)
    elif new == 1:
        notice = translate("1 contact is imported.")
    else:
        count = number_text(new, language_of(request))
        notice = translate("%(count)s contacts are imported.", count=count)
    return see("/portal/contacts", notice)


def _chosen_columns(form: Form, table: RecipientTable) -> Columns | None:
    """The columns that a form names; None where the table has no such column for the numbers."""
    number, labels = (_place(form.text(name), table) for name in ("column", "label_column"))
    return None if number is None else Columns(number, None if labels == number else labels)


def _place(text: str, table: RecipientTable) -> int | None:
    is_one = text.isdecimal() and len(text) <= _DIGITS and int(text) < len(table.columns)
    return int(text) if is_one else None


def judge(table: RecipientTable, columns: Columns, labels: list[str], country: str) -> Judged:
    """The contacts that a table makes: their numbers, their labels beside those of all, their properties."""
    drafts: list[ContactDraft] = []
    faults: list[tuple[int, str]] = []
    seen: set[str] = set()
    for line, row in zip(table.lines, table.rows, strict=True):
        number = read_number(row[columns.number], country)
        properties = {
            name: cell
            for place, (name, cell) in enumerate(zip(table.columns, row, strict=True))
            if place not in (columns.number, columns.labels) and cell
        }
        if isinstance(number, NumberFlaw):
            faults.append((line, FLAWS[number]))
            continue
        refused: list[Refusal] = []
        own = [] if columns.labels is None else labels_in(row[columns.labels])
        contact = {"properties": {**properties, PHONE: f"+{number}"}, "labels": [*labels, *own]}
        draft = check_contact(contact, "", refused)
        if number in seen:
            faults.append((line, "stands in an earlier line"))
        elif draft is None:
            faults.append((line, refused[0].sentence))
        else:
            seen.add(number)
            drafts.append(draft)
    return Judged(drafts, faults)


def _table(content: bytes, faults: dict[str, str], country: str) -> RecipientTable | None:
    table = read_table(content, country)
    if isinstance(table, FileFlaw):
        faults["file"] = FAULTS["file", table.value]
        return None
    if len(table.rows) > MAX_IMPORTED:
        faults["file"] = (
            f"The file has {len(table.rows):,} rows; at most {MAX_IMPORTED:,} are imported at once."
        )
        return None
    return table


def _labels(text: str, faults: dict[str, str]) -> list[str]:
    labels = [each.strip() for each in text.split(",") if each.strip()]
    for label in labels:
        if fault := label_fault(label, "labels"):
            faults["labels"] = fault.sentence
    return labels


def _packed(table: RecipientTable) -> str:
    """The table as the page keeps it between the two steps; nothing of it is stored before it is imported."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(table))).decode()


def _unpacked(text: str) -> RecipientTable | None:
    try:
        packed = zlib.decompressobj()
        content = packed.decompress(base64.b64decode(text), 2 * MAX_FILE_BYTES)
        table = msgspec.json.decode(content, type=RecipientTable)
    except (ValueError, zlib.error):
        return None
    fits = all(len(row) == len(table.columns) for row in table.rows) and len(table.lines) == len(table.rows)
    fits = fits and 0 < len(table.columns) <= MAX_KEYS + 1
    return table if fits and len(table.rows) <= MAX_IMPORTED else None


def _asking(request: PortalRequest, faults: dict[str, str], labels: str = "") -> Response[str]:
    translate = translate_for(request)
    shown: dict[str, Any] = dict.fromkeys(("file", "labels"))
    shown |= {field: translate(sentence) for field, sentence in faults.items()}
    status = 400 if faults else 200
    return page(request, "contact_import.html", status=status, faults=shown, labels=labels)


async def _preview(
    request: PortalRequest, table: RecipientTable, columns: Columns, labels: list[str]
) -> Response[str]:
    account_id = me_of(request).account_id
    judged = await asyncio.to_thread(judge, table, columns, labels, country_of(request))
    numbers = [draft.msisdn for draft in judged.drafts if draft.msisdn]
    async with context_of(request).database.reader(account_id) as tx:
        known = await find_contacts_of(tx, account_id, numbers)
    given = Counter(label for draft in judged.drafts for label in draft.labels)
    return page(
        request,
        "contact_import_preview.html",
        table=table,
        packed=await asyncio.to_thread(_packed, table),
        columns=columns,
        labels=", ".join(labels),
        given_labels=given.most_common(SHOWN_LABELS),
        label_count=len(given),
        count=len(judged.drafts),
        known_count=len(known),
        faults=judged.faults[:SHOWN_FAULTS],
        fault_count=len(judged.faults),
        rows=[(row, _digits_of(row[columns.number], request)) for row in table.rows[:SHOWN_ROWS]],
    )


def _digits_of(cell: str, request: PortalRequest) -> str:
    """What a cell is read as; empty for no number."""
    number = read_number(cell, country_of(request))
    return "" if isinstance(number, NumberFlaw) else f"+{number}"


PAGES: Final = (show_import, preview_import, run_import)
