"""Longest-prefix look-up."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.prefix_table import PrefixTable

digits = st.text("0123", max_size=6)


def test_the_longest_prefix_wins() -> None:
    table = PrefixTable({"": "all", "46": "Sweden", "4670": "Swedish mobile", "1": "North America"})
    assert table.find("46701740605") == "Swedish mobile"
    assert table.find("46812345") == "Sweden"
    assert table.find("4712345") == "all"
    assert table.find_all(["467", "4670", "1"]) == ["Sweden", "Swedish mobile", "North America"]


def test_without_an_empty_prefix_a_number_may_have_no_value() -> None:
    assert PrefixTable({"46": 1}).find_all(["4712345", "4612345"]) == [None, 1]
    assert PrefixTable[int]({}).find_all(["4712345"]) == [None]


@given(st.dictionaries(digits, st.integers()), st.lists(digits))
def test_it_equals_trying_every_prefix(values: dict[str, int], numbers: list[str]) -> None:
    table = PrefixTable(values)
    expected = [
        next((values[number[:size]] for size in range(len(number), -1, -1) if number[:size] in values), None)
        for number in numbers
    ]
    assert table.find_all(numbers) == expected
    assert [table.find(number) for number in numbers] == expected
