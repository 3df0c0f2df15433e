"""Sealed secrets open with the key that sealed them and with no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.storage.sealing import Sealer, UnreadableSecret

KEY = b"0123456789abcdef"


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_what_was_sealed_opens_again(secret: str) -> None:
    assert Sealer(KEY).open(Sealer(KEY).seal(secret)) == secret


def test_sealing_twice_gives_two_forms_and_shows_nothing() -> None:
    sealer = Sealer(KEY)
    assert sealer.seal("secret") != sealer.seal("secret")
    assert b"secret" not in sealer.seal("secret")


def test_another_key_or_a_changed_byte_opens_nothing() -> None:
    sealed = Sealer(KEY).seal("secret")
    with pytest.raises(UnreadableSecret):
        Sealer(KEY + b"x").open(sealed)
    with pytest.raises(UnreadableSecret):
        Sealer(KEY).open(sealed[:-2] + b"xx")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Sealer(b"short")
