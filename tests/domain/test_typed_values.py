"""Amounts as people type them."""

import pytest

from heliograph.domain.typed_values import read_amount, with_decimal_point


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12.50", 12_500_000),
        ("12,50", 12_500_000),
        ("1 012,50", 1_012_500_000),
        ("1\N{NO-BREAK SPACE}012,50", 1_012_500_000),
        ("1\N{NARROW NO-BREAK SPACE}012", 1_012_000_000),
        ("1.012,50", 1_012_500_000),
        ("1,012.50", 1_012_500_000),
        ("1,012,000.50", 1_012_000_500_000),
        (" 7 ", 7_000_000),
        ("1,2,3", None),
        ("1.2.3", None),
        ("twelve", None),
        ("", None),
    ],
)
def test_an_amount_is_read_as_people_write_it(typed: str, amount: int | None) -> None:
    assert read_amount(with_decimal_point(typed)) == amount
