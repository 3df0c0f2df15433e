"""A draft of a batch: the request that it makes, and its faults at the fields of the form."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batch import BatchDraft, check_batch
from heliograph.domain.message_draft import (
    CompiledDraft,
    FileSummary,
    MessageDraft,
    WindowEntry,
    compile_draft,
    form_faults,
)
from heliograph.domain.recipient_file import RecipientTable
from heliograph.domain.refusals import Refusal

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TABLE = RecipientTable(
    ["name", "phone", "city"],
    [["Anna", "46701740605", "Lund"], ["Bo", "46701740606", ""], ["Cleo", "0701", "Umeå"]],
    [2, 3, 4],
    1,
)
FILE = FileSummary("people.csv", TABLE.columns, 3, 1, TABLE.rows[0])
FILED = MessageDraft(sender="iP1", body="Hi {name} in {city}", file=FILE, skip_faulty=True)
TEXTS = st.text(max_size=30)


def compiled(draft: MessageDraft, table: RecipientTable | None = None) -> CompiledDraft:
    return compile_draft(draft, table, STOCKHOLM)


def faults_of(found: CompiledDraft) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in found.faults]


def test_only_the_columns_that_the_text_names_are_sent_along() -> None:
    found = compiled(msgspec.structs.replace(FILED, body="Hi {name}"), TABLE)
    assert found.raw.recipients == {"46701740605": {"name": "Anna"}, "46701740606": {"name": "Bo"}}
    assert compiled(msgspec.structs.replace(FILED, body="Hi"), TABLE).raw.recipients == [
        "46701740605",
        "46701740606",
    ]


def test_rows_go_before_pasted_numbers_and_labels_come_last() -> None:
    draft = msgspec.structs.replace(
        FILED, pasted="46701740606, 46701740607, label:VIP", labels=["Gold", "VIP"]
    )
    found = compiled(draft, TABLE)
    assert found.raw.recipients == {
        "46701740605": {"name": "Anna", "city": "Lund"},
        "46701740606": {"name": "Bo", "city": ""},
        "46701740607": {},
        "label:Gold": {},
        "label:VIP": {},
    }
    assert (found.repeated, found.left_out, dict(found.empty_values)) == (1, 1, {"city": 1})


def test_labels_bring_properties_where_the_text_has_braces() -> None:
    assert compiled(MessageDraft(body="Hi", labels=["VIP"])).raw.recipients == ["label:VIP"]
    assert compiled(MessageDraft(body="Hi {name}", labels=["VIP"])).raw.recipients == {"label:VIP": {}}


def test_lines_without_a_number_are_faults_until_they_are_left_out() -> None:
    draft = msgspec.structs.replace(FILED, pasted="0701", skip_faulty=False)
    assert faults_of(compiled(draft, TABLE)) == [("pasted", "lines"), ("file", "lines")]
    assert faults_of(compiled(msgspec.structs.replace(draft, skip_faulty=True), TABLE)) == []


def test_the_chosen_column_goes_before_the_detected_one() -> None:
    unknown = msgspec.structs.replace(FILE, detected=None)
    draft = msgspec.structs.replace(FILED, file=unknown)
    assert faults_of(compiled(draft, TABLE)) == [("number_column", "unknown")]
    chosen = msgspec.structs.replace(draft, number_column=1)
    assert faults_of(compiled(chosen, TABLE)) == []
    assert (chosen.value_columns, chosen.sample) == (["name", "city"], {"name": "Anna", "city": "Lund"})


def test_windows_are_local_times() -> None:
    draft = MessageDraft(
        windows=[
            WindowEntry(),
            WindowEntry("2027-01-31T09:00", "2027-01-31T17:00"),
            WindowEntry("2027-10-31T02:30", "2027-10-31T02:30", closes_second=True),
        ]
    )
    found = compiled(draft)
    assert found.raw.delivery_windows == [
        {"opens": "2027-01-31T08:00:00Z", "closes": "2027-01-31T16:00:00Z"},
        {"opens": "2027-10-31T00:30:00Z", "closes": "2027-10-31T01:30:00Z"},
    ]
    assert [field for field, _ in found.twice] == ["opens-2", "closes-2"]
    assert found.window_rows == [1, 2]


def test_a_time_that_is_skipped_says_what_comes_instead() -> None:
    found = compiled(MessageDraft(windows=[WindowEntry("2027-03-28T02:30", "soon")]))
    assert faults_of(found) == [("opens-0", "skipped"), ("closes-0", "not_a_time")]
    assert dict(found.faults[0].values) == {"time": "02:30", "instead": "03:30"}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("deliveryWindows[1].closes", "closes-3"),
        ("deliveryWindows[0]", "opens-2"),
        ("deliveryWindows", "windows"),
        ("recipients[7]", "pasted"),
        ("recipients.label:VIP", "pasted"),
        ("tags[2]", "tags"),
        ("deliveryReportUrl", "report_url"),
        ("datacoding", "coding"),
        ("body", "body"),
    ],
)
def test_faults_of_the_request_stand_at_fields_of_the_form(path: str, field: str) -> None:
    (fault,) = form_faults([Refusal(path, "wrong", "It is wrong.")], [2, 3])
    assert fault.field == field


def test_what_names_no_column_is_told_unless_contacts_may_have_it() -> None:
    draft = msgspec.structs.replace(FILED, body="{name} {Name} {odd}")
    assert draft.unknown_placeholders == ["Name", "odd"]
    assert msgspec.structs.replace(draft, labels=["VIP"]).unknown_placeholders == []


@given(TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_any_draft_makes_a_request_or_faults(
    body: str, pasted: str, tags: str, labels: list[str], reference: str
) -> None:
    draft = MessageDraft(
        sender="iP1", body=body, pasted=pasted, tags=tags, labels=labels, reference=reference
    )
    found = compiled(draft)
    assert isinstance(check_batch(found.raw, NOW), (BatchDraft, list))


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), st.text(max_size=60))
def test_sending_only_used_columns_changes_no_text(rows: list[tuple[str, str]], body: str) -> None:
    columns = ["phone", "a", "b"]
    table = RecipientTable(
        columns,
        [[str(46_701_740_600 + place), *row] for place, row in enumerate(rows)],
        list(range(len(rows))),
        0,
    )
    body = body.replace("x", "{a}").replace("y", "{b}")
    draft = MessageDraft(sender="iP1", body=body, file=FileSummary("f", columns, len(rows), 0, table.rows[0]))
    recipients = compiled(draft, table).raw.recipients
    if isinstance(recipients, dict):
        assert all(set(own) == set(draft.used_columns) for own in recipients.values())
    else:
        assert "{a}" not in body
        assert "{b}" not in body
