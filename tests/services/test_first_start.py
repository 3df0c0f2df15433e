"""The first start makes everything a newcomer needs, once."""

import os

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.domain.webhook_event import parse_secret
from heliograph.services.first_start import FirstStart, FirstStartSettings, first_start
from heliograph.storage.accounts import list_accounts, list_senders
from heliograph.storage.carrier_settings import carrier_password, list_carriers, list_routes
from heliograph.storage.database import Database
from heliograph.storage.inbound_numbers import list_numbers
from heliograph.storage.price_lists import list_prices
from heliograph.storage.sealing import Sealer
from tests.support.accepting import accepting_api, utc_now

SETTINGS = FirstStartSettings(
    simulator_host="127.0.0.1", simulator_port=2775, simulator_system_id="sim", simulator_password="pass"
)
SEALER = Sealer(b"0123456789abcdef")


async def start(pools: Database) -> FirstStart | None:
    return await first_start(
        pools, SETTINGS, sealer=SEALER, now=utc_now(), ids=IdSource(b"tests"), random_bytes=os.urandom
    )


async def test_everything_is_there_and_shown_once(database: str) -> None:
    async with Database(database) as pools:
        started = await start(pools)
        assert started is not None
        assert (started.account_number, started.test_credit, started.currency) == ("ip1-10001", 1000, "SEK")
        async with pools.transaction() as tx:
            (account,) = await list_accounts(tx)
            assert (account.number, account.balance) == ("ip1-10001", 1_000_000_000)
            assert await tx.fetchval("SELECT sum(amount) FROM ledger") == 1_000_000_000
            senders = await list_senders(tx, account.account_id)
            assert [one.sender for one in senders] == ["iP1", "iP1sms"] == list(started.senders)
            assert await list_prices(tx, account.price_list_id) == {"": 350_000}
            (carrier,) = await list_carriers(tx)
            assert (carrier.host, carrier.port, carrier.system_id) == ("127.0.0.1", 2775, "sim")
            assert (carrier.simulated, carrier.profile.window) == (True, 100)
            assert await carrier_password(tx, carrier.carrier_id, sealer=SEALER) == "pass"
            (route,) = await list_routes(tx)
            assert (route.prefix, route.carrier_id) == ("", carrier.carrier_id)
            sealed = await tx.fetchval("SELECT sealed FROM webhook_secret")
            assert SEALER.open(sealed) == started.webhook_secret
            assert len(parse_secret(started.webhook_secret)) == 32


async def test_a_second_start_makes_nothing(database: str) -> None:
    async with Database(database) as pools:
        assert await start(pools) is not None
        assert await start(pools) is None
        async with pools.transaction() as tx:
            assert len(await list_accounts(tx)) == 1
            assert len(await list_carriers(tx)) == 1


async def test_the_first_key_sends_the_first_message(database: str) -> None:
    async with accepting_api(database) as api:
        answer = await api.post(
            {"sender": "iP1", "recipients": ["46701740605"], "body": "A nice message sent from iP.1 SMS API"}
        )
        assert answer.status == 201


async def test_the_first_account_has_a_number_of_its_own(database: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, inbound_number="46701740699")
    async with Database(database) as pools:
        started = await first_start(
            pools, settings, sealer=SEALER, now=utc_now(), ids=IdSource(b"tests"), random_bytes=os.urandom
        )
        assert started is not None
        assert (started.inbound_number, started.senders) == ("46701740699", ("iP1", "iP1sms", "46701740699"))
        async with pools.transaction() as tx:
            (number,) = await list_numbers(tx)
            assert (number.number, number.account_id, number.shared) == (
                "46701740699",
                started.account_id,
                False,
            )
            senders = await list_senders(tx, started.account_id)
            assert {one.sender for one in senders} == set(started.senders)
