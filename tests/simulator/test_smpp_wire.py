"""The carrier's own codec against the library's: two readings of one specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph import smpp
from heliograph.simulator import smpp_wire as wire

OCTET = st.integers(0, 255)
DIGITS = st.text("0123456789", max_size=15)
SENDERS = st.text("ABCabc 019", max_size=11)


@given(
    submit=st.builds(
        smpp.SubmitSm,
        service_type=st.sampled_from(["", "CMT"]),
        source_addr_ton=OCTET,
        source_addr_npi=OCTET,
        source_addr=SENDERS,
        dest_addr_ton=OCTET,
        dest_addr_npi=OCTET,
        destination_addr=DIGITS,
        esm_class=OCTET,
        protocol_id=OCTET,
        priority_flag=OCTET,
        validity_period=st.sampled_from(["", "000001000000000R"]),
        registered_delivery=OCTET,
        replace_if_present_flag=OCTET,
        data_coding=OCTET,
        sm_default_msg_id=OCTET,
        short_message=st.binary(max_size=254),
    ),
    before=st.binary(max_size=40),
    after=st.binary(max_size=40),
)
def test_a_submit_is_read_as_the_library_wrote_it(submit: smpp.SubmitSm, before: bytes, after: bytes) -> None:
    octets = smpp.encode(submit, 1)
    found = wire.read_submit(before + octets + after, len(before) + 16, len(before) + len(octets))
    assert found.source == bytes((submit.source_addr_ton, submit.source_addr_npi)) + found.sender
    assert found.destination == bytes((submit.dest_addr_ton, submit.dest_addr_npi)) + found.recipient
    assert found.sender.decode() == submit.source_addr
    assert found.recipient.decode() == submit.destination_addr
    assert found.octets == submit.short_message
    assert (found.esm_class, found.registered_delivery, found.data_coding) == (
        submit.esm_class,
        submit.registered_delivery,
        submit.data_coding,
    )


def test_a_text_may_come_as_message_payload() -> None:
    submit = smpp.SubmitSm(
        destination_addr="1", tlvs=(smpp.tlv(smpp.Tag.USER_MESSAGE_REFERENCE, 7), (0x0424, b"long"))
    )
    octets = smpp.encode(submit, 1)
    assert wire.read_submit(octets, 16, len(octets)).octets == b"long"


@given(octets=st.binary(max_size=120), end=st.integers(0, 120))
def test_any_octets_are_a_submit_or_malformed(octets: bytes, end: int) -> None:
    end = min(end, len(octets))
    try:
        found = wire.read_submit(octets, 0, end)
    except wire.MalformedPdu:
        return
    assert len(found.octets) <= end


def test_a_submit_cut_off_anywhere_is_malformed() -> None:
    octets = smpp.encode(smpp.SubmitSm(source_addr="abc", destination_addr="467", short_message=b"Hej"), 1)
    for end in range(16, len(octets)):
        with pytest.raises(wire.MalformedPdu):
            wire.read_submit(octets, 16, end)


@given(
    source=st.binary(min_size=2, max_size=2),
    esm_class=OCTET,
    data_coding=OCTET,
    octets=st.binary(max_size=254),
    sequence=st.integers(1, wire.MAX_SEQUENCE),
)
def test_a_deliver_is_read_by_the_library_as_we_wrote_it(
    source: bytes, esm_class: int, data_coding: int, octets: bytes, sequence: int
) -> None:
    body = wire.deliver_body(source + b"4670", b"\5\0Helio", esm_class, data_coding, octets)
    found = smpp.decode(wire.pdu(wire.DELIVER_SM, 0, sequence, body))
    assert isinstance(found, smpp.DeliverSm)
    assert (found.source_addr_ton, found.source_addr_npi, found.source_addr) == (*source, "4670")
    assert (found.dest_addr_ton, found.dest_addr_npi, found.destination_addr) == (5, 0, "Helio")
    assert (found.esm_class, found.data_coding, found.short_message) == (esm_class, data_coding, octets)
    assert found.sequence_number == sequence


def test_a_bind_is_read() -> None:
    octets = smpp.encode(smpp.BindTransceiver(system_id="me", password="secret"), 1)
    assert wire.read_bind(octets[16:]) == ("me", "secret")
    with pytest.raises(wire.MalformedPdu):
        wire.read_bind(b"me\0secret")


def test_a_tlv_is_found_behind_others_and_a_broken_one_is_none() -> None:
    tlvs = wire.tlv(1, b"one") + wire.tlv(2, b"two")
    assert wire.find_tlv(tlvs, 2) == b"two"
    assert wire.find_tlv(tlvs, 3) is None
    assert wire.find_tlv(tlvs[:8], 2) is None
