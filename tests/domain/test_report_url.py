"""The URL a customer gives for reports: what is accepted and as what, what is refused and why."""

import re

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.report_url import (
    DENIED_PORTS,
    ReportUrl,
    UrlRefusal,
    bucket_of,
    parse_report_url,
)


def parse(text: str, *, http: bool = True, loopback: bool = False) -> ReportUrl | UrlRefusal:
    return parse_report_url(text, http_allowed=http, loopback_allowed=loopback)


def accepted(text: str, *, http: bool = True, loopback: bool = False) -> ReportUrl:
    url = parse(text, http=http, loopback=loopback)
    assert isinstance(url, ReportUrl), url
    return url


def refused(text: str, *, http: bool = True, loopback: bool = False) -> str:
    url = parse(text, http=http, loopback=loopback)
    assert isinstance(url, UrlRefusal), url
    return url.sentence


@pytest.mark.parametrize(
    ("text", "origin", "target"),
    [
        ("https://example.com", "https://example.com:443", "/"),
        ("https://example.com/", "https://example.com:443", "/"),
        ("https://example.com?x=1", "https://example.com:443", "/?x=1"),
        ("HTTPS://Example.COM/Path", "https://example.com:443", "/Path"),
        ("http://example.com/a/b?c=d&e=f", "http://example.com:80", "/a/b?c=d&e=f"),
        ("https://example.com:8443/r", "https://example.com:8443", "/r"),
        ("https://example.com:/r", "https://example.com:443", "/r"),
        ("https://example.com:00443/r", "https://example.com:443", "/r"),
        ("https://example.com./r", "https://example.com:443", "/r"),
        ("https://example.com/r#fragment?not=query", "https://example.com:443", "/r"),
        ("https://example.com/a/../b/./c", "https://example.com:443", "/a/../b/./c"),
        ("https://example.com/å?q=ö", "https://example.com:443", "/%C3%A5?q=%C3%B6"),
        ("https://example.com/%C3%A5%2e", "https://example.com:443", "/%C3%A5%2e"),
        ('https://example.com/<"{|}^`>', "https://example.com:443", "/%3C%22%7B%7C%7D%5E%60%3E"),
        ("https://example.com/@user:pass", "https://example.com:443", "/@user:pass"),
        ("https://my_service.example.com/", "https://my_service.example.com:443", "/"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example:443", "/"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah:443", "/"),
        ("https://example。com/", "https://example.com:443", "/"),
        ("https://ｅｘａｍｐｌｅ.com/", "https://example.com:443", "/"),
        ("https://[2606:4700::1111]/r", "https://[2606:4700::1111]:443", "/r"),
        ("https://[2606:4700:0:0:0:0:0:1111]:8443/r", "https://[2606:4700::1111]:8443", "/r"),
        ("https://[::ffff:8.8.8.8]/r", "https://8.8.8.8:443", "/r"),
    ],
)
def test_a_url_is_parsed_into_one_origin_and_target(text: str, origin: str, target: str) -> None:
    url = accepted(text)
    assert (url.origin, url.target) == (origin, target)


@pytest.mark.parametrize(
    ("text", "host_header"),
    [
        ("https://example.com/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("http://example.com:443/", "example.com:443"),
        ("https://example.com:8443/", "example.com:8443"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]"),
        ("http://[2606:4700::1111]:8080/", "[2606:4700::1111]:8080"),
    ],
)
def test_the_host_header_names_the_port_only_where_it_is_not_the_schemes_own(
    text: str, host_header: str
) -> None:
    assert accepted(text).host_header == host_header


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("8.8.8.8.", "8.8.8.8"),
        ("134744072", "8.8.8.8"),
        ("0x08080808", "8.8.8.8"),
        ("0X8.0X8.0X8.0X8", "8.8.8.8"),
        ("010.010.010.010", "8.8.8.8"),
        ("8.526344", "8.8.8.8"),
        ("8.8.2056", "8.8.8.8"),
        ("８.８.８.８", "8.8.8.8"),
        ("⑧.⑧.⑧.⑧", "8.8.8.8"),
        ("8。8｡8．8", "8.8.8.8"),
        ("⒏⒏⒏8", "8.8.8.8"),
        ("[::ffff:808:808]", "8.8.8.8"),
    ],
)
def test_an_address_is_recognised_in_any_spelling(host: str, address: str) -> None:
    url = accepted(f"https://{host}/")
    assert (url.host, url.address) == (address, address)


