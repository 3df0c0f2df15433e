"""The portal in a real browser without a mouse: whatever has the focus shows it, and nothing lies over it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.faces.portal.sent_batches import send
from tests.faces.portal.test_sign_in import EMAIL, PASSWORD, add_person
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path

MOST_TABS = 200
PHONE = "46701740605"

FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e);
  const boxes = [...e.getClientRects()].filter((box) => box.width && box.height);
  const flaws = [];
  if (style.outlineStyle === 'none' || !parseFloat(style.outlineWidth)) flaws.push('does not show the focus');
  if (!boxes.length) flaws.push('has no size');
  for (const box of boxes) {
    // Of a field of several lines the browser shows the one with the cursor.
    const isHigh = box.height > innerHeight - 80 || e.localName === 'textarea';
    const seen = Math.min(box.bottom, innerHeight) - Math.max(box.top, 60);
    if (box.top > 60 && seen < Math.min(24, box.height - 1)) flaws.push('is out of sight');
    if (box.left < 0 || box.right > innerWidth + .5) flaws.push('is beside the window');
    const isInside = box.top >= 0 && box.bottom <= innerHeight + .5;
    if (!isHigh && !isInside) flaws.push('is above or below the window');
    const across = (box.left + box.right) / 2;
    for (const y of [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2]) {
      if (isHigh && (y < 80 || y > innerHeight)) continue;
      const hit = document.elementFromPoint(across, y);
      if (!hit || e.contains(hit) || hit.contains(e)) continue;
      flaws.push(`lies under ${hit.outerHTML.slice(0, 80)}`);
    }
  }
  const label = e.ariaLabel || e.labels?.[0]?.innerText || e.innerText || e.title || '';
  const parent = e.closest('dialog, nav, main')?.localName;
  return { name: label.trim(), id: e.id, tag: e.localName, parent, flaws };
}"""


async def focus_after(page: Page, key: str) -> dict[str, object]:
    """What has the focus after a key; it must be seen."""
    await page.keyboard.press(key)
    focused: dict[str, object] | None = await page.evaluate(FOCUSED)
    if focused is None:
        return {"name": "", "tag": "body", "parent": None, "id": ""}
    assert focused["id"] == "main" or focused["flaws"] == [], (page.url, focused)
    return focused


async def go_to(page: Page, name: str, *, inside: str | None = None, key: str = "Tab") -> None:
    """Press Tab until something whose name begins so has the focus."""
    passed: list[object] = []
    for _ in range(MOST_TABS):
        focused = await focus_after(page, key)
        if str(focused["name"]).startswith(name) and inside in (None, focused["parent"]):
            return
        passed.append(focused["name"])
    raise AssertionError(f"{name} is not reached at {page.url}: {passed}")


async def walk(page: Page) -> int:
    """Go through everything that can have the focus on a page; how many steps that takes."""
    for steps in range(MOST_TABS):
        if (await focus_after(page, "Tab"))["tag"] == "body":
            return steps
    raise AssertionError(f"{page.url} has no end")


async def focused_name(page: Page) -> str:
    found: str = await page.evaluate(
        "document.activeElement.innerText.trim() || document.activeElement.ariaLabel"
    )
    return found


