"""Compose: write a batch. What is typed is kept between the steps, files included."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import Response

from heliograph.domain.contact import PHONE
from heliograph.domain.gsm7 import suggest
from heliograph.domain.message_draft import (
    CompiledDraft,
    DraftFault,
    FileSummary,
    MessageDraft,
    WindowEntry,
)
from heliograph.domain.portal_rights import Right
from heliograph.domain.recipient_file import FileFlaw, RecipientTable, read_table
from heliograph.domain.window_calendar import MOST_MONTHS, calendar
from heliograph.faces.portal.calendar_words import WEEKDAYS, day_text, month_text
from heliograph.faces.portal.compose_forms import (
    FLAWS,
    fault_texts,
    read_form,
    text_values,
    window_rows,
)
from heliograph.faces.portal.kept_drafts import OpenDraft, find_open, keep_draft, open_draft
from heliograph.faces.portal.me_pages import zone_options
from heliograph.faces.portal.number_fields import country_of
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for, zone_name_of
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.text_formats import zone_of
from heliograph.storage.contact_browsing import (
    LabelCount,
    count_label_up_to,
    count_labels_up_to,
    list_oldest_of_labels,
)
from heliograph.storage.database import Transaction

COMPOSE: Final = "/portal/compose"
_MOST_LABELS: Final = 60
_LOOKED_AT: Final = 20
"""Contacts of labels whose properties are offered as values."""
_ANCHORS: Final = {
    **dict.fromkeys(("window", "days", "months", "no_windows", "zone"), "#windows"),
    "replace": "#message",
}
_NEXT: Final = {"review": f"{COMPOSE}/%s/review", "sender": "/portal/senders?for=compose:%s"}
"""The pages that steps lead to; all others lead back to the form."""


@show(COMPOSE, right=Right.SEND)
async def show_compose(request: PortalRequest) -> Response[str]:
    """An empty form."""
    return await composed(request, OpenDraft(MessageDraft(zone=zone_name_of(request))))


@show(f"{COMPOSE}/{{name:str}}", right=Right.SEND)
async def show_draft(request: PortalRequest, name: str) -> Response[str]:
    """The form with what was typed before."""
    return await composed(request, await open_draft(request, name))


@act(COMPOSE, right=Right.SEND, files=True)
async def keep_fields(request: PortalRequest) -> Response[str] | Response[None]:
    """Keep what is typed; then take a file in, add a window, replace characters, or go on to the review."""
    form = await form_of(request)
    step = form.text("step")
    before = await find_open(request, form.text("draft"))
    draft = read_form(form, before.draft if before else None, zone_name_of(request))
    faults: list[DraftFault] = []
    if before is None and form.flag("has_file"):
        faults.append(DraftFault("file", "gone"))
    read = await _read_file(form, country_of(request))
    table: RecipientTable | None = None
    if isinstance(read, FileFlaw):
        faults = [DraftFault("file", read.value)]
    elif read is not None:
        summary, table = read
        draft = msgspec.structs.replace(draft, file=summary, number_column=None)
    if step == "remove_file":
        draft = msgspec.structs.replace(draft, file=None, number_column=None)
    elif step == "replace":
        draft = msgspec.structs.replace(draft, body=suggest(draft.body))
    elif step == "no_windows":
        draft = msgspec.structs.replace(draft, windows=[])
    elif step == "window":
        draft = msgspec.structs.replace(draft, windows=[*draft.windows, WindowEntry()])
    opened = await keep_draft(request, before, draft, table)
    if faults:
        return await composed(request, opened, faults)
    return see(_NEXT.get(step, f"{COMPOSE}/%s{_ANCHORS.get(step, '#recipients')}") % opened.name)


@act(f"{COMPOSE}/text", right=Right.SEND, files=True)
async def count_text(request: PortalRequest) -> Response[str]:
    """The counter and the telephone beside the form, while somebody types."""
    form = await form_of(request)
    before = await find_open(request, form.text("draft"))
    draft = read_form(form, before.draft if before else None, zone_name_of(request))
    contacts = await _some_contacts(request, draft)
    return page(request, "compose_text.html", is_part=True, **text_values(draft, contacts))


async def composed(
    request: PortalRequest,
    opened: OpenDraft,
    faults: Sequence[DraftFault] = (),
    compiled: CompiledDraft | None = None,
) -> Response[str]:
    """The form, with every fault beside its field."""
    context, me, translate = context_of(request), me_of(request), translate_for(request)
    account = await context.accounts.account(me.account_id)
    assert account is not None
    account = await context.accounts.with_newest_senders(account)
    async with context.database.reader(me.account_id) as tx:
        labels = await _offered_labels(tx, me.account_id, opened.draft)
    draft, senders = opened.draft, sorted(account.senders, key=str.casefold)
    shown = {"pasted": compiled.pasted_faults, "file": compiled.file_faults} if compiled else {}
    return page(
        request,
        "compose.html",
        status=400 if faults else 200,
        opened=opened,
        draft=draft,
        senders=senders,
        sender_options=[(each, each) for each in dict.fromkeys([*filter(None, [draft.sender]), *senders])],
        column_options=list(enumerate(draft.file.columns)) if draft.file else [],
        chosen_sender=draft.sender or (senders[0] if senders else ""),
        labels=labels,
        windows=window_rows(draft, translate),
        zones=zones_with(draft.zone),
        months=calendar(context.now().astimezone(zone_of(draft.zone)).date(), draft.windows, draft.months),
        has_later_months=draft.months < MOST_MONTHS,
        weekdays=[translate(name) for name in WEEKDAYS],
        hours=draft.hours,
        day_text=lambda day: day_text(day, translate),
        month_text=lambda first: month_text(first, translate),
        faults=fault_texts(faults, translate),
        line_faults={
            field: [(fault.line, fault.shown, translate(FLAWS[fault.flaw])) for fault in found]
            for field, found in shown.items()
        },
        is_part=False,
        **text_values(draft, await _some_contacts(request, draft)),
    )


async def _offered_labels(tx: Transaction, account_id: int, draft: MessageDraft) -> list[LabelCount]:
    """Those that the draft names already, and the account's first others."""
    first = await count_labels_up_to(tx, account_id, limit=_MOST_LABELS)
    known = {each.label: each for each in first}
    named = [
        known[label] if label in known else LabelCount(label, await count_label_up_to(tx, account_id, label))
        for label in draft.labels
    ]
    return [*named, *(each for each in first if each.label not in draft.labels)]


