"""The overview: figures, charts and first steps, from what the account really did."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from heliograph.domain.ids import IdSource
from heliograph.domain.portal_rights import Role
from heliograph.services.count_traffic import CountTraffic
from tests.faces.portal.sent_batches import finish, receive, send
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal, opened_page, screenshot_path

PHONE = "46701740605"
NUMBERS = [f"467017406{number:02}" for number in range(10)]


async def test_a_new_account_is_told_its_first_steps(portal: ServedPortal, owner: PortalClient) -> None:
    shown = await owner.get("/portal/")
    assert shown.status_code == 200
    for text in (
        "First steps",
        "Send a first SMS",
        "YOUR_KEY",
        "Register your own sender",
        "Nothing was sent",
    ):
        assert text in shown.text, text
    await send(portal, [PHONE])
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE api_key SET last_used_at = created_at")
    shown = await owner.get("/portal/")
    assert "YOUR_KEY" not in shown.text
    assert "Register your own sender" in shown.text
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO sender (account_id, sender, created_at) VALUES ($1, 'Mine', $2)",
            portal.started.account_id,
            datetime.now(UTC) + timedelta(hours=1),
        )
    assert "First steps" not in (await owner.get("/portal/")).text


async def test_only_steps_that_one_may_take_have_links(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.READ_ONLY)) as reader:
        shown = (await reader.get("/portal/")).text
    assert "Send a first SMS" in shown
    assert 'href="/portal/compose"' not in shown
    assert 'href="/portal/keys"' not in shown


@pytest.mark.parametrize("is_counted", [False, True])
async def test_figures_and_charts_tell_todays_traffic(
    portal: ServedPortal, owner: PortalClient, *, is_counted: bool
) -> None:
    batch_id = await send(portal, NUMBERS)
    await finish(portal, batch_id, *[201] * 6, 512, 501)
    await receive(portal, PHONE, "Hi")
    if is_counted:
        service = CountTraffic(portal.database)
        while await service.step(datetime.now(UTC) + timedelta(minutes=10)):
            pass
    part = await owner.get("/portal/live/overview")
    assert part.status_code == 200
    assert "<html" not in part.text
    sent = re.search(r'aria-label="Sent today, the last 24 hours: ([^"]+)"', part.text)
    assert sent is not None
    assert sum(int(each.split(" ")[1]) for each in sent[1].split(", ")) == 8, "two still wait"
    assert re.search(r'aria-label="Balance, seven days: [^"]*996\.50', part.text)
    for text in ("75.0 %", "Number not in use", "Under way", "12.5 %"):
        assert text in part.text, text
    for span in ("today", "week"):
        answer = await owner.get(f"/portal/live/traffic?span={span}")
        assert answer.headers["content-type"] == "application/json"
        chart = answer.json()
        by_label = {line["label"]: sum(line["values"]) for line in chart["series"]}
        assert by_label == {"Accepted": 10, "Delivered": 6, "Refused or failed": 2, "Received": 1}
        assert all(len(line["values"]) == len(chart["time"]) for line in chart["series"])


async def test_an_account_sees_its_own_figures_only(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, NUMBERS)
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE message SET account_id = 77")
        await tx.execute("UPDATE batch SET account_id = 77")
    assert (await owner.get("/portal/live/traffic")).json() == {"time": [], "series": []}
    assert batch_id not in (await owner.get("/portal/")).text


async def test_a_live_overview_keeps_no_login_alive(portal: ServedPortal, owner: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE login SET seen_at = seen_at - interval '10 minutes'")
        seen_at = await tx.fetchval("SELECT seen_at FROM login")
    await owner.get("/portal/live/overview")
    await owner.get("/portal/live/traffic")
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT seen_at FROM login") == seen_at
    await owner.get("/portal/")
    async with portal.database.transaction() as tx:
        assert await tx.fetchval("SELECT seen_at FROM login") > seen_at


async def test_nobody_gets_no_figures(portal: ServedPortal) -> None:
    async with portal.client(None) as visitor:
        for path in ("/portal/live/overview", "/portal/live/traffic"):
            assert (await visitor.get(path)).status_code == 303
        asked = await visitor.get("/portal/live/overview", headers={"hx-request": "true"})
        assert asked.headers["hx-redirect"].startswith("/portal/sign-in")


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
async def test_a_browser_shows_charts(
    portal: ServedPortal, browser: Browser, screenshots: Path, *, phone: bool, dark: bool
) -> None:
    batch_id = await send(portal, NUMBERS)
    await finish(portal, batch_id, *[201] * 6, 512, 501)
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in(), phone=phone, dark=dark) as watched,
    ):
        page = watched.page
        await page.goto("/portal/")
        await expect(page.locator("#traffic-today canvas")).to_be_visible()
        await expect(page.locator("#traffic-week canvas")).to_be_visible()
        await finish(portal, batch_id, *[201] * 10)
        await expect(page.locator("#overview-live")).to_contain_text("100.0 %")
        delivered = page.get_by_role("img", name="Delivered today, the last 24 hours")
        await expect(delivered).to_have_accessible_name(re.compile(r"100\.0 %$"))
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        path = screenshot_path(screenshots, "overview", phone=phone, dark=dark)
        await page.screenshot(path=path, full_page=True)
        assert watched.faults == []


async def test_the_line_of_the_balance_ends_where_the_balance_is(
    portal: ServedPortal, owner: PortalClient
) -> None:
    """Made backwards from what it is: charges, and what was given years ago, need not be read for it."""
    account_id, now = portal.started.account_id, utc_now()
    async with portal.database.transaction() as tx:
        await tx.execute("DELETE FROM ledger")
        for days, amount in ((400, 500), (3, 100), (2, -30), (0, -70)):
            at = now - timedelta(days=days)
            await tx.execute(
                "INSERT INTO ledger VALUES ($1, $2, 2, $3, NULL, $4)",
                account_id,
                IdSource(os.urandom(5)).new(int(at.timestamp())),
                amount * 1_000_000,
                at,
            )
        await tx.execute("UPDATE balance SET amount = 500000000")
    shown = (await owner.get("/portal/live/overview")).text
    told = re.search(r'aria-label="Balance, seven days: ([^"]+)"', shown)
    assert told is not None
    amounts = [each.rpartition(" ")[2].partition("\xa0")[0] for each in told[1].split(", ")]
    assert {"500.00", "600.00", "570.00"} == set(amounts)
    assert (amounts[0], amounts[-1]) == ("500.00", "500.00")
