"""What no text of a customer may hold: characters that a database, a header or a log line cannot carry."""

import re
from typing import Final

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def unstorable(text: str) -> str | None:
    """Why a text cannot be stored, as the end of a sentence; None when it can.

    PostgreSQL refuses U+0000, and half of a surrogate pair has no UTF-8.
    """
    if "\0" in text:
        return "must not hold the character U+0000"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"holds half of a surrogate pair at position {error.start + 1}"
    return None


def has_control(text: str) -> bool:
    """Whether a text holds a control character or line separator, which could forge a header or log line."""
    return not text.isprintable() and _CONTROL.search(text) is not None
