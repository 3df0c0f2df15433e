"""API keys as customers hold them: ``hg_<key id>_<secret>_<checksum>``.

The prefix lets scanners of source code find leaked ones; the checksum lets us refuse a misspelt one without
asking the database. Only the SHA-256 of the secret is kept: with 256 random bits nothing slower is needed.
"""

import base64
import zlib
from hashlib import sha256
from typing import Final, NamedTuple

PREFIX: Final = "hg"
KEY_ID_BYTES: Final = 10
SECRET_BYTES: Final = 32
LONGEST_TOKEN: Final = 100
"""Longer text is no token of ours."""


class ApiToken(NamedTuple):
    """The two halves of a well-formed token."""

    key_id: str
    secret: str


def make_token(key_id: bytes, secret: bytes) -> str:
    """A new token from 10 and 32 bytes of a cryptographic source; shown once and never kept."""
    if len(key_id) != KEY_ID_BYTES or len(secret) != SECRET_BYTES:
        raise ValueError(f"a token is made of {KEY_ID_BYTES} and {SECRET_BYTES} random bytes")
    text = f"{PREFIX}_{_letters(key_id)}_{_letters(secret)}"
    return f"{text}_{_checksum(text)}"


def parse_token(text: str) -> ApiToken | None:
    """The halves of a token whose checksum is right, or None for any other text."""
    if len(text) > LONGEST_TOKEN or not text.isascii():
        return None
    body, _, checksum = text.rpartition("_")
    prefix, _, rest = body.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != PREFIX or not key_id or not secret or checksum != _checksum(body):
        return None
    return ApiToken(key_id, secret)


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret."""
    return sha256(secret.encode()).digest()


def _letters(random_bytes: bytes) -> str:
    return base64.b32encode(random_bytes).decode().rstrip("=").lower()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
