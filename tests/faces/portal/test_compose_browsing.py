"""Composing in a real browser: ten thousand recipients from a file, with windows, looked at and sent once."""

import re
from datetime import timedelta
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.support.accepting import utc_now
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path

ROWS = 10_000
CAMPAIGN = (
    "Förnamn;Mobil;Ort\r\n" + "".join(f"Åsa {n};+46 70 {1_000_000 + n};Lund\r\n" for n in range(ROWS))
).encode("utf-16")


async def assert_accessible(page: Page) -> None:
    """Whether axe has nothing to say."""
    found = await Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


async def test_a_campaign_of_ten_thousand_rows_with_windows(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE balance SET amount = 100000000000")
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in()) as watched,
    ):
        page = watched.page
        await page.goto("/portal/senders")
        await page.goto("/portal/compose")
        await page.get_by_label("Text", exact=True).fill("Hej “vän”!")
        await expect(page.locator("#text-facts")).to_contain_text("UCS-2")
        await expect(page.locator("#handset")).to_contain_text("Hej “vän”!")
        await page.get_by_role("button", name="Replace them").click()
        await expect(page.get_by_label("Text", exact=True)).to_have_value('Hej "vän"!')
        await page.locator("#file").set_input_files(
            {"name": "kampanj.csv", "mimeType": "text/csv", "buffer": CAMPAIGN}
        )
        await expect(page.get_by_text("10,000 rows, 3 columns")).to_be_visible()
        await page.get_by_role("button", name="{Förnamn}").click()
        await expect(page.locator("#handset")).to_contain_text('Hej "vän"!Åsa 0')
        tomorrow = utc_now() + timedelta(days=1)
        for row in (0, 1):
            day = (tomorrow + timedelta(days=row)).strftime("%Y-%m-%d")
            await page.locator(f"#opens-{row}").fill(f"{day}T09:00")
            await page.locator(f"#closes-{row}").fill(f"{day}T17:00")
            if not row:
                await page.get_by_role("button", name="Another window").click()
                await expect(page.locator("#opens-1")).to_be_visible()
        await assert_accessible(page)
        path = screenshot_path(screenshots, "compose", phone=False, dark=False)
        await page.evaluate("scrollTo(0, 0)")
        await page.screenshot(path=path, full_page=True)
        await page.get_by_role("button", name="Review").click()
        await expect(page.get_by_role("heading", name="What becomes of them")).to_be_visible()
        await expect(page.locator("#preview")).to_contain_text('Hej "vän"!Åsa 0')
        await page.get_by_role("link", name="Next").click()
        await expect(page.locator("#preview")).to_contain_text('Hej "vän"!Åsa 3')
        await assert_accessible(page)
        path = screenshot_path(screenshots, "compose-review", phone=False, dark=False)
        await page.evaluate("scrollTo(0, 0)")
        await page.screenshot(path=path, full_page=True)
        await page.get_by_role("button", name="Send 10,000 messages").dblclick()
        await page.wait_for_url(re.compile(r"/portal/batches/[0-9a-f]{24}$"), timeout=60_000)
        await page.go_back()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert watched.faults == []
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM batch") == 1
        assert await tx.fetchval("SELECT count(*) FROM message") == ROWS
        windows = await tx.fetchval("SELECT cardinality(opens) FROM batch")
    assert windows == 2


async def test_faults_on_a_phone_lead_to_their_fields(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in(), phone=True, dark=True) as watched,
    ):
        page = watched.page
        await page.goto("/portal/senders")
        await page.goto("/portal/compose")
        await page.get_by_label("Text", exact=True).fill("Hi 😀")
        await page.get_by_label("Alphabet").select_option("gsm")
        await expect(page.locator("#text-facts")).to_contain_text("keep it from being sent")
        await page.locator("#pasted").fill("46701740605\n0701234567")
        await page.locator("#opens-0").fill("2027-03-28T02:30")
        await page.get_by_role("button", name="Review").click()
        await expect(page.get_by_text("There is no 02:30 that day").first).to_be_visible()
        await expect(page.get_by_label("Text", exact=True)).to_have_value("Hi 😀")
        await assert_accessible(page)
        path = screenshot_path(screenshots, "compose-faults", phone=True, dark=True)
        await page.evaluate("scrollTo(0, 0)")
        await page.screenshot(path=path, full_page=True)
        await page.get_by_label("Alphabet").select_option("auto")
        await page.get_by_label("Leave out what has no usable number").check()
        await page.locator("#opens-0").fill("2027-10-31T02:30")
        await page.get_by_role("button", name="Review").click()
        await expect(page.get_by_text("Left out for want of a usable number: 1.")).to_be_visible()
        await expect(page.get_by_text("This one is meant: 2027-10-31 00:30 UTC.")).to_be_visible()
        await assert_accessible(page)
        path = screenshot_path(screenshots, "compose-review", phone=True, dark=True)
        await page.screenshot(path=path, full_page=True)
        assert [each for each in watched.faults if "400" not in each] == []


async def test_enter_in_a_field_goes_on_to_the_review(portal: ServedPortal, browser: Browser) -> None:
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in()) as watched,
    ):
        page = watched.page
        await page.goto("/portal/compose")
        await page.get_by_label("Text", exact=True).fill("Hello")
        await page.locator("#pasted").fill("46701740605")
        await page.locator("#reference").fill("order 7")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/review")
        assert watched.faults == []


async def test_a_label_that_is_chosen_fills_the_telephone(portal: ServedPortal, browser: Browser) -> None:
    secret = await portal.sign_in()
    async with portal.client(secret) as owner:
        fields = {"number": "+46701740605", "properties": "Namn: Bo", "labels": "gym"}
        assert (await owner.post("/portal/contacts/new", fields)).status_code == 303
    async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
        page = watched.page
        await page.goto("/portal/compose")
        await page.get_by_label("Text", exact=True).fill("Hej {Namn}")
        await expect(page.locator("#handset")).to_contain_text("Hej {Namn}", timeout=60_000)
        await page.get_by_label("gym (1)").check()
        await expect(page.locator("#handset")).to_contain_text("Hej Bo", timeout=60_000)
        await page.get_by_role("button", name="{Namn}").click()
        await expect(page.locator("#handset")).to_contain_text("Hej BoBo", timeout=60_000)
        assert watched.faults == []
