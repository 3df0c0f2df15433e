"""Every page that somebody can come to, in a real browser, with hostile texts in all that strangers write.

Found by following links from the overview: so a page that nothing leads to is noticed as well as a link that
leads to nothing.
"""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize

from heliograph.domain.ids import IdSource
from heliograph.domain.portal_rights import Role
from heliograph.domain.report_events import Attempt, encode_events
from heliograph.storage.database import connect
from tests.support.accepting import utc_now
from tests.support.rows import insert_batch
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path

HOSTILE = '"\'><script>window.canary=1</script><img src=x onerror="window.canary=1">{{7*7}}'
SHORT = "<img src=x onerror=canary=1>"
MOST_PAGES = 150
DESKTOP: ViewportSize = {"width": 1200, "height": 900}
LOOKS = 4
BETWEEN_LOOKS_MS = 250
PHONE: ViewportSize = {"width": 390, "height": 844}
ON_A_PHONE = {
    "runOnly": ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"]
}
"""What of axe depends on width and colours: the rest was looked at before."""

EXPECTED = (
    "/portal/",
    "/portal/compose",
    "/portal/batches/0123456789abcdef01234567/messages/0123456789abcdef01234567",
    "/portal/conversations/0123456789abcdef01234567",
    "/portal/contacts/import",
    "/portal/keys/new",
    "/portal/webhooks",
    "/portal/webhooks/attempts/0123456789abcdef01234567-0",
    "/portal/users",
    "/portal/settings",
    "/portal/guard",
    "/portal/operator/guard",
    "/portal/operator/routes",
    "/portal/operator/numbers/72456",
    "/portal/operator/health",
)
"""Links lead at least to these, and to pages like them."""
NOT_FOLLOWED = re.compile(r"\.csv|/export|/sign-out|/welcome/|/static/|/live|/events|/screen|\.svg")
"""Files and streams; and ways out."""


async def fill_with_hostile_texts(portal: ServedPortal, dsn: str) -> None:
    """Put markup wherever somebody else's words are kept."""
    account_id = portal.started.account_id
    sent = await portal.api.post(
        {
            "sender": "iP1",
            "recipients": {"46701740605": {"name": HOSTILE}, "1": {"name": SHORT}},
            "body": f"Hello {{name}} {HOSTILE}",
            "reference": SHORT,
            "tags": [SHORT],
        }
    )
    assert sent.status == 201, sent.body
    connection = await connect(dsn)
    try:
        await insert_batch(
            connection,
            account_id,
            sender="46701740650",
            recipients=["46701740699"],
            code=201,
            price=0,
            incoming=True,
            created_at=utc_now(),
            ids=IdSource(b"inbox"),
        )
        await connection.execute("UPDATE batch SET body = $1 WHERE direction = 1", HOSTILE)
        await connection.execute("UPDATE account SET name = $1", HOSTILE[:100])
        await connection.execute(
            "INSERT INTO inbound_number (number, account_id, shared, created_at)"
            " VALUES ('72456', $1, true, $2)",
            account_id,
            utc_now(),
        )
        await connection.execute(
            "INSERT INTO inbound_keyword (number, keyword, account_id) VALUES ('72456', $1, $2)",
            SHORT[:40],
            account_id,
        )
        await connection.execute("UPDATE api_key SET name = $1", SHORT)
        await connection.execute("UPDATE carrier SET name = $1", SHORT)
        await connection.execute("UPDATE ledger SET note = $1", HOSTILE)
        await connection.execute("UPDATE price_list SET name = $1", SHORT)
        message_id = await connection.fetchval("SELECT message_id FROM message ORDER BY message_id LIMIT 1")
        await connection.execute(
            "INSERT INTO report_attempt VALUES (7, $1, $2, $3, $4, $4, $5)",
            utc_now().date(),
            message_id,
            account_id,
            message_id,
            encode_events([Attempt(message_id, 1, 110, 1, 0, 422, 9, "", HOSTILE)]),
        )
        await connection.execute(
            "INSERT INTO guard_rule (account_id, prefix, mode, most, seconds) VALUES (0, '*', 2, 20, 3600)"
        )
        await connection.execute(
            "INSERT INTO guard_window (account_id, prefix, seconds, starts_at, recipients, most, blocks,"
            " beyond, blocked, counted_at, exceeded_at)"
            " VALUES ($1, '225', 3600, $2, 9, 1, true, 8, 6, $2, $2)",
            account_id,
            utc_now(),
        )
    finally:
        await connection.close()
    async with portal.client(await portal.sign_in(Role.OWNER, name=SHORT)) as client:
        fields = {"number": "+46701740605", "properties": f"{SHORT}: {HOSTILE}", "labels": SHORT}
        assert (await client.post("/portal/contacts/new", fields)).status_code in (303, 400)
        fields = {"number": "+46701740605", "properties": f"note: {HOSTILE}", "labels": "a<b>"}
        assert (await client.post("/portal/contacts/new", fields)).status_code == 303
        assert (await client.post("/portal/blacklist/add", {"msisdn": "46701740666"})).status_code == 303


