"""The URL a customer gives for its reports: parsed once, judged once, used as parsed; resolves no names.

The same value serves the check and the connection, so that two parsers can never disagree about the host.
Which addresses may be reached is decided by ``public_address.py``.
"""

import re
import stringprep
import unicodedata
import zlib
from collections.abc import Container
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import msgspec

from heliograph.domain.public_address import Address, address_refusal

MAX_URL_LENGTH = 2048
BUCKETS = 64

# Ports from 1024 up where something listens that an HTTP request from inside could hurt. The second wall:
# the first is that internal addresses are never reached at all.
DENIED_PORTS = frozenset(
    {
        *(1080, 1433, 1434, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 2775, 3128),
        *(3306, 3389, 3550, 3659, 4045, 4190, 4444, 5037, 5060, 5061, 5432, 5433, 5671, 5672, 5900, 5901),
        *(5984, 5985, 5986, 6000, 6379, 6432, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001),
        *(8883, 9042, 9092, 9160, 9200, 9300, 10080, 10250, 10255, 11211, 27017, 27018, 27019, 50070, 61616),
    }
)

# RFC 3986 3, strict: nothing before the scheme, the authority ends at the first of / ? #.
_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
# ß, final sigma, the joiners: IDNA 2003 and 2008 send them to different hosts (UTS 46, 2.3 deviations).
_DEVIATIONS = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")
# What a request target may hold as it is (RFC 3986 3.3, 3.4); everything else is percent-encoded as UTF-8.
_TARGET_SAFE = "/?:@!$&'()*+,;=-._~%[]"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class UrlRefusal(msgspec.Struct, frozen=True):
    """Why a URL is not accepted: one sentence for the customer."""

    sentence: str


