"""Names that people give to accounts, keys and price lists."""

from heliograph.domain.account_fields import check_name
from heliograph.domain.refusals import Refusal
from heliograph.faces.cli.command_refused import CommandRefused


def checked_name(text: str, whose: str) -> str:
    """The name of ``whose``, such as ``the account``. Raises CommandRefused for what nobody could read."""
    found = check_name(text, f"the name of {whose}")
    if isinstance(found, Refusal):
        raise CommandRefused(found.sentence)
    return found
