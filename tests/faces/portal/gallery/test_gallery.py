"""The components in a real browser: nothing that the security policy refuses, nothing that axe objects to."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from heliograph.domain.encoding import Encoding
from heliograph.domain.gsm7 import is_encodable
from heliograph.domain.segmentation import segment_count
from heliograph.faces.portal.rendering import asset
from heliograph.faces.portal.translations import catalog
from tests.faces.portal.gallery.gallery_server import PAGES, gallery_on_a_socket, icon_names, rendered
from tests.repository.source_tree import SOURCE
from tests.support.served_portal import opened_page, screenshot_path

TEMPLATES = SOURCE / "faces" / "portal" / "templates"
STYLES_BYTES = 40_000


@pytest.fixture
async def gallery() -> AsyncIterator[str]:
    """Where the gallery is."""
    async with gallery_on_a_socket() as address:
        yield address


async def objections_of(page: Page) -> str:
    """What axe finds; empty if nothing."""
    results = await Axe().run(page)
    return results.generate_report() if results.violations_count else ""


async def width_overflow(page: Page) -> int:
    """How much wider than its window a page is."""
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    overflow: int = await page.evaluate(script)
    return overflow


async def wait_for_chart(page: Page) -> None:
    """Wait until the chart shows its last figures, and see that something is drawn."""
    await expect(page.locator("#traffic .u-legend")).to_contain_text("1,600")
    script = """() => { const c = document.querySelector('#traffic canvas');
        const pixels = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return pixels.reduce((painted, value) => painted + (value > 0), 0) / pixels.length; }"""
    assert await page.evaluate(script) > 0.1
    overlap = """() => document.querySelector('#traffic').getBoundingClientRect().bottom
        - document.querySelector('#traffic .uplot').getBoundingClientRect().bottom"""
    assert await page.evaluate(overlap) >= -1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
async def test_every_component_is_accessible_and_obeys_the_policy(
    gallery: str, browser: Browser, screenshots: Path, phone: bool, dark: bool
) -> None:
    async with opened_page(browser, gallery, phone=phone, dark=dark) as watched:
        page = watched.page
        for name in ("gallery", "gate"):
            await page.goto(f"/{name}")
            if name == "gallery":
                await wait_for_chart(page)
                await page.get_by_text("The first message has arrived.").wait_for()
            assert await objections_of(page) == ""
            assert await width_overflow(page) <= 0
            await page.evaluate("scrollTo(0, 0)")
            path = screenshot_path(screenshots, name, phone=phone, dark=dark)
            await page.screenshot(path=path, full_page=True)
        assert watched.faults == []


async def test_menus_dialogs_and_the_search_are_reached_by_the_keyboard(
    gallery: str, browser: Browser, screenshots: Path
) -> None:
    async with opened_page(browser, gallery) as watched:
        page = watched.page
        await page.goto("/gallery")
        await page.locator(".user-menu summary").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
        await page.get_by_role("button", name="Cancel batch").focus()
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Cancel this batch?")
        await expect(dialog).to_be_visible()
        assert await objections_of(page) == ""
        await page.screenshot(path=screenshot_path(screenshots, "dialog", phone=False, dark=False))
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await page.get_by_role("button", name="Cancel batch").focus()
        await page.keyboard.press("/")
        assert await page.evaluate("document.activeElement.type") == "search"
        assert watched.faults == []


async def test_the_menu_of_a_phone_opens_and_closes(
    gallery: str, browser: Browser, screenshots: Path
) -> None:
    async with opened_page(browser, gallery, phone=True) as watched:
        page = watched.page
        await page.goto("/gallery")
        await expect(page.get_by_role("link", name="Contacts")).to_be_hidden()
        await page.get_by_role("button", name="Open the menu").click()
        await expect(page.get_by_role("link", name="Contacts")).to_be_visible()
        assert await objections_of(page) == ""
        await page.screenshot(path=screenshot_path(screenshots, "menu", phone=True, dark=False))
        await page.get_by_role("button", name="Close the menu").click()
        await expect(page.get_by_role("link", name="Contacts")).to_be_hidden()
        assert watched.faults == []


async def test_a_dangerous_act_asks_first_without_scripts_too(gallery: str, browser: Browser) -> None:
    context = await browser.new_context(base_url=gallery, java_script_enabled=False)
    try:
        page = await context.new_page()
        await page.goto("/gallery")
        await page.get_by_role("button", name="Cancel batch").click()
        await expect(page.get_by_text("2,600 messages that have not left")).to_be_visible()
        await page.get_by_role("button", name="Keep it as it is").first.click()
        await expect(page.get_by_text("2,600 messages that have not left")).to_be_hidden()
    finally:
        await context.close()


async def test_the_theme_and_the_time_zone_are_kept(gallery: str, browser: Browser) -> None:
    async with opened_page(browser, gallery) as watched:
        page = watched.page
        await page.goto("/gate")
        light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        await page.get_by_role("button", name="Dark or light").click()
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light
        kept = {cookie["name"]: cookie["value"] for cookie in await watched.context.cookies()}
        assert kept == {"theme": "dark", "tz": "Europe%2FStockholm"}
        assert watched.faults == []


async def test_segments_are_counted_as_the_server_counts_them(gallery: str, browser: Browser) -> None:
    texts = [
        "",
        "Hej",
        "a" * 160,
        "a" * 161,
        "a" * 152 + "€" + "b" * 160,
        "å" * 306 + "a",
        "ê" * 70,
        "ê" * 71,
        "ê" + "a" * 65 + "😀" + "b" * 66,
        "{}[]~^|\\€" * 20,
        "line\nline",
        "¤£$¥èéùìòÇØø" * 30,
    ]
    async with opened_page(browser, gallery) as watched:
        page = watched.page
        await page.goto("/gallery")
        for text in texts:
            await page.fill("#text", text)
            shown = await page.inner_text('[data-count="segments"]')
            encoding = Encoding.GSM7 if is_encodable(text) else Encoding.UCS2
            assert int(shown) == (segment_count(text, encoding) if text else 0), text
        await page.fill("#text", "10 € or ê")
        await expect(page.locator('[data-count="costly"]')).to_have_text("Make every segment shorter: ê")
        await page.fill("#text", "10 €")
        await expect(page.locator('[data-count="costly"]')).to_have_text("Count twice: €")
        assert watched.faults == []


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
