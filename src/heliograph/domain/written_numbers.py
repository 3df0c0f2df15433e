"""Phone numbers as people write them, and lists of them as people paste them: to digits with country code.

What is not surely a number is refused with a reason, never guessed at: a wrong guess is a message to a
stranger. So a number that begins with a single 0 is taken for one of a country only where that is named.
"""

import re
from enum import StrEnum, unique
from typing import Final

import msgspec

from heliograph.domain.label_recipients import PREFIX
from heliograph.domain.msisdn import MAX_DIGITS, are_well_formed, from_national

MOST_FAULTS: Final = 100
"""Faults that are told one by one; the others are only counted."""
_LIKELY_DIGITS: Final = 7
"""A group of digits with fewer is a piece of a number, not a whole one."""
_SHOWN: Final = 40
_NOISE: Final = str.maketrans("", "", " \t\u00a0\u2007\u2009\u202f\u2060\ufeff-\u2010\u2011\u2012\u2013./()'")
_SEPARATORS: Final = re.compile(r"[,;\t|]")
_NEXT_NUMBER: Final = re.compile(r"\s+(?=\+)")
_EXPONENT: Final = re.compile(r"[0-9][.,]?[0-9]*[Ee]\+?[0-9]+")
_WHOLE_DECIMAL: Final = re.compile(r"([0-9]+)[.,]0+")
_DECIMAL: Final = re.compile(r"[0-9]+\.[0-9]+")


@unique
class NumberFlaw(StrEnum):
    """Why what is written is not taken for a phone number."""

    EMPTY = "empty"
    NATIONAL = "national"
    """Begins with 0: the country code is missing."""
    NOWHERE = "nowhere"
    """Begins with 0, and nobody in the country that is named can have it."""
    SHORTENED = "shortened"
    """A spreadsheet has made 4.67E+10 of it; its last digits are lost."""
    TOO_LONG = "too_long"
    NOT_A_NUMBER = "not_a_number"


class LineFault(msgspec.Struct, frozen=True):
    """A line without a usable number; lines count from 1."""

    line: int
    shown: str
    flaw: NumberFlaw


class WrittenRecipients(msgspec.Struct, frozen=True):
    """What a list names, in its order; nothing stands there twice."""

    numbers: list[str]
    labels: list[str]
    faults: list[LineFault]
    fault_count: int
    repeated: int
    """How many numbers were named again."""


def read_number(text: str, country: str = "") -> str | NumberFlaw:
    """The digits of a number that somebody wrote: ``+46 (0)70-123 45 67`` is ``46701234567``.

    ``country``, by its two letters, is where numbers belong that begin with a single 0.
    """
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and text[0] != "0":
        return text
    written = text.strip()
    if written.startswith('="') and written.endswith('"'):
        written = written[2:-1]
    if not written:
        return NumberFlaw.EMPTY
    if _EXPONENT.fullmatch(written):
        return NumberFlaw.SHORTENED
    if whole := _WHOLE_DECIMAL.fullmatch(written):
        written = whole[1]
    elif _DECIMAL.fullmatch(written):
        return NumberFlaw.NOT_A_NUMBER
    # At the very beginning the zero is no remark: the number is a national one.
    digits = (written[0] + written[1:].replace("(0)", "")).translate(_NOISE)
    is_whole = digits.startswith(("+", "00"))
    digits = digits[1:] if digits.startswith("+") else digits.removeprefix("00")
    if not digits.isascii() or not digits.isdigit():
        return NumberFlaw.NOT_A_NUMBER
    if digits.startswith("0"):
        if is_whole or not country:
            return NumberFlaw.NATIONAL
        return from_national(digits, country) or NumberFlaw.NOWHERE
    return NumberFlaw.TOO_LONG if len(digits) > MAX_DIGITS else digits


def shown_of(text: str) -> str:
    """A text short enough to be shown beside its fault."""
    text = text.strip()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def read_written(text: str, country: str = "") -> WrittenRecipients:
    """The numbers and labels of a pasted list: separated by lines, commas, semicolons, tabs, bars or blanks.

    A blank may also stand within a number. It separates where whole numbers stand on both sides of it, or
    before a plus sign. ``label:NAME`` goes up to the next separator that is not a blank.
    """
    words = _SEPARATORS.sub(" ", text).split()
    if words and min(map(len, words)) >= _LIKELY_DIGITS and are_well_formed(words) and not _any_zero(words):
        numbers = list(dict.fromkeys(words))
        return WrittenRecipients(numbers, [], [], 0, len(words) - len(numbers))
    found: dict[str, None] = {}
    labels: dict[str, None] = {}
    faults: list[LineFault] = []
    count = named = 0
    for line, content in enumerate(text.splitlines(), 1):
        for piece in _SEPARATORS.split(content):
            if piece.strip()[: len(PREFIX)].lower() == PREFIX:
                labels[piece.strip()[len(PREFIX) :].strip()] = None
                continue
            for written in _numbers_in(piece):
                number = read_number(written, country)
                if isinstance(number, NumberFlaw):
                    count += 1
                    if count <= MOST_FAULTS:
                        faults.append(LineFault(line, shown_of(written), number))
                else:
                    named += 1
                    found[number] = None
    return WrittenRecipients(list(found), list(labels), faults, count, named - len(found))


def written_labels(text: str) -> list[str]:
    """The labels of a pasted list, its numbers not looked at."""
    if PREFIX not in text.lower():
        return []
    pieces = (piece.strip() for line in text.splitlines() for piece in _SEPARATORS.split(line))
    return [piece[len(PREFIX) :].strip() for piece in pieces if piece[: len(PREFIX)].lower() == PREFIX]


def _any_zero(words: list[str]) -> bool:
    return any(word[0] == "0" for word in words)


def _numbers_in(piece: str) -> list[str]:
    """The numbers in what stands between two separators, as they are written."""
    numbers: list[str] = []
    for written in _NEXT_NUMBER.split(piece.strip()):
        groups = written.split()
        if len(groups) > 1 and all(sum(map(str.isdigit, group)) >= _LIKELY_DIGITS for group in groups):
            numbers += groups
        elif groups:
            numbers.append(written)
    return numbers
