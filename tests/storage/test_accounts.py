"""Accounts, senders, credit, prices, routes and carriers: what the operator writes, accept reads."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from heliograph.domain.carrier_profile import ProfileError
from heliograph.domain.ids import IdSource
from heliograph.storage.accounts import (
    AccountDirectory,
    AccountSettingsChange,
    add_sender,
    change_account,
    create_account,
    find_account_by_number,
    list_accounts,
    list_senders,
    remove_sender,
    top_up,
)
from heliograph.storage.api_keys import KeyDirectory, create_key, list_keys, revoke_key
from heliograph.storage.carrier_settings import (
    CarrierChange,
    CarrierInUse,
    NewCarrier,
    carrier_password,
    change_carrier,
    create_carrier,
    create_route,
    find_carrier_by_name,
    list_carriers,
    list_routes,
    remove_carrier,
    remove_route,
)
from heliograph.storage.database import Database, Transaction, connect
from heliograph.storage.price_lists import (
    create_price_list,
    find_price_list_by_name,
    list_price_lists,
    list_prices,
    remove_price,
    remove_price_list,
    set_prices,
)
from heliograph.storage.sealing import Sealer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEALER = Sealer(b"0123456789abcdef")
CARRIER = NewCarrier(name="one", host="127.0.0.1", port=2775, system_id="me", password="secret12")


class Clock:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def new_account(tx: Transaction) -> int:
    price_list_id = await create_price_list(tx, name="standard", currency="SEK")
    await set_prices(tx, price_list_id, {"": 350_000})
    account_id, _ = await create_account(
        tx, name="One", currency="SEK", price_list_id=price_list_id, number_prefix="ip1-", now=NOW
    )
    return account_id


async def test_accounts_are_numbered_from_10001(database: str) -> None:
    async with Database(database) as pools, pools.transaction() as tx:
        await new_account(tx)
        second = await create_account(
            tx, name="Two", currency="EUR", price_list_id=1, number_prefix="ip1-", now=NOW
        )
        assert second == (10_002, "ip1-10002")
        assert [(one.number, one.balance) for one in await list_accounts(tx)] == [
            ("ip1-10001", 0),
            ("ip1-10002", 0),
        ]
        assert await find_account_by_number(tx, "ip1-10002") == 10_002
        assert await find_account_by_number(tx, "ip1-1") is None


async def test_credit_stands_in_the_ledger_and_the_balance(database: str) -> None:
    ids = IdSource(b"tests")
    async with Database(database) as pools, pools.transaction() as tx:
        account_id = await new_account(tx)
        assert await top_up(tx, account_id, 5_000_000, note="Invoice 1", now=NOW, ids=ids) == 5_000_000
        assert await top_up(tx, account_id, 1, note=None, now=NOW, ids=ids) == 5_000_001
        assert await top_up(tx, 1, 1, note=None, now=NOW, ids=ids) is None
        entries = await tx.fetch("SELECT kind, amount, note FROM ledger ORDER BY entry_id")
        assert [tuple(entry) for entry in entries] == [(1, 5_000_000, "Invoice 1"), (1, 1, None)]
        with pytest.raises(ValueError, match="positive"):
            await top_up(tx, account_id, -1, note=None, now=NOW, ids=ids)


async def test_senders_are_registered_once_and_listed_in_order(database: str) -> None:
    async with Database(database) as pools, pools.transaction() as tx:
        account_id = await new_account(tx)
        assert await add_sender(tx, account_id, "iP1sms", now=NOW)
        assert await add_sender(tx, account_id, "iP1", now=NOW)
        assert not await add_sender(tx, account_id, "iP1", now=NOW)
        assert [one.sender for one in await list_senders(tx, account_id)] == ["iP1", "iP1sms"]
        assert await remove_sender(tx, account_id, "iP1")
        assert not await remove_sender(tx, account_id, "iP1")


async def test_settings_that_are_not_named_stay(database: str) -> None:
    async with Database(database) as pools, pools.transaction() as tx:
        account_id = await new_account(tx)
        change = AccountSettingsChange(weight=5, http_reports=True, is_disabled=True)
        assert await change_account(tx, account_id, change, now=NOW)
        (stored,) = await list_accounts(tx)
        assert (stored.name, stored.weight, stored.http_reports, stored.is_disabled) == ("One", 5, True, True)
        assert await change_account(tx, account_id, AccountSettingsChange(report_codes="final"), now=NOW)
        (stored,) = await list_accounts(tx)
        assert (stored.is_disabled, stored.report_codes) == (True, "final")
        assert await change_account(tx, account_id, AccountSettingsChange(is_disabled=False), now=NOW)
        (stored,) = await list_accounts(tx)
        assert not stored.is_disabled
        assert not await change_account(tx, 1, AccountSettingsChange(), now=NOW)


async def test_the_directory_sees_changes_after_a_few_seconds(database: str) -> None:
    clock = Clock()
    async with Database(database) as pools:
        directory = AccountDirectory(pools, clock=clock)
        async with pools.transaction() as tx:
            account_id = await new_account(tx)
            carrier_id = await create_carrier(tx, CARRIER, sealer=SEALER, now=NOW)
        account, routing = await directory.account(account_id), await directory.routing()
        assert account is not None
        assert account.prices.segment_price("4670") == 350_000
        assert routing.table.carriers(account_id, "iP1").find("4670") is None
        assert await directory.account(1) is None
        async with pools.transaction() as tx:
            await add_sender(tx, account_id, "iP1", now=NOW)
            await set_prices(tx, account.price_list_id, {"46": 250_000})
            await create_route(tx, carrier_id, prefix="467")
        assert await directory.account(account_id) is account
        clock.seconds += 4.1
        account, routing = await directory.account(account_id), await directory.routing()
        assert account is not None
        assert account.senders == {"iP1"}
        assert account.prices.segment_price("4670") == 250_000
        assert routing.table.carriers(account_id, "iP1").find("4670") == carrier_id
        assert routing.segments_per_second == {carrier_id: 100.0}


async def test_unchanged_prices_and_routes_are_compiled_once(database: str) -> None:
    clock = Clock()
    async with Database(database) as pools:
        directory = AccountDirectory(pools, clock=clock)
        async with pools.transaction() as tx:
            account_id = await new_account(tx)
        before, routing_before = await directory.account(account_id), await directory.routing()
        clock.seconds += 10
        after, routing_after = await directory.account(account_id), await directory.routing()
        assert before is not None
        assert after is not None
        assert after.prices is before.prices
        assert routing_after.table is routing_before.table


async def test_a_key_is_stored_without_its_secret(database: str) -> None:
    async with Database(database) as pools:
        async with pools.transaction() as tx:
            account_id = await new_account(tx)
            token = await create_key(
                tx, account_id, name="First", key_id=b"k" * 10, secret=b"s" * 32, now=NOW
            )
            stored: dict[str, Any] = dict(await tx.fetchrow("SELECT * FROM api_key") or {})
        prefix, key_id, secret, _ = token.split("_")
        assert (prefix, stored["key_id"]) == ("hg", key_id)
        assert secret not in str(stored)
        assert len(stored["secret_hash"]) == 32
        keys = KeyDirectory(pools)
        record = await keys.find(key_id)
        assert record is not None
        assert record.account_id == account_id
        assert await keys.find("nobody") is None
        assert keys.is_known("nobody")
        async with pools.transaction() as tx:
            assert await revoke_key(tx, key_id, now=NOW)
            assert not await revoke_key(tx, key_id, now=NOW)
            (listed,) = await list_keys(tx, account_id)
        assert (listed.name, listed.revoked_at) == ("First", NOW)


async def test_carriers_keep_their_password_sealed_and_count_changes(database: str) -> None:
    async with Database(database) as pools, pools.transaction() as tx:
        carrier_id = await create_carrier(tx, CARRIER, sealer=SEALER, now=NOW)
        assert await find_carrier_by_name(tx, "one") == carrier_id
        assert b"secret12" not in await tx.fetchval("SELECT sealed_password FROM carrier")
        assert await carrier_password(tx, carrier_id, sealer=SEALER) == "secret12"
        assert await carrier_password(tx, 99, sealer=SEALER) is None
        change = CarrierChange(password="other", profile={"window": 50, "tps": 200.0}, enabled=False)
        assert await change_carrier(tx, carrier_id, change, sealer=SEALER) == 1
        assert await change_carrier(tx, carrier_id, CarrierChange(port=2776), sealer=SEALER) == 2
        assert await change_carrier(tx, 99, CarrierChange(port=2776), sealer=SEALER) is None
        (stored,) = await list_carriers(tx)
        assert (stored.port, stored.profile.window, stored.profile.tps) == (2776, 50, 200.0)
        assert (stored.enabled, stored.revision, stored.host) == (False, 2, "127.0.0.1")
        assert await carrier_password(tx, carrier_id, sealer=SEALER) == "other"


async def test_a_profile_that_breaks_a_rule_is_refused(database: str) -> None:
    async with Database(database) as pools, pools.transaction() as tx:
        wrong = NewCarrier(name="x", host="h", port=1, system_id="s", password="p", profile={"windows": 1})
        with pytest.raises(ProfileError, match="windows"):
            await create_carrier(tx, wrong, sealer=SEALER, now=NOW)


async def test_a_carrier_in_use_stays_and_its_number_is_never_used_again(database: str) -> None:
    async with Database(database) as pools, pools.transaction() as tx:
        first = await create_carrier(tx, CARRIER, sealer=SEALER, now=NOW)
        route_id = await create_route(tx, first)
        with pytest.raises(CarrierInUse):
            await remove_carrier(tx, first)
        assert [route.route_id for route in await list_routes(tx)] == [route_id]
        assert await remove_route(tx, route_id)
        assert not await remove_route(tx, route_id)
        assert await remove_carrier(tx, first)
        assert not await remove_carrier(tx, first)
        assert await create_carrier(tx, CARRIER, sealer=SEALER, now=NOW) == first + 1


async def test_price_lists_are_changed_by_prefix_and_stay_while_used(database: str) -> None:
    async with Database(database) as pools, pools.transaction() as tx:
        await new_account(tx)
        other = await create_price_list(tx, name="other", currency="EUR")
        await set_prices(tx, other, {"46": 1, "47": 2})
        await set_prices(tx, other, {"47": 3})
        assert await list_prices(tx, other) == {"46": 1, "47": 3}
        assert await remove_price(tx, other, "46")
        assert not await remove_price(tx, other, "46")
        assert [(one.name, one.prices) for one in await list_price_lists(tx)] == [
            ("standard", 1),
            ("other", 1),
        ]
        assert await find_price_list_by_name(tx, "other") == other
        assert not await remove_price_list(tx, 1)
        assert await remove_price_list(tx, other)


async def test_a_name_is_used_once(database: str) -> None:
    connection = await connect(database)
    await create_price_list(connection, name="standard", currency="SEK")
    with pytest.raises(asyncpg.UniqueViolationError):
        await create_price_list(connection, name="standard", currency="SEK")
    await connection.close()
