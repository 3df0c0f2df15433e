"""Messages from handsets: what one deliver_sm says, the text of its segments, whose it is, and STOP.

Joining segments that came apart is the business of ``reassembly``.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum, unique
from itertools import groupby
from typing import Final

import msgspec

from heliograph.domain import gsm7
from heliograph.domain.carrier_profile import DEFAULT_PROFILE, CarrierProfile
from heliograph.domain.encoding import Encoding, decode
from heliograph.domain.segmentation import Concatenation, read_udh

GAP: Final = "…"
"""Stands in the text for segments that never came."""
MOST_KEYWORD_LETTERS: Final = 40
_LONGEST_ADDRESS: Final = 20
_LATIN_1: Final = 0x03
_ALONE: Final = Concatenation(0, 1, 1)
_NOTHING_AROUND: Final = ".,:;!?\"'()"


class IncomingSegment(msgspec.Struct, frozen=True, gc=False):
    """One deliver_sm from a handset."""

    sender: str
    """The phone's MSISDN."""
    recipient: str
    """Our number."""
    place: Concatenation
    data_coding: int
    user_data: bytes
    """Without its header; septets one to an octet."""


class Piece(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One segment of a message, as it is kept while it waits for the others."""

    sequence: int
    """From 1."""
    data_coding: int
    user_data: bytes


class IncomingText(msgspec.Struct, frozen=True):
    """The text of a message and how it came."""

    body: str
    encoding: Encoding
    """BINARY if no segment of it was text: the body is hexadecimal digits then."""
    flash: bool


def read_segment(
    *,
    sender: str,
    recipient: str,
    data_coding: int,
    octets: bytes,
    has_header: bool = False,
    sar: tuple[bytes | None, bytes | None, bytes | None] = (None, None, None),
    profile: CarrierProfile = DEFAULT_PROFILE,
) -> IncomingSegment:
    """What a deliver_sm says; never fails, since a stranger sent it.

    ``octets`` are its short_message or message_payload, ``sar`` its TLVs sar_msg_ref_num, sar_total_segments
    and sar_segment_seqnum, which count only where no header (``has_header``) tells a place.
    """
    place, user_data = read_udh(octets) if has_header else (None, octets)
    packed = profile.incoming_alphabet == "gsm7_packed" and _is_default_alphabet(data_coding)
    if packed:
        # The first septet behind a header begins where a whole number of septets would (23.040, 9.2.3.24).
        user_data = gsm7.unpack(user_data, -8 * (len(octets) - len(user_data)) % 7)
    elif data_coding == 0 and profile.incoming_alphabet == "latin1":
        data_coding = _LATIN_1
    return IncomingSegment(
        bare_number(sender), bare_number(recipient), place or _read_sar(*sar), data_coding, user_data
    )


def bare_number(address: str) -> str:
    """An address without ``+`` or ``00`` in front, of which at most 20 characters are kept."""
    digits = address.replace("\0", "").strip().removeprefix("+")
    return digits.removeprefix("00")[:_LONGEST_ADDRESS]


def _read_sar(reference: bytes | None, total: bytes | None, sequence: bytes | None) -> Concatenation:
    if not (reference and total and sequence) or not 1 <= sequence[-1] <= total[-1]:
        return _ALONE
    return Concatenation(int.from_bytes(reference[-2:], "big"), total[-1], sequence[-1])


def _is_default_alphabet(data_coding: int) -> bool:
    """Groups 00x1 and 1111 of 3GPP TS 23.038, 4 add a message class to an alphabet."""
    group = data_coding >> 4
    if group == 0x0F:
        return not data_coding & 0x04
    return not data_coding & 0x0C if group in (0x01, 0x03) else data_coding == 0


def text_of(pieces: Iterable[Piece | None]) -> IncomingText:
    """The text of the segments of a message in their order, None where one is missing.

    Segments of one coding are joined before they are decoded, so that a character cut in two is whole again.
    """
    encodings: set[Encoding] = set()
    flash = False
    body: list[str] = []
    for data_coding, run in groupby(pieces, key=lambda piece: None if piece is None else piece.data_coding):
        if data_coding is None:
            body.append(GAP)
            continue
        octets = b"".join([piece.user_data for piece in run if piece is not None])
        text = decode(octets, data_coding)
        encodings.add(_encoding_of(data_coding, is_text=text is not None))
        body.append(octets.hex() if text is None else text.replace("\0", "\ufffd"))
        flash = flash or _is_flash(data_coding)
    encoding = encodings.pop() if len(encodings) == 1 else Encoding.UCS2
    return IncomingText("".join(body), encoding, flash)


def _encoding_of(data_coding: int, *, is_text: bool) -> Encoding:
    if not is_text:
        return Encoding.BINARY
    return Encoding.GSM7 if _is_default_alphabet(data_coding) else Encoding.UCS2


def _is_flash(data_coding: int) -> bool:
    return data_coding & 0x03 == 0 and data_coding >> 4 in (0x01, 0x03, 0x0F)


# --- Whose it is ---


class InboundNumber(msgspec.Struct, frozen=True):
    """One of our numbers, as routing a message to an account needs it."""

    number: str
    account_id: int | None
    """Who gets what no keyword claims; None: nobody."""
    keywords: Mapping[str, int] = {}
    """Accounts by keyword, as ``fold_keyword`` writes them."""

    def reaches(self, account_id: int) -> bool:
        """Whether handsets reach an account by it: it is the account's own, or one of its keywords is."""
        return account_id == self.account_id or account_id in self.keywords.values()


class Claim(msgspec.Struct, frozen=True):
    """Whose a message is."""

    account_id: int
    rest: str
    """The text after the keyword that decided; the whole text where none did."""


def read_inbound_number(text: str) -> str | None:
    """One of our numbers, 2 to 15 digits as carriers write it, without ``+`` in front; None: it is none."""
    digits = "".join(text.split()).removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 15 else None


def fold_keyword(word: str) -> str:
    """A word as keywords are kept and compared: in any case, without the marks around it."""
    return word.strip().strip(_NOTHING_AROUND).casefold()


def read_keyword(text: str) -> str | None:
    """The keyword somebody wrote, folded; None for what is not one word of at most 40 letters."""
    keyword = fold_keyword(text)
    is_word = bool(keyword) and keyword.split() == [keyword] and len(keyword) <= MOST_KEYWORD_LETTERS
    return keyword if is_word else None


def claim(number: InboundNumber, body: str) -> Claim | None:
    """The account a text to a number belongs to; None if nobody claims it."""
    first, *rest = body.split(maxsplit=1) or [""]
    account_id = number.keywords.get(fold_keyword(first))
    if account_id is not None:
        return Claim(account_id, rest[0] if rest else "")
    return None if number.account_id is None else Claim(number.account_id, body)


# --- STOP and START ---


@unique
class Wish(Enum):
    """What a sender asks for with a word the installation knows."""

    STOP = "stop"
    """To get nothing more from this account."""
    START = "start"
    """To get messages again."""


class OptOutWords(msgspec.Struct, frozen=True):
    """The words by which handsets stop and start what an account sends them."""

    stop: frozenset[str]
    start: frozenset[str]

    @classmethod
    def of(cls, stop: Collection[str], start: Collection[str]) -> "OptOutWords":
        """From words as people write them."""
        return cls(frozenset(map(_folded, stop)), frozenset(map(_folded, start)))

    def wish(self, text: str) -> Wish | None:
        """What a text asks for that is one of the words and nothing else, in any case."""
        word = _folded(text)
        if word in self.stop:
            return Wish.STOP
        return Wish.START if word in self.start else None


def _folded(text: str) -> str:
    return text.strip().casefold()
