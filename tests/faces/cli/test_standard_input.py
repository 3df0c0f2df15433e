"""A lone hyphen stands for standard input where a command reads it, and for nothing elsewhere."""

import pytest

from heliograph.faces.cli.standard_input import NAME, is_standard_input, with_standard_input


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("send - 46701740605", f"send {NAME} 46701740605"),
        ("send --sender iP1 - 46701740605", f"send --sender iP1 {NAME} 46701740605"),
        ("send Hi-there 46701740605", "send Hi-there 46701740605"),
        ("carrier create telco --password-file -", f"carrier create telco --password-file {NAME}"),
        ("account create -", "account create -"),
        ("", ""),
    ],
)
def test_a_lone_hyphen_is_named_for_the_parser(typed: str, given: str) -> None:
    assert with_standard_input(typed.split()) == given.split()


def test_both_names_mean_standard_input() -> None:
    assert is_standard_input("-")
    assert is_standard_input(NAME)
    assert not is_standard_input("secret")
