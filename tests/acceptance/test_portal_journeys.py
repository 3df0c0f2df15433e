"""What people come to the portal for, in a real browser on real processes."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.acceptance.conftest import Served
from tests.support.screenshots import screenshot_folder
from tests.support.served_portal import chromium, opened_page, screenshot_path

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screenshot_folder(tmp_path_factory)


def first_link(served: Served) -> str:
    return "/portal/welcome/" + (served.folder / "first-portal-link").read_text().strip()


async def look(page: Page, screenshots: Path, name: str, *, phone: bool = False, dark: bool = False) -> None:
    """A screenshot, and nothing that keeps somebody out."""
    await page.screenshot(path=screenshot_path(screenshots, name, phone=phone, dark=dark), full_page=True)
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


async def test_from_the_first_start_to_an_sms_on_the_phone(
    served: Served, browser: Browser, screenshots: Path
) -> None:
    async with opened_page(browser, served.url) as watched:
        page = watched.page
        await page.goto(first_link(served))
        await look(page, screenshots, "welcome")
        await page.get_by_role("button", name="Open the portal").click()
        await page.wait_for_url("**/portal/**")
        await page.goto("/portal/handset")
        await page.get_by_role("button", name="Send it a test SMS").click()
        await expect(page.locator("#screen")).to_contain_text("Hello from Heliograph!")
        await look(page, screenshots, "handset")
        await page.get_by_label("Text").fill("Hello back")
        await page.get_by_role("button", name="Send from the phone").click()
        await expect(page.locator("body")).to_contain_text("Sent from the phone.")

        await page.goto("/portal/keys/new")
        await page.get_by_label("Name").fill("Terminal")
        await page.get_by_label("Everything, also what is still to come").check()
        await look(page, screenshots, "key-new")
        await page.get_by_role("button", name="Make the key").click()
        await look(page, screenshots, "key-made")
        command = await page.locator(".code-block code").inner_text()
        sent = await asyncio.to_thread(
            subprocess.run, ["bash", "-c", f"{command} -s"], capture_output=True, text=True, timeout=30
        )
        assert '"status"' in sent.stdout, sent
        await page.goto("/portal/handset")
        await expect(page.locator("#screen")).to_contain_text("Hello from Heliograph", timeout=15_000)

        await page.goto("/portal/senders")
        await page.get_by_label("Sender").fill("WebShop")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("cell", name="WebShop", exact=True)).to_be_visible()
        await look(page, screenshots, "senders")
        await page.goto("/portal/keys")
        await look(page, screenshots, "keys")
        await page.goto("/portal/blacklist")
        await look(page, screenshots, "blacklist")

        await page.set_viewport_size({"width": 390, "height": 844})
        await page.emulate_media(color_scheme="dark")
        for name in ("handset", "keys", "keys/new", "senders", "blacklist"):
            await page.goto(f"/portal/{name}")
            await look(page, screenshots, name.replace("/", "-"), phone=True, dark=True)
        assert watched.faults == []
