"""The form of a batch: from its fields to a draft and back, and every fault of it in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from heliograph.domain.batch_recipients import MAX_RECIPIENTS
from heliograph.domain.encoding import Coding
from heliograph.domain.local_times import LocalMoment, local_moment
from heliograph.domain.message_draft import MAX_WINDOWS, DraftFault, MessageDraft, WindowEntry
from heliograph.domain.template import compile_template
from heliograph.domain.text_facts import facts_of
from heliograph.domain.window_calendar import MONTHS_SHOWN, MOST_MONTHS, is_hour, with_days
from heliograph.domain.written_numbers import NumberFlaw
from heliograph.faces.portal.calendar_words import window_text
from heliograph.faces.portal.signed_in import Form
from heliograph.faces.portal.text_formats import zone_of
from heliograph.faces.portal.translations import Translate

FLAWS: Final[Mapping[NumberFlaw, str]] = {
    NumberFlaw.EMPTY: "there is no number",
    NumberFlaw.NATIONAL: "begins with 0: write the country code first, such as 46701234567",
    NumberFlaw.NOWHERE: "is too short or too long for a number of the country",
    NumberFlaw.SHORTENED: "was cut short by a spreadsheet: format the column as text and export it again",
    NumberFlaw.TOO_LONG: "has more than 15 digits",
    NumberFlaw.NOT_A_NUMBER: "is not a telephone number",
}
FAULTS: Final[Mapping[tuple[str, str], str]] = {
    ("pasted", "lines"): "Lines without a usable number: %(count)s. Mend them, or let them be left out.",
    ("file", "lines"): "Rows without a usable number: %(count)s. Mend the file, or let them be left out.",
    ("file", "gone"): "The file is not kept any more. Choose it again.",
    ("file", "spreadsheet"): "This is a spreadsheet or a document. Save it as CSV in your program first.",
    ("file", "unreadable"): "This file cannot be read as comma separated values.",
    ("file", "no_rows"): "The file has no rows.",
    ("file", "too_many"): "A file has at most 100,000 rows.",
    ("file", "too_many_columns"): "A file has at most 51 columns.",
    ("number_column", "unknown"): "No column seems to hold telephone numbers. Choose it.",
    ("opens", "not_a_time"): "Choose a day and a time.",
    (
        "opens",
        "skipped",
    ): "There is no %(time)s that day: clocks are put forward. Choose %(instead)s, for example.",
    ("opens", "overlap"): "This window overlaps another one.",
    ("opens", "past"): "Every window has closed already.",
    ("opens", "closes_first"): "A window must close after it opens.",
    ("windows", "past"): "Every window has closed already.",
    ("body", "required"): "Write a text.",
    ("body", "blank"): "Write a text.",
    ("body", "too_long"): "The text may have at most 2,000 characters.",
    (
        "body",
        "not_gsm",
    ): "The text has characters that the GSM alphabet lacks. Replace them, or choose another one.",
    ("pasted", "required"): "Name at least one recipient: paste numbers, choose a file, or choose a label.",
    ("pasted", "empty"): "Name at least one recipient: paste numbers, choose a file, or choose a label.",
    ("pasted", "too_many"): "A batch has at most 100,000 recipients.",
    ("pasted", "unknown_label"): "One of the labels has no contact with a telephone number.",
    ("reference", "too_long"): "A reference has at most 40 characters.",
    ("reference", "characters"): "A reference is a single line.",
    ("tags", "too_many"): "A batch has at most 50 tags.",
    ("tags", "too_long"): "A tag has at most 100 characters.",
    ("report_url", "not_a_url"): "Write a whole address that begins with https://.",
    ("report_url", "too_long"): "The address may have at most 2,048 characters.",
    ("sender", "required"): "Choose a sender.",
    ("sender", "empty"): "Choose a sender.",
    ("sender", "unregistered"): "This sender is not registered any more. Choose another one.",
    ("sender", "no_optional_sender"): "The account may not use this sender. Choose another one.",
}
"""What is said of faults by field and code; of any other one its own sentence."""

HOURS: Final = ("hours_open", "hours_close")
DAY: Final = ("09:00", "17:00")
MIDNIGHT: Final = "00:00"

assert MAX_RECIPIENTS == 100_000


def read_form(form: Form, before: MessageDraft | None, zone_name: str) -> MessageDraft:
    """What the fields hold. The file is the one that was chosen before."""
    column = form.text("number_column")
    file = before.file if before else None
    is_column = (
        file is not None and column.isdecimal() and len(column) < 10 and int(column) < len(file.columns)
    )
    coding = form.text("coding")
    return MessageDraft(
        sender=form.text("sender"),
        body=form.raw("body"),
        coding=coding if coding in Coding.__members__.values() else Coding.AUTO.value,
        flash=form.flag("flash"),
        pasted=form.raw("pasted"),
        labels=list(dict.fromkeys(form.texts("labels"))),
        file=file,
        number_column=int(column) if is_column else None,
        skip_faulty=form.flag("skip_faulty"),
        windows=_with_chosen_days(form, _read_windows(form)),
        zone=zone_of(form.text("zone") or zone_name).key,
        hours=(form.text("hours_open", DAY[0]), form.text("hours_close", DAY[1])),
        months=_months(form),
        priority="2" if form.text("priority") == "2" else "1",
        reference=form.text("reference"),
        tags=form.text("tags"),
        report_url=form.text("report_url"),
    )


def _months(form: Form) -> int:
    """How many months the calendar shows, more of them for whoever wants to see later ones."""
    text = form.text("months")
    months = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else MONTHS_SHOWN
    wanted = months + (MONTHS_SHOWN if form.text("step") == "months" else 0)
    return min(max(wanted, MONTHS_SHOWN), MOST_MONTHS)


def _read_windows(form: Form) -> list[WindowEntry]:
    """The rows of windows as far as they go; a blank one at the end is where the next one is typed."""
    rows, named = [], form.values()
    for row in range(MAX_WINDOWS):
        if f"opens-{row}" not in named:
            break
        rows.append(
            WindowEntry(
                opens=form.text(f"opens-{row}"),
                closes=form.text(f"closes-{row}"),
                opens_second=form.flag(f"opens-{row}-second"),
                closes_second=form.flag(f"closes-{row}-second"),
            )
        )
    return rows


def _with_chosen_days(form: Form, windows: list[WindowEntry]) -> list[WindowEntry]:
    """The windows with those of the days that are chosen in the calendar, whatever button was pressed."""
    days = form.texts("days")
    if not days:
        return windows
    opens, closes = (form.text(name) if is_hour(form.text(name)) else MIDNIGHT for name in HOURS)
    return with_days(windows, days, opens, closes)


class WindowRow(msgspec.Struct, frozen=True):
    """A window as the form shows it."""

    entry: WindowEntry
    words: str | None
    """When it is open; None while its times cannot be read."""
    opens_twice: bool
    closes_twice: bool


def window_rows(draft: MessageDraft, translate: Translate) -> list[WindowRow]:
    """The rows of windows, at least one."""
    zone = zone_of(draft.zone)
    return [
        WindowRow(
            entry,
            window_text(entry, zone, translate),
            _comes_twice(entry.opens, draft.zone),
            _comes_twice(entry.closes, draft.zone),
        )
        for entry in draft.windows or [WindowEntry()]
    ]


def _comes_twice(text: str, zone_name: str) -> bool:
    found = local_moment(text, zone_of(zone_name))
    return isinstance(found, LocalMoment) and found.comes_twice


def fault_text(fault: DraftFault, translate: Translate) -> str:
    """What is said beside a field."""
    kind = fault.field.partition("-")[0]
    english = FAULTS.get(("opens" if kind == "closes" else kind, fault.code))
    if english is None:
        return translate(fault.sentence) if fault.sentence else fault.code
    return translate(english, **fault.values) if fault.values else translate(english)


def fault_texts(faults: Sequence[DraftFault], translate: Translate) -> dict[str, str]:
    """The first fault of each field."""
    texts: dict[str, str] = {}
    for fault in faults:
        texts.setdefault(fault.field, fault_text(fault, translate))
    return texts


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Whose values the counter and the telephone show, and what the text may name."""

    of: str
    """``file``, ``contact``, or empty where nobody has values."""
    values: Mapping[str, str]
    names: list[str]
    unknown: list[str]
    """What the text has in braces that nobody has a value for."""
    is_used: bool


def sample_of(draft: MessageDraft, contacts: Sequence[Mapping[str, str]] = ()) -> Sample:
    """The first row of the file, else the first contact behind the labels. ``contacts``: some of them."""
    values: Mapping[str, str]
    if draft.file is not None:
        of, values, names = "file", draft.sample, draft.value_columns
        unknown = draft.unknown_placeholders
    else:
        of, values = ("contact", contacts[0]) if contacts else ("", {})
        names = list(dict.fromkeys(name for each in contacts for name in each))
        unknown = [name for name in draft.placeholders if name not in names]
    used = {name: text for name, text in values.items() if f"{{{name}}}" in draft.body}
    return Sample(of=of, values=used, names=names, unknown=unknown, is_used=bool(used))


def text_values(draft: MessageDraft, contacts: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
    """What the counter and the telephone beside the form show."""
    sample = sample_of(draft, contacts)
    values = sample.values
    text = compile_template(draft.body, values.keys()).render(values) if values else draft.body
    facts = facts_of(text[:10_000], Coding(draft.coding))
    return {"facts": facts, "sample": sample, "shown_sender": draft.sender}
