"""What people come to the portal for, in a real browser on real processes."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.acceptance.conftest import Served
from tests.acceptance.test_two_way_talk import let_a_second_begin
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
        # What several processes store in the same second has no order, and the list shows the latest.
        await asyncio.to_thread(let_a_second_begin)
        await page.get_by_label("Text").fill("Hello back")
        await page.get_by_role("button", name="Send from the phone").click()
        await expect(page.locator("body")).to_contain_text("Sent from the phone.")

        await page.goto("/portal/conversations")
        row = page.get_by_role("row").filter(has_text="Hello back")
        async with asyncio.timeout(60):  # it comes by the network: a person would ask again, too
            while not await row.count():
                await page.reload()
        await expect(row).to_contain_text("answer")
        await row.get_by_role("link").click()
        chat = page.locator("#chat")
        await expect(chat).to_contain_text("Hello back")
        await look(page, screenshots, "conversation-answered")
        await page.get_by_label("Your message").fill("Glad that it works")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(chat).to_contain_text("Glad that it works")
        await page.goto("/portal/handset")
        await expect(page.locator("#screen")).to_contain_text("Glad that it works")

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
        await expect(page.locator("#screen")).to_contain_text("Hello from Heliograph")

        await page.goto("/portal/senders")
        await page.get_by_label("Sender").fill("WebShop")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("cell", name="WebShop", exact=True)).to_be_visible()
        await look(page, screenshots, "senders")
        await page.goto("/portal/compose")
        await page.get_by_label("Sender").select_option("WebShop")
        await page.get_by_label("Text", exact=True).fill("Your order is on its way.")
        await page.locator("#pasted").fill("+46 70 174 06 05")
        await page.get_by_role("button", name="Review").click()
        await page.get_by_role("button", name=re.compile("^Send 1 message")).click()
        await page.wait_for_url(re.compile(r"/portal/batches/[0-9a-f]{24}$"))
        await expect(page.locator("#batch-progress")).to_contain_text("100")
        await page.goto("/portal/handset")
        bubble = page.locator("#screen").get_by_text("Your order is on its way.").locator("..")
        await expect(bubble).to_contain_text("WebShop")
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
