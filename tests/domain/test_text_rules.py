"""Characters that no text of a customer may hold."""

import pytest

from heliograph.domain.text_rules import has_control, unstorable


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", None),
        ("line\nbreak\t😀", None),
        ("a\0", "must not hold the character U+0000"),
        ("ab\ud83d", "holds half of a surrogate pair at position 3"),
    ],
)
def test_what_cannot_be_stored(text: str, flaw: str | None) -> None:
    assert unstorable(text) == flaw


@pytest.mark.parametrize("text", ["a\r\nb", "\0", "\x7f", "\x85", "\u2028", "\x1b[0m"])
def test_control_characters_are_seen(text: str) -> None:
    assert has_control(text)


@pytest.mark.parametrize("text", ["", "plain", "Å 日 😀", "no\u00a0break", "zero\u200bwidth"])
def test_other_characters_are_no_control(text: str) -> None:
    assert not has_control(text)
