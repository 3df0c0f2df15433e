"""Secrets that must be read again (carriers' passwords, webhook secrets), encrypted before they are stored.

Fernet: AES-128-CBC with HMAC-SHA256 and a random IV. The key is the installation's secret key, which is
never in the database, so a dump or a backup gives nothing away.
"""

import base64
import hmac
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_MARK_BYTES: Final = 12


class UnreadableSecret(Exception):
    """A sealed value cannot be opened: the installation's secret key is not the one that sealed it."""


class Sealer:
    """Seals and opens with the installation's secret key: any bytes that are hard to guess, at least 16."""

    def __init__(self, secret_key: bytes) -> None:
        if len(secret_key) < 16:
            raise ValueError("the secret key has at least 16 bytes")
        self._key = base64.urlsafe_b64encode(sha256(b"heliograph sealing\0" + secret_key).digest())

    @cached_property
    def _fernet(self) -> "Fernet":
        # Loaded by those who seal or open: it takes 7 MB of each process.
        from cryptography.fernet import Fernet

        return Fernet(self._key)

    def seal(self, text: str) -> bytes:
        """The stored form of a secret; different each time."""
        return self._fernet.encrypt(text.encode())

    def mark(self, text: str) -> str:
        """What stands for a text where its words must not be: always the same, and nobody guesses it."""
        return hmac.digest(self._key, b"mark\0" + text.encode(), "sha256")[:_MARK_BYTES].hex()

    def open(self, sealed: bytes) -> str:
        """The secret. Raises UnreadableSecret."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise UnreadableSecret(
                "a stored secret cannot be opened with this installation's secret key"
            ) from None
