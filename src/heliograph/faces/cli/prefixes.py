"""Prefixes of phone numbers as people type them."""

from heliograph.domain.typed_values import EVERY_NUMBER, read_prefix
from heliograph.faces.cli.command_refused import CommandRefused


def parse_prefix(text: str) -> str:
    """The digits that numbers begin with; ``default`` or nothing for every number. Raises CommandRefused."""
    prefix = read_prefix(text)
    if prefix is None:
        raise CommandRefused(
            f"{text!r} is no prefix: at most 15 digits with the country code first, such as 46, or"
            f" {EVERY_NUMBER}"
        )
    return prefix
