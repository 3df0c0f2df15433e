"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1 and 6.2.1.1).

Octets here are septets, one to an octet, as SMPP carries them; packing into 7 bits is the carrier's business.
"""

import codecs
import unicodedata
from typing import Final

ESCAPE: Final = 0x1B
"""The septet that announces a character of the extension table; the pair is never split."""

_HOLE: Final = "\ufffe"

DEFAULT_ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ" + _HOLE + "ÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The character of each septet; the escape septet stands as U+FFFE."""

EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
"""The character of each septet that follows an escape."""

# A compact form serves the encoder: an extension character is its septet with the high bit set, and "@",
# whose septet is 0, is 0x80. With U+0000 at 0, Python builds a fast three-level map and no dictionary.
_HIGH: Final = 0x80
_MARKED: Final = bytes([_HIGH, *(_HIGH | septet for septet in EXTENSION)])
_EXTENDED: Final = _MARKED[1:]
_PAIRS: Final = tuple((bytes([_HIGH | septet]), bytes([ESCAPE, septet])) for septet in EXTENSION)


def _compact_table() -> str:
    table = [*DEFAULT_ALPHABET, *_HOLE * 128]
    table[0], table[_HIGH] = "\0", DEFAULT_ALPHABET[0]
    for septet, character in EXTENSION.items():
        table[_HIGH | septet] = character
    return "".join(table)


_COMPACT: Final = codecs.charmap_build(_compact_table())
_ALPHABET: Final = frozenset(DEFAULT_ALPHABET) - {_HOLE} | frozenset(EXTENSION.values())


def _encode_compact(text: str) -> bytes:
    octets, _ = codecs.charmap_encode(text, "strict", _COMPACT)
    if "\0" in text:
        position = text.index("\0")
        raise UnicodeEncodeError("gsm7", text, position, position + 1, "not in the GSM alphabet")
    return octets


def encode(text: str) -> bytes:
    """The septets of a text, one to an octet; an extension character is two.

    Raises UnicodeEncodeError when a character is in neither table.
    """
    octets = _encode_compact(text)
    if octets.isascii():
        return octets
    if octets.translate(None, _EXTENDED) != octets:
        for marked, pair in _PAIRS:
            octets = octets.replace(marked, pair)
    return octets.replace(b"\x80", b"\0")


def septet_count(text: str) -> int:
    """How many septets a text takes. Raises UnicodeEncodeError as ``encode`` does."""
    octets = _encode_compact(text)
    if octets.isascii():
        return len(octets)
    return 2 * len(octets) - len(octets.translate(None, _EXTENDED))


def is_encodable(text: str) -> bool:
    """Whether every character of a text is in the default alphabet or its extension."""
    try:
        _encode_compact(text)
    except UnicodeEncodeError:
        return False
    return True


def first_unencodable(text: str) -> tuple[int, str] | None:
    """Position (from 0) and character of the first one that GSM-7 cannot carry; None when all fit."""
    if is_encodable(text):
        return None
    return next(
        (position, character) for position, character in enumerate(text) if character not in _ALPHABET
    )


def unencodable(text: str) -> frozenset[str]:
    """The characters of a text that GSM-7 cannot carry."""
    return frozenset() if is_encodable(text) else frozenset(text) - _ALPHABET


def decode(octets: bytes) -> str:
    """The text of unpacked septets; never fails, since a stranger sent them.

    An escape before a septet without an extension shows the default character, and a lone or doubled
    escape a space, as a handset would (3GPP TS 23.038, 6.2.1). The high bit of an octet is ignored.
    """
    text, _ = codecs.charmap_decode(octets.translate(_SEVEN_BITS), "strict", _DECODED)
    if "\x1b" not in text:
        return text
    head, *rest = text.split("\x1b")
    return head + "".join(_unescape(piece) for piece in rest)


def unpack(octets: bytes, fill_bits: int = 0) -> bytes:
    """The septets, one to an octet, of octets that hold them packed (3GPP TS 23.038, 6.1.2.1).

    ``fill_bits`` stand before the first septet, as behind a header. Where seven bits are left over they may
    be a septet or fill: a zero counts as fill, since a text seldom ends with "@".
    """
    number = int.from_bytes(octets, "little") >> fill_bits
    count = max(0, 8 * len(octets) - fill_bits) // 7
    septets = bytes(number >> 7 * place & 0x7F for place in range(count))
    if count and (8 * len(octets) - fill_bits) % 7 == 0 and septets[-1] == 0:
        return septets[:-1]
    return septets


_SEVEN_BITS: Final = bytes(number & 0x7F for number in range(256))
_DECODED: Final = DEFAULT_ALPHABET.replace(_HOLE, "\x1b")
_BY_DEFAULT_CHARACTER: Final = {
    DEFAULT_ALPHABET[septet]: character for septet, character in EXTENSION.items()
}


def _unescape(piece: str) -> str:
    if not piece:
        return " "
    return _BY_DEFAULT_CHARACTER.get(piece[0], piece[0]) + piece[1:]


SUGGESTIONS: Final = {
    **dict.fromkeys("‘’‚‛′`´ʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\t", " "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\ufe0f", ""),
    **dict.fromkeys("\u2028\u2029\u0085", "\n"),
    **dict.fromkeys("•·‣▪", "-"),
    **dict.fromkeys("ÁÀÂÃ", "A"),
    **dict.fromkeys("áâã", "a"),
    **dict.fromkeys("ÊËÈ", "E"),
    **dict.fromkeys("êë", "e"),
    **dict.fromkeys("ÍÌÎÏ", "I"),
    **dict.fromkeys("íîï", "i"),
    **dict.fromkeys("ÓÒÔÕ", "O"),
    **dict.fromkeys("óôõ", "o"),
    **dict.fromkeys("ÚÙÛ", "U"),
    **dict.fromkeys("úû", "u"),
    "…": "...",
    "‹": "<",
    "›": ">",
    "×": "x",
    "÷": "/",
    "ç": "c",
    "Ý": "Y",
    "ý": "y",
    "ÿ": "y",
    "š": "s",
    "Š": "S",
    "ž": "z",
    "Ž": "Z",
    "œ": "oe",
    "Œ": "OE",
    "™": "TM",
    **dict(zip("ŁłĐđÐðĦħŦŧı", "LlDdDdHhTti", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    "Þ": "Th",
    "þ": "th",
    "©": "(c)",
    "®": "(r)",
}


def suggestion(character: str) -> str | None:
    """What may stand in GSM-7 for a character it lacks (``"`` for a curly quote); None when nothing fits.

    The empty string means that the character is invisible and may be left out. Letters not listed lose
    their accents, ligatures and other forms become plain ones.
    """
    listed = SUGGESTIONS.get(character)
    if listed is not None:
        return listed
    decomposed = unicodedata.normalize("NFKD", character)
    plain = "".join(piece for piece in decomposed if not unicodedata.combining(piece))
    return plain if plain and is_encodable(plain) else None


def suggest(text: str) -> str:
    """A text with every suggestion applied; characters without one stay as they are."""
    replacements = {ord(character): suggestion(character) for character in unencodable(text)}
    return text.translate({old: new for old, new in replacements.items() if new is not None})
