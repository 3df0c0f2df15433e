"""Every attempt to deliver a webhook, on pages: newest first, failures apart, one with all that is known."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from heliograph.domain.ids import IdSource
from heliograph.domain.portal_rights import Role
from heliograph.domain.report_events import Attempt, encode_events
from tests.faces.portal.sent_batches import finish, messages_of, receive, send
from tests.support.accepting import utc_now
from tests.support.rows import insert_account
from tests.support.served_portal import PortalClient, ServedPortal, opened_page, screenshot_path

ATTEMPTS = "/portal/webhooks/attempts"
NUMBER = "46701740605"
HOSTILE = "<script>window.canary=1</script>"


async def attempted(
    portal: ServedPortal, *attempts: Attempt, at: datetime | None = None, account_id: int | None = None
) -> None:
    """A block of attempts."""
    at = at or utc_now()
    ids = [attempt.message_id for attempt in attempts]
    async with portal.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO report_attempt VALUES (7, $1, $2, $3, $4, $5, $6)",
            at.date(),
            IdSource(os.urandom(5)).new(int(at.timestamp())),
            account_id or portal.started.account_id,
            min(ids),
            max(ids),
            encode_events(list(attempts)),
        )


async def reported(portal: ServedPortal) -> bytes:
    """A delivered message whose reports have a URL; its id."""
    url = "https://shop.example/reports"
    batch_id = await send(portal, [NUMBER], reference="order 7", deliveryReportUrl=url)
    await finish(portal, batch_id, 201)
    return bytes.fromhex((await messages_of(portal, batch_id))[0])


def now_ms(seconds_ago: float = 0) -> int:
    return int(1000 * (utc_now().timestamp() - seconds_ago))


async def test_successes_are_listed_with_failures_and_failures_alone(
    portal: ServedPortal, owner: PortalClient
) -> None:
    message = await reported(portal)
    await attempted(
        portal,
        Attempt(message, 1, 110, 1, now_ms(3), 503, 81, "", "busy"),
        Attempt(message, 1, 110, 2, now_ms(2), 204, 12, ""),
        Attempt(message, 2, 111, 1, now_ms(1), 0, 15_000, "No answer came in time."),
    )
    shown = (await owner.get(ATTEMPTS)).text
    places = re.findall(r"attempts/([0-9a-f]{24}-[0-9]+)", shown)
    assert len(places) == 3
    assert shown.index(">204<") < shown.index(">503<"), "the newest first"
    for told in ("No answer came in time.", "<q>busy</q>", "15,000 ms"):
        assert told in shown
    failed = (await owner.get(f"{ATTEMPTS}?show=failed")).text
    assert ">204<" not in failed
    assert len(re.findall(r"attempts/[0-9a-f]{24}-[0-9]+", failed)) == 2
    assert ">204<" in (await owner.get("/portal/webhooks")).text


async def test_one_attempt_tells_request_and_answer(portal: ServedPortal, owner: PortalClient) -> None:
    message = await reported(portal)
    await attempted(portal, Attempt(message, 1, 110, 1, now_ms(), 422, 81, "", f"{HOSTILE} no such order"))
    listed = (await owner.get(ATTEMPTS)).text
    place = re.findall(r"attempts/([0-9a-f]{24}-[0-9]+)", listed)[0]
    shown = (await owner.get(f"{ATTEMPTS}/{place}")).text
    assert "POST https://shop.example/reports" in shown
    assert f"webhook-id: {message.hex()}-1-" in shown
    assert "order 7" in shown
    assert "no such order" in shown
    assert HOSTILE not in listed + shown
    assert f"/messages/{message.hex()}" in shown


async def test_what_was_posted_of_an_incoming_message(portal: ServedPortal, owner: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE account SET incoming_url = 'https://shop.example/incoming'")
    batch_id = await receive(portal, "46701740650", "Hello back")
    message = bytes.fromhex((await messages_of(portal, batch_id))[0])
    await attempted(portal, Attempt(message, 1, 201, 1, now_ms(), 500, 81, ""))
    listed = (await owner.get(ATTEMPTS)).text
    assert "Incoming message" in listed
    place = re.findall(r"attempts/([0-9a-f]{24}-[0-9]+)", listed)[0]
    shown = (await owner.get(f"{ATTEMPTS}/{place}")).text
    assert "POST https://shop.example/incoming" in shown
    assert "46701740650" in shown
    assert "Hello back" in shown


async def test_pages_follow_each_other_without_gap_or_repetition(
    portal: ServedPortal, owner: PortalClient
) -> None:
    message = await reported(portal)
    for hours in (20, 3, 0):
        at = utc_now() - timedelta(hours=hours, minutes=5)
        await attempted(
            portal,
            *(
                Attempt(message, 1, 110, number, now_ms(3_600 * hours + number), 200, 12, "")
                for number in range(1, 41)
            ),
            at=at,
        )
    address, found = ATTEMPTS, list[str]()
    for _ in range(3):
        shown = (await owner.get(address)).text
        found += re.findall(r"attempts/([0-9a-f]{24}-[0-9]+)", shown)
        following = re.search(r'rel="next" href="([^"]+)"', shown)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")
    assert len(found) == len(set(found)) == 120
    failed = (await owner.get(f"{ATTEMPTS}?show=failed")).text
    assert "Nothing failed" in failed


@pytest.mark.parametrize("place", ["absent", "0" * 24, "0" * 24 + "-0", "f" * 24 + "-999999", "-1"])
async def test_what_is_no_attempt_is_not_found(owner: PortalClient, place: str) -> None:
    assert (await owner.get(f"{ATTEMPTS}/{place}")).status_code == 404
    assert (await owner.get(f"{ATTEMPTS}?from={place}")).status_code == 200


async def test_another_accounts_attempt_is_as_if_it_were_not(
    portal: ServedPortal, owner: PortalClient
) -> None:
    async with portal.database.transaction() as tx:
        await insert_account(tx, 10_077)
    message = os.urandom(12)
    await attempted(portal, Attempt(message, 1, 110, 1, now_ms(), 500, 81, ""), account_id=10_077)
    assert "Nothing was POSTed yet" in (await owner.get(ATTEMPTS)).text
    async with portal.database.transaction() as tx:
        block_id = await tx.fetchval("SELECT block_id FROM report_attempt")
    theirs = await owner.get(f"{ATTEMPTS}/{block_id.hex()}-0")
    absent = await owner.get(f"{ATTEMPTS}/{'1' * 24}-0")
    assert theirs.status_code == absent.status_code == 404
    async with portal.client(await portal.sign_in(Role.SENDER)) as client:
        assert (await client.get(ATTEMPTS)).status_code == 403


async def test_the_pages_in_a_browser(portal: ServedPortal, browser: Browser, screenshots: Path) -> None:
    message = await reported(portal)
    await attempted(
        portal,
        Attempt(message, 1, 110, 1, now_ms(9), 503, 81, "", "Service <b>unavailable</b>: try later"),
        Attempt(message, 1, 110, 2, now_ms(8), 204, 12, ""),
        Attempt(message, 2, 111, 1, now_ms(7), 0, 15_000, "No answer came in time."),
    )
    for phone, dark in ((False, False), (True, True)):
        async with (
            portal.on_a_socket() as address,
            opened_page(browser, address, await portal.sign_in(), phone=phone, dark=dark) as watched,
        ):
            page = watched.page
            await page.goto("/portal/webhooks")
            await page.get_by_role("link", name="Every attempt").click()
            await expect(page.get_by_role("heading", name="Attempts", level=1)).to_be_visible()
            assert (await Axe().run(page)).violations_count == 0
            await page.screenshot(path=screenshot_path(screenshots, "attempts", phone=phone, dark=dark))
            await page.locator("tbody a").last.click()
            await expect(page.get_by_text("try later")).to_be_visible()
            assert (await Axe().run(page)).violations_count == 0
            await page.screenshot(path=screenshot_path(screenshots, "attempt", phone=phone, dark=dark))
            assert watched.faults == []
