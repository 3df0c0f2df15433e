"""Every page that somebody can come to, in a real browser, with hostile texts in all that strangers write.

Found by following links from the overview: so a page that nothing leads to is noticed as well as a link that
leads to nothing.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, FilePayload, Page, ViewportSize, expect

from heliograph.domain.portal_rights import Role
from tests.faces.portal.hostile_texts import (
    NAMES,
    SHORT,
    canary,
    fill_with_hostile_texts,
    hostile_file,
    hostile_handsets,
    look_out_of_hostile_browsers,
    seen_names,
)
from tests.support.served_portal import ServedPortal, Watched, opened_page, screenshot_path, served_portal

MOST_PAGES = 150
SECONDS = 60
DESKTOP: ViewportSize = {"width": 1200, "height": 900}
LOOKS = 4
BETWEEN_LOOKS_MS = 250
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROWEST: ViewportSize = {"width": 320, "height": 700}
"""What a page still has to fit into, without being pushed sideways (WCAG 1.4.10)."""
WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
"""All that axe can tell of WCAG 2.2 AA; of target-size it is silent unless it is told."""
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What of it can differ in the dark: only colours are others there."""
FOREIGN = "img[src='x'], [onerror], [onclick], script:not([src])"
"""What our pages never hold, and strangers' words would make if they were not escaped."""

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


class Look(NamedTuple):
    """A screen on which pages are looked at."""

    phone: bool
    dark: bool

    def __str__(self) -> str:
        return f"{'phone' if self.phone else 'desktop'}, {'dark' if self.dark else 'light'}"


EVERY_LOOK = (Look(False, False), Look(False, True), Look(True, True), Look(True, False))


class Walk(msgspec.Struct):
    """What was found on the way from page to page."""

    watched: Watched
    waiting: list[str]
    pictures: Path | None
    language: str = "en"
    problems: list[str] = []
    seen: dict[str, str] = {}
    linked: set[str] = set()
    """Kinds of pages that some page leads to."""
    words: set[str] = set()
    """The canaries that were seen."""

    @property
    def page(self) -> Page:
        return self.watched.page

    async def go(self, looks: Sequence[Look]) -> None:
        """Open every page that can be come to, and look at each in every way."""
        await self.page.add_init_script("window.canary = undefined")
        # Colours on their way have too little contrast.
        await self.page.emulate_media(reduced_motion="reduce")
        while self.waiting and len(self.seen) < MOST_PAGES:
            link = self.waiting.pop(0)
            if kind_of(link) not in self.seen:
                self.seen[kind_of(link)] = link
                await self._open(link, looks)
        self.problems += self.watched.faults

    async def _open(self, link: str, looks: Sequence[Look]) -> None:
        await self._turn_to(looks[0])
        answer = await self.page.goto(link)
        assert answer is not None
        if answer.status != 200:
            self.problems.append(f"{link}: {answer.status}")
            return
        await self.look_at(link, looks)
        found = await links_of(self.page)
        self.linked |= {kind_of(each) for each in found}
        self.waiting += found

    async def look_at(self, name: str, looks: Sequence[Look]) -> None:
        """Look at the page that is open."""
        self.words |= seen_names(await self.page.content())
        if await self.page.evaluate("window.canary") is not None:
            self.problems.append(f"{name}: a stranger's script ran")
        if await self.page.locator(FOREIGN).count():
            self.problems.append(f"{name}: strangers' words became elements")
        if await self.page.get_attribute("html", "lang") != self.language:
            self.problems.append(f"{name}: not in the language {self.language}")
        await self.page.evaluate(Axe().axe_script)
        for look in looks:
            await self._turn_to(look)
            rules = {**WCAG, **COLOURS} if look.dark else WCAG
            results = await self.page.evaluate("rules => axe.run(document, rules)", rules)
            self.problems += [f"{name} ({look}): {fault}" for fault in _faults_in(results)]
            self.problems += [f"{name} ({look}): cut off: {each}" for each in await cut_off(self.page)]
            if self.pictures is not None:
                await self._keep_picture(name, look)
        await self.page.set_viewport_size(NARROWEST)
        self.problems += [f"{name} (320 pixels): {each}" for each in await cut_off(self.page)]

    async def see(self, word: str, link: str) -> None:
        """Open a page until it shows a canary: what takes too long just now is left out, and told."""
        async with asyncio.timeout(SECONDS):
            while word not in self.words:
                await self.page.goto(link)
                self.words |= seen_names(await self.page.content())

    async def _turn_to(self, look: Look) -> None:
        await self.page.set_viewport_size(PHONE if look.phone else DESKTOP)
        await self.page.emulate_media(color_scheme="dark" if look.dark else "light")

    async def _keep_picture(self, name: str, look: Look) -> None:
        assert self.pictures is not None
        plain = kind_of(name).strip("/").replace("/", "-").replace("*", "one")
        if self.language != "en":
            plain = f"{plain}-{self.language}"
        await self.page.screenshot(
            path=screenshot_path(self.pictures, plain, phone=look.phone, dark=look.dark), full_page=True
        )


def _faults_in(results: dict[str, Any]) -> list[str]:
    """What axe found, with the elements and why."""
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in results["violations"]
        for node in rule["nodes"]
    ]


@asynccontextmanager
async def walking(
    database: str, browser: Browser, pictures: Path | None, language: str = "en"
) -> AsyncIterator[tuple[ServedPortal, Walk]]:
    """Somebody who may see everything, before their first page; no browser may tell of a broken rule."""
    async with hostile_handsets() as handsets, served_portal(database, handsets_url=handsets) as portal:
        secret = await portal.sign_in(Role.OWNER, is_operator=True, name=canary("person"))
        shown_first = await fill_with_hostile_texts(portal, database, secret)
        await look_out_of_hostile_browsers(portal)
        async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
            cookie = {"name": "language", "value": language, "url": address}
            await watched.context.add_cookies([cookie])  # type: ignore[list-item]
            yield portal, Walk(watched, [*shown_first, "/portal/"], pictures, language)
        assert portal.context.policy_reports.count == 0


@pytest.fixture
def pictures(screenshots: Path) -> Path | None:
    """Where pictures of every page are kept, if they are wanted."""
    return screenshots if "PORTAL_SCREENSHOTS" in os.environ else None


async def test_every_page_works_is_accessible_and_runs_nothing(
    browser: Browser, database: str, pictures: Path | None
) -> None:
    async with walking(database, browser, pictures) as (_, walk):
        message = walk.waiting[0]
        await walk.go(EVERY_LOOK)
        await walk.see("receipt", message)
        await import_a_file(walk.page)
        await walk.look_at("/portal/contacts/import/preview", EVERY_LOOK)
        assert walk.problems == [], "\n".join(walk.problems)
        assert {kind_of(path) for path in EXPECTED} <= walk.linked & walk.seen.keys()
        assert sorted(set(NAMES) - walk.words) == []


async def test_every_page_in_swedish(browser: Browser, database: str, pictures: Path | None) -> None:
    async with walking(database, browser, pictures, "sv") as (_, walk):
        await walk.go([Look(phone=True, dark=False)])
        assert walk.problems == [], "\n".join(walk.problems)
        assert {kind_of(path) for path in EXPECTED} <= walk.linked & walk.seen.keys()


async def import_a_file(page: Page) -> None:
    """To the check of a hostile table, which nothing but its form leads to."""
    name, content = hostile_file()
    await page.goto("/portal/contacts/import")
    chosen: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": content}
    await page.locator("#file").set_input_files(chosen)
    await page.locator("form[enctype] button[type=submit]").click()
    await expect(page.locator("#main")).to_contain_text(SHORT)
