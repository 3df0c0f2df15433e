"""Receipts in the dialects carriers write, TLVs before text, and the rendering of the usual form."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from heliograph.smpp import (
    DataSm,
    DeliverSm,
    MessageState,
    ReceiptFields,
    Tag,
    Tlv,
    is_intermediate,
    is_receipt,
    read_receipt,
    read_receipt_time,
    receipt_text,
    tlv,
)

USUAL = (
    b"id:0a1b2c sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:Hello"
)


def read(text: bytes, *tlvs: Tlv, esm_class: int = 4, data_coding: int = 0) -> ReceiptFields:
    receipt = read_receipt(
        DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=text, tlvs=tlvs)
    )
    assert receipt is not None
    return receipt


# --- Which PDU is a receipt ---


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x20, 0x24, 0x44, 0x84, 0x07, 0x47, 0xC4])
def test_the_esm_class_marks_a_receipt(esm_class: int) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=USUAL)
    assert is_receipt(pdu)
    assert read_receipt(pdu) is not None


@pytest.mark.parametrize("esm_class", [0x00, 0x01, 0x03, 0x10, 0x18, 0x40, 0x80, 0xC3])
def test_other_messages_are_no_receipts_even_if_they_read_like_one(esm_class: int) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=USUAL)
    assert not is_receipt(pdu)
    assert read_receipt(pdu) is None


def test_the_text_suffices_only_where_the_carrier_is_known_for_it() -> None:
    pdu = DeliverSm(short_message=USUAL)
    receipt = read_receipt(pdu, text_suffices=True)
    assert receipt is not None
    assert receipt.smsc_message_id == "0a1b2c"
    for text in (b"id:5 but no state", b"stat:DELIVRD but no number", b"Hello", b""):
        assert read_receipt(DeliverSm(short_message=text), text_suffices=True) is None


def test_an_intermediate_notification_is_told_apart() -> None:
    assert is_intermediate(DeliverSm(esm_class=0x20))
    assert not is_intermediate(DeliverSm(esm_class=0x04))


# --- Text ---


def test_the_usual_form() -> None:
    assert read(USUAL) == ReceiptFields(
        smsc_message_id="0a1b2c",
        message_state="DELIVRD",
        error="000",
        submitted_at_text="2601011200",
        done_at_text="2601011201",
        submitted_count_text="001",
        delivered_count_text="001",
        text="Hello",
    )


@pytest.mark.parametrize(
    ("text", "number", "state", "error"),
    [
        (USUAL.replace(b"text", b"Text"), "0a1b2c", "DELIVRD", "000"),
        (
            b"id:1 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 Text:a",
            "1",
            "DELIVRD",
            "000",
        ),
        (
            b"id:1 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000",
            "1",
            "DELIVRD",
            "000",
        ),
        (b"id:1 submit date:260101120000 done date:260101120100 stat:UNDELIV err:001", "1", "UNDELIV", "001"),
        (
            b"id:1 submit date:20260101120000 done date:20260101120100 stat:EXPIRED err:254 text:",
            "1",
            "EXPIRED",
            "254",
        ),
        (b"stat:REJECTD err:0F1 id:77", "77", "REJECTD", "0F1"),
        (b"ID:77 STAT:delivrd ERR:EC_1", "77", "DELIVRD", "EC_1"),
        (b"id: 77 stat: UNKNOWN err: ABC", "77", "UNKNOWN", "ABC"),
        (b"id:77,stat:DELETED,err:6", "77", "DELETED", "6"),
        (b"id:77;stat:ACCEPTD;err:6;", "77", "ACCEPTD", "6"),
        (b"id:77\r\nstat:ENROUTE\r\nerr:6\r\n", "77", "ENROUTE", "6"),
        (
            b"id:5f4dcc3b-5aa7-65d6-1d83-27deb882cf99 stat:DELIVRD err:000",
            "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99",
            "DELIVRD",
            "000",
        ),
        (
            b"id:77 sub:001 dlvrd:001 submitdate:2601011200 donedate:2601011201 stat:DELIVRD err:000",
            "77",
            "DELIVRD",
            "000",
        ),
        (b"id:77 submit_date:0000000000 done_date:0000000000 stat:DELIVRD err:000", "77", "DELIVRD", "000"),
        (b"\x05\x00\x03\x01\x02\x01id:77 stat:DELIVRD err:000", "77", "DELIVRD", "000"),
        (b"id:77\0stat:DELIVRD\0err:000\0", "77", "DELIVRD", "000"),
        (b"IC_id:9 id:77 stat:DELIVRD err:0", "77", "DELIVRD", "0"),
        (b"id:77 vendor:x stat:DELIVRD network:y err:000", "77", "DELIVRD", "000"),
        (b"id:77 stat:SOMEDAY err:000", "77", "SOMEDAY", "000"),
        (b"id:\xff\xfe stat:DELIVRD err:\x80", "\xff\xfe", "DELIVRD", "\x80"),
    ],
)
def test_dialects(text: bytes, number: str, state: str, error: str) -> None:
    receipt = read(text)
    assert (receipt.smsc_message_id, receipt.message_state, receipt.error) == (number, state, error)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (b"", ReceiptFields()),
        (b"nothing of the kind", ReceiptFields()),
        (b"\0\0\0", ReceiptFields()),
        (b"id: stat: err: text:", ReceiptFields(text="")),
        (b"stat:DELIVRD", ReceiptFields(message_state="DELIVRD")),
        (b"id:1 err:", ReceiptFields(smsc_message_id="1")),
        (b"done date:2601011201 id:1", ReceiptFields(smsc_message_id="1", done_at_text="2601011201")),
    ],
)
def test_what_is_missing_is_none(text: bytes, fields: ReceiptFields) -> None:
    assert read(text) == fields


def test_a_text_that_quotes_field_names_changes_nothing() -> None:
    receipt = read(b"id:1 stat:UNDELIV err:001 text:id:2 stat:DELIVRD err:000 text:x")
    assert (receipt.smsc_message_id, receipt.message_state, receipt.error) == ("1", "UNDELIV", "001")
    assert receipt.text == "id:2 stat:DELIVRD err:000 text:x"


def test_fields_behind_the_text_count_where_they_did_not_stand_before() -> None:
    receipt = read(b"text:Hello you id:1 stat:DELIVRD")
    assert (receipt.smsc_message_id, receipt.message_state, receipt.text) == ("1", "DELIVRD", "Hello you")


@pytest.mark.parametrize(
    ("before", "codec"),
    [
        (b"", "utf-16-be"),
        (b"", "utf-16-le"),
        (b"\x05\x00\x03\x01\x02\x01", "utf-16-be"),
        (b"\x06\x08\x04\x00\x01\x02\x01", "utf-16-be"),
    ],
)
def test_ucs2_receipts(before: bytes, codec: str) -> None:
    octets = before + "id:0a1b2c stat:DELIVRD err:000 text:Hej".encode(codec)
    for data_coding in (0, 8):
        receipt = read(octets, data_coding=data_coding)
        assert (receipt.smsc_message_id, receipt.message_state, receipt.error) == ("0a1b2c", "DELIVRD", "000")
        assert receipt.text == "Hej"


def test_ucs2_text_keeps_its_letters() -> None:
    assert read("id:1 stat:DELIVRD text:Привет".encode("utf-16-be"), data_coding=8).text == "Привет"


def test_ucs2_of_odd_length() -> None:
    octets = "id:1 stat:DELIVRD err:000".encode("utf-16-be")[:-1]
    assert read(octets, data_coding=8).message_state == "DELIVRD"


def test_latin1_text_marked_as_ucs2() -> None:
    assert read(USUAL, data_coding=8).smsc_message_id == "0a1b2c"


# --- TLVs ---


def test_tlvs_alone() -> None:
    receipt = read(b"", tlv(Tag.RECEIPTED_MESSAGE_ID, "77"), tlv(Tag.MESSAGE_STATE, 2))
    assert receipt == ReceiptFields(smsc_message_id="77", message_state="DELIVRD")


def test_tlvs_speak_before_the_text_and_the_text_fills_the_gaps() -> None:
    receipt = read(
        USUAL,
        tlv(Tag.RECEIPTED_MESSAGE_ID, "FF"),
        tlv(Tag.MESSAGE_STATE, 5),
        tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x01\x02"),
        tlv(Tag.USER_MESSAGE_REFERENCE, 0x1234),
        (0x1454, b"vendor"),
    )
    assert receipt == ReceiptFields(
        smsc_message_id="FF",
        message_state="UNDELIV",
        error="000",
        submitted_at_text="2601011200",
        done_at_text="2601011201",
        submitted_count_text="001",
        delivered_count_text="001",
        text="Hello",
        network_type=3,
        network_error_code=0x0102,
        user_message_reference=0x1234,
    )


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (0, "SCHEDLD"),
        (1, "ENROUTE"),
        (2, "DELIVRD"),
        (3, "EXPIRED"),
        (4, "DELETED"),
        (5, "UNDELIV"),
        (6, "ACCEPTD"),
        (7, "UNKNOWN"),
        (8, "REJECTD"),
        (9, "SKIPPED"),
        (42, "42"),
    ],
)
def test_every_state_of_the_tlv(state: int, name: str) -> None:
    assert read(b"", tlv(Tag.MESSAGE_STATE, state)).message_state == name


def test_every_state_is_tested() -> None:
    assert {int(state) for state in MessageState} == set(range(10))


@pytest.mark.parametrize(
    "useless",
    [
        (Tag.RECEIPTED_MESSAGE_ID, b""),
        (Tag.RECEIPTED_MESSAGE_ID, b"\0"),
        (Tag.MESSAGE_STATE, b""),
        (Tag.MESSAGE_STATE, b"\0\0"),
        (Tag.NETWORK_ERROR_CODE, b"\x03"),
        (Tag.USER_MESSAGE_REFERENCE, b"\x03"),
    ],
)
def test_a_tlv_of_a_wrong_size_leaves_the_text_standing(useless: Tlv) -> None:
    assert read(USUAL, useless) == read(USUAL)


def test_the_first_of_two_tlvs_counts() -> None:
    receipt = read(b"", tlv(Tag.MESSAGE_STATE, 2), tlv(Tag.MESSAGE_STATE, 5))
    assert receipt.message_state == "DELIVRD"


@pytest.mark.parametrize("octets", [b"77", b"77\0", b"77\0\0\0", b"77\0junk"])
def test_an_id_with_or_without_its_nul(octets: bytes) -> None:
    assert read(b"", (Tag.RECEIPTED_MESSAGE_ID, octets)).smsc_message_id == "77"


# --- Where the text stands ---


def test_the_text_may_stand_in_message_payload() -> None:
    payload = tlv(Tag.MESSAGE_PAYLOAD, USUAL)
    assert read(b"", payload) == read(USUAL)
    assert read_receipt(DataSm(esm_class=4, tlvs=(payload,))) == read(USUAL)


def test_short_message_goes_before_message_payload() -> None:
    assert read(b"id:1 stat:DELIVRD", tlv(Tag.MESSAGE_PAYLOAD, b"id:2 stat:UNDELIV")).smsc_message_id == "1"


def test_a_data_sm_without_text() -> None:
    pdu = DataSm(esm_class=4, tlvs=(tlv(Tag.RECEIPTED_MESSAGE_ID, "5"),))
    assert read_receipt(pdu) == ReceiptFields(smsc_message_id="5")


# --- Times ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2601011201", datetime(2026, 1, 1, 12, 1, tzinfo=UTC)),
        ("260101120159", datetime(2026, 1, 1, 12, 1, 59, tzinfo=UTC)),
        ("20260131120159", datetime(2026, 1, 31, 12, 1, 59, tzinfo=UTC)),
        ("202613011201", None),
        ("202601311201", datetime(2026, 1, 31, 12, 1, tzinfo=UTC)),
        ("0000000000", None),
        ("000000000000", None),
        ("00000000000000", None),
        ("26010112", None),
        ("2601011260", None),
        ("26010112ab", None),
        ("٢٦٠١٠١١٢٠١", None),
        ("", None),
        (None, None),
    ],
)
def test_times(text: str | None, expected: datetime | None) -> None:
    assert read_receipt_time(text) == expected


def test_a_time_is_in_the_zone_of_the_carrier() -> None:
    stockholm = timezone(timedelta(hours=1))
    assert read_receipt_time("2601011201", stockholm) == datetime(2026, 1, 1, 11, 1, tzinfo=UTC)


# --- Rendering ---


def test_a_rendered_text_is_the_one_of_appendix_b() -> None:
    at = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    text = receipt_text("0a1b2c", "DELIVRD", submitted_at=at, done_at=at + timedelta(minutes=1), text="Hello")
    assert text == USUAL


def test_a_rendered_text_can_be_read() -> None:
    at = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    text = receipt_text(
        "7", "UNDELIV", submitted_at=at, done_at=at, error="0F1", text="x" * 30, date_format="%Y%m%d%H%M%S"
    )
    receipt = read(text)
    assert (receipt.message_state, receipt.error, receipt.delivered_count_text) == ("UNDELIV", "0F1", "000")
    assert read_receipt_time(receipt.done_at_text) == at
    assert receipt.text == "x" * 20
