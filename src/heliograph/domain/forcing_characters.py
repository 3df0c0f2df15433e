"""Which characters of a text force UCS-2, where they stand, and what GSM-7 has in their place."""

from typing import Final

import msgspec

from heliograph.domain import gsm7
from heliograph.domain.encoding import Encoding
from heliograph.domain.segmentation import segment_count

MOST_CHARACTERS: Final = 20
MOST_POSITIONS: Final = 10


class ForcingCharacter(msgspec.Struct, frozen=True):
    """A character that GSM-7 lacks."""

    character: str
    count: int
    positions: list[int]
    """Where it stands, counted from 1; the first ten."""
    replacement: str | None
    """What may be written instead: empty if the character is invisible, None if nothing fits."""


def forcing_characters(text: str) -> list[ForcingCharacter]:
    """The first twenty different characters that keep a text from being sent as GSM-7, in their order."""
    found = gsm7.unencodable(text)
    return [
        ForcingCharacter(
            character, text.count(character), _positions(text, character), gsm7.suggestion(character)
        )
        for character in sorted(found, key=text.index)[:MOST_CHARACTERS]
    ]


def _positions(text: str, character: str) -> list[int]:
    positions: list[int] = []
    at = text.find(character)
    while at >= 0 and len(positions) < MOST_POSITIONS:
        positions.append(at + 1)
        at = text.find(character, at + 1)
    return positions


def segments_as_gsm(text: str) -> int | None:
    """How many segments the text takes as GSM-7 with every replacement made; None where one is lacking."""
    replaced = gsm7.suggest(text)
    if not replaced or replaced.isspace() or not gsm7.is_encodable(replaced):
        return None
    return segment_count(replaced, Encoding.GSM7)
