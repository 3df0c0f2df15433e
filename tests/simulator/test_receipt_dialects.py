"""Every dialect is understood by the library and by a carrier's profile."""

from datetime import UTC, datetime

import pytest

from heliograph import smpp
from heliograph.domain.carrier_profile import CarrierProfile, ReceiptIds
from heliograph.simulator import smpp_wire as wire
from heliograph.simulator.receipt_dialects import (
    Dialect,
    IdForm,
    Receipt,
    TextForm,
    answer_id,
    date_format,
    receipt_writer,
)

NUMBER = 0x3FA9C1D20B7
DONE = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)

PROFILES = {
    IdForm.DECIMAL: ReceiptIds.EXACT,
    IdForm.HEX: ReceiptIds.EXACT,
    IdForm.HEX_THEN_DECIMAL: ReceiptIds.RESP_HEX_DLR_DEC,
    IdForm.DECIMAL_THEN_HEX: ReceiptIds.RESP_DEC_DLR_HEX,
    IdForm.UPPER_THEN_LOWER: ReceiptIds.EXACT,
    IdForm.LOWER_THEN_UPPER: ReceiptIds.EXACT,
    IdForm.PADDED_RECEIPT: ReceiptIds.STRIP_LEADING_ZEROS,
    IdForm.PADDED_ANSWER: ReceiptIds.STRIP_LEADING_ZEROS,
    IdForm.HEX_THEN_PADDED_DECIMAL: ReceiptIds.RESP_HEX_DLR_DEC,
    IdForm.PADDED_HEX_THEN_DECIMAL: ReceiptIds.RESP_HEX_DLR_DEC,
    IdForm.UUID: ReceiptIds.EXACT,
    IdForm.SPACE_AFTER: ReceiptIds.EXACT,
}


def _received(dialect: Dialect, state: str = "DELIVRD", error: int = 0) -> smpp.ReceiptFields:
    date = date_format(dialect)
    receipt = Receipt(NUMBER, state, error, date(DONE), b"Hej hej, hur mar du nu egentligen?")
    data_coding, text, tlvs = receipt_writer(dialect)(receipt, date(DONE))
    body = wire.deliver_body(b"\1\1" + b"467", b"\5\0Helio", wire.RECEIPT, data_coding, text, tlvs)
    pdu = smpp.decode(wire.pdu(wire.DELIVER_SM, 0, 1, body))
    assert isinstance(pdu, smpp.DeliverSm)
    found = smpp.read_receipt(pdu)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "tlvs"),
    [(text, tlvs) for text in TextForm for tlvs in (True, False) if tlvs or text is not TextForm.NONE],
)
@pytest.mark.parametrize("ids", IdForm)
def test_the_id_of_every_dialect_is_matched(ids: IdForm, text: TextForm, tlvs: bool) -> None:
    dialect = Dialect(ids=ids, text=text, tlvs=tlvs)
    profile = CarrierProfile(receipt_ids=PROFILES[ids])
    found = _received(dialect)
    assert found.message_state == "DELIVRD"
    assert profile.receipted_id(str(found.smsc_message_id)) == profile.submitted_id(
        (answer_id(dialect) % NUMBER).decode()
    )


@pytest.mark.parametrize(
    ("text", "date"),
    [
        (TextForm.STANDARD, "2603011200"),
        (TextForm.SECONDS, "260301120005"),
        (TextForm.CENTURY, "20260301120005"),
    ],
)
def test_dates_have_ten_twelve_or_fourteen_digits(text: TextForm, date: str) -> None:
    found = _received(Dialect(text=text))
    assert (found.submitted_at_text, found.done_at_text) == (date, date)


def test_the_standard_text_is_that_of_the_specification() -> None:
    receipt = Receipt(17, "UNDELIV", 27, b"2603011200", b"A text of more than twenty octets")
    _, text, _ = receipt_writer(Dialect())(receipt, b"2603011201")
    assert text == (
        b"id:17 sub:001 dlvrd:000 submit date:2603011200 done date:2603011201 stat:UNDELIV err:027 "
        b"text:A text of more than "
    )


def test_the_error_comes_as_text_and_as_network_error_code() -> None:
    found = _received(Dialect(), "UNDELIV", 27)
    assert (found.error, found.network_type, found.network_error_code) == ("027", 3, 27)


@pytest.mark.parametrize(
    "state", ["ENROUTE", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"]
)
def test_the_state_tlv_agrees_with_the_text(state: str) -> None:
    assert _received(Dialect(text=TextForm.NONE), state).message_state == state
    assert _received(Dialect(tlvs=False), state).message_state == state


def test_a_dialect_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="text or TLVs"):
        Dialect(text=TextForm.NONE, tlvs=False)
