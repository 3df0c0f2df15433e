"""Secrets that browsers hold: of a login, of a link that lets somebody in once.

256 random bits as text that fits a cookie and a URL; only the SHA-256 is kept.
"""

import base64
from hashlib import sha256
from typing import Final

SECRET_BYTES: Final = 32


def login_secret(random_bytes: bytes) -> str:
    """A new secret from 32 bytes of a cryptographic source."""
    if len(random_bytes) != SECRET_BYTES:
        raise ValueError(f"a login's secret is made of {SECRET_BYTES} random bytes")
    return base64.urlsafe_b64encode(random_bytes).decode().rstrip("=")


def login_hash(secret: str) -> bytes:
    """What is stored of a secret."""
    return sha256(secret.encode()).digest()
