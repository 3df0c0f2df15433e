"""Finding messages and importing contacts in a real browser: what is typed stays, what is mapped is shown."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.faces.portal.sent_batches import finish, receive, send
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path, served_portal

PHONE = "46701740605"
PEOPLE = 'namn;mobil;etiketter\nÅsa;070-174 06 05;"gym; vip"\nBo;0701740606;gym\nCia;070-1;\n'


@pytest.fixture
async def swedish(database: str) -> AsyncIterator[ServedPortal]:
    """The portal of an installation whose country is Sweden."""
    async with served_portal(database, country="SE") as served:
        yield served


async def no_violations(page: Page) -> None:
    found = await Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


async def test_a_message_is_found_by_what_it_is(
    swedish: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    delivered = await send(swedish, [PHONE, "46701740606"], body="Your table is ready", reference="table 4")
    await send(swedish, [PHONE], body="See you on Friday")
    await receive(swedish, PHONE, "Thank you")
    await finish(swedish, delivered, 201, 501)
    async with (
        swedish.on_a_socket() as address,
        opened_page(browser, address, await swedish.sign_in()) as watched,
    ):
        page, rows = watched.page, watched.page.locator("tbody tr")
        await page.goto("/portal/messages")
        await expect(rows).to_have_count(4)
        await page.get_by_placeholder("Words in the text").fill("TABLE")
        await page.get_by_label("Direction").select_option("out")
        await page.get_by_role("button", name="Find").click()
        await expect(rows).to_have_count(2)
        await expect(page.get_by_placeholder("Words in the text")).to_have_value("TABLE")
        await no_violations(page)
        path = screenshot_path(screenshots, "messages-found", phone=False, dark=False)
        await page.screenshot(path=path, full_page=True)
        await page.get_by_placeholder("Number or message id").fill("070-174 06 05")
        await page.get_by_role("button", name="Find").click()
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("Your table is ready")
        assert "70" not in page.url.partition("/portal")[2]
        assert watched.faults == []


async def test_a_number_that_is_none_is_told_on_a_phone(
    swedish: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    await send(swedish, [PHONE], body="Your table is ready")
    async with (
        swedish.on_a_socket() as address,
        opened_page(browser, address, await swedish.sign_in(), phone=True, dark=True) as watched,
    ):
        page = watched.page
        await page.goto("/portal/messages")
        await page.get_by_placeholder("Number or message id").fill("070-1")
        await page.get_by_role("button", name="Find").click()
        await expect(page.locator("#wanted-fault")).to_contain_text("too short or too long")
        await expect(page.get_by_placeholder("Number or message id")).to_have_value("070-1")
        await no_violations(page)
        path = screenshot_path(screenshots, "messages-found", phone=True, dark=True)
        await page.screenshot(path=path, full_page=True)
        watched.faults.clear()  # the console tells of the 400
        await page.get_by_placeholder("Number or message id").fill("070-174 06 05")
        await page.get_by_role("button", name="Find").click()
        await expect(page.locator("tbody tr")).to_contain_text("Your table is ready")
        assert watched.faults == []


async def test_a_file_is_mapped_before_it_is_imported(
    swedish: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    async with (
        swedish.on_a_socket() as address,
        opened_page(browser, address, await swedish.sign_in()) as watched,
    ):
        page = watched.page
        await page.goto("/portal/contacts/import")
        file = {"name": "kunder.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
        await page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
        await page.get_by_role("button", name="Check the file").click()
        await expect(page.get_by_label("The column with labels")).to_have_value("2")
        await expect(page.get_by_text("gym (2), vip (1)")).to_be_visible()
        await expect(page.locator("tbody tr").first).to_contain_text("+46701740605")
        await no_violations(page)
        path = screenshot_path(screenshots, "contact-import-labels", phone=False, dark=False)
        await page.screenshot(path=path, full_page=True)
        await page.get_by_role("button", name="Import 2 contacts").click()
        await expect(page.get_by_text("2 contacts are imported.")).to_be_visible()
        await page.goto("/portal/contacts")
        await page.get_by_role("link", name="vip").click()
        await expect(page.get_by_role("button", name="Write to vip")).to_be_visible()
        await expect(page.locator("tbody tr")).to_have_count(1)
        assert watched.faults == []
