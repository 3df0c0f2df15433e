"""Live parts on a real socket: what changed is sent, and a stream ends when it should."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from playwright.async_api import Browser, expect

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Role
from heliograph.faces.portal import (
    batch_pages,
    live_parts,
    live_streams,
    operator_carrier_pages,
    overview_pages,
)
from heliograph.faces.portal.signed_in import COOKIE
from tests.faces.portal.sent_batches import finish, send
from tests.support.served_portal import ServedPortal, opened_page

OVERVIEW = "/portal/live/overview"
PHONE = "46701740605"


class Events:
    """A stream of server-sent events, read one by one."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, str] | None:
        """Name and data of the next event, comments as events named ``:``; None at the end."""
        name, data = "", list[str]()
        async with asyncio.timeout(60):
            async for line in self._lines:
                if line.startswith(":"):
                    name = ":"
                elif line.startswith("event:"):
                    name = line.partition(":")[2].strip()
                elif line.startswith("data:"):
                    data.append(line.partition(":")[2].strip())
                elif not line and (name or data):
                    return name, "\n".join(data)
        return None

    async def next_but_changes(self) -> tuple[str, str] | None:
        """The next event that is no change of the page: its charts move on with the hour."""
        while (found := await self.next()) is not None and found[0] == "":
            pass
        return found


@asynccontextmanager
async def stream(portal: ServedPortal, path: str, secret: str) -> AsyncIterator[Events]:
    async with (
        portal.on_a_socket() as address,
        httpx.AsyncClient(base_url=address, cookies={COOKIE: secret}, timeout=15) as client,
        client.stream("GET", path, headers={"accept": "text/html, text/event-stream"}) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield Events(answer)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_pages, "LIVE_SECONDS", 0.05)
    monkeypatch.setattr(operator_carrier_pages, "LIVE_SECONDS", 0.05)
    monkeypatch.setattr(batch_pages, "QUICK_SECONDS", 0.05)


async def test_what_changed_is_sent_and_nothing_else(
    portal: ServedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_parts, "SILENCE_SECONDS", 0.3)
    secret = await portal.sign_in(Role.READ_ONLY)
    async with stream(portal, OVERVIEW, secret) as events:
        name, data = await events.next() or ("", "")
        assert (name, "Nothing was sent yet" in data) == ("", True)
        quiet, changes = await events.next() or ("", ""), 0
        while quiet != (":", "") and changes < 3:  # the charts move on with the hour
            quiet, changes = await events.next() or ("", ""), changes + 1
        assert quiet == (":", ""), "no change, but a sign of life"
        await send(portal, [PHONE])
        shown = ""
        while "Hello there" not in shown:
            found = await events.next()
            assert found is not None
            shown = found[1]


async def test_a_batch_is_followed_to_its_end(portal: ServedPortal) -> None:
    batch_id = await send(portal, [PHONE, "46701740606"])
    secret = await portal.sign_in(Role.READ_ONLY)
    async with stream(portal, f"/portal/batches/{batch_id}/progress", secret) as events:
        name, data = await events.next() or ("", "")
        assert (name, "Under way" in data) == ("", True)
        await finish(portal, batch_id, 201, 501)
        while "Finished" not in data:
            name, data = await events.next() or ("", "Finished")
        assert "Show the messages as they are now" in data
        assert await events.next() == (live_parts.ENDED, "")
        assert await events.next() is None


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM login",
        "DELETE FROM membership",
        "UPDATE login SET seen_at = seen_at - interval '31 minutes'",
    ],
    ids=["signed out elsewhere", "no member any more", "idle for too long"],
)
async def test_who_may_not_look_any_more_is_told_to_load_the_page(
    portal: ServedPortal, statement: str
) -> None:
    secret = await portal.sign_in(Role.READ_ONLY)
    async with stream(portal, OVERVIEW, secret) as events:
        assert await events.next()
        async with portal.database.transaction() as tx:
            await tx.execute(statement)
        assert await events.next_but_changes() == ("signed-out", "")
        assert await events.next() is None


