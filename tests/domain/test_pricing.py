"""Prices in micro-units, the quote of a batch, and money as JSON shows it."""

import json
from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.pricing import PriceTable, as_number, as_text, average, quote, surcharge

TABLE = PriceTable({"": 500_000, "46": 350_000})


@pytest.mark.parametrize(
    ("priority", "currency", "extra"),
    [(1, "SEK", 0), (1, "EUR", 0), (2, "SEK", 100_000), (2, "EUR", 10_000), (2, "USD", 10_000)],
)
def test_priority_2_costs_10_ore_or_a_cent_more_a_segment(priority: int, currency: str, extra: int) -> None:
    assert surcharge(priority, currency) == extra


def test_a_quote_counts_segments_and_leaves_out_refused_messages() -> None:
    quoted = quote(
        TABLE, ["46712345678", "4712345678", "456189040623"], [2, 1, 2], [0, 0, 408], extra=100_000
    )
    assert quoted.prices == [900_000, 600_000, 0]
    assert quoted.total == 1_500_000
    assert quoted.unpriced == []


def test_a_number_without_a_price_is_named_unless_it_is_refused_anyway() -> None:
    quoted = quote(PriceTable({"46": 1}), ["47123", "46123", "47124"], [1, 1, 1], [408, 0, 0])
    assert quoted.prices == [0, 1, 0]
    assert quoted.unpriced == [2]
    assert PriceTable({"46": 1}).segment_price("47123") is None


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (125_000, "0.125"),
        (0, "0"),
        (1_000_000, "1"),
        (82_000, "0.082"),
        (1, "0.000001"),
        (-1_500_000, "-1.5"),
        (123_456_789_012_345_678, "123456789012.345678"),
    ],
)
def test_money_is_written_exactly(micro: int, text: str) -> None:
    assert as_text(micro) == text


@given(st.integers(-(10**15), 10**15))
def test_the_json_number_is_exact(micro: int) -> None:
    assert Decimal(json.dumps(as_number(micro))) * 1_000_000 == micro
    assert Decimal(as_text(micro)) * 1_000_000 == micro


def test_the_average_of_the_page_is_cut_to_4_decimals() -> None:
    assert average(125_000, 3) == 0.0416
    assert average(0, 0) == 0.0


@given(st.integers(0, 10**13), st.integers(1, 100_000))
def test_the_average_is_cut_never_rounded(total: int, messages: int) -> None:
    exact = Decimal(total) / Decimal(messages) / 1_000_000
    assert Decimal(repr(average(total, messages))) == exact.quantize(Decimal("0.0001"), ROUND_DOWN)
