"""What accepting makes of an order: codes, segments, prices, carriers, and what the customer is told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.domain.batch import RawBatch
from heliograph.domain.ids import IdSource
from heliograph.domain.pricing import PriceTable
from heliograph.domain.refusals import InvalidRequest
from heliograph.domain.report_url import bucket_of
from heliograph.domain.routing import Route, RoutingTable
from heliograph.services.accept_batch import Preparation, ReportUrlRules, batch_acceptance, checked
from heliograph.storage.accounts import Account, Routing
from heliograph.storage.batches import NO_CARRIER, PreparedBatch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRICE = 350_000
ACCOUNT = Account(
    account_id=10_001,
    number="ip1-10001",
    name="Test",
    currency="SEK",
    price_list_id=1,
    weight=1,
    report_codes="all",
    http_reports=False,
    is_disabled=False,
    senders=frozenset({"iP1", "46101606060"}),
    prices=PriceTable({"46": PRICE, "47": 2 * PRICE, "49": PRICE}),
)
ROUTING = Routing(
    RoutingTable([Route(1, "46", 1), Route(2, "467", 2), Route(3, "47", 1), Route(4, "45", 1)]), {}
)
SWEDE, SWEDE_ON_2, NORWEGIAN = "46812345678", "46701740605", "4791234567"
GERMAN, DANE, IMPOSSIBLE = "4915112345678", "4520123456", "1"
TEMPLATE = {
    "456189040623": {"sign": "sent by Bob"},
    "175368927054": {},
    "392094880589": {},
    "568798567631": {},
    "default": {"sign": " sent by iP.1"},
}


def prepared(**members: Any) -> PreparedBatch:
    """The batch that a request would be stored as."""
    raw = RawBatch(**{"sender": "iP1", "recipients": [SWEDE], "body": "Hello", "datacoding": "gsm"} | members)
    draft, bucket = checked(raw, ACCOUNT, NOW, ReportUrlRules())
    preparation = Preparation(ACCOUNT, draft, ROUTING)
    while not preparation.is_complete:
        preparation.prepare_slice()
    return preparation.finished(
        IdSource(b"tests"),
        NOW,
        report_bucket=bucket,
        encode_answer=lambda _batch, _funded: b"",
        idempotent=None,
    )


def faults(**members: Any) -> dict[str, list[str]]:
    """What a refused request is told by field."""
    with pytest.raises(InvalidRequest) as refused:
        prepared(**members)
    return refused.value.by_field()


@pytest.mark.parametrize(
    ("recipient", "code", "carrier", "price"),
    [
        (SWEDE, 103, 1, PRICE),
        (SWEDE_ON_2, 103, 2, PRICE),
        (NORWEGIAN, 103, 1, 2 * PRICE),
        (GERMAN, 502, NO_CARRIER, 0),
        (DANE, 502, NO_CARRIER, 0),
        (IMPOSSIBLE, 408, NO_CARRIER, 0),
    ],
    ids=["by prefix", "longer prefix", "another price", "no route", "no price", "impossible number"],
)
def test_each_message_is_routed_and_priced_or_refused_for_nothing(
    recipient: str, code: int, carrier: int, price: int
) -> None:
    for others in ([], [GERMAN, IMPOSSIBLE]):
        batch = prepared(recipients=[recipient, *(other for other in others if other != recipient)])
        assert (batch.codes[0], batch.carriers[0], batch.prices[0], batch.total) == (
            code,
            carrier,
            price,
            price,
        )


def test_priority_2_costs_more_for_each_segment() -> None:
    assert prepared(priority=2, body="x" * 161).total == 2 * (PRICE + 100_000)
    assert prepared(priority=1, body="x" * 161).total == 2 * PRICE


@pytest.mark.parametrize(
    ("datacoding", "body", "segments", "encoding"),
    [
        ("gsm", "x" * 160, 1, 0),
        ("gsm", "x" * 161, 2, 0),
        ("gsm", "€" * 81, 2, 0),
        ("ucs", "x" * 70, 1, 2),
        ("ucs", "x" * 71, 2, 2),
        ("ucs", "😀" * 36, 2, 2),
        (None, "x", 1, 2),
        ("auto", "x" * 160, 1, 0),
        ("auto", "ç" * 70, 1, 2),
        (0, "x", 1, 0),
        (2, "x", 1, 2),
    ],
)
def test_segments_and_encoding_follow_the_datacoding(
    datacoding: object, body: str, segments: int, encoding: int
) -> None:
    batch = prepared(datacoding=datacoding, body=body)
    assert (list(batch.segments), list(batch.encodings)) == ([segments], [encoding])
    assert batch.total == segments * PRICE


def test_a_number_given_twice_is_one_message() -> None:
    assert list(prepared(recipients=[SWEDE, NORWEGIAN, SWEDE]).recipients) == [SWEDE, NORWEGIAN]


def test_the_templating_of_the_page() -> None:
    batch = prepared(recipients=TEMPLATE, body="Hello, {sign}")
    assert batch.bodies == [
        "Hello, sent by Bob",
        "Hello,  sent by iP.1",
        "Hello,  sent by iP.1",
        "Hello,  sent by iP.1",
    ]
    assert batch.draft.templated


def test_a_rendered_text_that_does_not_fit_gsm_refuses_its_message_with_a_warning() -> None:
    batch = prepared(recipients={SWEDE: {"name": "Bob"}, SWEDE_ON_2: {"name": "字"}}, body="Hi {name}")
    assert list(batch.codes) == [103, 409]
    assert list(batch.prices) == [PRICE, 0]
    assert list(batch.warnings) == [
        "1 of 2 messages were refused with status 409: their text is blank, needs more than 255 segments, or "
        "does not fit the chosen datacoding."
    ]


def test_plain_text_sent_as_ucs_gets_advice() -> None:
    (warning,) = prepared(datacoding="ucs", body="x" * 71).warnings
    assert warning == (
        "The text needs 2 segments as ucs but only 1 as gsm: set datacoding to gsm or auto to pay for fewer."
    )


def test_message_ids_follow_the_batch() -> None:
    batch = prepared(recipients=[SWEDE, NORWEGIAN])
    number = int.from_bytes(batch.batch_id, "big")
    assert [int.from_bytes(one, "big") - number for one in batch.message_ids] == [1, 2]


def test_the_bucket_of_reports_is_that_of_the_origin() -> None:
    batch = prepared(delivery_report_url="https://example.org/a?b=c")
    assert batch.report_bucket == bucket_of("https://example.org:443")
    assert prepared().report_bucket is None


def test_a_registered_sender_is_let_pass_numeric_or_not() -> None:
    assert prepared(sender="46101606060").draft.sender == "46101606060"


URL_FAULTS = [
    ("http://example.org/", "The URL must start with https://; this account may not use plain http."),
    ("https://192.168.1.1/", "The host of the URL is private."),
    ("https://[::1]/", "The host of the URL is this machine itself (loopback)."),
    ("https://example.org:5432/", "Port 5432 belongs to another protocol and may not be called."),
    ("https://localhost/", "The host of the URL is this machine itself, which may not be called."),
]


@pytest.mark.parametrize(("url", "sentence"), URL_FAULTS)
def test_a_report_url_that_may_not_be_called_is_refused(url: str, sentence: str) -> None:
    assert faults(delivery_report_url=url) == {"deliveryReportUrl": [sentence]}


def test_faults_of_the_page_and_of_the_account_come_together() -> None:
    found = faults(sender="Nobody", body="", delivery_report_url="https://10.0.0.1/")
    assert list(found) == ["body", "sender", "deliveryReportUrl"]


def test_a_sender_of_wrong_form_is_told_that_alone() -> None:
    assert len(faults(sender="way too long for a sender")["sender"]) == 1


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.sampled_from([SWEDE, SWEDE_ON_2, NORWEGIAN, GERMAN, DANE, IMPOSSIBLE]), min_size=1, unique=True
    ),
    st.integers(1, 4),
    st.booleans(),
)
def test_slices_make_the_same_batch_as_one_piece(numbers: list[str], size: int, templated: bool) -> None:
    members: dict[str, Any] = {"recipients": numbers, "body": "Hi {n}"}
    if templated:
        members["recipients"] = {number: {"n": number * 20} for number in numbers}
    whole = prepared(**members)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_acceptance, "LARGE", 0)
        patch.setattr(batch_acceptance, "SLICE", size)
        sliced = prepared(**members)
    for column in ("codes", "segments", "encodings", "prices", "carriers", "bodies", "total", "warnings"):
        assert getattr(sliced, column) == getattr(whole, column), column


@pytest.mark.parametrize("funded", [True, False])
def test_the_summary_counts_messages_and_segments_by_code(funded: bool) -> None:
    batch = prepared(recipients=[SWEDE, NORWEGIAN, IMPOSSIBLE, GERMAN], body="x" * 161)
    first = 103 if funded else 402
    assert batch.summary(funded=funded) == {first: (2, 4), 408: (1, 2), 502: (1, 2)}
