"""Which IP addresses a stranger may make us call: a table of our own, refusing everything that is not public.

``ipaddress`` serves as a parser only: its ``is_global`` calls several reserved ranges public in Python 3.11.
Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890, RFC 4291.
"""

from collections.abc import Container
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_LOOPBACK = "is this machine itself (loopback)"

# (network, what an address in it is); read in order.
_V4_CLASSES = (
    ("0.0.0.0/8", "is unspecified (this network)"),
    ("10.0.0.0/8", "is private"),
    ("100.64.0.0/10", "is shared by a provider's customers (carrier-grade NAT)"),
    ("127.0.0.0/8", _LOOPBACK),
    ("168.63.129.16/32", "is a cloud platform's internal service"),
    ("169.254.0.0/16", "is link-local"),
    ("172.16.0.0/12", "is private"),
    ("192.0.0.0/24", "is reserved for protocol assignments"),
    ("192.0.2.0/24", "is reserved for documentation"),
    ("192.31.196.0/24", "is reserved for AS112"),
    ("192.52.193.0/24", "is reserved for multicast tunnels (AMT)"),
    ("192.88.99.0/24", "is a 6to4 relay"),
    ("192.168.0.0/16", "is private"),
    ("192.175.48.0/24", "is reserved for AS112"),
    ("198.18.0.0/15", "is reserved for benchmarks"),
    ("198.51.100.0/24", "is reserved for documentation"),
    ("203.0.113.0/24", "is reserved for documentation"),
    ("224.0.0.0/4", "is multicast"),
    ("255.255.255.255/32", "is broadcast"),
    ("240.0.0.0/4", "is reserved"),
)
_V6_CLASSES = (
    ("::/128", "is unspecified"),
    ("::1/128", _LOOPBACK),
    ("::/96", "embeds an IPv4 address (IPv4-compatible)"),
    ("::ffff:0:0:0/96", "embeds an IPv4 address (IPv4-translated)"),
    ("64:ff9b::/96", "embeds an IPv4 address (NAT64)"),
    ("64:ff9b:1::/48", "embeds an IPv4 address (local NAT64)"),
    ("100::/64", "is discard-only"),
    ("2001::/32", "embeds an IPv4 address (Teredo)"),
    ("2001:db8::/32", "is reserved for documentation"),
    ("2001::/23", "is reserved for protocol assignments"),
    ("2002::/16", "embeds an IPv4 address (6to4)"),
    ("2620:4f:8000::/48", "is reserved for AS112"),
    ("3ffe::/16", "is reserved (6bone)"),
    ("3fff::/20", "is reserved for documentation"),
    ("5f00::/16", "is reserved for segment routing (SRv6)"),
    ("fc00::/7", "is private (unique local)"),
    ("fe80::/10", "is link-local"),
    ("fec0::/10", "is private (site-local)"),
    ("ff00::/8", "is multicast"),
)
_V4_TABLE = tuple((IPv4Network(network), meaning) for network, meaning in _V4_CLASSES)
_V6_TABLE = tuple((IPv6Network(network), meaning) for network, meaning in _V6_CLASSES)
_V6_GLOBAL = IPv6Network("2000::/3")


def address_refusal(
    address: str, *, loopback_allowed: bool, own_addresses: Container[str] = ()
) -> str | None:
    """Why this address may not be called, as the end of a sentence ("is private"); None when it may.

    IPv4-mapped IPv6 addresses are judged as the IPv4 address they lead to. ``own_addresses`` (canonical
    spelling) are the platform's own public ones. Text that is no address, or has a zone, is refused too.
    """
    parsed = parse_address(address)
    if parsed is None:
        return "is not an IP address"
    if str(parsed) in own_addresses:
        return "is this platform's own"
    meaning = _class_of(parsed)
    return None if loopback_allowed and meaning is _LOOPBACK else meaning


def parse_address(text: str) -> Address | None:
    """An address in canonical spelling, unmapped; None for anything else, an address with a zone included."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


def _class_of(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((meaning for network, meaning in _V4_TABLE if address in network), None)
    meaning = next((meaning for network, meaning in _V6_TABLE if address in network), None)
    if meaning is None and address not in _V6_GLOBAL:
        return "is not global unicast"
    return meaning
