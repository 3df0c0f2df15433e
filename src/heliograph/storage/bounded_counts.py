"""Counts that end where nobody reads on, so that a page opens as fast among very many."""

from typing import Final, NamedTuple

COUNTED: Final = 100_000
"""Contacts or numbers that are counted at most, of an account or of all its labels together."""


class Counted(NamedTuple):
    """How many there are, or so many and more."""

    at_least: int
    is_more: bool = False

    @classmethod
    def up_to(cls, highest: int, found: int) -> "Counted":
        """What a count that was to end behind ``highest`` says."""
        return cls(min(found, highest), found > highest)
