"""Where the API listens."""

import socket

import msgspec
import pytest

from heliograph.settings import HttpSettings, Settings, SettingsError
from heliograph.wiring.listening_address import (
    bind_listening_socket,
    parse_address,
    shown_url,
    with_bound_port,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65_535)),
    ],
)
def test_host_and_port_are_read(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "h:x", "h:65536", "::1:80"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is no HOST:PORT"):
        parse_address(text)


def test_a_free_port_is_found_and_shown() -> None:
    settings = Settings(http=HttpSettings(port=0))
    with bind_listening_socket(settings.http) as listening:
        bound = with_bound_port(settings, listening)
        assert shown_url(bound) == f"http://127.0.0.1:{listening.getsockname()[1]}"
        with socket.create_connection(listening.getsockname(), timeout=60):
            pass
        with pytest.raises(SettingsError, match=r"cannot listen on 127\.0\.0\.1:"):
            bind_listening_socket(bound.http)


def test_a_host_that_is_not_ours_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot listen on no-such-host"):
        bind_listening_socket(HttpSettings(host="no-such-host"))


@pytest.mark.parametrize(
    ("http", "url"),
    [
        (HttpSettings(host="0.0.0.0", port=80), "http://127.0.0.1:80"),
        (HttpSettings(host="::", port=80), "http://[::1]:80"),
        (HttpSettings(host="sms.example", port=80), "http://sms.example:80"),
        (HttpSettings(public_url="https://sms.example/"), "https://sms.example"),
    ],
)
def test_an_address_is_shown_that_can_be_reached(http: HttpSettings, url: str) -> None:
    assert shown_url(msgspec.structs.replace(Settings(), http=http)) == url