async def test_who_comes_back_signed_out_is_told_so_in_the_stream(portal: ServedPortal) -> None:
    """A stream that reconnects follows no redirect to the sign-in page."""
    async with stream(portal, OVERVIEW, "nobodys") as events:
        assert await events.next() == ("signed-out", "")


async def test_what_vanishes_ends_its_stream(portal: ServedPortal) -> None:
    batch_id = await send(portal, [PHONE])
    secret = await portal.sign_in(Role.READ_ONLY)
    async with stream(portal, f"/portal/batches/{batch_id}/progress", secret) as events:
        assert await events.next()
        async with portal.database.transaction() as tx:
            await tx.execute("UPDATE batch SET hidden_at = now() WHERE batch_id = $1", parse_id(batch_id))
        assert await events.next() == (live_parts.ENDED, "")


async def test_a_process_that_stops_lets_its_streams_go(portal: ServedPortal) -> None:
    secret = await portal.sign_in(Role.READ_ONLY)
    async with stream(portal, OVERVIEW, secret) as events:
        assert await events.next()
        portal.context.live_streams.stopping.set()
        assert await events.next() is None, "without the word that it is over: the browser comes back"


async def test_a_stream_that_nobody_reads_is_let_go(portal: ServedPortal) -> None:
    secret = await portal.sign_in(Role.READ_ONLY)
    streams = portal.context.live_streams
    async with portal.on_a_socket() as address:
        async with (
            httpx.AsyncClient(base_url=address, cookies={COOKIE: secret}) as client,
            client.stream("GET", OVERVIEW, headers={"accept": "text/event-stream"}) as answer,
        ):
            events = Events(answer)
            assert await events.next()
            assert streams.open.total() == 1
        async with asyncio.timeout(60):
            while streams.open:
                await asyncio.sleep(0.01)


async def test_nobody_opens_more_than_a_person_looks_at(
    portal: ServedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_streams, "MOST_STREAMS_EACH", 1)
    secret = await portal.sign_in(Role.READ_ONLY)
    other = await portal.sign_in(Role.READ_ONLY, name="Other")
    accept = {"accept": "text/event-stream"}
    async with (
        portal.on_a_socket() as address,
        httpx.AsyncClient(base_url=address) as client,
    ):
        mine, theirs = ({"cookie": f"{COOKIE}={each}", **accept} for each in (secret, other))
        async with client.stream("GET", OVERVIEW, headers=mine) as first:
            events = Events(first)
            assert await events.next()
            refused = await client.get(OVERVIEW, headers=mine)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "30"
            async with client.stream("GET", OVERVIEW, headers=theirs) as second:
                assert second.status_code == 200


async def test_a_browser_shows_what_changes_and_loads_the_page_when_somebody_signs_out(
    portal: ServedPortal, browser: Browser
) -> None:
    secret = await portal.sign_in(Role.OWNER, is_operator=True)
    async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
        page = watched.page
        await page.goto("/portal/operator/health")
        await expect(page.locator("#process-rows")).to_be_visible()
        async with portal.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
                " VALUES (77, 'Far Away', '127.0.0.1', 2775, 'esme', '')"
            )
        await page.goto("/portal/operator/carriers")
        rows = page.locator("#carrier-rows")
        await expect(rows).to_contain_text("Far Away")
        async with portal.database.transaction() as tx:
            await tx.execute("UPDATE carrier SET name = 'Farther Away' WHERE carrier_id = 77")
        await expect(rows).to_contain_text("Farther Away")
        await page.goto("/portal/")
        await expect(page.locator("#overview-tables")).to_contain_text("Nothing was sent yet")
        await send(portal, [PHONE])
        await expect(page.locator("#overview-tables")).to_contain_text("Hello there")
        async with portal.database.transaction() as tx:
            await tx.execute("DELETE FROM login")
        await expect(page).to_have_url(re.compile(r"/portal/sign-in"))
        assert watched.faults == []


async def test_without_streams_the_part_is_answered_once(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.READ_ONLY)) as client:
        part = await client.get(OVERVIEW)
    assert part.headers["content-type"].startswith("text/html")
    assert "Nothing was sent yet" in part.text
