"""The key that encrypts secrets in the database: given, or made once in the data directory."""

import os
import re
import secrets
from pathlib import Path
from typing import Final

from heliograph.settings import PREFIX, Settings, SettingsError

SECRET_KEY_BYTES: Final = 32


def load_secret_key(settings: Settings) -> bytes:
    """The 32 bytes that encrypt secrets in the database.

    Embedded and not set: a file of the data directory, made at the first start with mode 0600. Losing it
    makes carriers' passwords and webhook secrets unreadable. Raises SettingsError.
    """
    if settings.secret_key:
        return _parse_key(settings.secret_key, f"{PREFIX}SECRET_KEY")
    if not settings.is_embedded:
        raise SettingsError(f"{PREFIX}SECRET_KEY is needed with a database URL: 64 hexadecimal digits")
    path = settings.data_path / "secret-key"
    if not path.exists():
        _write_new_key(path)
    return _parse_key(path.read_text("ascii", "replace"), str(path))


def _write_new_key(path: Path) -> None:
    unfinished = path.with_name(f"secret-key.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(SECRET_KEY_BYTES) + "\n")
        file.flush()
        os.fsync(descriptor)
    # A link fails where another process was faster, whose key then counts.
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    finally:
        unfinished.unlink()


def _parse_key(text: str, where: str) -> bytes:
    if not re.fullmatch(f"[0-9a-fA-F]{{{2 * SECRET_KEY_BYTES}}}", text.strip()):
        raise SettingsError(f"{where}: the secret key must be {2 * SECRET_KEY_BYTES} hexadecimal digits")
    return bytes.fromhex(text.strip())
