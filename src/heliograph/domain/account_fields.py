"""Rules of what customers say of accounts: their names, and amounts of credit."""

from decimal import Decimal
from typing import Final

from heliograph.domain.pricing import UNIT
from heliograph.domain.refusals import Refusal
from heliograph.domain.text_rules import has_control, unstorable

MAX_NAME: Final = 100
MAX_AMOUNT: Final = 10**9
NOT_AN_AMOUNT: Final = (
    f"Amount must be a positive number of at most {MAX_AMOUNT}, with at most 6 decimals, such as 12.5."
)


def check_name(value: object, field: str = "Name") -> str | Refusal:
    """The name of an account, or what is wrong with it."""
    if value is None:
        return Refusal(field, "required", f"{field} is required.")
    if not isinstance(value, str):
        return Refusal(field, "not_text", f"{field} must be a string.")
    if not value.strip():
        return Refusal(field, "blank", f"{field} must not be empty or blank.")
    if len(value) > MAX_NAME:
        sentence = f"{field} has at most {MAX_NAME} characters; this one has {len(value)}."
        return Refusal(field, "too_long", sentence)
    if unstorable(value) or has_control(value):
        return Refusal(field, "characters", f"{field} must not hold control characters.")
    return value


def check_amount(value: object, field: str = "Amount") -> int | Refusal:
    """An amount as JSON gave it, in micro-units, or what is wrong with it."""
    if value is None:
        return Refusal(field, "required", f"{field} is required.")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Refusal(field, "not_an_amount", NOT_AN_AMOUNT)
    micro = Decimal(str(value)) * UNIT
    if not micro.is_finite() or not 0 < micro <= MAX_AMOUNT * UNIT or micro != int(micro):
        return Refusal(field, "not_an_amount", NOT_AN_AMOUNT)
    return int(micro)
