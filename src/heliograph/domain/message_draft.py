"""A batch while somebody writes it: what stands in the fields of a form, and the request that it makes."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from heliograph.domain.batch import RawBatch
from heliograph.domain.label_recipients import PREFIX
from heliograph.domain.local_times import LocalMoment, SkippedTime, local_moment
from heliograph.domain.recipient_file import RecipientTable, table_recipients
from heliograph.domain.refusals import Refusal
from heliograph.domain.written_numbers import LineFault, read_written, written_labels

MAX_WINDOWS: Final = 100
_PLACEHOLDER: Final = re.compile(r"\{([^{}\n]{1,100})\}")
_FIELDS: Final = {
    "datacoding": "coding",
    "type": "flash",
    "deliveryReportUrl": "report_url",
    "recipients": "pasted",
    "deliveryWindows": "windows",
}


class WindowEntry(msgspec.Struct, frozen=True):
    """A delivery window as it is typed, in local times. ``second``: the later one of what comes twice."""

    opens: str = ""
    closes: str = ""
    opens_second: bool = False
    closes_second: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing is typed."""
        return not self.opens and not self.closes


class FileSummary(msgspec.Struct, frozen=True):
    """What is remembered of a file beside its rows."""

    name: str
    columns: list[str]
    row_count: int
    detected: int | None
    """The column that seems to hold the numbers."""
    first_row: list[str]


class MessageDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the form. ``send_key`` is another one for every change: it makes sending happen once."""

    sender: str = ""
    body: str = ""
    coding: str = "auto"
    flash: bool = False
    pasted: str = ""
    labels: list[str] = []
    file: FileSummary | None = None
    number_column: int | None = None
    """The column that was chosen for the numbers; None: the one that was detected."""
    skip_faulty: bool = False
    """Send to the others where some lines hold no usable number."""
    windows: list[WindowEntry] = []
    zone: str = "UTC"
    """The time zone that was shown while the windows were typed."""
    hours: tuple[str, str] = ("09:00", "17:00")
    """Of the days that are chosen in the calendar; empty ones for the whole day."""
    months: int = 2
    """How many the calendar shows."""
    priority: str = "1"
    reference: str = ""
    tags: str = ""
    report_url: str = ""
    send_key: str = ""

    @property
    def numbers_in(self) -> int | None:
        """The column of the file that holds the numbers; None while nobody knows."""
        if self.file is None:
            return None
        return self.file.detected if self.number_column is None else self.number_column

    @property
    def value_columns(self) -> list[str]:
        """The columns that the text may name."""
        if self.file is None:
            return []
        return [name for place, name in enumerate(self.file.columns) if place != self.numbers_in]

    @property
    def used_columns(self) -> list[str]:
        """The columns that the text does name."""
        return [name for name in self.value_columns if f"{{{name}}}" in self.body]

    @property
    def sample(self) -> dict[str, str]:
        """The values of the file's first row."""
        if self.file is None:
            return {}
        cells = dict(zip(self.file.columns, self.file.first_row, strict=False))
        return {name: cells.get(name, "") for name in self.value_columns}

    @property
    def placeholders(self) -> list[str]:
        """What stands in braces."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(self.body)))

    @property
    def named_labels(self) -> list[str]:
        """The labels that are chosen, or named among the numbers."""
        return list(dict.fromkeys([*self.labels, *written_labels(self.pasted)]))

    @property
    def unknown_placeholders(self) -> list[str]:
        """What stands in braces without being a column. A label's contacts may have such a property."""
        if self.labels or "label:" in self.pasted.lower():
            return []
        known = set(self.value_columns)
        return [name for name in self.placeholders if name not in known]


class DraftFault(msgspec.Struct, frozen=True):
    """What keeps a draft from being sent: a field of the form, a stable code, a sentence in English."""

    field: str
    code: str
    sentence: str = ""
    values: Mapping[str, str] = {}


class CompiledDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The request that a draft makes, and what is to be said of it."""

    raw: RawBatch
    faults: list[DraftFault]
    pasted_faults: list[LineFault]
    file_faults: list[LineFault]
    left_out: int
    """Lines without a usable number."""
    repeated: int
    empty_values: Mapping[str, int]
    """How many recipients of the file have no value in a column that the text names."""
    window_rows: Sequence[int]
    """The row of the form where each window stands."""
    twice: Sequence[tuple[str, datetime]]
    """The fields with a time that comes twice, and the moment that was taken."""


class CompiledWindows(msgspec.Struct, frozen=True):
    """The delivery windows of a draft."""

    windows: list[dict[str, str]]
    rows: list[int]
    faults: list[DraftFault]
    twice: list[tuple[str, datetime]]


def compile_draft(
    draft: MessageDraft, table: RecipientTable | None, zone: ZoneInfo, country: str = ""
) -> CompiledDraft:
    """The request of a draft; its faults are those that only the form can have.

    ``country``, by its two letters, is where numbers belong that begin with a single 0.
    """
    faults: list[DraftFault] = []
    written = read_written(draft.pasted, country)
    values: dict[str, dict[str, str]] = {}
    file_faults: list[LineFault] = []
    file_fault_count = repeated = 0
    if table is not None and draft.numbers_in is None:
        faults.append(DraftFault("number_column", "unknown"))
    elif table is not None and draft.numbers_in is not None:
        found = table_recipients(table, draft.numbers_in, draft.used_columns, country)
        values, file_faults = found.values, found.faults
        file_fault_count, repeated = found.fault_count, found.repeated
    if not draft.skip_faulty:
        if written.fault_count:
            faults.append(DraftFault("pasted", "lines", values={"count": str(written.fault_count)}))
        if file_fault_count:
            faults.append(DraftFault("file", "lines", values={"count": str(file_fault_count)}))
    windows = _compile_windows(draft.windows, zone)
    faults += windows.faults
    labels = list(dict.fromkeys([*draft.labels, *written.labels]))
    empty = {
        name: count
        for name in draft.used_columns
        if (count := sum(1 for own in values.values() if not own[name].strip()))
    }
    return CompiledDraft(
        raw=_raw_batch(draft, _recipients(draft, written.numbers, values, labels), windows.windows),
        faults=faults,
        pasted_faults=written.faults,
        file_faults=file_faults,
        left_out=written.fault_count + file_fault_count,
        repeated=written.repeated + repeated + sum(1 for number in written.numbers if number in values),
        empty_values=empty,
        window_rows=windows.rows,
        twice=windows.twice,
    )


def _recipients(
    draft: MessageDraft, numbers: Sequence[str], values: dict[str, dict[str, str]], labels: Sequence[str]
) -> object:
    """The recipients in the form that their values need; a row of the file goes before a pasted number."""
    named = [PREFIX + label for label in labels]
    if not draft.used_columns and not (labels and "{" in draft.body):
        return list(dict.fromkeys([*values, *numbers, *named]))
    members: dict[str, dict[str, str]] = dict(values)
    for each in (*numbers, *named):
        members.setdefault(each, {})
    return members


def _raw_batch(draft: MessageDraft, recipients: object, windows: list[dict[str, str]]) -> RawBatch:
    return RawBatch(
        sender=draft.sender,
        recipients=recipients,
        body=draft.body,
        type="flash" if draft.flash else "sms",
        datacoding=draft.coding,
        priority=draft.priority,
        delivery_windows=windows or None,
        delivery_report_url=draft.report_url or None,
        reference=draft.reference or None,
        tags=[tag.strip() for tag in draft.tags.split(",") if tag.strip()] or None,
    )


def _compile_windows(entries: Sequence[WindowEntry], zone: ZoneInfo) -> CompiledWindows:
    windows: list[dict[str, str]] = []
    rows: list[int] = []
    faults: list[DraftFault] = []
    twice: list[tuple[str, datetime]] = []
    for row, entry in enumerate(entries):
        if entry.is_blank:
            continue
        ends: dict[str, str] = {}
        for name, text, second in (
            ("opens", entry.opens, entry.opens_second),
            ("closes", entry.closes, entry.closes_second),
        ):
            if not text:
                continue
            found = local_moment(text, zone, second=second)
            if isinstance(found, LocalMoment):
                ends[name] = found.moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                if found.comes_twice:
                    twice.append((f"{name}-{row}", found.moment))
            else:
                faults.append(_time_fault(f"{name}-{row}", text, found))
        windows.append(ends)
        rows.append(row)
    return CompiledWindows(windows, rows, faults, twice)


def _time_fault(field: str, text: str, found: SkippedTime | None) -> DraftFault:
    if found is None:
        return DraftFault(field, "not_a_time")
    values = {"time": text[11:16], "instead": found.instead.strftime("%H:%M")}
    return DraftFault(field, "skipped", values=values)


def form_faults(faults: Sequence[Refusal], window_rows: Sequence[int]) -> list[DraftFault]:
    """The faults of a request, each at the field of the form that it is about."""
    return [DraftFault(_form_field(fault.field, window_rows), fault.code, fault.sentence) for fault in faults]


def _form_field(path: str, window_rows: Sequence[int]) -> str:
    window = re.match(r"deliveryWindows\[(\d+)\](?:\.(opens|closes))?", path)
    if window:
        return f"{window[2] or 'opens'}-{window_rows[int(window[1])]}"
    name = re.split(r"[.\[]", path, maxsplit=1)[0]
    return _FIELDS.get(name, name)
