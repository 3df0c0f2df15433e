"""The codec: one table in both directions, what is forgiven, what is refused and with which status."""

import pytest

from heliograph.smpp import (
    PDU_TYPES,
    BindTransceiver,
    CommandStatus,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    FrameBuffer,
    GenericNack,
    LocalProtocolError,
    Pdu,
    QuerySmResp,
    RemoteProtocolError,
    SubmitSm,
    SubmitSmResp,
    decode,
    encode,
    requests_beyond,
    response_to,
)
from heliograph.smpp.compiled_pdus import DECODERS

from .wire_cases import WIRE_CASES

ALL_CASES = pytest.mark.parametrize(
    ("pdu", "raw"), [(pdu, raw) for _, pdu, raw in WIRE_CASES], ids=[what for what, _, _ in WIRE_CASES]
)


def framed(*chunks: bytes) -> list[Pdu]:
    buffer = FrameBuffer()
    frames = [frame for chunk in chunks for frame in buffer.feed(chunk)]
    return [DECODERS[command_id](raw, number, status) for command_id, status, number, raw in frames]


def header(command_id: int, length: int, *, status: int = 0, number: int = 1) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in (length, command_id, status, number))


def pdu_bytes(command_id: int, body: bytes, *, status: int = 0, number: int = 1) -> bytes:
    return header(command_id, 16 + len(body), status=status, number=number) + body


def fault_of(raw: bytes) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        decode(raw)
    return caught.value


# --- The table, both directions, three feedings ---


def test_the_table_has_every_pdu() -> None:
    assert {type(pdu) for _, pdu, _ in WIRE_CASES} == set(PDU_TYPES.values())


@ALL_CASES
def test_encode(pdu: Pdu, raw: bytes) -> None:
    assert encode(pdu) == raw


@ALL_CASES
def test_decode_whole(pdu: Pdu, raw: bytes) -> None:
    assert decode(raw) == pdu


@ALL_CASES
def test_decode_byte_by_byte(pdu: Pdu, raw: bytes) -> None:
    assert framed(*(raw[at : at + 1] for at in range(len(raw)))) == [pdu]


@ALL_CASES
def test_decode_with_a_tail(pdu: Pdu, raw: bytes) -> None:
    after = encode(EnquireLink(99))
    assert framed(raw + after[:11], after[11:]) == [pdu, EnquireLink(99)]


def test_a_stream_of_every_pdu_split_at_every_offset() -> None:
    stream = b"".join(raw for _, _, raw in WIRE_CASES)
    pdus = [pdu for _, pdu, _ in WIRE_CASES]
    for at in range(len(stream) + 1):
        assert framed(stream[:at], stream[at:]) == pdus


@ALL_CASES
def test_what_carries_a_message_keeps_its_own_bytes(pdu: Pdu, raw: bytes) -> None:
    if isinstance(pdu, SubmitSm | DeliverSm | DataSm):
        again = decode(raw)
        assert isinstance(again, type(pdu))
        assert again.raw == raw


@ALL_CASES
def test_repr_shows_no_contents(pdu: Pdu, raw: bytes) -> None:
    assert not any(secret in repr(pdu) for secret in ("secret", "46701740605", "hello", "Heliograph"))


def test_repr_names_command_number_and_status() -> None:
    assert repr(SubmitSm(7)) == "<submit_sm 7>"
    assert repr(SubmitSmResp(7, 0x58)) == "<submit_sm_resp 7 ESME_RTHROTTLED>"
    assert repr(GenericNack(0, 0x403)) == "<generic_nack 0 0x00000403>"


def test_equality_looks_at_the_wire_only() -> None:
    assert DeliverSm(1, raw=b"as it came") == DeliverSm(1)
    assert DeliverSm(1) != DeliverSm(2)
    assert DeliverSmResp(1) != SubmitSmResp(1)


# --- Answers ---


@pytest.mark.parametrize("pdu", [pdu for _, pdu, _ in WIRE_CASES if hasattr(pdu, "response")], ids=repr)
def test_a_request_builds_its_own_answer(pdu: Pdu) -> None:
    answer = pdu.response(0x08)  # type: ignore[attr-defined]
    assert answer.command_id == pdu.command_id | 0x80000000
    assert (answer.sequence_number, answer.command_status) == (pdu.sequence_number, 0x08)


def test_what_could_not_be_read_is_answered_by_its_own_response_or_a_nack() -> None:
    error = fault_of(pdu_bytes(0x05, b"no end", number=77))
    assert response_to(error) == DeliverSmResp(77, CommandStatus.ESME_RINVSERTYP)
    assert response_to(error, 0) == DeliverSmResp(77, 0)
    assert response_to(fault_of(pdu_bytes(0x77, b"", number=5))) == GenericNack(5, 3)
    assert response_to(fault_of(pdu_bytes(0x0B, b"outbind", number=6))) == GenericNack(6, 0x0F)


