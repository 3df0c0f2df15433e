"""The components in a real browser: nothing that the security policy refuses, nothing that axe objects to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from heliograph.domain.encoding import Encoding
from heliograph.domain.gsm7 import is_encodable
from heliograph.domain.segmentation import segment_count
from tests.faces.portal.gallery.gallery_server import gallery_on_a_socket
from tests.support.served_portal import chromium, opened_page, screenshot_path

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gallery() -> AsyncIterator[str]:
    """Where the gallery is."""
    async with gallery_on_a_socket() as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all: nothing is kept between its contexts."""
    async with chromium() as opened:
        yield opened


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
                await page.get_by_text("The first message has arrived.").wait_for(timeout=30_000)
            assert await objections_of(page) == ""
            assert await width_overflow(page) <= 0
            await page.evaluate("scrollTo(0, 0)")
            path = screenshot_path(screenshots, name, phone=phone, dark=dark)
            await page.screenshot(path=path, full_page=True)
        assert watched.faults == []


async def test_no_width_of_a_window_makes_a_page_scroll_sideways(gallery: str, browser: Browser) -> None:
    async with opened_page(browser, gallery) as watched:
        for width in (320, 480, 641, 700, 961, 1100):
            await watched.page.set_viewport_size({"width": width, "height": 800})
            for path in ("/gallery", "/gallery?sv", "/gate"):
                await watched.page.goto(path)
                assert await width_overflow(watched.page) <= 0, (width, path)
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


async def test_a_second_tap_is_no_second_act(gallery: str, browser: Browser) -> None:
    async with opened_page(browser, gallery) as watched:
        page = watched.page
        await page.goto("/gallery")
        await page.evaluate("""() => {
            window.sent = 0;
            document.addEventListener("submit", (event) => { window.sent += !event.defaultPrevented; });
            document.addEventListener("submit", (event) => event.preventDefault());
        }""")
        opener, dialog = page.get_by_role("button", name="Cancel batch"), page.get_by_role("dialog")
        # The second tap lands on what the dialog has put under the finger.
        await opener.evaluate("""(button) => {
            button.click();
            const asked = document.getElementById(button.getAttribute("popovertarget"));
            const tap = { detail: 2, bubbles: true, cancelable: true };
            asked.querySelector("[type=submit]").dispatchEvent(new MouseEvent("click", tap));
        }""")
        await expect(dialog).to_be_visible()
        assert await page.evaluate("window.sent") == 0
        await dialog.get_by_role("button", name="Cancel batch").dblclick()
        assert await page.evaluate("window.sent") == 1
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


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
async def test_the_menu_of_a_table_is_not_cut_off(gallery: str, browser: Browser, phone: bool) -> None:
    async with opened_page(browser, gallery, phone=phone) as watched:
        page = watched.page
        await page.goto("/gallery")
        opener = page.locator("summary", has_text="Actions for Codes")
        await opener.scroll_into_view_if_needed()
        await page.wait_for_timeout(50)
        await opener.click()
        link = page.get_by_role("link", name="Send again").locator("visible=true")
        await expect(link).to_be_in_viewport(ratio=1)
        await link.click(trial=True)
        await page.mouse.wheel(0, 200)
        await expect(link).to_be_hidden()
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
