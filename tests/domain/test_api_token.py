"""API keys as text: made, read, and refused when a letter is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.api_token import LONGEST_TOKEN, make_token, parse_token, secret_hash

TOKEN = make_token(bytes(10), bytes(32))


def test_the_form_of_a_token() -> None:
    assert make_token(bytes(10), bytes(32)) == f"hg_{'a' * 16}_{'a' * 52}_24ee622e"


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=32, max_size=32))
def test_every_token_is_read_back(key_id: bytes, secret: bytes) -> None:
    token = make_token(key_id, secret)
    halves = parse_token(token)
    assert halves is not None
    assert token.startswith(f"hg_{halves.key_id}_{halves.secret}_")
    assert len(token) <= LONGEST_TOKEN
    assert len(secret_hash(halves.secret)) == 32


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("abz234_ "))
def test_a_single_wrong_letter_is_noticed(place: int, letter: str) -> None:
    wrong = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert (parse_token(wrong) is None) == (wrong != TOKEN)


@pytest.mark.parametrize(
    "text", ["", "hg", "hg___", "API_NYCKEL", "x" * 1000, TOKEN.upper(), TOKEN + "a", "hg_å_b_c", f" {TOKEN}"]
)
def test_anything_else_is_no_token(text: str) -> None:
    assert parse_token(text) is None


def test_a_token_needs_all_its_random_bytes() -> None:
    with pytest.raises(ValueError, match="10 and 32"):
        make_token(b"short", bytes(32))
