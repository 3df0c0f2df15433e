"""Which addresses a URL may lead to: every reserved class at its edges, and its public neighbours."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.public_address import address_refusal, parse_address

LOOPBACK = "is this machine itself (loopback)"

# First and last address of each class; between them they are checked by the property below.
REFUSED = {
    "is unspecified (this network)": ["0.0.0.0", "0.0.0.1", "0.255.255.255"],
    "is private": [
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.168.255.255",
    ],
    "is shared by a provider's customers (carrier-grade NAT)": [
        *("100.64.0.0", "100.100.100.200", "100.127.255.255"),
    ],
    LOOPBACK: ["127.0.0.0", "127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"],
    "is a cloud platform's internal service": ["168.63.129.16"],
    "is link-local": [
        *("169.254.0.0", "169.254.169.254", "169.254.255.255"),
        *("fe80::", "fe80::1", "fe80::a9fe:a9fe", "febf:ffff::1"),
    ],
    "is reserved for protocol assignments": [
        *("192.0.0.0", "192.0.0.170", "192.0.0.192", "192.0.0.255"),
        *("2001:1::1", "2001:2::1", "2001:3::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1"),
    ],
    "is reserved for documentation": [
        *("192.0.2.0", "192.0.2.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255"),
        *("2001:db8::", "2001:db8::8.8.8.8", "2001:db8:ffff:ffff::1", "3fff::", "3fff:fff:ffff::1"),
    ],
    "is reserved for AS112": ["192.31.196.1", "192.175.48.1", "2620:4f:8000::1"],
    "is reserved for multicast tunnels (AMT)": ["192.52.193.1"],
    "is a 6to4 relay": ["192.88.99.0", "192.88.99.255"],
    "is reserved for benchmarks": ["198.18.0.0", "198.19.255.255"],
    "is multicast": ["224.0.0.0", "224.0.0.1", "239.255.255.255", "ff00::", "ff02::1", "ffff:ffff::1"],
    "is reserved": ["240.0.0.0", "255.255.255.254"],
    "is broadcast": ["255.255.255.255"],
    "is unspecified": ["::"],
    "embeds an IPv4 address (IPv4-compatible)": ["::2", "::7f00:1", "::10.0.0.1", "::8.8.8.8"],
    "embeds an IPv4 address (IPv4-translated)": ["::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"],
    "embeds an IPv4 address (NAT64)": ["64:ff9b::", "64:ff9b::10.0.0.1", "64:ff9b::ffff:ffff"],
    "embeds an IPv4 address (local NAT64)": ["64:ff9b:1::", "64:ff9b:1:ffff:ffff::1"],
    "is discard-only": ["100::", "100::ffff:ffff:ffff:ffff"],
    "embeds an IPv4 address (Teredo)": ["2001::", "2001::1", "2001:0:ffff:ffff::1"],
    "embeds an IPv4 address (6to4)": ["2002::", "2002:7f00:1::1", "2002:a00:1::", "2002:ffff:ffff::1"],
    "is reserved (6bone)": ["3ffe::1", "3ffe:ffff::1"],
    "is reserved for segment routing (SRv6)": ["5f00::", "5f00:ffff::1"],
    "is private (unique local)": ["fc00::", "fc00::1", "fd00:ec2::254", "fdff:ffff::1"],
    "is private (site-local)": ["fec0::", "feff:ffff::1"],
    "is not global unicast": [
        "200::1",
        "1000::1",
        "1fff:ffff::1",
        "4000::1",
        "5eff::1",
        "8000::1",
        "fe00::1",
    ],
    "is not an IP address": [
        "",
        "localhost",
        "127.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1 ",
        "fe80::1%eth0",
        "::1%1",
    ],
}

ALLOWED = [
    *("1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
    *("126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0"),
    *("172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.1.255", "192.0.3.0"),
    *("192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"),
    *("198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "185.60.216.35"),
    *("2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1", "2003::1"),
    *(
        "2606:4700::1111",
        "2620:4f:7fff::1",
        "2620:4f:8001::1",
        "2a00:1450:400f::1",
        "3ffd::1",
        "3fff:1000::1",
    ),
]
MAPPED = [
    ("::ffff:127.0.0.1", LOOPBACK),
    ("::ffff:7f00:1", LOOPBACK),
    ("0:0:0:0:0:ffff:a00:1", "is private"),
    ("::ffff:169.254.169.254", "is link-local"),
    ("::FFFF:192.168.1.1", "is private"),
    ("::ffff:0.0.0.0", "is unspecified (this network)"),
    ("::ffff:8.8.8.8", None),
]
TABLE = [
    *((address, meaning) for meaning, addresses in REFUSED.items() for address in addresses),
    *((address, None) for address in ALLOWED),
    *MAPPED,
]


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len({address for address, _ in TABLE}) >= 120


@pytest.mark.parametrize(("address", "refusal"), TABLE)
def test_an_address_is_refused_by_its_class(address: str, refusal: str | None) -> None:
    assert address_refusal(address, loopback_allowed=False) == refusal


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"])
def test_loopback_can_be_allowed(address: str) -> None:
    assert address_refusal(address, loopback_allowed=True) is None


@pytest.mark.parametrize(
    "address", [address for address, refusal in TABLE if refusal is not None and refusal != LOOPBACK]
)
def test_allowing_loopback_allows_nothing_else(address: str) -> None:
    assert address_refusal(address, loopback_allowed=True) is not None


def test_the_platforms_own_addresses_are_refused_in_any_spelling() -> None:
    own = frozenset({"192.0.1.5", "2a00:1450::1"})
    for address in ("192.0.1.5", "::ffff:192.0.1.5", "2a00:1450::1", "2A00:1450:0::0:1"):
        assert address_refusal(address, loopback_allowed=False, own_addresses=own) == "is this platform's own"
    assert address_refusal("192.0.1.6", loopback_allowed=False, own_addresses=own) is None


# Octets of the first, per class: an independent reading of the IPv4 registry.
def is_reserved(address: bytes) -> bool:
    a, b, c, _ = address
    return (
        a in (0, 10, 127)
        or a >= 224
        or (a == 100 and 64 <= b < 128)
        or (a == 169 and b == 254)
        or (a == 172 and 16 <= b < 32)
        or (a == 192 and b == 168)
        or (a == 198 and b in (18, 19))
        or (a, b, c) in {(192, 0, 0), (192, 0, 2), (198, 51, 100), (203, 0, 113), (192, 88, 99)}
        or (a, b, c) in {(192, 31, 196), (192, 52, 193), (192, 175, 48)}
        or address == bytes((168, 63, 129, 16))
    )


@given(
    st.one_of(
        st.binary(min_size=4, max_size=4),
        st.builds(
            lambda first, rest: first + rest[len(first) :],
            st.sampled_from(
                [b"\xa9\xfe", b"\xac\x10", b"\xac\x1f", b"\xac\x20", b"\xc0\xa8", b"\xc6\x12", b"\x64\x40"]
            ),
            st.binary(min_size=4, max_size=4),
        ),
    )
)
def test_every_ipv4_address_is_judged_as_the_registry_reads(octets: bytes) -> None:
    text = socket.inet_ntop(socket.AF_INET, octets)
    refused = address_refusal(text, loopback_allowed=False) is not None
    assert refused == is_reserved(octets)
    mapped = socket.inet_ntop(socket.AF_INET6, bytes(10) + b"\xff\xff" + octets)
    assert (address_refusal(mapped, loopback_allowed=False) is not None) == refused


@given(st.binary(min_size=16, max_size=16))
def test_no_ipv6_address_outside_global_unicast_is_allowed(octets: bytes) -> None:
    text = socket.inet_ntop(socket.AF_INET6, octets)
    if octets[0] >> 5 != 1 and not octets.startswith(bytes(10) + b"\xff\xff"):
        assert address_refusal(text, loopback_allowed=False) is not None


def test_parsing_gives_one_spelling() -> None:
    assert str(parse_address("2001:DB8:0:0::1")) == "2001:db8::1"
    assert str(parse_address("::ffff:1.2.3.4")) == "1.2.3.4"
    assert parse_address("fe80::1%eth0") is None
