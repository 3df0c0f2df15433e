"""Status codes in words and colours, and the way of a message through them."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text

from heliograph.domain.status import Code, is_final
from heliograph.domain.status_meanings import STATUS_TEXTS

_COLOURS = {1: "cyan", 2: "green", 4: "red", 5: "red"}


def status_words(code: int) -> str:
    """``201 delivered``."""
    try:
        return f"{code} {Code(code).name.lower().replace('_', ' ')}"
    except ValueError:
        return str(code)


def status_sentence(code: int) -> str:
    """``512 unknown subscriber: The number is not in use.``"""
    try:
        return f"{status_words(code)}: {STATUS_TEXTS[Code(code)]}"
    except (KeyError, ValueError):
        return status_words(code)


def status_text(code: int) -> Text:
    """The same in its colour: green when it ended well, red when it did not."""
    style = _COLOURS.get(code // 100, "") if code in (201,) or code // 100 != 2 else "yellow"
    return Text(status_words(code), style=f"bold {style}" if is_final(code) else style)


def codes_of(message: Mapping[str, Any]) -> list[int]:
    """The codes a message document shows, oldest first."""
    return [status["code"] for status in message["statuses"]]


def journey_text(codes: Iterable[int]) -> Text:
    """Several statuses in their order: ``101 accepted, 102 queued``."""
    return Text(", ").join(status_text(code) for code in codes)
