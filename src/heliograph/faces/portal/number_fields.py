"""Fields for one phone number: each takes it as people write it, and says alike what is wrong with it."""

from collections.abc import Mapping
from typing import Final

from heliograph.domain.msisdn import is_possible
from heliograph.domain.written_numbers import NumberFlaw, read_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import translate_for

_FLAWS: Final[Mapping[NumberFlaw, str]] = {
    NumberFlaw.EMPTY: "Write a number, such as +46 70 123 45 67.",
    NumberFlaw.NATIONAL: "This number begins with 0: write its country code first, such as +46 70 123 45 67.",
    NumberFlaw.NOWHERE: "This number is too short or too long. Write it such as +46 70 123 45 67.",
    NumberFlaw.SHORTENED: "A spreadsheet has cut this number short.",
    NumberFlaw.TOO_LONG: "A number has at most 15 digits.",
    NumberFlaw.NOT_A_NUMBER: "This is no phone number. Write it such as +46 70 123 45 67.",
}
IMPOSSIBLE: Final = "Nobody can have this number: its country code is none, or it is too short or too long."


def country_of(request: PortalRequest) -> str:
    """Where numbers belong that begin with a single 0, by its two letters; empty for nowhere."""
    return context_of(request).country


def typed_number(
    request: PortalRequest, text: str, *, must_be_possible: bool = False
) -> tuple[str, str | None]:
    """The digits of a number that somebody typed and None, or what was typed and what is wrong with it."""
    translate = translate_for(request)
    number = read_number(text, country_of(request))
    if isinstance(number, NumberFlaw):
        return text, translate(_FLAWS[number])
    if must_be_possible and not is_possible(number):
        return text, translate(IMPOSSIBLE)
    return number, None
