"""The templates keep the rules of docs/portal-design.md that can be read from them."""

import re

from heliograph.faces.portal.rendering import asset
from heliograph.faces.portal.translations import catalog
from tests.faces.portal.gallery.gallery_server import PAGES, icon_names, rendered
from tests.repository.source_tree import SOURCE

TEMPLATES = SOURCE / "faces" / "portal" / "templates"
STYLES_BYTES = 40_000


def test_the_gallery_shows_every_component() -> None:
    macros = set(re.findall(r"{% macro ([a-z]\w+)", (TEMPLATES / "macros.html").read_text("utf-8")))
    shown = "".join(path.read_text("utf-8") for path in (*PAGES.glob("*.html"), *TEMPLATES.glob("*.html")))
    used = set(re.findall(r"\bui\.(\w+)\(|{{ (\w+)\(", shown))
    assert macros - {name for pair in used for name in pair} == set()


def test_every_icon_that_a_template_names_is_there() -> None:
    named = set()
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        named |= set(re.findall(r"""\bicon\(["']([a-z]+)["']""", text))
        named |= set(re.findall(r"""icon_name=["']([a-z]+)["']""", text))
        named |= set(re.findall(r"""empty_state\(["']([a-z]+)["']""", text))
    assert named - set(icon_names()) == set()


def test_no_template_holds_what_the_policy_refuses() -> None:
    refused = re.compile(r"""\sstyle=|\son[a-z]+=["']|<style|<script(?! src=)|javascript:|hx-on|["' ]js:""")
    found = {
        path.name: refused.findall(path.read_text("utf-8"))
        for path in TEMPLATES.rglob("*.html")
        if refused.search(path.read_text("utf-8"))
    }
    assert found == {}


def test_every_word_of_the_components_is_said_in_swedish() -> None:
    said = re.compile(r"""\b_\((?:"([^"]+)"|'([^']+)')""")
    english = {
        one or other
        for name in ("base.html", "signed_out.html", "macros.html")
        for one, other in said.findall((TEMPLATES / name).read_text("utf-8"))
    }
    assert len(english) > 30
    assert english - catalog("sv").keys() == set()
    assert "Behåll som det är" in rendered("gallery.html", "sv")


def test_the_styles_stay_small() -> None:
    styles = asset("portal.css")
    assert styles is not None
    assert len(styles.content) < STYLES_BYTES
