"""Which passwords are taken. Length counts, not what it is made of; what everybody guesses first does not."""

import re
import unicodedata
from collections.abc import Set
from typing import Final

SHORTEST: Final = 8
ADVISED: Final = 15
LONGEST: Final = 128
_LONGEST_TYPED: Final = 4 * LONGEST
_LOOKS_LIKE: Final = str.maketrans("0134578@$!", "oieastbasi")
_RUNS: Final = ("abcdefghijklmnopqrstuvwxyzåäö", "01234567890", "qwertyuiopåasdfghjklöäzxcvbnm")


def normal_password(text: str) -> str:
    """The same password however the keyboard puts its accents together.

    What is too long for one stays as it is: the time that accents take grows with the square of their number.
    """
    return text if len(text) > _LONGEST_TYPED else unicodedata.normalize("NFC", text)


def password_fault(password: str, *, own_words: tuple[str, ...] = (), common: Set[str]) -> str | None:
    """Why a password is not taken; None if it is. ``own_words``: name, address and the like."""
    if len(password) < SHORTEST:
        return "A password has at least 8 characters; 15 or more are better."
    if len(password) > LONGEST:
        return "A password has at most 128 characters."
    if _is_guessed_first(password.casefold(), common):
        return (
            "This password is among the first that are guessed. Take several words that do not go together."
        )
    if _consists_of(password.casefold(), own_words):
        return "This password is made of your own name or address. Take something that nobody knows of you."
    return None


def _is_guessed_first(password: str, common: Set[str]) -> bool:
    """Whether it is a common word, disguised or with the usual ends, a word repeated, or a run of keys."""
    if len(set(password)) < 4:
        return True
    readings = {password, password.translate(_LOOKS_LIKE)}
    readings |= {re.sub(r"^[\W\d_]+|[\W\d_]+$", "", reading) for reading in (password, *readings)}
    readings |= {re.sub(r"[\W\d_]+$", "", password).translate(_LOOKS_LIKE)}
    if any(word in common or len(word) < 4 for word in map(_repeated_word, readings) if word):
        return True
    return any(password in run * 3 or password in (run * 3)[::-1] for run in _RUNS)


def _repeated_word(text: str) -> str:
    """The shortest text that repeated gives this one: pass for passpass."""
    return text[: (text + text).find(text, 1)]


def _consists_of(password: str, own_words: tuple[str, ...]) -> bool:
    """Whether little is left of it without somebody's own words."""
    words = {word for text in own_words for word in re.split(r"[\W_]+", text.casefold()) if len(word) > 2}
    left = password
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return left != password and len(re.sub(r"[\W_]+", "", left)) < 5
