"""Amounts of money as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.pricing import UNIT, as_text
from heliograph.faces.cli.amounts import money, parse_amount, parse_price
from heliograph.faces.cli.command_refused import CommandRefused


@pytest.mark.parametrize(
    ("text", "micro"),
    [("1", 1_000_000), ("12.50", 12_500_000), ("0.000001", 1), (" 7 ", 7_000_000), ("1e3", 1_000_000_000)],
)
def test_an_amount_is_read_exactly(text: str, micro: int) -> None:
    assert parse_amount(text) == micro


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "0.0000001", "nan", "inf", "1e30", "1,5"])
def test_what_is_no_positive_amount_is_refused(text: str) -> None:
    with pytest.raises(CommandRefused, match="is not a positive amount"):
        parse_amount(text)


def test_a_price_may_be_nothing() -> None:
    assert parse_price("0") == 0
    with pytest.raises(CommandRefused):
        parse_price("-0.1")


@given(st.integers(1, 10**12 * UNIT))
def test_what_is_shown_can_be_typed(micro: int) -> None:
    assert parse_amount(as_text(micro)) == micro


def test_money_names_its_currency() -> None:
    assert money(12_500_000, "SEK") == "12.5 SEK"
