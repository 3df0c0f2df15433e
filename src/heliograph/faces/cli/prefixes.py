"""Prefixes of phone numbers as people type them."""

from heliograph.faces.cli.command_refused import CommandRefused

EVERY_NUMBER = "default"


def parse_prefix(text: str) -> str:
    """The digits that numbers begin with; ``default`` or nothing for every number. Raises CommandRefused."""
    digits = "" if text == EVERY_NUMBER else text
    if len(digits) > 15 or not (digits == "" or (digits.isascii() and digits.isdigit())):
        raise CommandRefused(
            f"{text!r} is no prefix: at most 15 digits with the country code first, such as 46, or"
            f" {EVERY_NUMBER}"
        )
    return digits


def shown_prefix(prefix: str) -> str:
    """A prefix as lists show it."""
    return prefix or EVERY_NUMBER
