"""The portal over real HTTPS: every cookie belongs to the host alone, and what a script keeps counts."""

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.support.certificates import write_certificate
from tests.support.served_portal import ServedPortal


async def test_every_cookie_is_the_hosts_own_and_counts(
    portal: ServedPortal, browser: Browser, tmp_path: Path
) -> None:
    certificate = write_certificate(tmp_path / "localhost.pem")
    async with portal.on_a_socket(certificate=certificate) as address:
        context = await browser.new_context(
            base_url=address, ignore_https_errors=True, timezone_id="Asia/Tokyo", locale="en-GB"
        )
        page, faults = await context.new_page(), list[str]()
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(f"/portal/welcome/{portal.started.portal_link}")
        await page.get_by_role("button", name="Open the portal").click()
        await expect(page.get_by_role("heading", name="First steps")).to_be_visible()
        await page.locator("[data-theme-switch]").first.click()
        await page.goto("/portal/senders")
        shown = await page.evaluate("({...document.documentElement.dataset})")
        assert (shown["theme"], shown["zone"]) == ("dark", "Asia/Tokyo")
        await page.get_by_label("Sender").fill("Gymmet")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_text("Gymmet is registered.")).to_be_visible()
        cookies = {cookie["name"]: cookie for cookie in await context.cookies()}
        assert cookies.keys() == {
            f"__Host-{name}" for name in ("heliograph", "heliograph_form", "theme", "tz")
        }
        assert all(cookie["secure"] for cookie in cookies.values())
        assert [name for name, cookie in cookies.items() if not cookie["httpOnly"]] == [
            "__Host-tz",
            "__Host-theme",
        ]
        assert faults == []
        await context.close()