async def test_a_message_is_sent_and_canceled_without_a_mouse(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    await add_person(portal)
    async with portal.on_a_socket() as address, opened_page(browser, address) as watched:
        page, keys = watched.page, watched.page.keyboard
        await page.emulate_media(reduced_motion="reduce")  # what slides in is beside the window at first
        await page.goto("/portal/")
        await page.wait_for_url("**/sign-in**")
        assert await page.evaluate("document.activeElement.name") == "email"
        await keys.type(EMAIL)
        await focus_after(page, "Tab")
        await keys.type(PASSWORD)
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="Test account")).to_be_visible()

        assert (await focus_after(page, "Tab"))["name"] == "Skip to the content"
        await page.screenshot(path=screenshot_path(screenshots, "keyboard-skip", phone=False, dark=False))
        assert (await focus_after(page, "Enter"))["id"] == "main"
        assert (await focus_after(page, "Tab"))["parent"] == "main"
        await go_to(page, "Compose", inside="nav", key="Shift+Tab")
        await keys.press("Enter")

        await expect(page.get_by_role("heading", name="Compose")).to_be_visible()
        await go_to(page, "Sender", inside="main")
        await keys.type("iP1")
        await go_to(page, "Text")
        await keys.type("Hello by the keyboard")
        await expect(page.locator("#handset")).to_contain_text("Hello by the keyboard")
        await go_to(page, "Numbers")
        await keys.type(PHONE)
        await go_to(page, "Review")
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="What becomes of them")).to_be_visible()
        await go_to(page, "Send 1 message for")
        await keys.press("Enter")
        await page.wait_for_url(re.compile(r"/portal/batches/[0-9a-f]{24}$"))

        await go_to(page, "Batches", inside="nav")
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="Batches")).to_be_visible()
        await go_to(page, "20", inside="main")
        await keys.press("Enter")
        await page.wait_for_url(re.compile(r"/portal/batches/[0-9a-f]{24}$"))

        dialog = page.get_by_role("dialog", name="Cancel what was not sent yet?")
        await go_to(page, "Cancel the batch")
        await keys.press("Enter")
        await expect(dialog).to_be_visible()
        await keys.press("Escape")
        await expect(dialog).to_be_hidden()
        assert await focused_name(page) == "Cancel the batch"
        await keys.press("Space")
        await expect(dialog).to_be_visible()
        for _ in range(5):
            assert (await focus_after(page, "Tab"))["parent"] in ("dialog", None)
        await go_to(page, "Keep it as it is", inside="dialog")
        await page.screenshot(path=screenshot_path(screenshots, "keyboard-dialog", phone=False, dark=False))
        await keys.press("Enter")
        await expect(dialog).to_be_hidden()
        assert await focused_name(page) == "Cancel the batch"
        await keys.press("Enter")
        await go_to(page, "Cancel the batch", inside="dialog")
        await keys.press("Enter")
        await expect(page.locator("#main")).to_contain_text("1 message is canceled.")

        await page.set_viewport_size({"width": 390, "height": 844})
        nav = page.locator("#nav")
        await expect(nav).to_be_hidden()
        await go_to(page, "Open the menu")
        await keys.press("Enter")
        await expect(nav).to_be_visible()
        await go_to(page, "Usage", inside="nav")
        await page.screenshot(path=screenshot_path(screenshots, "keyboard-menu", phone=True, dark=False))
        await keys.press("Escape")
        await expect(nav).to_be_hidden()
        assert await focused_name(page) == "Open the menu"
        await keys.press("Space")
        await expect(nav).to_be_visible()
        await go_to(page, "Heliograph", inside="nav")
        await focus_after(page, "Shift+Tab")
        await focus_after(page, "Shift+Tab")
        await expect(nav).to_be_hidden()
        await go_to(page, "Open the menu")
        await keys.press("Enter")
        await go_to(page, "Contacts", inside="nav")
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="Contacts", level=1)).to_be_visible()

        await go_to(page, "Kim")
        await keys.press("Enter")
        await go_to(page, "Profile and security")
        await keys.press("Escape")
        await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
        assert await page.evaluate("document.activeElement.localName") == "summary"
        await keys.press("Space")
        await go_to(page, "Sign out")
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert watched.faults == []


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
async def test_everything_on_a_page_shows_that_it_has_the_focus(
    portal: ServedPortal, browser: Browser, phone: bool
) -> None:
    batch_id = await send(portal, [f"467017406{number:02}" for number in range(30)], reference="autumn sale")
    secret = await portal.sign_in(is_operator=True)
    async with portal.on_a_socket() as address, opened_page(browser, address, secret, phone=phone) as watched:
        page = watched.page
        for path in (
            "",
            "compose",
            "batches",
            f"batches/{batch_id}",
            "users",
            "keys/new",
            "operator/carriers/1",
        ):
            answer = await page.goto(f"/portal/{path}")
            assert answer is not None
            assert answer.ok
            assert await walk(page) > 10, path
        assert watched.faults == []
