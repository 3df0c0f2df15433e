"""Every TLV by its name, in its format, and the rules for unknown ones."""

import pytest

from heliograph.smpp import (
    TLV_FORMATS,
    DeliverSm,
    LocalProtocolError,
    Tag,
    decode,
    encode,
    tag_name,
    tlv,
    tlv_value,
)


def examples(tag: int) -> list[int | str | bytes]:
    form = TLV_FORMATS[tag]
    if form.kind is int:
        return [0, 1, 256**form.most - 1]
    if form.kind is str:
        return ["", "a", "x" * (form.most - 1)]
    return [bytes(form.least), bytes(range(min(form.most, 256))), b"\xff" * form.most]


@pytest.mark.parametrize("tag", Tag, ids=lambda tag: tag.name.lower())
def test_every_tag_there_and_back(tag: Tag) -> None:
    for value in examples(tag):
        made = tlv(tag, value)
        pdu = DeliverSm(1, tlvs=(made,))
        again = decode(encode(pdu))
        assert isinstance(again, DeliverSm)
        assert again.tlvs == (made,)
        assert tlv_value(tag, again.tlv(tag) or b"") == value


@pytest.mark.parametrize("tag", Tag, ids=lambda tag: tag.name.lower())
def test_a_value_that_does_not_fit_the_format_is_our_error(tag: Tag) -> None:
    form = TLV_FORMATS[tag]
    wrong: list[int | str | bytes]
    if form.kind is int:
        wrong = [256**form.most, -1, b"\0", "1"]
    elif form.kind is str:
        wrong = ["x" * form.most, "Ω", b"a", 1]
    else:
        wrong = [bytes(form.most + 1), "a", 1]
    for value in wrong:
        with pytest.raises(LocalProtocolError):
            tlv(tag, value)


def test_known_octets() -> None:
    assert tlv(Tag.RECEIPTED_MESSAGE_ID, "a1") == (0x001E, b"a1\0")
    assert tlv(Tag.MESSAGE_STATE, 2) == (0x0427, b"\x02")
    assert tlv(Tag.USER_MESSAGE_REFERENCE, 0x1234) == (0x0204, b"\x12\x34")
    assert tlv(Tag.QOS_TIME_TO_LIVE, 60) == (0x0017, b"\0\0\0\x3c")
    assert tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x01") == (0x0423, b"\x03\x00\x01")
    assert tlv(0x1454, b"vendor") == (0x1454, b"vendor")


def test_peers_disagree_about_widths_and_nuls() -> None:
    assert tlv_value(Tag.MESSAGE_STATE, b"\0\x02") == 2
    assert tlv_value(Tag.MESSAGE_STATE, b"") == b""
    assert tlv_value(Tag.RECEIPTED_MESSAGE_ID, b"a1") == "a1"
    assert tlv_value(Tag.RECEIPTED_MESSAGE_ID, b"a1\0\0") == "a1"
    assert tlv_value(0x1454, b"\0") == b"\0"


def test_names() -> None:
    assert tag_name(Tag.SC_INTERFACE_VERSION) == "sc_interface_version"
    assert tag_name(0x1454) == "0x1454"


@pytest.mark.parametrize("tag", [0x0000, 0x1400, 0x1454, 0x3FFF, 0x060D, 0x002B, 38636, 0xFFFF])
def test_unknown_tags_are_kept(tag: int) -> None:
    pdu = DeliverSm(1, tlvs=((tag, b"one"), (tag, b""), (0x0427, b"\x02"), (tag, b"two")))
    again = decode(encode(pdu))
    assert isinstance(again, DeliverSm)
    assert again.tlvs == pdu.tlvs
    assert again.tlv(tag) == b"one"
    assert again.tlv(0x7777) is None
