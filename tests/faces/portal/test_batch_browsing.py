"""Batches and messages in a real browser: filters without a new page, live progress, acts that ask first."""

import asyncio
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.faces.portal.sent_batches import finish, receive, send
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path

PHONE = "46701740605"


async def no_violations(page: Page) -> None:
    found = await Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


async def test_a_batch_is_watched_and_canceled(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    numbers = [f"467017406{number:02}" for number in range(20)]
    batch_id = await send(portal, numbers, reference="autumn sale", tags=["sale"])
    other = await send(portal, [PHONE], body="<img src=x onerror=alert(1)>")
    await finish(portal, other, 501)
    await receive(portal, PHONE, "STOP")
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in()) as watched,
    ):
        page = watched.page
        await page.goto("/portal/batches")
        await expect(page.locator("#batch-list tbody tr")).to_have_count(3)
        await no_violations(page)
        await page.screenshot(path=screenshot_path(screenshots, "batches", phone=False, dark=False))
        await page.get_by_label("Direction").select_option("in")
        await expect(page.locator("#batch-list tbody tr")).to_have_count(1)
        assert "direction=in" in page.url
        await page.get_by_label("Direction").select_option("")
        await expect(page.locator("#batch-list tbody tr")).to_have_count(3)
        await page.get_by_placeholder("Reference").fill("autumn sale")
        await expect(page.locator("#batch-list tbody tr")).to_have_count(1)
        await page.locator("#batch-list tbody a").click()
        await page.wait_for_url(f"**/{batch_id}")
        await finish(portal, batch_id, *[201] * 9, 501, 512)
        await expect(page.locator("#batch-progress")).to_contain_text("81.8 %")
        await no_violations(page)
        await page.screenshot(
            path=screenshot_path(screenshots, "batch", phone=False, dark=False), full_page=True
        )
        await page.get_by_role("button", name="Cancel the batch").first.click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel the batch").click()
        await expect(page.locator("#main")).to_contain_text("messages are canceled")
        await asyncio.sleep(0)
        assert watched.faults == []


async def test_a_message_shows_its_way_on_a_phone(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    batch_id = await send(portal, [PHONE], reference="order 7")
    await finish(portal, batch_id, 201)
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in(), phone=True, dark=True) as watched,
    ):
        page = watched.page
        for name, path in {
            "batches": "/portal/batches",
            "batch": f"/portal/batches/{batch_id}",
            "batch-reschedule": f"/portal/batches/{batch_id}/reschedule",
            "messages": "/portal/messages",
        }.items():
            await page.goto(path)
            await no_violations(page)
            await page.screenshot(
                path=screenshot_path(screenshots, name, phone=True, dark=True), full_page=True
            )
        await page.get_by_placeholder("Number or message id").fill("+46 70 174 06 05")
        await page.get_by_role("button", name="Find").click()
        await page.locator("tbody a").first.click()
        await expect(page.locator("#message-way")).to_contain_text("Delivered")
        await expect(page.locator("#message-way")).not_to_have_attribute("hx-trigger", "load")
        await no_violations(page)
        await page.screenshot(
            path=screenshot_path(screenshots, "message", phone=True, dark=True), full_page=True
        )
        assert watched.faults == []


async def test_the_listed_messages_move_with_the_progress(portal: ServedPortal, browser: Browser) -> None:
    """On the page of a group, too: a message that leaves it leaves the list."""
    batch_id = await send(portal, ["46701740605", "46701740606"])
    secret = await portal.sign_in()
    async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
        page = watched.page
        await page.goto(f"/portal/batches/{batch_id}")
        rows = page.locator("#message-list tbody tr")
        await expect(rows.first).to_contain_text("Waiting to be sent")
        other = await watched.context.new_page()
        await other.goto(f"/portal/batches/{batch_id}?group=waiting")
        await expect(other.locator("#message-list tbody tr")).to_have_count(2)
        await finish(portal, batch_id, 201)
        await expect(rows.first).to_contain_text("Delivered")
        await expect(rows.nth(1)).to_contain_text("Waiting to be sent")
        await expect(other.locator("#message-list tbody tr")).to_have_count(1)
        await finish(portal, batch_id, 201, 201)
        await expect(rows.nth(1)).to_contain_text("Delivered")
        await expect(other.locator("#message-list")).to_contain_text("No message has such a status")
        assert watched.faults == []


async def test_an_operator_is_told_whose_account_they_look_at(portal: ServedPortal) -> None:
    told = "as an operator: what you do here is done in that account"
    async with portal.client(await portal.sign_in(None, is_operator=True)) as operator:
        await operator.post("/portal/operator/accounts/ip1-10001/look")
        assert told in (await operator.get("/portal/batches")).text
        assert told not in (await operator.get("/portal/operator/accounts")).text
    async with portal.client(await portal.sign_in(is_operator=True)) as member:
        assert told not in (await member.get("/portal/batches")).text
