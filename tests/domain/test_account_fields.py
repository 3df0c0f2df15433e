"""Names of accounts and amounts of credit, as customers write them."""

import pytest

from heliograph.domain.account_fields import NOT_AN_AMOUNT, check_amount, check_name
from heliograph.domain.refusals import Refusal


def test_a_name_is_taken_as_it_is() -> None:
    assert check_name("Lager 2 - Malmö") == "Lager 2 - Malmö"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "Name is required."),
        (7, "Name must be a string."),
        (" ", "Name must not be empty or blank."),
        ("x" * 101, "Name has at most 100 characters; this one has 101."),
        ("a\nb", "Name must not hold control characters."),
    ],
)
def test_a_bad_name_is_told_why(value: object, sentence: str) -> None:
    refusal = check_name(value)
    assert isinstance(refusal, Refusal)
    assert (refusal.field, refusal.sentence) == ("Name", sentence)


@pytest.mark.parametrize(
    ("value", "micro"),
    [(1, 1_000_000), (0.1, 100_000), (12.345678, 12_345_678), (0.000001, 1), (10**9, 10**15)],
)
def test_an_amount_is_exact(value: float, micro: int) -> None:
    assert check_amount(value) == micro


@pytest.mark.parametrize(
    "value", [0, -1, 0.0000001, 1.2345678, 10**9 + 1, float("inf"), float("nan"), True, "5", [], {}]
)
def test_what_is_no_amount_is_refused(value: object) -> None:
    refusal = check_amount(value)
    assert isinstance(refusal, Refusal)
    assert refusal.sentence == NOT_AN_AMOUNT


def test_an_amount_is_required() -> None:
    refusal = check_amount(None)
    assert isinstance(refusal, Refusal)
    assert refusal.sentence == "Amount is required."
