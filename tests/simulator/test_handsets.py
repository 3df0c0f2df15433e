"""What a handset shows, against the sender's own encoders."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain import encoding as texts
from heliograph.domain import gsm7
from heliograph.domain.encoding import Encoding
from heliograph.domain.segmentation import segments, with_udh
from heliograph.simulator.deliveries import INCOMING, Delivery
from heliograph.simulator.handset_text import read_coding, read_gsm
from heliograph.simulator.handsets import Departure, Handsets, SegmentText, assemble
from heliograph.simulator.smpp_wire import Submit, tlv

START = datetime(2026, 3, 1, tzinfo=UTC)
GSM_TEXTS = st.text("".join(set(gsm7.DEFAULT_ALPHABET) - {"\ufffe"}) + "".join(gsm7.EXTENSION.values()))
ANY_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


def _submit(
    octets: bytes, *, to: str = "46700000001", udh: bool = False, data_coding: int = 0, tlvs: bytes = b""
) -> Submit:
    return Submit(b"\5\0Helio", b"\1\1" + to.encode(), 0x40 if udh else 0, 1, data_coding, octets, tlvs)


def _sent(text: str, encoding: Encoding, reference: int = 7, *, flash: bool = False) -> list[Submit]:
    pieces = with_udh(segments(texts.encode(text, encoding), encoding), reference)
    coding = texts.data_coding(encoding, flash=flash)
    return [_submit(piece, udh=len(pieces) > 1, data_coding=coding) for piece in pieces]


def _arrivals(submits: list[Submit]) -> list[tuple[datetime, Submit]]:
    return [(START + timedelta(seconds=number), submit) for number, submit in enumerate(submits)]


@given(text=GSM_TEXTS)
def test_gsm_text_is_shown_as_it_was_meant(text: str) -> None:
    assert read_gsm(gsm7.encode(text)) == text


@given(octets=st.binary(max_size=60))
def test_any_octets_show_something(octets: bytes) -> None:
    assert len(read_gsm(octets)) <= len(octets)
    assemble(_arrivals([_submit(octets, udh=True)]))


@given(text=ANY_TEXTS)
def test_ucs_text_of_any_length_is_joined(text: str) -> None:
    [message] = assemble(_arrivals(_sent(text, Encoding.UCS2)))
    assert (message.text, message.encoding, message.complete) == (text, "ucs", True)


LONG_TEXTS = [
    ("GSM-7 of two segments", "a" * 200, Encoding.GSM7, 2),
    ("an escape at the end of a segment", "a" * 152 + "€" + "b" * 60, Encoding.GSM7, 2),
    ("UCS-2", "Привет " * 20, Encoding.UCS2, 3),
    ("emoji at the end of a segment", "x" * 66 + "🎉" * 20, Encoding.UCS2, 2),
]


@pytest.mark.parametrize(
    ("name", "text", "encoding", "count"), LONG_TEXTS, ids=[row[0] for row in LONG_TEXTS]
)
def test_segments_may_come_in_any_order(name: str, text: str, encoding: Encoding, count: int) -> None:
    sent = _sent(text, encoding)
    assert len(sent) == count
    for order in itertools.permutations(sent):
        [message] = assemble(_arrivals(list(order)))
        assert (message.text, message.segments, message.complete) == (text, count, True)
        assert message.arrived_at == START + timedelta(seconds=count - 1)


def test_a_missing_segment_is_told() -> None:
    first, _, last = _sent("a" * 153 + "b" * 153 + "c", Encoding.GSM7)
    [message] = assemble(_arrivals([last, first]))
    assert (message.complete, message.segments, message.text) == (False, 3, "a" * 153 + "c")
    assert message.segment_texts == [SegmentText(1, "a" * 153), SegmentText(3, "c")]


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("Short", Encoding.GSM7, []),
        ("a" * 152 + "€b" + "c" * 6, Encoding.GSM7, ["a" * 152, "€bcccccc"]),
        ("å" * 66 + "🎉" + "ж" * 3, Encoding.UCS2, ["å" * 66, "🎉жжж"]),
    ],
)
def test_the_segments_of_a_longer_message_are_told_apart(
    text: str, encoding: Encoding, shown: list[str]
) -> None:
    [message] = assemble(_arrivals(_sent(text, encoding)))
    assert message.segment_texts == [SegmentText(place, each) for place, each in enumerate(shown, 1)]


def test_a_segment_that_comes_again_is_counted_and_not_shown_twice() -> None:
    one, two = _sent("a" * 200, Encoding.GSM7)
    [message] = assemble(_arrivals([one, one, two]))
    assert (message.text, message.repeats) == ("a" * 200, 1)


def test_a_whole_message_that_comes_again_is_shown_twice() -> None:
    sent = _sent("a" * 200, Encoding.GSM7)
    assert [message.text for message in assemble(_arrivals(sent + sent))] == ["a" * 200] * 2


def test_two_messages_under_one_reference_are_told_apart_by_their_octets() -> None:
    first, second = _sent("a" * 200, Encoding.GSM7), _sent("b" * 200, Encoding.GSM7)
    mixed = assemble(_arrivals([first[0], second[0], second[1], first[1]]))
    assert [message.text for message in mixed if message.complete] == ["b" * 200]


def test_messages_of_different_references_may_be_mixed() -> None:
    first, second = _sent("a" * 200, Encoding.GSM7, 1), _sent("b" * 200, Encoding.GSM7, 2)
    mixed = assemble(_arrivals([first[1], second[0], first[0], second[1]]))
    assert [message.text for message in mixed] == ["a" * 200, "b" * 200]


def test_a_reference_of_sixteen_bits_and_sar_parameters_join_too() -> None:
    wide = [
        _submit(b"\6\x08\4\1\2\2" + bytes([number]) + text, udh=True)
        for number, text in ((1, b"Hej "), (2, b"du"))
    ]
    sar = [
        _submit(text, tlvs=tlv(0x020C, b"\0\7") + tlv(0x020E, b"\2") + tlv(0x020F, bytes([number])))
        for number, text in ((2, b"du"), (1, b"Hej "))
    ]
    assert [message.text for message in assemble(_arrivals(wide))] == ["Hej du"]
    assert [message.text for message in assemble(_arrivals(sar))] == ["Hej du"]


@pytest.mark.parametrize(
    ("data_coding", "alphabet", "flash"),
    [
        (0x00, "gsm", False),
        (0x01, "ascii", False),
        (0x03, "latin1", False),
        (0x04, "binary", False),
        (0x08, "ucs", False),
        (0x10, "gsm", True),
        (0x11, "gsm", False),
        (0x18, "ucs", True),
        (0x14, "binary", True),
        (0xF0, "gsm", True),
        (0xF1, "gsm", False),
        (0xF4, "binary", True),
    ],
)
def test_data_coding_tells_alphabet_and_class(data_coding: int, alphabet: str, flash: bool) -> None:
    coding = read_coding(data_coding)
    assert (coding.alphabet, coding.flash) == (alphabet, flash)


@pytest.mark.parametrize("encoding", [Encoding.GSM7, Encoding.UCS2])
def test_a_flash_message_is_shown_as_one(encoding: Encoding) -> None:
    [message] = assemble(_arrivals(_sent("Nu!", encoding, flash=True)))
    assert (message.text, message.flash) == ("Nu!", True)


def test_binary_is_shown_in_hexadecimal() -> None:
    [message] = assemble(_arrivals([_submit(b"\0\xff", data_coding=4)]))
    assert (message.text, message.encoding) == ("00ff", "binary")


def test_the_oldest_segments_give_way() -> None:
    handsets = Handsets(3)
    for number in range(5):
        handsets.arrive((START, _submit(b"%d" % number)))
    assert [message.text for message in handsets.list_messages("46700000001")] == ["2", "3", "4"]


def test_handsets_are_listed_latest_first_and_cleared_one_by_one() -> None:
    handsets = Handsets(100)
    for arrival in _arrivals([_submit(b"1", to="461"), _submit(b"2", to="462"), _submit(b"3", to="461")]):
        handsets.arrive(arrival)
    assert [(handset.msisdn, handset.messages) for handset in handsets.list_handsets()] == [
        ("461", 2),
        ("462", 1),
    ]
    handsets.clear("461")
    assert [handset.msisdn for handset in handsets.list_handsets()] == ["462"]
    handsets.clear()
    assert handsets.list_handsets() == []


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ([(True, False), (True, False)], "taken"),
        ([(True, False), (False, False)], "waiting"),
        ([(True, False), (False, True)], "refused"),
        ([(False, True), (False, False)], "refused"),
    ],
)
def test_a_written_message_is_as_far_as_all_its_segments(ends: list[tuple[bool, bool]], state: str) -> None:
    handsets = Handsets(3)
    owed = [Delivery(b"", 1, INCOMING, is_taken=taken, is_refused=refused) for taken, refused in ends]
    handsets.sent.append(Departure(START, "461", "46555", "Hej", "gsm", owed))
    handsets.sent.append(Departure(START, "462", "46555", "Other", "gsm", owed))
    [message] = handsets.list_sent("461")
    assert (message.text, message.segments, message.state, message.sent_at) == ("Hej", 2, state, START)
    handsets.clear("461")
    assert handsets.list_sent("461") == []
    assert [each.text for each in handsets.list_sent("462")] == ["Other"]
    handsets.clear()
    assert handsets.list_sent("462") == []
