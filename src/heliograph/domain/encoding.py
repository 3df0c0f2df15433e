"""Which alphabet carries a text: the choice, the octets, and SMPP's ``data_coding`` octet."""

from enum import IntEnum, StrEnum, unique
from typing import Final

from heliograph.domain import gsm7


@unique
class Encoding(IntEnum):
    """How the octets of a message are to be read. The numbers of GSM7 and UCS2 are the public integers."""

    GSM7 = 0
    """GSM 7-bit default alphabet, one septet to an octet."""
    BINARY = 1
    """Octets of no alphabet; only inbound."""
    UCS2 = 2
    """UTF-16, big end first, surrogate pairs allowed."""


@unique
class Coding(StrEnum):
    """What a customer asks for in ``datacoding``; the value is the public name."""

    GSM = "gsm"
    """GSM-7, and refuse what it cannot carry."""
    UCS = "ucs"
    """UCS-2, never second-guessed."""
    AUTO = "auto"
    """GSM-7 when the rendered text fits, else UCS-2."""


_DATA_CODING: Final = {Encoding.GSM7: 0x00, Encoding.BINARY: 0x04, Encoding.UCS2: 0x08}
_MESSAGE_CLASS_0: Final = 0x10


def choose(text: str, coding: Coding) -> Encoding | None:
    """The encoding of a rendered text; None when ``gsm`` was asked for and the text does not fit."""
    if coding is Coding.UCS:
        return Encoding.UCS2
    if gsm7.is_encodable(text):
        return Encoding.GSM7
    return None if coding is Coding.GSM else Encoding.UCS2


def encode(text: str, encoding: Encoding) -> bytes:
    """The octets of a text as ``short_message`` carries them.

    Raises UnicodeEncodeError for a character outside the alphabet, or a lone surrogate in UCS-2.
    """
    if encoding is Encoding.GSM7:
        return gsm7.encode(text)
    if encoding is Encoding.UCS2:
        return text.encode("utf-16-be")
    raise ValueError("a binary message has no text")


def data_coding(encoding: Encoding, *, flash: bool = False) -> int:
    """The ``data_coding`` octet (SMPP 3.4, 5.2.19; 3GPP TS 23.038, 4). Flash is message class 0."""
    return _DATA_CODING[encoding] | (_MESSAGE_CLASS_0 if flash else 0)


def decode(octets: bytes, data_coding: int) -> str | None:
    """The text of an inbound message, or None when its octets are binary.

    Never fails: what cannot be read becomes U+FFFD. 0 is taken as GSM-7, as most carriers mean it;
    0x1X and 0xFX, which add a message class, are read by their alphabet bits.
    """
    name = _CODEC_BY_DATA_CODING.get(_without_class(data_coding), "gsm7")
    if name == "gsm7":
        return gsm7.decode(octets)
    return octets.decode(name, "replace") if name else None


_CODEC_BY_DATA_CODING: Final = {
    0x00: "gsm7",
    0x01: "latin-1",
    0x02: None,
    0x03: "latin-1",
    0x04: None,
    0x05: "shift_jis",
    0x06: "iso8859_5",
    0x07: "iso8859_8",
    0x08: "utf-16-be",
    0x0A: "iso2022_jp",
    0x0D: "euc_jp",
    0x0E: "euc_kr",
}


def _without_class(data_coding: int) -> int:
    """The octet with its message class taken off: groups 00x1 and 1111 of 3GPP TS 23.038, 4."""
    group = data_coding >> 4
    if group == 0x0F:
        return data_coding & 0x04
    return data_coding & 0x0C if group in (0x01, 0x03) else data_coding
