"""Every act that is written into an audit log has words, in every language."""

import ast
import re
from collections.abc import Iterator

import pytest

from heliograph.faces.portal.audit_words import ACTS, DETAILS, VALUES, act_text, detail_texts
from heliograph.faces.portal.translations import LANGUAGES, catalog, translator
from tests.repository.source_tree import SOURCE, tree_of

KINDS = {action.partition(".")[0] for action in ACTS}
_ACT = re.compile(r"[a-z_]+\.[a-z_]+")


def written_acts() -> Iterator[str]:
    """Every name of an act in the faces that write them."""
    for face in ("portal", "cli"):
        for path in sorted((SOURCE / "faces" / face).glob("*.py")):
            if path.stem == "audit_words":
                continue
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    kind = node.value.partition(".")[0]
                    if _ACT.fullmatch(node.value) and kind in KINDS and not node.value.endswith(".html"):
                        yield node.value


def test_every_act_has_words_and_no_words_are_of_none() -> None:
    assert set(written_acts()) == set(ACTS)


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_the_words_are_in_every_language(language: str) -> None:
    said = {*ACTS.values(), *DETAILS.values(), *VALUES.values()}
    assert sorted(said - set(catalog(language))) == []


@pytest.mark.parametrize(
    ("detail", "language", "told"),
    [
        ({}, "en", []),
        ({"name": "Terminal", "test": False}, "en", ["name: Terminal", "test key: no"]),
        ({"own_daily_cap": [None, 12.5]}, "en", ["daily cap: – → 12.5"]),
        ({"http_reports": [False, True]}, "sv", ["rapporter till http://-adresser: nej → ja"]),
        ({"role": "read_only"}, "en", ["role: Read only"]),
        ({"of_a_later_version": 3}, "en", ["of_a_later_version: 3"]),
    ],
)
def test_what_stands_beside_an_act(detail: dict[str, object], language: str, told: list[str]) -> None:
    assert detail_texts(detail, translator(language)) == told


def test_an_act_of_another_version_keeps_its_name() -> None:
    assert act_text("moon.landed", translator("en")) == "moon.landed"
