"""What holds for every PDU, every cutting of a stream and every exchange between two sessions."""

from contextlib import suppress
from datetime import datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.smpp import (
    Answered,
    BindTransceiver,
    DeliverSm,
    FrameBuffer,
    Pdu,
    ReceiptFields,
    RemoteProtocolError,
    SubmitSm,
    SubmitSmResp,
    decode,
    encode,
    is_response,
    read_receipt,
    receipt_text,
)

from . import pdu_strategies as some
from .session_pair import Pair


@settings(max_examples=500, deadline=None)
@given(some.any_pdu())
def test_every_pdu_there_and_back(pdu: Pdu) -> None:
    assert decode(encode(pdu)) == pdu


@settings(deadline=None)
@given(some.any_pdu(), st.data())
def test_a_pdu_that_was_cut_short_or_damaged_is_a_pdu_or_a_remote_error(
    pdu: Pdu, data: st.DataObject
) -> None:
    raw = bytearray(encode(pdu))
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=4)):
        raw[at] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    raw[:4] = len(raw).to_bytes(4, "big")
    with suppress(RemoteProtocolError):
        assert decode(bytes(raw)).command_id == int.from_bytes(raw[4:8], "big")


@settings(deadline=None)
@given(st.lists(some.any_pdu(), max_size=8), st.data())
def test_a_stream_gives_the_same_frames_however_it_is_cut(pdus: list[Pdu], data: st.DataObject) -> None:
    raws = [encode(pdu) for pdu in pdus]
    stream = b"".join(raws)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    buffer = FrameBuffer()
    frames = [
        frame for start, end in pairwise([0, *cuts, len(stream)]) for frame in buffer.feed(stream[start:end])
    ]
    assert [frame[3] for frame in frames] == raws
    assert not buffer.is_partial


@settings(deadline=None)
@given(st.data())
def test_every_answer_finds_its_request_in_any_order(data: st.DataObject) -> None:
    pair = Pair(window=20)
    pair.bind(BindTransceiver())
    waiting: dict[int, SubmitSm] = {}
    answered: list[object] = []
    for step in range(data.draw(st.integers(1, 12))):
        count = data.draw(st.integers(0, pair.esme.window.free))
        tokens = [(step, n) for n in range(count)]
        for event in pair.to_smsc(pair.esme.send_many([SubmitSm()] * count, 0.0, tokens)):
            assert isinstance(event, SubmitSm)
            waiting[event.sequence_number] = event
        chosen = data.draw(st.lists(st.sampled_from(sorted(waiting)), unique=True)) if waiting else []
        answers = [waiting.pop(number).response(message_id=str(number)) for number in chosen]
        for event in pair.to_esme(pair.smsc.send_responses(answers, 0.0)):
            assert isinstance(event, Answered)
            assert isinstance(event.response, SubmitSmResp)
            answered.append(event.token)
        assert sorted(one.sequence_number for one in pair.esme.window.outstanding()) == sorted(waiting)
    assert len(answered) == len(set(answered))


_WORD = st.from_regex(r"[0-9A-Za-z-]{1,40}", fullmatch=True)
_STATE = st.from_regex(r"[A-Z]{7}", fullmatch=True)
_DATE = st.from_regex(r"[0-9]{10}|[0-9]{12}|[0-9]{14}", fullmatch=True)


def _unusual(text: str) -> ReceiptFields | None:
    """The general reader on the same text: a blank in front keeps the exact form from matching."""
    return read_receipt(DeliverSm(esm_class=4, short_message=b" " + text.encode("latin-1")))


@settings(deadline=None)
@given(
    _WORD,
    _STATE,
    _DATE,
    _DATE,
    st.from_regex(r"[0-9A-Za-z]{1,8}", fullmatch=True),
    st.text("abc :", max_size=20),
)
def test_the_exact_form_and_the_general_reader_agree(
    number: str, state: str, submitted_at: str, done_at: str, error: str, text: str
) -> None:
    exact = (
        f"id:{number} sub:001 dlvrd:001 submit date:{submitted_at} done date:{done_at} stat:{state}"
        f" err:{error} text:{text.strip()}"
    )
    receipt = read_receipt(DeliverSm(esm_class=4, short_message=exact.encode()))
    assert receipt == _unusual(exact)
    assert receipt is not None
    assert (receipt.smsc_message_id, receipt.message_state, receipt.error) == (number, state, error)


@settings(deadline=None)
@given(_WORD, _STATE, st.datetimes(), st.text(max_size=30))
def test_a_rendered_receipt_is_read_back(number: str, state: str, at: datetime, text: str) -> None:
    octets = receipt_text(number, state, submitted_at=at, done_at=at, text=text)
    receipt = read_receipt(DeliverSm(esm_class=4, short_message=octets))
    assert receipt is not None
    assert (receipt.smsc_message_id, receipt.message_state) == (number, state)


@settings(deadline=None)
@given(some.any_pdu())
def test_repr_never_fails(pdu: Pdu) -> None:
    assert repr(pdu).startswith("<")
    assert ("ESME" in repr(pdu) or "0x" in repr(pdu)) == is_response(pdu.command_id)
