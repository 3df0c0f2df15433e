"""Where the API listens: the socket, bound once for all lives of the api process, and its address."""

import socket

import msgspec

from heliograph.settings import HttpSettings, Settings, SettingsError

BACKLOG = 2_048
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared with only


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``127.0.0.1:8080`` or ``[::1]:8080``. Raises SettingsError."""
    host, separator, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not separator or not bare or (":" in bare and not is_bracketed):
        raise SettingsError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    if not (port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise SettingsError(f"{text!r} is no HOST:PORT: a port is a number from 0 to 65535")
    return bare, int(port)


def bind_listening_socket(http: HttpSettings) -> socket.socket:
    """The socket that takes requests from now on. Raises SettingsError where it cannot be."""
    try:
        found = socket.getaddrinfo(http.host, http.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError(f"cannot listen on {http.host}: {error.strerror}") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"cannot listen on {http.host}:{http.port}: {error.strerror}; choose another address with --http"
            " HOST:PORT, port 0 for any free one"
        ) from None
    return listening


def with_bound_port(settings: Settings, listening: socket.socket) -> Settings:
    """The settings with the port that was really bound."""
    http = msgspec.structs.replace(settings.http, port=listening.getsockname()[1])
    return msgspec.structs.replace(settings, http=http)


def shown_url(settings: Settings) -> str:
    """How somebody at this machine reaches the API, without a path; as set if an address is set."""
    if settings.http.public_url:
        return settings.public_url
    host = _EVERYWHERE.get(settings.http.host, settings.http.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.http.port}"
