"""Prices as tables."""

import pytest

from heliograph.domain.price_sheet import PriceChange, price_changes, read_price_sheet


@pytest.mark.parametrize(
    "text",
    [
        "46,0.35\ndefault,0.8\n",
        "prefix,price\n46,0.35\ndefault,0.8",
        "\ufeffPrefix;Pris\r\n46;0,35\r\n\r\ndefault;0,80\r\n",
        "46\t0.35\ndefault\t0.8",
        '"46","0.35"\n"default","0.8"',
        "+46, 0.35\ndefault, 0.8\n46,0.350",
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(text: str) -> None:
    sheet = read_price_sheet(text)
    assert (sheet.prices, sheet.faults) == ({"46": 350_000, "": 800_000}, ())


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("46,0.35\n47", 2, "write prefix,price"),
        ("4x,1", 1, "'4x' is no prefix"),
        ("46,0.35\n47,free", 2, "'free' is not a price"),
        ("46,0.35\n46,0.36", 2, "46 stands in the table twice"),
        ("46,0.35\n,1", 2, "is no prefix"),
        ("46,-1", 1, "is not a price"),
        ('46,"0.35', 1, "write prefix,price"),
    ],
)
def test_a_fault_names_its_line(text: str, line: int, said: str) -> None:
    fault = read_price_sheet(text).faults[0]
    assert fault.line == line
    assert said in fault.sentence


def test_a_table_of_any_size_has_few_faults() -> None:
    assert len(read_price_sheet("x\n" * 1000).faults) == 20
    assert read_price_sheet("46,1\n" * 20_001).faults[0].line == 20_001


def test_only_what_differs_is_a_change() -> None:
    before, after = {"": 1, "46": 2, "47": 3}, {"46": 2, "47": 4, "48": 5}
    assert price_changes(before, after, remove_others=False) == [
        PriceChange("47", 3, 4),
        PriceChange("48", None, 5),
    ]
    assert price_changes(before, after, remove_others=True)[0] == PriceChange("", 1, None)
