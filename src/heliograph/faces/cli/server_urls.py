"""Addresses of servers as people type them, and why one does not answer."""

import ssl
from urllib.parse import urlsplit

import aiohttp

from heliograph.faces.cli.command_refused import CommandRefused


def checked_url(text: str) -> str:
    """The address, without a slash at its end. Raises CommandRefused for what is none."""
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not text.isprintable() or any(character.isspace() for character in text):
        raise CommandRefused(f"{text!r} is no address of a server: write it as http://127.0.0.1:8080")
    return text.rstrip("/")


def connection_fault(error: BaseException | None) -> str:
    """Why a server did not answer, in words."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientConnectorDNSError():
            return "there is no host of that name"
        case aiohttp.ClientSSLError():
            return "a secure connection could not be made: is it an https address, with a valid certificate?"
        case aiohttp.ClientOSError(__cause__=ssl.SSLError()):
            return "a secure connection could not be made: is it an https address, with a valid certificate?"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "nothing listens there"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError(errno=104 | 32):
            return "it closed the connection without an answer"
        case aiohttp.ClientConnectorError(os_error=OSError(strerror=str() as words)) if words:
            return words.lower()
        case _:
            return "the connection failed, or what came back is no HTTP"
