"""The keeper finds prices that are below cost, and the alarms tell of them until they are mended."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from heliograph.domain.installation_alarms import Alarm, Severity
from heliograph.services.operate_costs import CostsRefused, drop_costs, take_costs
from heliograph.services.watch_installation import WatchInstallation
from heliograph.services.watch_margins import WatchMargins
from heliograph.storage.carrier_settings import NewCarrier, create_carrier, create_route, remove_carrier
from heliograph.storage.database import Database
from heliograph.storage.price_lists import set_prices
from heliograph.storage.sealing import Sealer
from heliograph.storage.thin_margins import list_thin_margins
from tests.support.rows import NOW, insert_account

KINDS = ("price_below_cost", "cost_not_compared")


@pytest.fixture
async def installation(database: str) -> AsyncIterator[Database]:
    """A list that sells 46 for 0.35 and all else for 0.80, and carriers telco (46) and cheap (4670)."""
    async with Database(database) as opened:
        async with opened.transaction() as tx:
            await insert_account(tx, 7)
            await set_prices(tx, 1, {"46": 350_000, "": 800_000})
            for name, prefix in (("telco", "46"), ("cheap", "4670")):
                carrier = NewCarrier(name=name, host="x", port=1, system_id="x", password="x")
                carrier_id = await create_carrier(tx, carrier, sealer=Sealer(b"k" * 32), now=NOW)
                await create_route(tx, carrier_id, prefix=prefix)
        yield opened


async def charge(database: Database, carrier_id: int, currency: str = "SEK", **costs: int) -> None:
    async with database.transaction() as tx:
        sheet = {prefix.strip("p"): cost for prefix, cost in costs.items()}
        await take_costs(tx, carrier_id, sheet, currency=currency, usual_currency="SEK")


async def alarms(database: Database, *, percent: float = 0.0) -> list[Alarm]:
    """What is told after the keeper has looked."""
    assert await WatchMargins(database, least_percent=percent).step(NOW) == 0
    found = await WatchInstallation(database, lambda: NOW).alarms()
    return [alarm for alarm in found if alarm.kind in KINDS]


async def test_a_price_below_cost_is_told_with_list_prefix_carrier_and_figures(
    installation: Database,
) -> None:
    assert await alarms(installation) == []
    await charge(installation, 1, p46=350_000)
    await charge(installation, 2, p4670=360_000, p46703=500_000)
    [alarm] = await alarms(installation)
    assert (alarm.kind, alarm.severity, alarm.path) == ("price_below_cost", Severity.WARNING, "prices/1")
    assert alarm.title % alarm.values == (
        "Price list standard takes 0.35 SEK for 46703, which costs 0.5 SEK at cheap; such prefixes: 2"
    )


async def test_a_margin_may_have_to_be_larger(installation: Database) -> None:
    await charge(installation, 1, p46=315_000)
    assert await alarms(installation, percent=10) == []
    [alarm] = await alarms(installation, percent=10.1)
    assert alarm.values["carrier"] == "telco"


async def test_an_alarm_goes_away_with_its_cause(installation: Database) -> None:
    for mend in (
        "UPDATE price SET amount = 900000",
        "UPDATE route SET carrier_id = 2",
        "UPDATE account SET disabled_at = now()",
        "DELETE FROM price WHERE prefix = '46'",
    ):
        await charge(installation, 1, p46=400_000)
        assert len(await alarms(installation)) == 1
        async with installation.transaction() as tx:
            before = [dict(row) for row in await tx.fetch("SELECT route_id, carrier_id FROM route")]
            await tx.execute(mend)
        assert await alarms(installation) == [], mend
        async with installation.transaction() as tx:
            assert await list_thin_margins(tx) == []
            await tx.execute("UPDATE account SET disabled_at = NULL")
            await set_prices(tx, 1, {"46": 350_000})
            for row in before:
                await tx.execute(
                    "UPDATE route SET carrier_id = $2 WHERE route_id = $1", row["route_id"], row["carrier_id"]
                )


async def test_a_carrier_that_goes_takes_its_alarm_along(installation: Database) -> None:
    await charge(installation, 1, p46=400_000)
    assert len(await alarms(installation)) == 1
    async with installation.transaction() as tx:
        await tx.execute("DELETE FROM route WHERE carrier_id = 1")
        assert await remove_carrier(tx, 1)
        assert await list_thin_margins(tx) == []
    assert await alarms(installation) == []


async def test_another_currency_is_said_not_to_be_compared(installation: Database) -> None:
    await charge(installation, 1, "EUR", p46=900_000)
    [alarm] = await alarms(installation)
    assert (alarm.severity, alarm.title % alarm.values) == (
        Severity.NOTICE,
        "SEK list standard, EUR cost of telco: not compared",
    )
    async with installation.transaction() as tx:
        with pytest.raises(CostsRefused, match="its costs are in EUR"):
            await take_costs(tx, 1, {"46": 1}, currency="SEK", usual_currency="SEK")
        assert await drop_costs(tx, 1) == 1
    assert await alarms(installation) == []


async def test_without_cost_sheets_the_keeper_reads_no_prices(
    installation: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unwanted(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("heliograph.services.watch_margins.list_prices", unwanted)
    assert await WatchMargins(installation).step(NOW + timedelta(minutes=1)) == 0
    await charge(installation, 1, p46=1)
    with pytest.raises(AssertionError):
        await WatchMargins(installation).step(NOW)