async def links_of(page: Page) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        "a[href^='/portal']", "links => links.map(each => each.getAttribute('href'))"
    )
    return [link for link in found if not NOT_FOLLOWED.search(link)]


def kind_of(link: str) -> str:
    """Pages of one kind: with ids and questions left out."""
    return re.sub(r"/[0-9a-f]{24}|/\d+(?=/|$)|/hg_\w+", "/*", link.partition("?")[0].partition("#")[0])


async def cut_off(page: Page) -> list[str]:
    """What stays wider than its place: the page itself, or tables that one would have to push sideways.

    A look may fall between a new size of the window and the layout for it, or into the exchange of a live
    part: what a person could see is still there some frames later.
    """
    found: list[str] = []
    for _ in range(LOOKS):
        found = await page.evaluate(
            """() => [document.scrollingElement, ...document.querySelectorAll(".table-wrap")]
                .filter((each) => each.scrollWidth > each.clientWidth + 1)
                .map((each) => `${each.querySelector("caption")?.textContent || each.localName}:`
                    + ` ${each.scrollWidth} in ${each.clientWidth}`)"""
        )
        if not found:
            break
        await page.wait_for_timeout(BETWEEN_LOOKS_MS)
    return found


async def keep_picture(
    page: Page, folder: Path, link: str, *, phone: bool = False, dark: bool = False
) -> None:
    name = kind_of(link).strip("/").replace("/", "-").replace("*", "one")
    await page.screenshot(path=screenshot_path(folder, name, phone=phone, dark=dark), full_page=True)


@pytest.fixture
def is_thorough() -> bool:
    """Whether pictures of every page are kept."""
    return "PORTAL_SCREENSHOTS" in os.environ


async def test_every_page_works_is_accessible_and_runs_nothing(
    portal: ServedPortal, browser: Browser, database: str, screenshots: Path, is_thorough: bool
) -> None:
    await fill_with_hostile_texts(portal, database)
    secret = await portal.sign_in(Role.OWNER, is_operator=True, name=SHORT)
    problems: list[str] = []
    seen: dict[str, str] = {}
    async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
        page, waiting = watched.page, ["/portal/"]
        await page.set_viewport_size(DESKTOP)
        await page.add_init_script("window.canary = undefined")
        await page.emulate_media(reduced_motion="reduce")  # colours on their way have too little contrast
        while waiting and len(seen) < MOST_PAGES:
            link = waiting.pop(0)
            if kind_of(link) in seen:
                continue
            seen[kind_of(link)] = link
            answer = await page.goto(link)
            assert answer is not None
            if answer.status != 200:
                problems.append(f"{link}: {answer.status}")
                continue
            if await page.evaluate("window.canary") is not None:
                problems.append(f"{link}: a stranger's script ran")
            results = await Axe().run(page)
            if results.violations_count:
                problems.append(f"{link}: {results.generate_report()}")
            problems += [f"{link}: cut off: {each}" for each in await cut_off(page)]
            waiting += await links_of(page)
            if is_thorough:
                await keep_picture(page, screenshots, link)
            await page.set_viewport_size(PHONE)
            await page.emulate_media(color_scheme="dark")
            problems += [f"{link}: cut off on a phone: {each}" for each in await cut_off(page)]
            results = await Axe().run(page, options=ON_A_PHONE)
            if results.violations_count:
                problems.append(f"{link}, on a phone in the dark: {results.generate_report()}")
            if is_thorough:
                await keep_picture(page, screenshots, link, phone=True, dark=True)
            await page.set_viewport_size(DESKTOP)
            await page.emulate_media(color_scheme="light")
        problems += watched.faults
    assert problems == [], "\n".join(problems)
    assert {kind_of(path) for path in EXPECTED} <= seen.keys()