@pytest.mark.parametrize("name", ["1.example", "0x7f.example", "8.8.8.8.example", "a1", "x.0y", "1e100.net"])
def test_a_name_with_digits_is_still_a_name(name: str) -> None:
    assert accepted(f"https://{name}/").address is None


LOOPBACK_SPELLINGS = [
    *("127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7F000001", "2130706433", "0177.0.0.1", "017700000001"),
    *("127.0.0.1.", "0x7f.0x0.0x0.0x1", "00177.00.00.01", "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1"),
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "LOCALHOST"),
    *("localhost.", "api.localhost", "ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"),
]


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_loopback_is_refused_in_every_spelling_unless_allowed(host: str) -> None:
    assert "this machine itself" in refused(f"https://{host}:8443/")
    assert accepted(f"http://{host}:8080/", http=False, loopback=True).port == 8080


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("10.0.0.1", "is private"),
        ("167772161", "is private"),
        ("0xa.1", "is private"),
        ("012.0.0.1", "is private"),
        ("172.16.1", "is private"),
        ("192.168.257", "is private"),
        ("0xa9fea9fe", "is link-local"),
        ("169.254.43518", "is link-local"),
        ("①⑥⑨.②⑤④.①⑥⑨.②⑤④", "is link-local"),
        ("0", "is unspecified"),
        ("0x", "is unspecified"),
        ("[::]", "is unspecified"),
        ("[fd00::1]", "is private"),
        ("[fe80::1]", "is link-local"),
        ("[::ffff:10.0.0.1]", "is private"),
        ("[64:ff9b::a00:1]", "embeds an IPv4 address"),
        ("[2002:a00:1::1]", "embeds an IPv4 address"),
        ("4294967295", "is broadcast"),
    ],
)
def test_a_literal_address_that_is_not_public_is_refused(host: str, why: str) -> None:
    assert why in refused(f"https://{host}/")
    assert why in refused(f"https://{host}/", loopback=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must start with"),
        ("example.com/r", "must start with"),
        ("//example.com/r", "must start with"),
        ("ftp://example.com/", "must start with"),
        ("file:///etc/passwd", "must start with"),
        ("gopher://example.com:70/_x", "must start with"),
        ("javascript:alert(1)", "must start with"),
        ("https:example.com", "must start with"),
        ("https:/example.com", "must start with"),
        (" https://example.com", "space"),
        ("https://example.com/ a", "space"),
        ("https://example.com/\r\nX: y", "invisible"),
        ("https://example.com/\t", "invisible"),
        ("https://exa\nmple.com/", "invisible"),
        ("https://example.com/\x00", "invisible"),
        ("https://example.com/\x7f", "invisible"),
        ("https://example.com/\u202egnp.exe", "invisible"),
        ("https://exam\u200dple.com/", "invisible"),
        ("https://exam\u00adple.com/", "invisible"),
        ("https://example.com/\ud800", "invisible"),
        ("https://example.com\\@127.0.0.1/", "backslash"),
        ("https://user@example.com/", "user name"),
        ("https://user:secret@example.com/", "user name"),
        ("https://example.com@127.0.0.1/", "user name"),
        ("https://@example.com/", "user name"),
        ("https:///path", "host and port"),
        ("https://:443/", "host and port"),
        ("https://?x", "host and port"),
        ("https://example.com:https/", "host and port"),
        ("https://example.com:-1/", "host and port"),
        ("https://example.com:443:443/", "host and port"),
        ("https://example.com:999999/", "host and port"),
        ("https://[::1/", "host and port"),
        ("https://::1/", "host and port"),
        ("https://[::1]x/", "host and port"),
        ("https://example.com:22/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:1023/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://example.com:2775/", "another protocol"),
        ("https://example.com:6379/", "another protocol"),
        ("https://[fe80::1%25eth0]/", "zone"),
        ("https://[fe80::1%eth0]/", "zone"),
        ("https://[:::1]/", "IPv6"),
        ("https://[1.2.3.4]/", "IPv6"),
        ("https://[v1.x]/", "IPv6"),
        ("https://256.1.1.1/", "IPv4"),
        ("https://1.2.3.4.5/", "IPv4"),
        ("https://4294967296/", "IPv4"),
        ("https://08.8.8.8/", "IPv4"),
        ("https://1..2/", "IPv4"),
        ("https://a.1/", "IPv4"),
        ("https://0x100.1.1.1/", "IPv4"),
        ("https://1.2.3.0x100/", "IPv4"),
        ("https://%31%32%37.0.0.1/", "IPv4"),
        ("https://example%2ecom/", "valid name"),
        ("https://-example.com/", "valid name"),
        ("https://example-.com/", "valid name"),
        ("https://exam!ple.com/", "valid name"),
        ("https://a..b/", "valid name"),
        ("https://.example.com/", "valid name"),
        ("https://example.com../", "valid name"),
        ("https://" + "a" * 64 + ".com/", "valid name"),
        ("https://" + "å" * 64 + ".com/", "valid name"),
        ("https://" + "a." * 127 + "com/", "valid name"),
        ("https://straße.example/", "xn--"),
        ("https://ς.example/", "xn--"),
        ("https://\U0001f98a.example/", "xn--"),
        ("https://example.com/" + "a" * 2048, "longer than 2048"),
        ("https://example.com/" + "å" * 1000, "longer than 2048"),
    ],
)
def test_a_url_that_breaks_a_rule_is_refused_with_its_reason(text: str, why: str) -> None:
    assert why in refused(text, loopback=True)


