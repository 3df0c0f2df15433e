"""The fields of POST /v2/batches: what passes, and every sentence of refusal."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batch import BatchDraft, RawBatch, check_batch, raw_batch
from heliograph.domain.delivery_windows import DeliveryWindow
from heliograph.domain.encoding import Coding

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
GOOD: dict[str, object] = {"sender": "iP1", "recipients": ["46712345678"], "body": "A very nice message"}


def draft_of(**members: object) -> BatchDraft:
    draft = check_batch(raw_batch({**GOOD, **members}), NOW)
    assert isinstance(draft, BatchDraft), draft
    return draft


def faults_of(**members: object) -> list[tuple[str, str]]:
    faults = check_batch(raw_batch({**GOOD, **members}), NOW)
    assert isinstance(faults, list)
    return [(fault.field, fault.sentence) for fault in faults]


def test_the_three_required_fields_are_enough() -> None:
    assert draft_of() == BatchDraft(
        sender="iP1",
        body="A very nice message",
        coding=Coding.UCS,
        flash=False,
        priority=1,
        windows=(DeliveryWindow(NOW, NOW + timedelta(hours=72)),),
        delivery_report_url=None,
        reference=None,
        tags=(),
        recipients=["46712345678"],
        templated=False,
        own_values=[],
        default_values={},
        known_keys=frozenset(),
    )


def test_every_field_of_the_page() -> None:
    draft = draft_of(
        sender="46101606060",
        type="flash",
        datacoding="GSM",
        priority=2,
        deliveryWindows=[{"opens": "2025-11-20T17:00:19Z", "closes": "2025-11-26T17:00:19Z"}],
        deliveryReportUrl="https://ip1.net",
        reference="custom-id-123",
        tags=["marketing", "auth", "admin", "auth"],
        unknown="ignored",
    )
    assert (draft.flash, draft.coding, draft.priority) == (True, Coding.GSM, 2)
    assert draft.windows[0].opens == datetime(2025, 11, 20, 17, 0, 19, tzinfo=UTC)
    assert draft.delivery_report_url == "https://ip1.net"
    assert draft.reference == "custom-id-123"
    assert draft.tags == ("marketing", "auth", "admin")


def test_names_match_in_any_case_as_dotnet_clients_write_them() -> None:
    raw = raw_batch(
        {"Sender": "iP1", "RECIPIENTS": ["1"], "Body": "b", "DeliveryReportUrl": "https://a.example"}
    )
    assert raw == RawBatch(sender="iP1", recipients=["1"], body="b", delivery_report_url="https://a.example")


def test_json_decodes_straight_into_the_raw_form() -> None:
    body = b'{"sender":"iP1","deliveryWindows":[],"deliveryReportUrl":null,"x":1}'
    assert msgspec.json.decode(body, type=RawBatch) == RawBatch(sender="iP1", delivery_windows=[])


@pytest.mark.parametrize(
    "members",
    [
        {"type": None, "datacoding": None, "priority": None, "deliveryWindows": None, "tags": None},
        {"deliveryReportUrl": None, "reference": None, "deliveryWindows": [], "tags": []},
    ],
)
def test_explicit_nulls_and_empty_arrays_are_as_if_absent(members: dict[str, object]) -> None:
    assert draft_of(**members) == draft_of()


@pytest.mark.parametrize(
    ("value", "flash"),
    [("sms", False), ("SMS", False), (1, False), ("Flash", True), ("flash", True), (0, True)],
)
def test_type_is_a_word_in_any_case_or_an_integer(value: object, flash: bool) -> None:
    assert draft_of(type=value).flash is flash


@pytest.mark.parametrize(
    ("value", "coding"),
    [
        ("gsm", Coding.GSM),
        ("GSM", Coding.GSM),
        (0, Coding.GSM),
        ("ucs", Coding.UCS),
        ("Ucs", Coding.UCS),
        (2, Coding.UCS),
        ("auto", Coding.AUTO),
        ("AUTO", Coding.AUTO),
    ],
)
def test_datacoding_is_a_word_in_any_case_or_an_integer(value: object, coding: Coding) -> None:
    assert draft_of(datacoding=value).coding is coding


@pytest.mark.parametrize(("value", "priority"), [(1, 1), (2, 2), ("1", 1), ("2", 2)])
def test_priority_is_an_integer_or_its_digits(value: object, priority: int) -> None:
    assert draft_of(priority=value).priority == priority


TYPE, CODING = 'type must be "sms" or "flash".', 'datacoding must be "gsm", "ucs" or "auto".'
PRIORITY = "priority must be 1 (standard) or 2 (high)."
URL_SPACE = "deliveryReportUrl must not hold spaces or control characters."
URL_SCHEME = "deliveryReportUrl must begin with https:// or http://."
URL_USER = "deliveryReportUrl must not hold a user name or password."
URL_WRONG = "deliveryReportUrl is not a valid URL."


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("sender", None, "sender is required."),
        ("sender", "ab", "An alphanumeric sender has 3 to 11 characters; this one has 2."),
        ("body", None, "body is required."),
        ("body", 7, "body must be a string."),
        ("body", "", "body must not be empty or consist of white space only."),
        ("body", " \n\t\u00a0", "body must not be empty or consist of white space only."),
        ("body", "x" * 2001, "body has at most 2000 characters; this one has 2001."),
        ("body", "a\0b", "body must not hold the character U+0000."),
        ("body", "a\ud800", "body holds half of a surrogate pair at position 2."),
        ("type", "mms", TYPE),
        ("type", 2, TYPE),
        ("type", True, TYPE),
        ("type", 1.0, TYPE),
        ("datacoding", "latin", CODING),
        ("datacoding", 1, CODING),
        ("datacoding", False, CODING),
        ("datacoding", ["gsm"], CODING),
        ("priority", 3, PRIORITY),
        ("priority", 0, PRIORITY),
        ("priority", True, PRIORITY),
        ("priority", 1.5, PRIORITY),
        ("priority", "high", PRIORITY),
        ("deliveryReportUrl", 7, "deliveryReportUrl must be a string."),
        ("deliveryReportUrl", "", URL_SCHEME),
        ("deliveryReportUrl", "ftp://a.example", URL_SCHEME),
        ("deliveryReportUrl", "a.example/hook", URL_SCHEME),
        ("deliveryReportUrl", "javascript:alert(1)", URL_SCHEME),
        ("deliveryReportUrl", "https://a.example/a b", URL_SPACE),
        ("deliveryReportUrl", "https://a.example/\r\nHost: b", URL_SPACE),
        ("deliveryReportUrl", "https://user:secret@a.example", URL_USER),
        ("deliveryReportUrl", "https://", URL_WRONG),
        ("deliveryReportUrl", "https://:443/", URL_WRONG),
        ("deliveryReportUrl", "https://a.example:0/", URL_WRONG),
        ("deliveryReportUrl", "https://a.example:99999/", URL_WRONG),
        ("deliveryReportUrl", "https://a.example:x/", URL_WRONG),
        ("deliveryReportUrl", "https://[::1/", URL_WRONG),
        ("deliveryReportUrl", "https://a.example\\b", URL_WRONG),
        (
            "deliveryReportUrl",
            "https://a.example/" + "x" * 2031,
            "deliveryReportUrl has at most 2048 characters; this one has 2049.",
        ),
        ("reference", 7, "reference must be a string."),
        ("reference", "", "reference must not be empty or blank; leave it out instead."),
        ("reference", "  ", "reference must not be empty or blank; leave it out instead."),
        ("reference", "x" * 41, "reference has at most 40 characters; this one has 41."),
        ("reference", "a\r\nb", "reference must not hold control characters."),
        ("tags", "marketing", "tags must be an array of strings."),
        ("tags", ["x"] * 51, "At most 50 tags are allowed, not 51."),
        ("deliveryWindows", 7, "deliveryWindows must be an array of objects with opens and closes."),
    ],
)
def test_a_field_that_breaks_its_rule_is_told_so(name: str, value: object, sentence: str) -> None:
    assert faults_of(**{name: value}) == [(name, sentence)]


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        (7, "A tag must be a string."),
        (" ", "A tag must not be empty or blank."),
        ("x" * 101, "A tag has at most 100 characters; this one has 101."),
        ("a\nb", "A tag must not hold control characters."),
    ],
)
def test_a_bad_tag_is_named_by_its_index(tag: object, sentence: str) -> None:
    assert faults_of(tags=["good", tag]) == [("tags[1]", sentence)]


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/sms/deliveryreport",
        "http://[2001:db8::1]:8080/x?y=1#z",
        "HTTPS://å.example/å",
    ],
)
def test_a_report_url_is_kept_as_written(url: str) -> None:
    assert draft_of(deliveryReportUrl=url).delivery_report_url == url


def test_limits_are_reached_without_a_fault() -> None:
    draft_of(body="x" * 2000, reference="x" * 40, tags=[f"{n:0100}" for n in range(50)])


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "It’s here",
            "The character ’ (U+2019) at position 3 is not in the GSM alphabet:"
            ' write "\'" instead, or set datacoding to ucs or auto.',
        ),
        (
            "Hej 😀",
            "The character 😀 (U+1F600) at position 5 is not in the GSM alphabet:"
            " set datacoding to ucs or auto.",
        ),
        (
            "a\u200bb",
            "The character \\u200b (U+200B) at position 2 is not in the GSM alphabet:"
            " leave this invisible character out, or set datacoding to ucs or auto.",
        ),
    ],
)
def test_plain_gsm_text_names_the_character_that_does_not_fit(body: str, sentence: str) -> None:
    assert faults_of(body=body, datacoding="gsm") == [("body", sentence)]
    assert faults_of(body=body, datacoding="gsm", recipients={"46712345678": {}}) == [("body", sentence)]
    assert draft_of(body=body, datacoding="ucs").body == body
    assert draft_of(body=body, datacoding="auto").body == body


def test_templated_gsm_text_is_judged_message_by_message() -> None:
    draft = draft_of(body="’{a}", datacoding="gsm", recipients={"46712345678": {"a": "b"}})
    assert draft.templated


def test_every_fault_comes_at_once_in_the_order_of_the_page() -> None:
    faults = faults_of(
        sender="x",
        recipients=["+46", "46712345678", ""],
        body=" ",
        type="x",
        datacoding="x",
        priority=9,
        deliveryWindows=[{"opens": "x"}],
        deliveryReportUrl="x",
        reference="",
        tags=[""],
    )
    assert [field for field, _ in faults] == [
        "sender",
        "recipients[0]",
        "recipients[2]",
        "body",
        "type",
        "datacoding",
        "priority",
        "deliveryWindows[0].opens",
        "deliveryReportUrl",
        "reference",
        "tags[0]",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["sender", "recipients", "body", *GOOD, "type", "tags", "deliveryWindows"]),
        json_values,
    )
)
def test_whatever_json_holds_there_is_a_draft_or_a_fault(members: dict[str, object]) -> None:
    result = check_batch(raw_batch(members), NOW)
    assert isinstance(result, BatchDraft) or (
        result and all(fault.sentence.endswith(".") for fault in result)
    )
