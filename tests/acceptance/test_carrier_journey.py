"""An operator takes a second carrier into use: in a real browser, on real processes, over a real link."""

import json
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from heliograph.simulator.handset_client import HandsetClient
from heliograph.wiring.simulated_carrier import FILE_NAME
from tests.acceptance.conftest import PROGRAM, Served, clean_environment
from tests.acceptance.test_portal_journeys import first_link, look
from tests.support.screenshots import screenshot_folder
from tests.support.served_portal import chromium, opened_page

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

PHONE = "46701740605"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screenshot_folder(tmp_path_factory)


@pytest.fixture
def telco() -> Iterator[dict[str, str]]:
    """A carrier of its own, as its first line says: where to bind, and where its handsets are read."""
    addresses = ("--smpp", "127.0.0.1:0", "--handsets", "127.0.0.1:0", "--json")
    process = subprocess.Popen(
        [*PROGRAM, "simulate", "--system-id", "acme", "--password", "secret", *addresses],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    assert process.stdout is not None
    with process.stdout:
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def send(page: Page, text: str) -> None:
    """A message to the phone, and its batch's page once it is delivered."""
    await page.goto("/portal/compose")
    await page.get_by_label("Text", exact=True).fill(text)
    await page.locator("#pasted").fill(PHONE)
    await page.get_by_role("button", name="Review").click()
    await page.get_by_role("button", name=re.compile("^Send 1 message")).click()
    await page.wait_for_url(re.compile(r"/portal/batches/[0-9a-f]{24}$"))
    await expect(page.locator("#batch-progress").get_by_role("progressbar")).to_have_attribute(
        "aria-valuenow", "1"
    )


async def texts_at(handsets_url: str) -> list[str]:
    async with HandsetClient(handsets_url) as handsets:
        return [message.text for message in await handsets.list_messages(PHONE)]


async def test_traffic_moves_to_a_carrier_that_is_added_and_back(
    served: Served, telco: dict[str, str], browser: Browser, screenshots: Path
) -> None:
    own = json.loads((served.folder / FILE_NAME).read_text())
    own_handsets = f"http://{own['host']}:{own['http_port']}"
    host, _, port = telco["smpp"].rpartition(":")
    async with opened_page(browser, served.url) as watched:
        page = watched.page
        await page.goto(first_link(served))
        await page.get_by_role("button", name="Open the portal").click()
        await page.wait_for_url("**/portal/")
        await send(page, "by the first carrier")

        await page.goto("/portal/operator/new-carrier")
        fields = {"name": "telco", "host": host, "port": port, "system_id": "acme", "password": "secret"}
        for name, value in fields.items():
            await page.locator(f"#{name}").fill(value)
        await page.get_by_role("button", name="Make the carrier").click()
        await expect(page.get_by_role("heading", name="telco")).to_be_visible()
        await expect(page.locator("#bind-rows")).to_contain_text("Bound")
        await look(page, screenshots, "operator-carrier-bound")

        await page.goto("/portal/operator/routes")
        add = page.locator("#add")
        await add.get_by_label("Prefix").fill("46701740605")
        await add.get_by_label("Carrier").select_option("telco")
        await add.get_by_role("button", name="Add the route").click()
        await expect(page.get_by_role("cell", name="telco")).to_be_visible()
        await send(page, "by the second carrier")
        await page.locator("tbody a[href*='/messages/']").first.click()
        await expect(page.locator("#message-way")).to_contain_text("By the route to the carrier telco.")
        await look(page, screenshots, "message-by-telco")

        await page.goto("/portal/operator/routes")
        route = page.get_by_role("row").filter(has_text="telco")
        await route.get_by_role("button", name="Remove").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("The route is removed.")).to_be_visible()
        await send(page, "by the first again")
        assert watched.faults == []
    assert await texts_at(telco["handsets"]) == ["by the second carrier"]
    assert await texts_at(own_handsets) == ["by the first carrier", "by the first again"]
