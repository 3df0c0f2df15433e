"""The addresses by which people of the portal are known."""

import re
from typing import Final

LONGEST_ADDRESS: Final = 254
_ADDRESS: Final = re.compile(r"[^\s@\x00-\x1f\x7f<>\"]{1,64}@[^\s@\x00-\x1f\x7f<>\"]{1,190}")


def parse_email(text: str) -> str | None:
    """The address in lower case, as it is stored; None for what cannot be one."""
    address = text.strip().lower()
    if len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        return None
    return address