# --- What is forgiven ---


def test_strings_may_be_four_times_too_long() -> None:
    at_most, too_much = b"9" * 84, b"9" * 85
    pdu = decode(pdu_bytes(0x05, b"\0\0\0" + at_most + bytes(14)))
    assert isinstance(pdu, DeliverSm)
    assert pdu.source_addr == at_most.decode()
    error = fault_of(pdu_bytes(0x05, b"\0\0\0" + too_much + bytes(14)))
    assert error.command_status == CommandStatus.ESME_RINVSRCADR
    assert error.link_survives


def test_high_octets_in_strings_are_kept() -> None:
    every = bytes(range(1, 256))
    for start in range(0, 255, 60):
        octets = every[start : start + 60]
        pdu = decode(pdu_bytes(0x80000004, octets + b"\0"))
        assert isinstance(pdu, SubmitSmResp)
        assert pdu.message_id.encode("latin-1") == octets
    assert encode(SubmitSmResp(1, message_id="\xff")) == pdu_bytes(0x80000004, b"\xff\0")


@pytest.mark.parametrize(
    ("body", "message_id"),
    [(b"", ""), (b"12", "12"), (b"12\0", "12"), (b"12\0\x04", "12"), (b"12\0\x04\x27\x00\x09\x01", "12")],
)
def test_a_response_is_read_as_far_as_it_goes(body: bytes, message_id: str) -> None:
    assert decode(pdu_bytes(0x80000004, body)) == SubmitSmResp(1, message_id=message_id)


@pytest.mark.parametrize("length", [0, 1, 64, 65, 260])
def test_an_id_may_be_four_times_too_long(length: int) -> None:
    assert decode(pdu_bytes(0x80000004, b"a" * length + b"\0")) == SubmitSmResp(1, message_id="a" * length)
    assert fault_of(pdu_bytes(0x80000004, b"a" * 261 + b"\0")).command_status == CommandStatus.ESME_RINVMSGID


def test_a_refusal_is_understood_whatever_its_body() -> None:
    assert decode(pdu_bytes(0x80000004, b"\xff" * 300, status=0x58)) == SubmitSmResp(1, 0x58)
    assert decode(pdu_bytes(0x80000003, b"\0\0", status=0x67)) == QuerySmResp(1, 0x67)


def test_octets_behind_a_pdu_without_tlvs_are_ignored() -> None:
    assert decode(pdu_bytes(0x15, b"why not")) == EnquireLink(1)
    assert decode(pdu_bytes(0x09, b"a\0b\0\0\x34\0\0\0" + b"extra")) == BindTransceiver(
        1, system_id="a", password="b"
    )


@pytest.mark.parametrize("number", [0, 0x80000000, 0xFFFFFFFF])
def test_any_sequence_number_is_taken_as_it_is(number: int) -> None:
    assert decode(pdu_bytes(0x15, b"", number=number)) == EnquireLink(number)


# --- What is refused ---


@pytest.mark.parametrize("length", [0, 1, 15, 70_001, 2**31, 2**32 - 1])
def test_an_impossible_length_ends_the_stream(length: int) -> None:
    buffer = FrameBuffer()
    good = encode(EnquireLink(1))
    frames = buffer.feed(good + header(0x04, length, number=8) + good)
    assert [frame[3] for frame in frames] == [good]
    assert buffer.fault is not None
    assert (buffer.fault.command_status, buffer.fault.sequence_number) == (CommandStatus.ESME_RINVCMDLEN, 8)
    assert not buffer.fault.link_survives
    assert buffer.feed(good) == []


def test_the_largest_length_is_accepted() -> None:
    pdu = DataSm(1, tlvs=((0x0424, b"x" * 60_000),))
    assert decode(encode(pdu)) == pdu
    buffer = FrameBuffer()
    assert buffer.feed(header(0x04, 70_000)) == []
    assert buffer.fault is None
    assert buffer.is_partial


