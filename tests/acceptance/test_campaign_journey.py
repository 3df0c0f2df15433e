"""Ten thousand recipients in a real browser on real processes: sent, watched live, canceled half-way."""

import asyncio
import csv
import io
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from heliograph.simulator.handset_client import HandsetClient
from heliograph.wiring.simulated_carrier import FILE_NAME
from tests.acceptance.conftest import Served
from tests.acceptance.test_portal_journeys import first_link, look
from tests.support.screenshots import screenshot_folder
from tests.support.served_portal import chromium, opened_page

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

ROWS = 10_000
FIRST_NUMBER = 46_730_000_000
CAMPAIGN = "number;name\r\n" + "".join(f"+{FIRST_NUMBER + n};Åsa {n}\r\n" for n in range(ROWS))
PACE = 200
"""Segments a second at the carrier: fifty seconds for them all, of which half are left to cancel in."""
ENOUGH = 4_000
PATIENCE = 120_000
"""Milliseconds: machines that run tests are slow."""
CREDIT, ADDED, PRICE = 1_000, 4_000, 0.35


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screenshot_folder(tmp_path_factory)


async def slow_the_carrier_down(page: Page) -> None:
    """Set its pace on its page, and see there that the link with the former pace is gone."""
    await page.goto("/portal/operator/carriers")
    await page.get_by_role("link", name="simulator").click()
    bind = page.locator("#bind-rows tr")
    await expect(bind).to_contain_text("Bound", timeout=PATIENCE)
    epoch = await bind.locator("[data-label=Epoch]").inner_text()
    await page.get_by_label("Segments a second").fill(str(PACE))
    await page.get_by_role("button", name="Save the carrier").click()
    await expect(page.locator("#main")).to_contain_text("Its links follow within seconds.")
    await expect(bind.locator("[data-label=Epoch]")).not_to_have_text(epoch, timeout=PATIENCE)


async def compose(page: Page) -> None:
    """The text, the file and two windows, the first of which is open; all as far as the button that sends."""
    await page.goto("/portal/compose")
    await page.get_by_label("Text", exact=True).fill("Hello {name}, the sale begins.")
    await page.locator("#file").set_input_files(
        {"name": "campaign.csv", "mimeType": "text/csv", "buffer": CAMPAIGN.encode()}
    )
    await expect(page.get_by_text("10,000 rows, 2 columns")).to_be_visible(timeout=PATIENCE)
    await page.get_by_role("button", name="Another window").click()
    today = datetime.now(UTC).date()
    windows = ((-1, "12:00", 1, "12:00"), (2, "09:00", 2, "17:00"))
    for row, (opens_day, opens, closes_day, closes) in enumerate(windows):
        await page.locator(f"#opens-{row}").fill(f"{today + timedelta(opens_day)}T{opens}")
        await page.locator(f"#closes-{row}").fill(f"{today + timedelta(closes_day)}T{closes}")
    await page.get_by_role("button", name="Review").click()
    await expect(page.get_by_role("heading", name="What becomes of them")).to_be_visible(timeout=PATIENCE)


async def watch(page: Page) -> list[int]:
    """How many messages were final, each time the page renewed itself, until enough are."""
    bar, seen = page.locator("#batch-progress").get_by_role("progressbar"), [0]
    while seen[-1] < ENOUGH:
        await expect(bar).not_to_have_attribute("aria-valuenow", str(seen[-1]), timeout=PATIENCE)
        seen.append(int(await bar.get_attribute("aria-valuenow") or 0))
    return seen


async def exported(page: Page) -> list[dict[str, str]]:
    """The messages of the batch, as its page gives them away."""
    async with page.expect_download(timeout=PATIENCE) as download:
        await page.get_by_role("link", name="Export as CSV").click()
    path = await (await download.value).path()
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


async def messages_by_handset(served: Served) -> Counter[str]:
    """How many messages each handset got."""
    place = json.loads((served.folder / FILE_NAME).read_text())
    async with HandsetClient(f"http://{place['host']}:{place['http_port']}") as handsets:
        return Counter({each.msisdn: each.messages for each in await handsets.list_handsets()})


async def command(served: Served, *arguments: str) -> Any:
    """What an administrative command answers."""
    done = await asyncio.to_thread(served.command, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_a_campaign_is_watched_live_and_canceled_half_way(
    served: Served, browser: Browser, screenshots: Path
) -> None:
    await command(served, "credit", "add", "ip1-10001", str(ADDED))
    async with opened_page(browser, served.url) as watched:
        page = watched.page
        await page.goto(first_link(served))
        await page.get_by_role("button", name="Open the portal").click()
        await page.wait_for_url("**/portal/**")
        await slow_the_carrier_down(page)
        await compose(page)
        await page.get_by_role("button", name="Send 10,000 messages").click()
        await page.wait_for_url(re.compile(r"/portal/batches/[0-9a-f]{24}$"), timeout=PATIENCE)
        await page.evaluate("window.isTheSamePage = true")
        seen = await watch(page)
        assert seen == sorted(seen)
        assert len(seen) > 5, seen
        await look(page, screenshots, "campaign-under-way")
        assert await page.evaluate("window.isTheSamePage")

        await page.get_by_role("button", name="Cancel the batch").click()
        dialog = page.get_by_role("dialog", name="Cancel what was not sent yet?")
        await expect(dialog).to_contain_text("Messages that wait are never sent and their price returns.")
        await dialog.get_by_role("button", name="Cancel the batch").click()
        notice = page.get_by_text(re.compile(r"^[\d,]+ messages are canceled\.$"))
        await expect(notice).to_be_visible(timeout=PATIENCE)
        canceled = int((await notice.inner_text()).split()[0].replace(",", ""))
        assert 0 < canceled < ROWS - ENOUGH
        await page.evaluate("window.isTheSamePage = true")
        money = f"{CREDIT + ADDED - PRICE * (ROWS - canceled):,.2f}\N{NO-BREAK SPACE}SEK"
        await expect(page.locator("#balance")).to_have_text(money)
        # What the carrier has already goes on, and the page follows it to its end.
        progress = page.locator("#batch-progress")
        await expect(progress).to_contain_text("Every message has its final status.", timeout=PATIENCE)
        await expect(progress.get_by_role("progressbar")).to_have_attribute("aria-valuenow", str(ROWS))
        await expect(progress).to_contain_text(f"Canceled or too late {canceled:,}")
        await expect(progress).to_contain_text(f"Delivered {ROWS - canceled:,}")
        await expect(page.get_by_role("button", name="Cancel the batch")).to_have_count(0)
        await expect(page.get_by_role("button", name="Hide")).to_be_visible()
        assert await page.evaluate("window.isTheSamePage")
        await look(page, screenshots, "campaign-canceled")
        rows = await exported(page)
        await page.goto("/portal/usage")
        await look(page, screenshots, "campaign-usage")
        assert watched.faults == []

    by_status = {status: [row for row in rows if row["status"] == status] for status in ("201", "203")}
    assert {status: len(found) for status, found in by_status.items()} == {
        "201": ROWS - canceled,
        "203": canceled,
    }
    assert {row["recipient"] for row in rows} == {str(FIRST_NUMBER + n) for n in range(ROWS)}
    assert {row["price"] for row in by_status["201"]} == {str(PRICE)}
    assert {row["price"] for row in by_status["203"]} == {"0"}
    assert await messages_by_handset(served) == Counter(row["recipient"] for row in by_status["201"])
    proof = await command(served, "ledger", "check")
    assert proof["proved"], proof
    assert proof["accounts"][0]["refunds"] == pytest.approx(PRICE * canceled)
