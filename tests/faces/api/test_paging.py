"""start, limit and order (the reconstructed specification, section 3), and the Link header (RFC 8288)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.domain.refusals import InvalidRequest
from heliograph.faces.api.paging import NO_CURSOR, Page, base_url, link_header, parse_page

URL = "https://sms.example.com/v2/batches"


def test_defaults() -> None:
    assert parse_page(b"") == Page(start=0, limit=50, newest_first=False)


@pytest.mark.parametrize("order", [b"DESC", b"desc", b"Desc"])
def test_order_is_read_in_any_case(order: bytes) -> None:
    assert parse_page(b"order=" + order).newest_first
    assert not parse_page(b"order=asc").newest_first


def test_the_largest_limit_is_1000() -> None:
    assert parse_page(b"start=200&limit=1000") == Page(start=200, limit=1000)


@pytest.mark.parametrize(
    ("query", "name", "sentence"),
    [
        (b"start=-1", "start", "start is a whole number from 0 to 2147483647."),
        (b"start=2147483648", "start", "start is a whole number from 0 to 2147483647."),
        (b"start=", "start", "start is a whole number from 0 to 2147483647."),
        (b"start=1.5", "start", "start is a whole number from 0 to 2147483647."),
        (b"start=%D9%A1", "start", "start is a whole number from 0 to 2147483647."),
        (b"start=+1", "start", "start is a whole number from 0 to 2147483647."),
        (b"limit=0", "limit", "limit is a whole number from 1 to 1000."),
        (b"limit=1001", "limit", "limit is a whole number from 1 to 1000."),
        (b"limit=ten", "limit", "limit is a whole number from 1 to 1000."),
        (b"order=up", "order", "order is ASC or DESC."),
        (b"order=", "order", "order is ASC or DESC."),
        (b"limit=1&limit=2", "limit", "limit is given more than once."),
        (b"\xff=1&limit=%FF", "limit", "limit is a whole number from 1 to 1000."),
    ],
)
def test_a_wrong_parameter_is_named(query: bytes, name: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_page(query)
    assert refused.value.by_field() == {name: [sentence]}


def test_a_cursor_is_refused_where_there_is_none() -> None:
    for query in (b"after=", b"after=5bc86b6e85c7209830f96936&limit=5"):
        with pytest.raises(InvalidRequest) as refused:
            parse_page(query)
        assert refused.value.by_field() == {"after": [NO_CURSOR]}


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (b"tags=a%2Cb", ["a", "b"]),
        (b"tags=a%5C%2Cb", ["a,b"]),
        (b"tags=a%5C,b,c&tags=d", ["a,b", "c", "d"]),
        (b"tags=a%5Cb", ["a\\b"]),
        (b"tags=%5C,%5C,", [",,"]),
        (b"tags=a%5C%5C,b", ["a\\,b"]),
    ],
)
def test_a_comma_behind_a_backslash_belongs_to_its_value(query: bytes, values: list[str]) -> None:
    assert parse_page(query).values("tags") == values


def test_every_wrong_parameter_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_page(b"start=a&limit=b&order=c")
    assert list(refused.value.by_field()) == ["start", "limit", "order"]


def test_other_parameters_are_kept_and_may_hold_several_values() -> None:
    page = parse_page(b"tags=a&tags=b,c,&limit=3&x=%C3%A5")
    assert page.values("tags") == ["a", "b", "c"]
    assert page.values("absent") == []
    assert link_header(page, 1, URL).startswith(
        f'<{URL}?tags=a&tags=b%2Cc%2C&x=%C3%A5&start=0&limit=3&order=ASC>; rel="self"'
    )


def relations(page: Page, total: int) -> dict[str, int]:
    """Where each relation starts."""
    found = re.findall(r'start=([0-9]+)&[^>]*>; rel="([a-z]+)"', link_header(page, total, URL))
    return {rel: int(start) for start, rel in found}


@pytest.mark.parametrize(
    ("start", "total", "expected"),
    [
        (0, 0, {"self": 0, "first": 0, "last": 0}),
        (0, 50, {"self": 0, "first": 0, "last": 0}),
        (0, 51, {"self": 0, "first": 0, "next": 50, "last": 50}),
        (50, 151, {"self": 50, "first": 0, "prev": 0, "next": 100, "last": 150}),
        (150, 151, {"self": 150, "first": 0, "prev": 100, "last": 150}),
        (20, 100, {"self": 20, "first": 0, "prev": 0, "next": 70, "last": 50}),
        (900, 100, {"self": 900, "first": 0, "prev": 50, "last": 50}),
    ],
)
def test_relations(start: int, total: int, expected: dict[str, int]) -> None:
    assert relations(Page(start=start), total) == expected


@settings(deadline=None)
@given(limit=st.integers(1, 1000), total=st.integers(0, 5000))
def test_following_next_visits_every_entry_once_and_ends_at_last(limit: int, total: int) -> None:
    page, seen = Page(limit=limit), 0
    while True:
        seen += min(limit, total - page.start)
        links = relations(page, total)
        if "next" not in links:
            break
        page = Page(start=links["next"], limit=limit)
    assert seen == total
    assert links["last"] == page.start


@pytest.mark.parametrize(
    ("public_url", "host", "expected"),
    [
        ("https://sms.example.com/", "other", "https://sms.example.com"),
        (None, "sms.example.com:8080", "http://sms.example.com:8080"),
        (None, "[::1]:8080", "http://[::1]:8080"),
        (None, 'a"b>', "http://127.0.0.1:8080"),
        (None, "", "http://127.0.0.1:8080"),
    ],
)
def test_how_the_caller_reaches_us(public_url: str | None, host: str, expected: str) -> None:
    assert base_url(public_url=public_url, scheme="http", host=host, server="127.0.0.1:8080") == expected


def test_a_filter_that_no_text_can_match_is_refused() -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_page(b"tags=a&tags=%00b&start=-1")
    assert raised.value.by_field() == {
        "tags": ["tags must not hold the character NUL."],
        "start": ["start is a whole number from 0 to 2147483647."],
    }
