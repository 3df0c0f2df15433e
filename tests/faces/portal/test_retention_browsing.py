"""Retention in a real browser: chosen in the settings, its fault beside the field."""

from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.support.served_portal import ServedPortal, opened_page, screenshot_path


async def test_days_are_chosen_in_the_settings(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in(), phone=True, dark=True) as watched,
    ):
        page = watched.page
        await page.goto("/portal/settings")
        await page.get_by_label("Days they are kept").fill("9")
        await page.get_by_role("button", name="Save").click()
        await page.locator(".fault", has_text="no number of days").wait_for()
        shot = screenshot_path(screenshots, "retention", phone=True, dark=True)
        await page.locator("#retention").screenshot(path=shot)
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        watched.faults.clear()  # the console tells of the 400
        await page.get_by_label("Days they are kept").fill("30")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("Saved.").wait_for()
        assert await page.get_by_label("Days they are kept").input_value() == "30"
        assert watched.faults == []