def test_the_longest_url_is_accepted() -> None:
    head = "https://example.com/"
    assert accepted(head + "a" * (2048 - len(head))).host == "example.com"


@pytest.mark.parametrize("port", [80, 443, 1024, 3000, 5000, 8000, 8080, 8443, 9000, 65535])
def test_the_usual_ports_are_allowed(port: int) -> None:
    assert accepted(f"https://example.com:{port}/").port == port


@pytest.mark.parametrize("port", sorted(DENIED_PORTS))
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    assert "another protocol" in refused(f"https://example.com:{port}/")


def test_plain_http_needs_permission_or_a_local_receiver() -> None:
    assert "plain http" in refused("http://example.com/", http=False)
    assert "plain http" in refused("http://example.com/", http=False, loopback=True)
    assert "plain http" in refused("http://8.8.8.8/", http=False, loopback=True)
    assert accepted("http://127.0.0.1:9000/", http=False, loopback=True).host == "127.0.0.1"
    assert accepted("http://[::1]:9000/", http=False, loopback=True).host == "::1"
    assert accepted("http://example.com/", http=True).port == 80


def test_the_platform_is_never_sent_to_itself() -> None:
    for text in (
        "https://sms.example.com/v2/batches",
        "https://SMS.example.com./",
        "https://8.8.8.8/",
        "https://0x08080808/",
    ):
        url = parse_report_url(
            text,
            http_allowed=True,
            loopback_allowed=False,
            own_hosts={"sms.example.com"},
            own_addresses={"8.8.8.8"},
        )
        assert isinstance(url, UrlRefusal)


@pytest.mark.parametrize(
    "host",
    [
        "bücher.example",
        "ÅÄÖ.example",
        "例え.テスト",
        "παράδειγμα.δοκιμή",
        "пример.испытание",
        "مثال.إختبار",
        "उदाहरण.परीक्षा",
        "cafe\u0301.example",
        "ﬁne.example",
    ],
)
def test_names_become_ascii_as_the_current_standard_has_it(host: str) -> None:
    """Oracle: the idna library, IDNA 2008 with UTS 46 mapping."""
    assert accepted(f"https://{host}/").host == idna.encode(host, uts46=True).decode()


@given(st.text(max_size=60), st.sampled_from(["", "https://", "http://[", "https://a:", "https://1."]))
def test_any_text_is_parsed_or_refused_and_what_is_parsed_is_clean(text: str, start: str) -> None:
    url = parse(start + text)
    if isinstance(url, ReportUrl):
        assert re.fullmatch(r"[a-z0-9_.:-]+", url.host)
        assert re.fullmatch(r"/[!-~]*", url.target)
        assert accepted(f"{url.origin}{url.target}") == url


def test_buckets_are_fixed_for_ever() -> None:
    """Stored in rows: these values may not change between releases."""
    origins = [
        "https://example.com:443",
        "https://example.com:8443",
        "http://127.0.0.1:9000",
        "https://[::1]:443",
    ]
    assert [bucket_of(origin) for origin in origins] == [30, 22, 49, 2]


def test_buckets_spread_origins_evenly() -> None:
    counts = [0] * 64
    for number in range(6400):
        counts[bucket_of(f"https://customer{number}.example.com:443")] += 1
    assert min(counts) > 50
    assert max(counts) < 160