@pytest.mark.parametrize(
    ("raw", "status", "survives"),
    [
        (b"", "ESME_RINVCMDLEN", False),
        (b"\0\0\0\x0f" + bytes(11), "ESME_RINVCMDLEN", False),
        (header(0x15, 17), "ESME_RINVCMDLEN", False),
        (header(0x15, 16) + b"x", "ESME_RINVCMDLEN", False),
        (pdu_bytes(0x77, b""), "ESME_RINVCMDID", True),
        (pdu_bytes(0x21, b"submit_multi"), "ESME_RINVCMDID", True),
        (pdu_bytes(0x09, b""), "ESME_RINVSYSID", True),
        (pdu_bytes(0x09, b"a\0b"), "ESME_RINVPASWD", True),
        (pdu_bytes(0x09, b"a\0b\0c"), "ESME_RINVSYSTYP", True),
        (pdu_bytes(0x09, b"a\0b\0c\0\x34\0"), "ESME_RINVMSGLEN", True),
        (pdu_bytes(0x04, b"\0\0\0no end"), "ESME_RINVSRCADR", True),
        (pdu_bytes(0x04, b"\0\0\0\0\0\0no end"), "ESME_RINVDSTADR", True),
        (pdu_bytes(0x04, b"\0" * 7 + b"\0\0\0no end"), "ESME_RINVSCHED", True),
        (pdu_bytes(0x04, b"\0" * 7 + b"\0\0\0\0no end"), "ESME_RINVEXPIRY", True),
        (pdu_bytes(0x04, b"\0" * 15), "ESME_RINVMSGLEN", True),
        (pdu_bytes(0x04, b"\0" * 16 + b"\x05four"), "ESME_RINVMSGLEN", True),
        (pdu_bytes(0x05, b"\0" * 17 + b"\x04\x27\x00\x02\x01"), "ESME_RINVOPTPARSTREAM", True),
        (pdu_bytes(0x05, b"\0" * 17 + b"\x04\x27\x00"), "ESME_RINVOPTPARSTREAM", True),
        (pdu_bytes(0x05, b"\0" * 17 + b"\x04\x27\xff\xff"), "ESME_RINVOPTPARSTREAM", True),
        (pdu_bytes(0x80000003, b"77\0\0\x02"), "ESME_RINVMSGLEN", True),
    ],
)
def test_malformed_pdus(raw: bytes, status: str, survives: bool) -> None:
    error = fault_of(raw)
    assert (CommandStatus(error.command_status).name, error.link_survives) == (status, survives)
    assert error.reason


def test_an_error_names_what_it_is_about() -> None:
    raw = pdu_bytes(0x05, b"no end", number=0x0ABCDEF0)
    error = fault_of(raw)
    assert (error.command_id, error.sequence_number, error.raw) == (5, 0x0ABCDEF0, raw)


# --- Our own misuse ---


@pytest.mark.parametrize(
    "pdu",
    [
        SubmitSm(1, destination_addr="1" * 21),
        SubmitSm(1, source_addr="a\0b"),
        SubmitSm(1, source_addr="Ωmega"),
        SubmitSm(1, short_message=bytes(255)),
        SubmitSm(1, data_coding=256),
        SubmitSm(1, data_coding=-1),
        SubmitSm(1, priority_flag=0x110000),
        SubmitSm(1, tlvs=((0x10000, b""),)),
        SubmitSm(1, tlvs=((1, b"x" * 65_536),)),
        SubmitSm(-1),
        SubmitSm(2**32),
        SubmitSm(1, 2**32),
        BindTransceiver(1, system_id="1" * 16),
        BindTransceiver(1, password="123456789"),
        BindTransceiver(1, system_type="1" * 13),
        BindTransceiver(1, address_range="1" * 41),
        SubmitSmResp(1, message_id="1" * 65),
        DataSm(1, source_addr="1" * 65),
        EnquireLink(2**32),
    ],
)
def test_what_cannot_be_encoded_is_our_error(pdu: Pdu) -> None:
    with pytest.raises(LocalProtocolError):
        encode(pdu)


def test_the_longest_strings_are_encoded() -> None:
    bind = BindTransceiver(
        1, system_id="1" * 15, password="1" * 8, system_type="1" * 12, address_range="1" * 40
    )
    submit = SubmitSm(1, service_type="12345", destination_addr="1" * 20, short_message=bytes(254))
    assert decode(encode(bind)) == bind
    assert decode(encode(submit)) == submit


# --- What of a block was written ---


def test_requests_beyond_what_was_handed_over() -> None:
    block = encode(SubmitSm(1)) + encode(DeliverSmResp(50)) + encode(SubmitSm(2)) + encode(SubmitSm(3))
    one, answer = len(encode(SubmitSm(1))), len(encode(DeliverSmResp(50)))
    assert requests_beyond(block, 0) == [1, 2, 3]
    assert requests_beyond(block, one - 1) == [1, 2, 3]
    assert requests_beyond(block, one) == [2, 3]
    assert requests_beyond(block, one + answer + one) == [3]
    assert requests_beyond(block, len(block) - 1) == [3]
    assert requests_beyond(block, len(block)) == []
