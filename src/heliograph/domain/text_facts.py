"""What is to be known of a text while it is written: its alphabet, its segments, and what makes it dearer."""

from typing import Final

import msgspec

from heliograph.domain import gsm7
from heliograph.domain.composition import fit_text
from heliograph.domain.encoding import Coding, Encoding
from heliograph.domain.forcing_characters import ForcingCharacter, forcing_characters, segments_as_gsm

_ALONE: Final = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_JOINED: Final = {Encoding.GSM7: 153, Encoding.UCS2: 67}
_EXTENSION: Final = frozenset(gsm7.EXTENSION.values())


class TextFacts(msgspec.Struct, frozen=True):
    """The facts of a text. ``units`` are septets or UTF-16 units, whichever its segments are measured in."""

    text: str
    encoding: Encoding
    units: int
    segments: int
    left: int
    """How many units the last segment has room for."""
    doubled: list[str]
    """The characters of GSM-7's extension table in it, which count twice (3GPP TS 23.038 6.2.1.1)."""
    forcing: list[ForcingCharacter]
    """The characters that GSM-7 lacks; empty where UCS-2 was asked for."""
    segments_as_gsm: int | None
    """Segments with every replacement made; None where a character has none."""
    fits: bool
    """Whether it can be sent so at all."""

    @property
    def is_gsm(self) -> bool:
        """Whether it goes out as GSM-7."""
        return self.encoding is Encoding.GSM7

    @property
    def is_mendable(self) -> bool:
        """Whether replacements would let some of its characters be sent as GSM-7."""
        return any(each.replacement is not None for each in self.forcing)


def facts_of(text: str, coding: Coding) -> TextFacts:
    """The facts of a rendered text."""
    fit = fit_text(text, coding)
    forcing = [] if coding is Coding.UCS else forcing_characters(text)
    encoding = Encoding.UCS2 if forcing else fit.encoding
    units = (
        gsm7.septet_count(text)
        if encoding is Encoding.GSM7
        else len(text.encode("utf-16-be", "surrogatepass")) // 2
    )
    room = _ALONE[encoding] if fit.segments <= 1 else fit.segments * _JOINED[encoding]
    return TextFacts(
        text=text,
        encoding=encoding,
        units=units,
        segments=fit.segments,
        left=max(0, room - units),
        doubled=sorted(_EXTENSION.intersection(text)) if encoding is Encoding.GSM7 else [],
        forcing=forcing,
        segments_as_gsm=segments_as_gsm(text) if forcing else None,
        fits=not fit.code or not text.strip(),
    )