class ReportUrl(msgspec.Struct, frozen=True):
    """A URL that passed every check that needs no resolution.

    ``host`` is ASCII and lower case, an IPv6 address without brackets; ``address`` is the host in canonical
    form when it is a literal address, however it was spelled. ``target`` is the path and query of the request
    line. ``origin`` (``https://host:port``, the port always written) names the queue, the breaker and the
    connections.
    """

    scheme: str
    host: str
    port: int
    target: str
    origin: str
    address: str | None

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """The value of ``Host``: the port only when it is not the scheme's own (RFC 9110 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_report_url(
    text: str,
    *,
    http_allowed: bool,
    loopback_allowed: bool,
    own_hosts: Container[str] = (),
    own_addresses: Container[str] = (),
) -> ReportUrl | UrlRefusal:
    """Read and judge a URL; names are not resolved, so they must be judged again when connecting.

    ``http_allowed`` is the account's permission; with ``loopback_allowed`` plain http is also taken to this
    machine itself. ``own_hosts`` (ASCII, lower case) and ``own_addresses`` (canonical) are the platform's,
    never called.
    """
    parsed = _parsed(text)
    if isinstance(parsed, UrlRefusal):
        return parsed
    if parsed.host in own_hosts:
        return UrlRefusal("The URL leads back to this platform.")
    is_local_name = parsed.host == "localhost" or parsed.host.endswith(".localhost")
    if is_local_name and not loopback_allowed:
        return UrlRefusal("The host of the URL is this machine itself, which may not be called.")
    refusal = parsed.address and address_refusal(
        parsed.address, loopback_allowed=loopback_allowed, own_addresses=own_addresses
    )
    if refusal:
        return UrlRefusal(f"The host of the URL {refusal}.")
    if parsed.is_tls or http_allowed:
        return parsed
    if loopback_allowed and (is_local_name or _is_loopback(parsed.address)):
        return parsed
    return UrlRefusal("The URL must start with https://; this account may not use plain http.")


def parse_incoming_url(text: str, *, http_allowed: bool, loopback_allowed: bool) -> str | UrlRefusal | None:
    """Where incoming messages are to go, judged as report URLs are; None for nowhere, as nothing is typed."""
    if not text:
        return None
    url = parse_report_url(text, http_allowed=http_allowed, loopback_allowed=loopback_allowed)
    return url if isinstance(url, UrlRefusal) else text


@lru_cache(maxsize=4096)
def stored_report_url(text: str) -> ReportUrl | UrlRefusal:
    """A URL that was judged when its batch was accepted, read again; its address is judged at every try."""
    return parse_report_url(text, http_allowed=True, loopback_allowed=True)


def bucket_of(origin: str) -> int:
    """The queue bucket of an origin, 0 to 63: CRC-32 (ISO 3309) of its bytes modulo 64.

    The same in every process and every release; stored in rows, so it must never change.
    """
    return zlib.crc32(origin.encode()) % BUCKETS


@lru_cache(maxsize=2048)
def _parsed(text: str) -> ReportUrl | UrlRefusal:
    shape = _shape_of(text)
    if isinstance(shape, UrlRefusal):
        return shape
    scheme, authority, target = shape
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match[1]:
        return UrlRefusal("The URL has no valid host and port.")
    port = int(match[2]) if match[2] else _DEFAULT_PORTS[scheme]
    if port not in (80, 443) and not 1024 <= port <= 65535:
        return UrlRefusal("The port of the URL must be 80, 443 or from 1024 to 65535.")
    if port in DENIED_PORTS:
        return UrlRefusal(f"Port {port} belongs to another protocol and may not be called.")
    host = _host_of(match[1])
    if isinstance(host, UrlRefusal):
        return host
    shown = f"[{host}]" if isinstance(host, IPv6Address) else host
    return ReportUrl(
        scheme=scheme,
        host=str(host),
        port=port,
        target=target,
        origin=f"{scheme}://{shown}:{port}",
        address=None if isinstance(host, str) else str(host),
    )


def _shape_of(text: str) -> tuple[str, str, str] | UrlRefusal:
    """Scheme, authority and request target, or what is wrong with the characters."""
    if len(text) > MAX_URL_LENGTH:
        return UrlRefusal(f"The URL is longer than {MAX_URL_LENGTH} characters.")
    # Categories: control, format, surrogate, line, paragraph and space separators. Format characters
    # (joiners, marks of direction) make a URL that reads differently from what it is.
    if "\\" in text or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs") for c in text):
        return UrlRefusal("The URL contains a space, a backslash or an invisible character.")
    match = _SHAPE.fullmatch(text)
    scheme = match[1].lower() if match else ""
    if match is None or scheme not in _DEFAULT_PORTS:
        return UrlRefusal("The URL must start with https:// or http://.")
    if "@" in match[2]:
        return UrlRefusal("The URL must not contain a user name or password.")
    rest = match[3] if match[3].startswith("/") else "/" + match[3]
    target = quote(rest, safe=_TARGET_SAFE)
    if len(target) > MAX_URL_LENGTH:
        return UrlRefusal(f"The URL is longer than {MAX_URL_LENGTH} characters once percent-encoded.")
    return scheme, match[2], target


def _host_of(text: str) -> str | Address | UrlRefusal:
    if text.startswith("["):
        return _ipv6_of(text[1:-1])
    name = _ascii_host(text)
    if isinstance(name, UrlRefusal):
        return name
    labels = name.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4_of(labels)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return UrlRefusal("The host of the URL is not a valid name.")
    return ".".join(labels)


def _ascii_host(text: str) -> str | UrlRefusal:
    """A name in ASCII and lower case (RFC 3490 ToASCII), where old and new IDNA agree about it."""
    if text.isascii():
        return text.lower()
    if len(text) > 253 or any(c in _DEVIATIONS or stringprep.in_table_a1(c) for c in text):
        return UrlRefusal("The host of the URL must be written in its ASCII form (xn--...).")
    try:
        # Turns circled digits into digits and some characters into dots, so only the result is judged.
        return text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return UrlRefusal("The host of the URL is not a valid name.")


def _ipv6_of(text: str) -> Address | UrlRefusal:
    if "%" in text:
        return UrlRefusal("The address in the URL must not have a zone.")
    try:
        address = IPv6Address(text)
    except ValueError:
        return UrlRefusal("The host of the URL is not a valid IPv6 address.")
    return address.ipv4_mapped or address


def _ipv4_of(labels: list[str]) -> Address | UrlRefusal:
    """An IPv4 address in any spelling that inet_aton or a browser takes: fewer parts, octal, hexadecimal."""
    numbers = [_number_of(label) for label in labels]
    *heads, last = numbers
    if (
        len(numbers) > 4
        or min(numbers) < 0
        or max(heads, default=0) > 255
        or last >= 256 ** (5 - len(numbers))
    ):
        return UrlRefusal("The host of the URL is not a valid IPv4 address.")
    value = last
    for index, number in enumerate(heads):
        value += number << (24 - 8 * index)
    return IPv4Address(value)


def _number_of(label: str) -> int:
    """The number a label stands for, -1 if none. Lengths are bounded by the URL's."""
    if not _NUMBER.fullmatch(label):
        return -1
    try:
        if label.startswith("0x"):
            return int(label[2:] or "0", 16)
        return int(label, 8) if label.startswith("0") else int(label)
    except ValueError:
        return -1


def _is_loopback(address: str | None) -> bool:
    return address is not None and (address == "::1" or address.startswith("127."))
