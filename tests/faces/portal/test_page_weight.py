"""What a browser that has nothing yet must load for the overview, and how soon it paints."""

from playwright.async_api import Browser, Page, expect

from tests.faces.portal.sent_batches import finish, send
from tests.support.served_portal import ServedPortal, opened_page

MOST_BYTES = 150_000
MOST_REQUESTS = 15
NUMBERS = [f"467017406{number:02}" for number in range(10)]
_TRANSFERRED = """() => ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type))
    .map(entry => [new URL(entry.name).pathname, entry.transferSize])"""
_FIRST_PAINT = (
    """() => performance.getEntriesByName("first-contentful-paint").map(entry => entry.startTime)"""
)


async def test_the_overview_is_light(portal: ServedPortal, browser: Browser) -> None:
    """With its charts drawn: bytes as they came over the wire, heads of answers included."""
    await finish(portal, await send(portal, NUMBERS), *[201] * 10)
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, await portal.sign_in()) as watched,
    ):
        page = watched.page
        await page.goto("/portal/")
        await expect(page.locator("#traffic-today canvas")).to_be_visible()
        await expect(page.locator("#traffic-week canvas")).to_be_visible()
        await page.wait_for_timeout(500)
        loaded: list[tuple[str, int]] = await page.evaluate(_TRANSFERRED)
        total = sum(size for _, size in loaded)
        requests = len(loaded) + 1  # and the stream of its live part, which has not ended
        print(f"{requests} requests, {total} bytes, first paint after {await _first_paint(page):.0f} ms")
        assert requests <= MOST_REQUESTS, loaded
        assert 0 < total <= MOST_BYTES, loaded
        assert watched.faults == []


async def _first_paint(page: Page) -> float:
    """Milliseconds from the beginning of the navigation."""
    painted: list[float] = await page.evaluate(_FIRST_PAINT)
    return painted[0]