async def _some_contacts(request: PortalRequest, draft: MessageDraft) -> list[dict[str, str]]:
    """The properties of some contacts behind the labels of a draft: what its text may name."""
    labels, account_id = draft.named_labels, me_of(request).account_id
    if not labels or draft.file is not None:
        return []
    async with context_of(request).database.reader(account_id) as tx:
        found = await list_oldest_of_labels(tx, account_id, labels, limit=_LOOKED_AT)
    return [
        {name: text for name, text in properties.items() if name != PHONE}
        for properties in (msgspec.json.decode(each.properties, type=dict[str, str]) for each in found)
        if PHONE in properties
    ]


def zones_with(name: str) -> list[tuple[str, str]]:
    """Every zone that may be chosen; the one that is chosen though it is called by no place, too."""
    known = zone_options()
    return [*([] if name in dict(known) else [(name, name)]), *known]


async def _read_file(form: Form, country: str) -> tuple[FileSummary, RecipientTable] | FileFlaw | None:
    """The file that was chosen just now."""
    upload = form.file("file")
    if upload is None:
        return None
    table = await asyncio.to_thread(read_table, await upload.read(), country)
    if isinstance(table, FileFlaw):
        return table
    name = upload.filename.replace("\\", "/").rpartition("/")[2][:200]
    return FileSummary(name, table.columns, len(table.rows), table.number_column, table.rows[0]), table


PAGES: Final = (show_compose, show_draft, keep_fields, count_text)
