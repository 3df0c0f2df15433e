"""Codes that let somebody in who has lost their second factor: 80 random bits each, each once."""

import base64
from hashlib import sha256
from typing import Final

CODES: Final = 10
CODE_BYTES: Final = 10
_UNREADABLE: Final = str.maketrans("018", "OLB")
"""Digits that Base32 has not, and the letters that they are taken for."""


def recovery_code(random_bytes: bytes) -> str:
    """A code in four groups, from 10 bytes of a cryptographic source."""
    if len(random_bytes) != CODE_BYTES:
        raise ValueError(f"a recovery code is made of {CODE_BYTES} random bytes")
    text = base64.b32encode(random_bytes).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def recovery_hash(typed: str) -> bytes | None:
    """What is stored of a code, however it is typed; None for what cannot be one."""
    text = "".join(each for each in typed.upper() if each.isalnum()).translate(_UNREADABLE)
    return sha256(text.encode()).digest() if len(text) == 16 and text.isascii() else None
