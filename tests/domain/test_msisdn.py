"""Phone numbers: their form, and possibility exactly as libphonenumber sees it."""

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.msisdn import (
    are_well_formed,
    calling_code,
    classify_recipients,
    is_possible,
    parse_recipient,
)
from heliograph.domain.refusals import Refusal

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def library_says(msisdn: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse("+" + msisdn)))
    except phonenumbers.NumberParseException:
        return False


@pytest.mark.parametrize(
    ("msisdn", "code"),
    [
        ("456189040623", 408),
        ("175368927054", 408),
        ("392094880589", 0),
        ("568798567631", 0),
        ("46712345678", 0),
        ("46101606060", 0),
        ("46703541190", 0),
        *((str(number), 0) for number in range(46701740605, 46701740700)),
        ("0", 408),
        ("46", 408),
        ("0046712345678", 408),
        ("0712345678", 408),
        ("999999999999999", 408),
        ("4607123456789", 0),
    ],
)
def test_the_examples_of_the_page_and_others(msisdn: str, code: int) -> None:
    assert classify_recipients([msisdn]) == [code]
    assert library_says(msisdn) == (code == 0)


@given(st.from_regex(r"[0-9]{1,15}", fullmatch=True))
def test_any_digits_are_judged_as_the_library_does(msisdn: str) -> None:
    assert is_possible(msisdn) == library_says(msisdn)


def test_every_calling_code_and_length_is_judged_as_the_library_does() -> None:
    draw = random.Random(20)
    for code in CODES:
        for length in range(16 - len(str(code))):
            for first in ("", draw.choice("0123456789"), "0", "1"):
                rest = "".join(draw.choices("0123456789", k=max(0, length - len(first))))
                msisdn = f"{code}{first}{rest}"[:15]
                assert is_possible(msisdn) == library_says(msisdn), msisdn


def test_many_numbers_are_judged_in_their_order() -> None:
    assert classify_recipients(["46712345678", "456189040623", "46712345678"]) == [0, 408, 0]
    assert classify_recipients([]) == []


def ascii_digits(shown: str) -> str:
    rule = "write digits only, country code first, without + or 00, such as 46712345678."
    return f"{shown} is not a phone number: {rule}"


@pytest.mark.parametrize(
    ("value", "code", "sentence"),
    [
        ("", "empty", "A recipient must not be empty."),
        ("RECIPIENT-NUMBER", "not_digits", ascii_digits("'RECIPIENT-NUMBER'")),
        ("+46712345678", "not_digits", ascii_digits("'+46712345678'")),
        ("46 712345678", "not_digits", ascii_digits("'46 712345678'")),
        ("46712345678\n", "not_digits", ascii_digits("'46712345678\\n'")),
        ("١٢٣", "not_digits", ascii_digits(r"'\u0661\u0662\u0663'")),
        ("²", "not_digits", ascii_digits(r"'\xb2'")),
        ("x" * 50, "not_digits", ascii_digits("'" + "x" * 40 + "...'")),
        ("4671234567812345", "too_long", "A phone number has at most 15 digits; this one has 16."),
        (46712345678, "not_text", "A recipient must be a string of digits, such as 46712345678."),
        (None, "not_text", "A recipient must be a string of digits, such as 46712345678."),
    ],
)
def test_a_malformed_recipient_is_told_why(value: object, code: str, sentence: str) -> None:
    assert parse_recipient(value, "recipients[3]") == Refusal("recipients[3]", code, sentence)
    assert not are_well_formed(["46712345678", value])


def test_a_well_formed_recipient_is_itself() -> None:
    assert parse_recipient("46712345678") == "46712345678"
    assert are_well_formed(["1", "123456789012345"])


@pytest.mark.parametrize(
    ("msisdn", "code"),
    [("46712345678", 46), ("12025550123", 1), ("35812345", 358), ("999", None), ("0", None)],
)
def test_the_calling_code_of_a_number(msisdn: str, code: int | None) -> None:
    assert calling_code(msisdn) == code
