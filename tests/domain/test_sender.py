"""The sender rules of the page, with their sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.sender import TYPE_OF_ADDRESS, SenderKind, check_sender, kind_of

CHARACTERS = "sender may only consist of the letters A-Z and a-z and the digits 0-9."
LEADING_ZERO = "A numeric sender starts with its country code, never with 0 or 00, such as 46101606060."


@pytest.mark.parametrize(
    ("sender", "kind", "ton", "npi"),
    [
        ("iP1", SenderKind.ALPHANUMERIC, 5, 0),
        ("iP1sms", SenderKind.ALPHANUMERIC, 5, 0),
        ("TestNOS", SenderKind.ALPHANUMERIC, 5, 0),
        ("1abcdefghij", SenderKind.ALPHANUMERIC, 5, 0),
        ("7", SenderKind.SHORT_CODE, 3, 0),
        ("71700", SenderKind.SHORT_CODE, 3, 0),
        ("112233", SenderKind.SHORT_CODE, 3, 0),
        ("4610160", SenderKind.MSISDN, 1, 1),
        ("46101606060", SenderKind.MSISDN, 1, 1),
        ("123456789012345", SenderKind.MSISDN, 1, 1),
    ],
)
def test_a_good_sender_has_a_kind_with_ton_and_npi(sender: str, kind: SenderKind, ton: int, npi: int) -> None:
    assert check_sender(sender) is None
    assert kind_of(sender) is kind
    assert TYPE_OF_ADDRESS[kind] == (ton, npi)


@pytest.mark.parametrize(
    ("sender", "code", "sentence"),
    [
        (None, "required", "sender is required."),
        (46101606060, "not_text", "sender must be a string."),
        ("", "empty", "sender must not be empty."),
        ("ab", "length", "An alphanumeric sender has 3 to 11 characters; this one has 2."),
        ("Foretagsnamn", "length", "An alphanumeric sender has 3 to 11 characters; this one has 12."),
        ("Company name", "characters", CHARACTERS),
        ("Företag", "characters", CHARACTERS),
        ("abc\n", "characters", CHARACTERS),
        ("+46101606060", "characters", CHARACTERS),
        ("١٢٣٤٥", "characters", CHARACTERS),
        ("1234567890123456", "too_long", "A numeric sender has at most 15 digits; this one has 16."),
        ("0701234567", "leading_zero", LEADING_ZERO),
        ("0046101606060", "leading_zero", LEADING_ZERO),
    ],
)
def test_a_bad_sender_is_told_why(sender: object, code: str, sentence: str) -> None:
    fault = check_sender(sender)
    assert fault is not None
    assert (fault.field, fault.code, fault.sentence) == ("sender", code, sentence)


@given(st.text(max_size=20))
def test_only_the_letters_and_digits_of_ascii_pass(sender: str) -> None:
    if check_sender(sender) is None:
        assert sender.isascii()
        assert sender.isalnum()
        assert 1 <= len(sender) <= 15
