"""Delivery windows by a calendar: days and hours become windows, in a zone that can be chosen."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from heliograph.domain.message_draft import MAX_WINDOWS
from tests.faces.portal.test_compose_pages import COMPOSE, FIELDS, draft_of, kept, words
from tests.support.served_portal import PortalClient, ServedPortal, opened_page, screenshot_path

TODAY = datetime.now(UTC).date()
SOON, LATER = (TODAY + timedelta(days=days) for days in (2, 3))
HOURS = {"hours_open": "09:00", "hours_close": "17:00"}


def windows_of(text: str) -> list[tuple[str, str]]:
    """What stands in the fields of the windows."""
    opens, closes = (
        re.findall(rf'name="{end}-[0-9]+"[^>]*value="([^"]*)"', text) for end in ("opens", "closes")
    )
    return list(zip(opens, closes, strict=True))


async def shown_after(client: PortalClient, fields: Mapping[str, Any], step: str) -> str:
    answer = await kept(client, {**FIELDS, **fields}, step)
    assert answer.status_code == 303, answer.text
    return (await client.get(f"{COMPOSE}/{draft_of(answer)}")).text


@pytest.mark.parametrize("step", ["days", "window", "zone"])
async def test_chosen_days_become_windows_whatever_button_is_pressed(owner: PortalClient, step: str) -> None:
    shown = await shown_after(owner, {**HOURS, "days": [str(LATER), str(SOON)]}, step)
    wanted = [(f"{day}T09:00", f"{day}T17:00") for day in (SOON, LATER)]
    assert [window for window in windows_of(shown) if window != ("", "")] == wanted
    assert f"{SOON.day} " in shown
    assert words(shown).count("09:00 – 17:00 (UTC+0") == 2, "said in words, with the offset"
    assert shown.count("has-window") == 2


async def test_a_review_does_not_lose_days_that_were_not_added_yet(owner: PortalClient) -> None:
    answer = await kept(owner, {**FIELDS, **HOURS, "days": [str(SOON)]}, "review")
    review = await owner.get(answer.headers["location"])
    assert review.status_code == 200
    assert f"{SOON.day} {SOON:%B} {SOON.year}, 09:00 – 17:00 (UTC+0" in words(review.text)


async def test_a_review_says_the_windows_in_the_zone_that_was_chosen(owner: PortalClient) -> None:
    fields = {**FIELDS, "opens-0": "2027-01-15T09:00", "closes-0": "2027-01-15T17:00", "zone": "Asia/Tokyo"}
    review = await owner.get((await kept(owner, fields, "review")).headers["location"])
    assert "Friday 15 January 2027, 09:00 – 17:00 (UTC+09:00)" in words(review.text)
    assert "Times are in the zone Asia/Tokyo." in words(review.text)


async def test_later_months_are_shown_to_whoever_asks_up_to_a_year(owner: PortalClient) -> None:
    shown = await shown_after(owner, {"months": "2"}, "months")
    assert shown.count("<caption>") == 4
    assert shown.count("<caption>") == (await shown_after(owner, {"months": "4"}, "zone")).count("<caption>")
    shown = await shown_after(owner, {"months": "11"}, "months")
    assert (shown.count("<caption>"), 'value="months"' in shown) == (12, False)
    for nonsense in ("999", "-1", "many", ""):
        assert (await shown_after(owner, {"months": nonsense}, "zone")).count("<caption>") == 2


async def test_without_hours_a_window_is_the_whole_day(owner: PortalClient) -> None:
    shown = await shown_after(owner, {"hours_open": "", "hours_close": "", "days": [str(SOON)]}, "days")
    assert windows_of(shown) == [(f"{SOON}T00:00", f"{LATER}T00:00")]


async def test_another_zone_leaves_what_is_typed_and_says_what_it_means(owner: PortalClient) -> None:
    fields = {"opens-0": "2027-01-15T09:00", "closes-0": "2027-01-15T17:00"}
    for zone, offset in (
        ("Asia/Tokyo", "UTC+09:00"),
        ("America/New_York", "UTC-05:00"),
        ("UTC", "UTC+00:00"),
    ):
        shown = await shown_after(owner, {**fields, "zone": zone}, "zone")
        assert windows_of(shown) == [("2027-01-15T09:00", "2027-01-15T17:00")]
        assert f"Friday 15 January 2027, 09:00 – 17:00 ({offset})" in words(shown)
        assert f'value="{zone}" selected' in shown


async def test_a_window_over_a_night_of_the_clocks_says_both_offsets(owner: PortalClient) -> None:
    fields = {"opens-0": "2027-10-30T22:00", "closes-0": "2027-10-31T06:00", "zone": "Europe/Stockholm"}
    shown = words(await shown_after(owner, fields, "zone"))
    assert "Saturday 30 October 2027, 22:00 – Sunday 31 October 2027, 06:00 (UTC+02:00 → UTC+01:00)" in shown


async def test_every_window_is_removed_at_once(owner: PortalClient) -> None:
    fields = {**HOURS, "opens-0": f"{SOON}T09:00", "closes-0": f"{SOON}T17:00"}
    assert windows_of(await shown_after(owner, fields, "no_windows")) == [("", "")]


async def test_nonsense_days_are_passed_over(owner: PortalClient) -> None:
    fields = {**HOURS, "days": ["9999-12-31", "never", "2026-02-31", str(SOON)], "hours_close": "08:00"}
    shown = await shown_after(owner, fields, "days")
    assert windows_of(shown) == [(f"{SOON}T09:00", f"{LATER}T08:00")]
    many = [str(TODAY + timedelta(days=number)) for number in range(1, MAX_WINDOWS + 20)]
    assert len(windows_of(await shown_after(owner, {**HOURS, "days": many}, "days"))) == MAX_WINDOWS


@pytest.mark.parametrize(
    ("phone", "dark", "language"),
    [(False, False, "en"), (False, True, "en"), (True, False, "sv"), (True, True, "en")],
)
async def test_the_calendar_with_the_keyboard_alone(
    portal: ServedPortal,
    browser: Browser,
    screenshots: Path,
    *,
    phone: bool,
    dark: bool,
    language: str,
) -> None:
    secret = await portal.sign_in()
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE portal_user SET language = $1", language)
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, secret, phone=phone, dark=dark) as watched,
    ):
        page = watched.page
        await page.goto(COMPOSE)
        days = page.locator("[data-calendar] input[name=days]:enabled")
        first = await days.first.input_value()
        assert await days.evaluate_all("all => all.filter(each => each.tabIndex === 0).length") == 1
        await days.first.focus()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowLeft")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Space")
        chosen = datetime.fromisoformat(first).date() + timedelta(days=14)
        assert await page.locator("[data-calendar] input:checked").input_value() == str(chosen)
        await page.keyboard.press("End")
        assert await page.evaluate("document.activeElement.value") == str(
            chosen + timedelta(days=6 - chosen.weekday())
        )
        await page.keyboard.press("Home")
        await page.keyboard.press("PageUp")  # before today: the first day that can be chosen
        assert await page.evaluate("document.activeElement.value") == first
        await page.keyboard.press("PageDown")
        later = await page.evaluate("document.activeElement.value")
        assert datetime.fromisoformat(later).month == datetime.fromisoformat(first).month % 12 + 1
        await page.screenshot(
            path=screenshot_path(screenshots, f"calendar-{language}", phone=phone, dark=dark), full_page=True
        )
        await page.locator("button[value=days]").press("Enter")
        await expect(page.locator("#opens-0")).to_have_value(f"{chosen}T09:00")
        await expect(page.locator("#closes-0")).to_have_value(f"{chosen}T17:00")
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        await page.screenshot(
            path=screenshot_path(screenshots, f"calendar-made-{language}", phone=phone, dark=dark),
            full_page=True,
        )
        assert watched.faults == []
