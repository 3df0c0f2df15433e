"""Why a bind does not stand, in words."""

import pytest

from heliograph.domain.bind_fault import _SAID, _WORDS, BindFault, read_bind_fault, refusal_code
from heliograph.faces.portal.translations import catalog


@pytest.mark.parametrize(
    ("code", "expected", "text"),
    [
        (refusal_code(0x0E), BindFault("wrong password", "0x0E"), "wrong password (0x0E)"),
        (refusal_code(0x0F), BindFault("unknown system id", "0x0F"), "unknown system id (0x0F)"),
        (refusal_code(0x400), BindFault("another status", "0x400"), "another status (0x400)"),
        ("no_answer", BindFault("no answer in time"), "no answer in time"),
        ("of_later_times", BindFault("of_later_times"), "of_later_times"),
    ],
)
def test_a_fault_says_what_is_wrong(code: str, expected: BindFault, text: str) -> None:
    assert read_bind_fault(code) == expected
    assert str(read_bind_fault(code)) == text


def test_every_fault_is_said_in_swedish_too() -> None:
    words = {*_SAID.values(), *_WORDS.values(), read_bind_fault("0x400").words}
    assert words <= catalog("sv").keys()
