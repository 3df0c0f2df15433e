"""What a handset shows of the octets it got: written from 3GPP TS 23.038 and 23.040, apart from ``domain``.

The sender's tables are checked against these, so the two must not share a line.
"""

from typing import Final

import msgspec

from heliograph.simulator import smpp_wire as wire

_ROWS: Final = (
    "@ £ $ ¥ è é ù ì ò Ç LF Ø ø CR Å å",
    "Δ _ Φ Γ Λ Ω Π Ψ Σ Θ Ξ ESC Æ æ ß É",
    "SP ! \" # ¤ % & ' ( ) * + , - . /",
    "0 1 2 3 4 5 6 7 8 9 : ; < = > ?",
    "¡ A B C D E F G H I J K L M N O",
    "P Q R S T U V W X Y Z Ä Ö Ñ Ü §",
    "¿ a b c d e f g h i j k l m n o",
    "p q r s t u v w x y z ä ö ñ ü à",
)
_NAMED: Final = {"LF": "\n", "CR": "\r", "SP": " ", "ESC": ""}
_SEPTETS: Final = [_NAMED.get(name, name) for row in _ROWS for name in row.split(" ")]
_AFTER_ESCAPE: Final = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip
_ESCAPE: Final = 0x1B


def read_gsm(octets: bytes) -> str:
    """The text of septets, one to an octet (3GPP TS 23.038, 6.2.1)."""
    shown: list[str] = []
    escaped = False
    for octet in octets:
        septet = octet & 0x7F
        if escaped:
            shown.append(" " if septet == _ESCAPE else _AFTER_ESCAPE.get(septet, _SEPTETS[septet]))
            escaped = False
        elif septet == _ESCAPE:
            escaped = True
        else:
            shown.append(_SEPTETS[septet])
    return "".join(shown) + (" " if escaped else "")


class Coding(msgspec.Struct, frozen=True):
    """What data_coding says."""

    alphabet: str
    """``gsm``, ``ucs``, ``latin1``, ``ascii`` or ``binary``."""
    flash: bool = False
    """Message class 0: shown at once and not kept."""


_BY_DATA_CODING: Final = {0x00: "gsm", 0x01: "ascii", 0x03: "latin1", 0x08: "ucs"}
_BY_ALPHABET_BITS: Final = ("gsm", "binary", "ucs", "binary")


def read_coding(data_coding: int) -> Coding:
    """SMPP 3.4, 5.2.19; the groups with a message class are those of 3GPP TS 23.038, 4."""
    class_0 = data_coding & 0x03 == 0
    if data_coding & 0xF0 == 0x10:
        return Coding(_BY_ALPHABET_BITS[data_coding >> 2 & 0x03], class_0)
    if data_coding & 0xF0 == 0xF0:
        return Coding("binary" if data_coding & 0x04 else "gsm", class_0)
    return Coding(_BY_DATA_CODING.get(data_coding, "binary"))


def read_text(octets: bytes, alphabet: str) -> str:
    """The text of whole user data; hexadecimal digits where it is no text. Never fails."""
    if alphabet == "gsm":
        return read_gsm(octets)
    if alphabet == "ucs":
        return octets.decode("utf-16-be", "replace")
    if alphabet == "latin1":
        return octets.decode("latin-1")
    return octets.decode("ascii", "replace") if alphabet == "ascii" else octets.hex()


class Piece(msgspec.Struct, frozen=True):
    """One segment, and its place in its message."""

    data: bytes
    reference: int = 0
    total: int = 1
    sequence: int = 1


def read_piece(submit: wire.Submit) -> Piece:
    """The user data of a segment without its header; alone unless a header or SAR parameters join it."""
    if submit.esm_class & wire.UDHI:
        return _from_header(submit.octets)
    if submit.tlvs:
        return _from_sar(submit)
    return Piece(submit.octets)


def _from_header(octets: bytes) -> Piece:
    if not octets or octets[0] >= len(octets):
        return Piece(octets)
    header, data = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
    while len(header) >= 2:
        kind, value = header[0], header[2 : 2 + header[1]]
        if kind == 0x00 and len(value) == 3:
            return _placed(data, value[0], value[1], value[2])
        if kind == 0x08 and len(value) == 4:
            return _placed(data, value[0] << 8 | value[1], value[2], value[3])
        header = header[2 + len(value) :]
    return Piece(data)


def _from_sar(submit: wire.Submit) -> Piece:
    reference = wire.find_tlv(submit.tlvs, wire.TLV_SAR_REFERENCE)
    total = wire.find_tlv(submit.tlvs, wire.TLV_SAR_TOTAL)
    sequence = wire.find_tlv(submit.tlvs, wire.TLV_SAR_SEQUENCE)
    if not (reference and total and sequence):
        return Piece(submit.octets)
    return _placed(submit.octets, int.from_bytes(reference, "big"), total[0], sequence[0])


def _placed(data: bytes, reference: int, total: int, sequence: int) -> Piece:
    """A place outside its message makes no message (3GPP TS 23.040, 9.2.3.24.1): the segment stands alone."""
    if not 1 <= sequence <= total:
        return Piece(data)
    return Piece(data, reference, total, sequence)
