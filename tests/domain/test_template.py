"""Filling a body with values, against the plainest implementation that could be right."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.domain.template import compile_template


def reference(body: str, own: dict[str, str], default: dict[str, str], known: set[str]) -> str:
    """At each brace try every known key, the shorter ones first; what was put in is never looked at again."""
    for at in range(len(body)):
        for key in sorted(known, key=len):
            placeholder = "{" + key + "}"
            if body.startswith(placeholder, at):
                value = own.get(key, default.get(key, ""))
                return body[:at] + value + reference(body[at + len(placeholder) :], own, default, known)
    return body


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Hi {name}", "Hi Ann"),
        ("{name}{name}", "AnnAnn"),
        ("Hi {Name}", "Hi {Name}"),
        ("Hi { name }", "Hi { name }"),
        ("{{name}}", "{Ann}"),
        ("{sign}", " sent by iP.1"),
        ("[{other}]", "[]"),
        ("{unknown}", "{unknown}"),
        ("100 % {name} %s", "100 % Ann %s"),
        ("{inject}", "{name}"),
        ("{", "{"),
        ("}{", "}{"),
        ("{}", "{}"),
        ("{name", "{name"),
    ],
)
def test_own_value_then_default_then_nothing_if_known_else_literal(body: str, text: str) -> None:
    own = {"name": "Ann", "inject": "{name}"}
    default = {"sign": " sent by iP.1", "name": "nobody"}
    template = compile_template(body, {"name", "inject", "sign", "other"})
    assert template.render(own, default) == text
    assert template.length(own, default) == len(text)


def test_the_example_of_the_page() -> None:
    template = compile_template("Hello{sign}", {"sign"})
    assert template.render({"sign": "sent by Bob"}, {"sign": " sent by iP.1"}) == "Hellosent by Bob"
    assert template.render({}, {"sign": " sent by iP.1"}) == "Hello sent by iP.1"


pieces = st.text("{}ab%s", max_size=12)
values = st.dictionaries(st.text("{}ab", max_size=3), pieces, max_size=3)


@given(pieces, values, values, st.sets(st.text("{}ab", max_size=3), max_size=3))
@example("{{a}}", {"a": "1", "{a}": "2"}, {}, set())
@example("{a}b}", {"a": "1", "a}b": "2"}, {}, set())
def test_rendering_equals_the_reference(
    body: str, own: dict[str, str], default: dict[str, str], others: set[str]
) -> None:
    known = {*own, *default, *others}
    template = compile_template(body, known)
    text = template.render(own, default)
    assert text == reference(body, own, default, known)
    assert template.length(own, default) == len(text) <= template.length_with(12)
