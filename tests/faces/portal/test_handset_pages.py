"""The simulated handset: what arrived and how, what was written on it, and what cannot be answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from heliograph.domain import gsm7
from heliograph.domain.encoding import Encoding
from heliograph.domain.portal_rights import Role
from heliograph.domain.segmentation import segments, with_udh
from heliograph.simulator.handset_client import HandsetClient
from heliograph.simulator.run_simulator import SimulatorAddress, run_simulator
from heliograph.storage.inbound_numbers import add_number
from tests.faces.portal.sent_batches import receive, send
from tests.simulator.esme import Esme, submit_to
from tests.simulator.running_carrier import SETTINGS
from tests.support.accepting import utc_now
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path, served_portal

PHONE = "46701740605"
OURS = "46701740606"
"""Where ``receive`` stores what comes in."""
THEIRS = "46701740607"
LONG = (
    "Hej Åsa! Your order 1042 left us today and is at the counter from noon tomorrow. Bring this message"
    " and something with your name on it; we are open until eight every evening, and until four on Sundays."
)
REFUSED = 0x0B
PAGE = "/portal/handset"


@asynccontextmanager
async def carrier() -> AsyncIterator[SimulatorAddress]:
    stop = asyncio.Event()
    ready: asyncio.Future[SimulatorAddress] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        run_simulator(SETTINGS, now=lambda: datetime.now(UTC), stop=stop, on_ready=ready.set_result)
    )
    try:
        yield await ready
    finally:
        stop.set()
        await running


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatorAddress]:
    """A simulated carrier with its handsets."""
    async with carrier() as address:
        yield address


@pytest.fixture
async def phones(database: str, simulated: SimulatorAddress) -> AsyncIterator[ServedPortal]:
    """The portal of an installation with that carrier, whose account has a number."""
    async with served_portal(database, handsets_url=simulated.handsets_url) as portal:
        async with portal.database.transaction() as tx:
            await add_number(tx, OURS, account_id=portal.started.account_id, shared=False, now=utc_now())
        yield portal


async def bring(esme: Esme, text: str, sender: str = "iP1") -> None:
    """Let a text arrive on the phone."""
    pieces = with_udh(segments(gsm7.encode(text), Encoding.GSM7), 9)
    for piece in pieces:
        request = submit_to(PHONE, piece, esm_class=0x40 if len(pieces) > 1 else 0)
        await esme.submit(msgspec.structs.replace(request, source_addr=sender))


async def test_a_long_message_is_shown_whole_and_by_segments(
    phones: ServedPortal, simulated: SimulatorAddress
) -> None:
    await send(phones, [PHONE], body=LONG)
    async with Esme(simulated.smpp_port) as esme, phones.client(await phones.sign_in()) as owner:
        await bring(esme, LONG)
        await bring(esme, "of somebody else")
        shown = (await owner.get(PAGE)).text
    assert f"<p>{LONG}</p>" in shown
    assert "<summary>2 segments</summary>" in shown
    for label, text in (("1/2", LONG[:153]), ("2/2", LONG[153:])):
        assert f"<li><b>{label}</b><p>{text}</p></li>" in shown
    assert "iP1 · GSM-7" in shown
    assert "Phones cannot answer iP1" in shown
    assert "of somebody else" not in shown


async def test_what_the_phone_wrote_is_shown_to_whom_it_wrote(
    phones: ServedPortal, simulated: SimulatorAddress
) -> None:
    async with (
        Esme(simulated.smpp_port, receipt_status=None) as esme,
        HandsetClient(simulated.handsets_url) as handsets,
        phones.client(await phones.sign_in()) as owner,
    ):
        sent = await owner.post(f"{PAGE}/answer", {"text": "Yes, please", "number": OURS})
        assert sent.status_code == 303
        await handsets.send_message(PHONE, THEIRS, "for others only")
        await esme.until(lambda: len(esme.delivered) == 2, seconds=30)
        shown = (await owner.get(PAGE)).text
        assert "Yes, please" in shown
        assert "waits for the platform" in shown
        assert "for others only" not in shown
    async with Esme(simulated.smpp_port) as esme, phones.client(await phones.sign_in()) as owner:
        async with HandsetClient(simulated.handsets_url) as handsets, asyncio.timeout(30):
            while any(each.state != "taken" for each in (await handsets.read_handset(PHONE)).sent):
                await asyncio.sleep(0.01)
        # Taken, but not by this account as far as it knows: numbers change hands.
        assert "Yes, please" not in (await owner.get(PAGE)).text
        await receive(phones, PHONE, "Yes, please")
        shown = (await owner.get(PAGE)).text
        assert f"to {OURS} · GSM-7 · 1 segment · taken by the platform" in shown
        assert "for others only" not in shown
        async with phones.client(await phones.sign_in(is_operator=True)) as operator:
            assert "for others only" in (await operator.get(PAGE)).text


async def test_what_the_platform_refused_says_so(phones: ServedPortal, simulated: SimulatorAddress) -> None:
    async with (
        Esme(simulated.smpp_port, receipt_status=REFUSED) as esme,
        HandsetClient(simulated.handsets_url) as handsets,
        phones.client(await phones.sign_in()) as owner,
    ):
        await owner.post(f"{PAGE}/answer", {"text": "Nobody wants it", "number": OURS})
        await esme.until(lambda: len(esme.delivered) == 1, seconds=30)
        async with asyncio.timeout(30):
            while (await handsets.read_handset(PHONE)).sent[0].state == "waiting":
                await asyncio.sleep(0.01)
        assert "refused by the platform" in (await owner.get(PAGE)).text


@pytest.mark.parametrize(
    ("text", "number", "sentence"),
    [
        ("Hello?", "iP1", "Phones cannot answer iP1: it is a name"),
        ("Hello?", THEIRS, "The account has no such number."),
        ("Hello?", "", "The account has no such number."),
        (" ", OURS, "Write something first."),
        ("x" * 1601, OURS, "Write at most 1,600 characters."),
    ],
)
async def test_what_cannot_be_written_comes_back_with_the_reason(
    phones: ServedPortal, text: str, number: str, sentence: str
) -> None:
    async with phones.client(await phones.sign_in(Role.SENDER)) as client:
        refused = await client.post(f"{PAGE}/answer", {"text": text, "number": number})
    assert refused.status_code == 400
    assert sentence in refused.text
    assert text in refused.text


async def test_a_number_that_a_route_takes_elsewhere_is_said(phones: ServedPortal) -> None:
    said = "does not go to the simulated carrier"
    async with phones.client(await phones.sign_in()) as owner:
        assert said not in (await owner.get(PAGE)).text
        async with phones.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
                " VALUES (9, 'real', '192.0.2.1', 2775, 'us', '')"
            )
            await tx.execute("INSERT INTO route (route_id, prefix, carrier_id) VALUES (99, $1, 9)", PHONE)
        for _ in range(120):  # routes are remembered for some seconds
            if said in (await owner.get(PAGE)).text:
                return
            await asyncio.sleep(0.5)
    pytest.fail("the page says nothing of the route")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE account SET daily_cap = 100", "SEK a day, and this batch would pass that"),
        ("UPDATE balance SET amount = 100", "balance or daily cap too low"),
    ],
    ids=["a daily cap", "no credit"],
)
async def test_an_sms_that_is_not_paid_for_is_not_called_sent(
    phones: ServedPortal, change: str, said: str
) -> None:
    async with phones.database.transaction() as tx:
        await tx.execute(change)
    phones.context.accounts.forget(phones.started.account_id)
    async with phones.client(await phones.sign_in()) as owner:
        await owner.post(f"{PAGE}/test")
        shown = (await owner.get(PAGE)).text
    assert said in shown
    assert "It arrives in a moment" not in shown


async def test_a_carrier_that_is_gone_is_said_and_the_text_kept(database: str) -> None:
    async with carrier() as gone:
        pass
    async with served_portal(database, handsets_url=gone.handsets_url) as portal:
        async with portal.database.transaction() as tx:
            await add_number(tx, OURS, account_id=portal.started.account_id, shared=False, now=utc_now())
        async with portal.client(await portal.sign_in()) as client:
            assert "does not answer" in (await client.get(PAGE)).text
            refused = await client.post(f"{PAGE}/answer", {"text": "Kept text", "number": OURS})
    assert refused.status_code == 400
    assert "Kept text" in refused.text


@pytest.mark.parametrize(("phone", "dark", "language"), [(False, False, "en"), (True, True, "sv")])
async def test_the_phone_in_a_browser(
    phones: ServedPortal,
    simulated: SimulatorAddress,
    browser: Browser,
    screenshots: Path,
    *,
    phone: bool,
    dark: bool,
    language: str,
) -> None:
    send_it, segment_count, taken = {
        "en": ("Send from the phone", "2 segments", "taken by the platform"),
        "sv": ("Skicka från telefonen", "2 delar", "mottaget av plattformen"),
    }[language]
    async with (
        phones.on_a_socket() as address,
        Esme(simulated.smpp_port) as esme,
        opened_page(
            browser, address, await phones.sign_in(is_operator=True), phone=phone, dark=dark
        ) as watched,
    ):
        page = watched.page
        await watched.context.add_cookies([{"name": "language", "value": language, "url": address}])
        await bring(esme, LONG)
        await page.goto(PAGE)
        await page.get_by_label("Text", exact=True).fill("Ja, klockan tre!")
        await page.get_by_role("button", name=send_it).click()
        await expect(page.locator("#screen .bubble.out")).to_contain_text("Ja, klockan tre!")
        await expect(page.locator("#screen .bubble.out")).to_contain_text(taken)
        await page.get_by_text(segment_count).click()
        await expect(page.locator("#screen li").first).to_be_visible()
        await bring(esme, "One more")
        await expect(page.locator("#screen")).to_contain_text("One more")
        await expect(page.locator("#screen li").first).to_be_visible()
        found = await Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        await page.locator("#screen .bubble.out footer").scroll_into_view_if_needed()
        path = screenshot_path(screenshots, "handset-talk", phone=phone, dark=dark)
        await page.screenshot(path=path, full_page=True)
        assert watched.faults == []
