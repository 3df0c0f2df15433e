"""Phone numbers in E.164 digits: format, possibility by libphonenumber, country calling code.

Possible is a matter of length within a country calling code; whether it is in use only its network knows.
Lengths are compiled from the metadata of ``phonenumbers`` the first time a calling code is met.
"""

import re
from collections.abc import Sequence
from typing import Final, NewType, cast

import msgspec
import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from heliograph.domain.refusals import Refusal
from heliograph.domain.status import Code

Msisdn = NewType("Msisdn", str)
"""A phone number: 1 to 15 ASCII digits, country calling code first, no ``+`` and no ``00``."""

MAX_DIGITS: Final = 15
_DIGITS: Final = b"0123456789"
_SHOWN: Final = 40
_KEY: Final = 3
"""No calling code is longer, and none begins with another one."""


CALLING_CODES: Final = tuple(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
"""Every country calling code."""


class _Plan(msgspec.Struct, frozen=True):
    """What is possible below a calling code."""

    calling_code: int
    lengths: frozenset[int]
    """Possible lengths of the whole number, the calling code included."""
    national_prefix: re.Pattern[str] | None
    """What the library may strip after the calling code before it measures; None when nothing."""


_NOWHERE: Final = _Plan(0, frozenset(), None)


class _Plans(dict[str, _Plan]):
    """The plan of the first three digits of a number, compiled when first asked for."""

    def __missing__(self, key: str) -> _Plan:
        plan = self[key] = _compile(key)
        return plan


class _Lengths(dict[str, frozenset[int]]):
    """The possible lengths alone, for the loop over many numbers."""

    def __missing__(self, key: str) -> frozenset[int]:
        lengths = self[key] = _PLANS[key].lengths
        return lengths


def _compile(key: str) -> _Plan:
    if key.startswith("0"):
        return _NOWHERE
    for size in range(1, len(key) + 1):
        code = int(key[:size])
        if regions := phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code):
            break
    else:
        return _NOWHERE
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
    if metadata is None or metadata.general_desc is None:
        return _NOWHERE
    national = {*metadata.general_desc.possible_length, *metadata.general_desc.possible_length_local_only}
    pattern = metadata.national_prefix_for_parsing
    return _Plan(
        calling_code=code,
        lengths=frozenset(size + length for length in national if length > 0),
        national_prefix=re.compile(pattern) if pattern else None,
    )


class _Country(msgspec.Struct, frozen=True):
    """How numbers are written within a country."""

    region: str
    calling_code: str
    lengths: frozenset[int]
    """Possible lengths of what follows the zero; empty where a zero is more than a mere prefix."""


class _Countries(dict[str, _Country | None]):
    """Countries by their two letters, read when first asked for; None for other letters."""

    def __missing__(self, region: str) -> _Country | None:
        metadata = PhoneMetadata.metadata_for_region(region)
        found = None
        if metadata is not None and metadata.general_desc is not None:
            is_plain = (
                metadata.national_prefix_for_parsing == "0" and not metadata.national_prefix_transform_rule
            )
            possible = metadata.general_desc.possible_length if is_plain else ()
            found = _Country(region, str(metadata.country_code), frozenset(possible))
        self[region] = found
        return found


_COUNTRIES: Final = _Countries()
_PLANS: Final = _Plans()
_LENGTHS: Final = _Lengths()


def format_fault(value: object, field: str) -> Refusal | None:
    """Why a recipient cannot be a phone number by its form alone, which refuses the whole call; or None."""
    if not isinstance(value, str):
        return Refusal(field, "not_text", "A recipient must be a string of digits, such as 46712345678.")
    if not value:
        return Refusal(field, "empty", "A recipient must not be empty.")
    if not value.isascii() or not value.isdigit():
        shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
        return Refusal(
            field,
            "not_digits",
            f"{shown!a} is not a phone number: write digits only, country code first, without + or 00,"
            " such as 46712345678.",
        )
    if len(value) > MAX_DIGITS:
        return Refusal(
            field, "too_long", f"A phone number has at most {MAX_DIGITS} digits; this one has {len(value)}."
        )
    return None


def recipient_fault(value: object, field: str) -> Refusal | None:
    """Why nothing could ever be sent to a number: its form is wrong, or nobody can have it; or None."""
    if fault := format_fault(value, field):
        return fault
    number = str(value)
    if is_possible(number):
        return None
    sentence = (
        f"Nobody can have the number {number}: it begins with no country code, or is too short or too long"
        " for its country. Write the country code first, without 00, such as 46712345678."
    )
    return Refusal(field, "impossible", sentence)


def parse_recipient(value: object, field: str = "recipient") -> Msisdn | Refusal:
    """The number, or why its form is wrong. Whether it is possible is asked apart."""
    if fault := format_fault(value, field):
        return fault
    return Msisdn(str(value))


def are_well_formed(recipients: Sequence[object]) -> bool:
    """Whether every member is 1 to 15 ASCII digits, in one look at all of them together."""
    try:
        joined = "".join(cast("Sequence[str]", recipients))
    except TypeError:
        return False
    if not joined.isascii() or joined.encode("ascii").translate(None, _DIGITS):
        return False
    sizes = set(map(len, cast("Sequence[str]", recipients)))
    return min(sizes) > 0 and max(sizes) <= MAX_DIGITS


def is_possible(msisdn: str) -> bool:
    """Whether libphonenumber calls ``+`` and these digits a possible number.

    A length that the table refuses is asked again from the library where it might strip a national prefix.
    """
    plan = _PLANS[msisdn[:_KEY]]
    return len(msisdn) in plan.lengths or _is_possible_without_prefix(msisdn, plan)


def _is_possible_without_prefix(msisdn: str, plan: _Plan) -> bool:
    if plan.national_prefix is None or not plan.national_prefix.match(msisdn[len(str(plan.calling_code)) :]):
        return False
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse("+" + msisdn)))
    except phonenumbers.NumberParseException:
        return False


def calling_code_of(region: str) -> str | None:
    """The calling code of a country by its two letters, such as SE; None if there is no such country."""
    country = _COUNTRIES[region]
    return None if country is None else country.calling_code


def from_national(digits: str, region: str) -> str | None:
    """The whole number of one that begins with 0 as it does within a country; None if nobody can have it."""
    country = _COUNTRIES[region]
    if country is None:
        return None
    if country.lengths:
        fits = digits[1:2] != "0" and len(digits) - 1 in country.lengths
        return country.calling_code + digits[1:] if fits else None
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    # Where a zero is no prefix it belongs to the number, and only some numbers have one.
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE or (
        number.italian_leading_zero and not phonenumbers.is_valid_number(number)
    ):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def classify_recipients(recipients: Sequence[str]) -> list[int]:
    """0 for every possible number, 408 for every other one, in their order; all are well formed."""
    lengths, size = _LENGTHS, _KEY
    return [
        0 if len(msisdn) in lengths[msisdn[:size]] or is_possible(msisdn) else Code.INVALID_RECIPIENT.value
        for msisdn in recipients
    ]


def calling_code(msisdn: str) -> int | None:
    """The country calling code of a number (46 for Sweden); None when it starts with none."""
    return _PLANS[msisdn[:_KEY]].calling_code or None
