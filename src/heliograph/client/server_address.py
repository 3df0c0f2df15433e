"""Where the API is and by which key: from arguments or the environment; and the headers of every request."""

import os
from typing import Final
from urllib.parse import urlsplit

import msgspec

from heliograph import __version__

URL_VARIABLE: Final = "HELIOGRAPH_URL"
KEY_VARIABLE: Final = "HELIOGRAPH_KEY"


class ServerAddress(msgspec.Struct, frozen=True):
    """A server and the headers that every request to it has."""

    scheme: str
    host: str
    port: int | None
    prefix: str
    """What stands before ``/v2`` in every path; empty or beginning with a slash."""
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"<ServerAddress {self.url}>"

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}{self.prefix}"


def server_address(url: str | None, key: str | None) -> ServerAddress:
    """The server meant by the arguments, or by HELIOGRAPH_URL and HELIOGRAPH_KEY. Raises ValueError."""
    url = url or os.environ.get(URL_VARIABLE, "")
    key = (key or os.environ.get(KEY_VARIABLE, "")).strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"give the API's address as url, or in {URL_VARIABLE}: https://host, or http://host")
    if not _fits_a_header(key):
        raise ValueError(f"give the API key as key, or in {KEY_VARIABLE}")
    headers = {
        "Accept": "application/json",
        "Authorization": f"Bearer {key}",
        "User-Agent": f"heliograph-python/{__version__}",
    }
    return ServerAddress(parts.scheme, parts.hostname, parts.port, parts.path.rstrip("/"), headers)


def account_choice(account: str | None) -> str | None:
    """The number of the account as which to ask, as a header has it. Raises ValueError."""
    if account is not None and not _fits_a_header(account):
        raise ValueError("give the number of a child account as account")
    return account


def _fits_a_header(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()
