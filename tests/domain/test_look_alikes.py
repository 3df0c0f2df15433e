"""Which names cannot be told apart on a screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.look_alikes import imitated_name, look_of

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=11)
SWAPS = [
    *("0o", "0O", "1l", "1I", "lI", "5S", "8B", "2Z", "3E", "4A", "6G", "7T", "9g"),
    *(("rn", "m"), ("vv", "w"), ("cl", "d"), ("VV", "W"), ("c1", "d")),
]


@pytest.mark.parametrize(
    ("sender", "protected"),
    [
        ("Handelsbank", "Handelsbank"),
        ("HANDELSBANK", "Handelsbank"),
        ("HANDE1SBANK", "Handelsbank"),
        ("Hande1s8ank", "Handelsbank"),
        ("N0rdea", "Nordea"),
        ("Norclea", "Nordea"),
        ("PAYPAI", "PayPal"),
        ("Pay9al", "PayGal"),
        ("Klama", "Klarna"),
        ("KLARNA", "Klarna"),
        ("Svvish", "Swish"),
        ("5wish", "Swish"),
        ("rnyBank", "myBank"),
        ("iPl", "iP1"),
        ("vvvord", "wvord"),
        ("vwv", "wvv"),
        ("Bank1D", "Bank ID"),
    ],
)
def test_an_imitation_is_seen_through(sender: str, protected: str) -> None:
    assert imitated_name(sender, ["Other", protected]) == protected


@pytest.mark.parametrize("sender", ["Nordic", "Nordea2", "MyNordea", "Nor", "46101606060", "Norden"])
def test_other_names_are_let_pass(sender: str) -> None:
    assert imitated_name(sender, ["Nordea", "Swish"]) is None
    assert imitated_name(sender, []) is None


@given(name=NAMES, place=st.integers(0, 10), swap=st.sampled_from(SWAPS))
def test_a_swap_anywhere_leaves_the_look_as_it_is(name: str, place: int, swap: str | tuple[str, str]) -> None:
    before, after = name[:place], name[place:]
    assert look_of(before + swap[0] + after) == look_of(before + swap[1] + after)


@given(NAMES)
def test_letter_case_is_not_looked_at(name: str) -> None:
    assert look_of(name) == look_of(name.upper()) == look_of(name.swapcase())
