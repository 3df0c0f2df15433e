"""A webhook that fails, as its owner meets it: in a real browser, on real processes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.acceptance.conftest import Served
from tests.acceptance.test_portal_journeys import first_link, look
from tests.support.report_receiver import ReportReceiver
from tests.support.screenshots import screenshot_folder
from tests.support.served_portal import chromium, opened_page

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screenshot_folder(tmp_path_factory)


async def test_a_failing_webhook_is_found_repaired_and_replayed(
    served: Served, browser: Browser, screenshots: Path
) -> None:
    answers = [410]
    async with ReportReceiver(lambda _: answers[0]) as receiver, opened_page(browser, served.url) as watched:
        batch = {
            "sender": "iP1",
            "recipients": ["46701740605"],
            "body": "Hello",
            "deliveryReportUrl": receiver.url,
        }
        status, _ = await asyncio.to_thread(served.ask, "/v2/batches", json.dumps(batch).encode())
        assert status == 201
        async with asyncio.timeout(30):
            while not any(each.report["code"] == 201 for each in receiver.received):
                await asyncio.sleep(0.05)
        page = watched.page
        await page.goto(first_link(served))
        await page.get_by_role("button", name="Open the portal").click()
        await page.wait_for_url("**/portal/**")
        await page.goto("/portal/webhooks")
        origin = receiver.url.removesuffix("/reports")
        await expect(page.locator("#main")).to_contain_text(origin)
        await expect(page.locator("#main")).to_contain_text("410")
        await look(page, screenshots, "webhooks-failing")

        answers[0] = 200
        tried = len(receiver.received)
        await page.get_by_role("button", name="Deliver what was missed").click()
        await expect(page.locator("#main")).to_contain_text("Everything that was missed is being delivered")
        missed = receiver.received[tried - 1].headers["webhook-id"]
        async with asyncio.timeout(30):
            while missed not in [each.headers["webhook-id"] for each in receiver.received[tried:]]:
                await asyncio.sleep(0.05)
        await page.reload()
        await expect(page.locator("#main")).to_contain_text("Nothing fails")
        await look(page, screenshots, "webhooks-repaired")
        assert watched.faults == []
