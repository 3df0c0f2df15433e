"""An operator's day in a real browser: a carrier, a route, where a number goes, and what needs somebody."""

from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from heliograph.services.watch_margins import WatchMargins
from tests.faces.portal.test_operator_watch import trouble
from tests.support.accepting import utc_now
from tests.support.served_portal import ServedPortal, opened_page, screenshot_path


async def look(page: Page, screenshots: Path, name: str, *, phone: bool = False, dark: bool = False) -> None:
    """A screenshot, nothing that keeps somebody out, and no page that scrolls sideways."""
    await page.screenshot(
        path=screenshot_path(screenshots, f"operator-{name}", phone=phone, dark=dark), full_page=True
    )
    found = await Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, name


async def test_a_carrier_and_a_route_are_added_and_a_number_finds_its_way(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    secret = await portal.sign_in(None, is_operator=True)
    async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
        page = watched.page
        await page.goto("/portal/operator/carriers")
        await page.get_by_role("link", name="New carrier").click()
        await page.get_by_label("Name").fill("telco")
        await page.get_by_label("Host").fill("smsc.example")
        await page.get_by_label("System id").fill("a system id that is too long")
        await page.get_by_label("Password").fill("secret")
        await page.get_by_label("Segments a second").fill("50")
        await page.get_by_role("button", name="Make the carrier").click()
        await expect(page.locator("#system_id-fault")).to_be_visible()
        assert await page.get_by_label("Host").input_value() == "smsc.example"
        await look(page, screenshots, "carrier-fault")
        await page.get_by_label("System id").fill("acme")
        await page.get_by_role("button", name="Make the carrier").click()
        await expect(page.get_by_role("heading", name="telco")).to_be_visible()
        await look(page, screenshots, "carrier")

        await page.goto("/portal/operator/routes")
        own_line = page.get_by_role("navigation", name="Main").get_by_role("link", name="Routes")
        await expect(own_line).to_be_in_viewport()
        add = page.locator("#add")
        await add.get_by_label("Prefix").fill("46")
        await add.get_by_label("Carrier").select_option("telco")
        await add.get_by_role("button", name="Add the route").click()
        await expect(page.get_by_role("cell", name="telco")).to_be_visible()
        question = page.locator("#explain")
        await question.get_by_label("Number").fill("+46 70 123 45 67")
        await question.get_by_label("Account").fill(portal.started.account_number)
        await question.get_by_label("Sender").fill("iP1")
        await question.get_by_role("button", name="Show the way").click()
        await expect(page.locator("#way")).to_contain_text("it is not bound now")
        await expect(page.locator("#way")).to_contain_text("a longer prefix is before it")
        await expect(page.locator("#explain")).to_contain_text("Such a message is sent through telco.")
        assert "4670" not in page.url
        await look(page, screenshots, "routes")
        await page.goto("/portal/operator/carriers")
        await expect(page.locator("#carrier-rows")).to_contain_text("0 of 1 bound")
        await look(page, screenshots, "carriers")
        # The form with a fault was answered with 400, of which the browser tells.
        assert [fault for fault in watched.faults if "400 (Bad Request)" not in fault] == []


async def test_tables_renew_themselves_and_prices_are_shown_before_they_count(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    await trouble(portal)
    secret = await portal.sign_in(None, is_operator=True)
    async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
        page = watched.page
        for name in ("accounts", "accounts/ip1-10001", "new-account", "alarms", "health", "prices"):
            await page.goto(f"/portal/operator/{name}")
            await look(page, screenshots, name.replace("/ip1-10001", "-one"))
        await page.goto("/portal/operator/queues")
        await look(page, screenshots, "queues")
        async with portal.database.transaction() as tx:
            await tx.execute("DELETE FROM lot")
        await expect(page.locator("#queue-rows")).to_contain_text("Nothing waits for a carrier.")

        await page.goto("/portal/operator/prices/1")
        await page.get_by_label("Or paste it").fill("prefix;price\n46;0,35\n47;0,40\n<b>;1")
        await page.get_by_role("button", name="Show what would change").click()
        await expect(page.locator("#import")).to_contain_text("Line 4")
        await page.get_by_label("Or paste it").fill("prefix;price\n46;0,35\n47;0,40\n49;0")
        await page.get_by_role("button", name="Show what would change").click()
        await expect(page.locator("main")).to_contain_text("Nothing is changed yet.")
        await look(page, screenshots, "prices-import")
        await page.get_by_role("button", name="Change the prices").click()
        await expect(page.get_by_role("cell", name="47", exact=True)).to_be_visible()
        await look(page, screenshots, "price-list")
        assert [fault for fault in watched.faults if "400 (Bad Request)" not in fault] == []


async def test_the_console_fits_a_phone_in_the_dark(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    await trouble(portal)
    secret = await portal.sign_in(None, is_operator=True)
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, secret, phone=True, dark=True) as watched,
    ):
        for name in (
            "accounts",
            "accounts/ip1-10001",
            "carriers",
            "carriers/1",
            "routes",
            "queues",
            "alarms",
        ):
            await watched.page.goto(f"/portal/operator/{name}")
            await look(watched.page, screenshots, name.replace("/", "-"), phone=True, dark=True)
        assert watched.faults == []


async def test_costs_are_imported_and_prices_below_them_stand_out(
    portal: ServedPortal, browser: Browser, screenshots: Path
) -> None:
    secret = await portal.sign_in(None, is_operator=True)
    async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
        page = watched.page
        await page.goto("/portal/operator/carriers/1")
        await page.get_by_role("link", name="Import its table").click()
        await page.get_by_label("Or paste it").fill("prefix;cost\n46;0,25\n4670;0,38\n47;0,30\ndefault;0,70")
        await page.locator("#import").get_by_label("Currency").fill("SEK")
        await page.evaluate("scrollTo(0, 0)")
        await look(page, screenshots, "costs-empty")
        await page.get_by_role("button", name="Show what would change").click()
        await expect(page.locator("main")).to_contain_text("Nothing is changed yet.")
        await look(page, screenshots, "costs-import")
        await page.get_by_role("button", name="Change the costs").click()
        await expect(page.get_by_role("cell", name="4670", exact=True)).to_be_visible()
        await look(page, screenshots, "costs")
        await page.goto("/portal/operator/carriers/1")
        await expect(page.locator("main")).to_contain_text("prices below it raise an alarm")
        await look(page, screenshots, "carrier-with-costs")

        await page.goto("/portal/operator/prices/1")
        await page.get_by_label("Or paste it").fill("46;0,35\n45;0,90\n47;0,28\n4673;0,26")
        await page.get_by_role("button", name="Show what would change").click()
        await expect(page.locator("main")).to_contain_text("They stand first.")
        await look(page, screenshots, "prices-below-cost-import")
        await page.get_by_role("button", name="Change the prices").click()
        await expect(page.get_by_role("cell", name="47", exact=True)).to_be_visible()
        await expect(page.locator("main")).to_contain_text("Below cost")
        await look(page, screenshots, "price-margins")
        await WatchMargins(portal.database).step(utc_now())
        portal.context.watch.forget()
        await page.goto("/portal/operator/alarms")
        await expect(page.locator("#alarm-rows")).to_contain_text("such prefixes: 3")
        await look(page, screenshots, "alarms-margins")
        assert watched.faults == []
    async with (
        portal.on_a_socket() as address,
        opened_page(browser, address, secret, phone=True, dark=True) as watched,
    ):
        for name in ("carriers/1/costs", "prices/1"):
            await watched.page.goto(f"/portal/operator/{name}")
            await look(watched.page, screenshots, f"{name.replace('/', '-')}-margins", phone=True, dark=True)
        assert watched.faults == []
