"""What a test key sends is accepted as ever, goes to the simulated carrier only, and costs nothing."""

from typing import Any

import pytest

from heliograph.domain.key_rights import KeyRights, KeyScope
from heliograph.faces.api.documents import whole_batch
from heliograph.storage.accounts import NO_SIMULATED_CARRIER
from heliograph.storage.batch_reading import count_messages, find_batch
from heliograph.storage.database import Purpose
from heliograph.storage.ledger_proof import prove_ledger
from tests.support.accepting import AcceptingApi, accepting_api, utc_now

BATCH = {"sender": "iP1", "recipients": ["46701740605"], "body": "A nice message", "datacoding": "gsm"}
TEST_KEY = KeyRights(is_test=True)
SIMULATED, REAL = 1, 9


async def rows(api: AcceptingApi, statement: str) -> list[Any]:
    return [tuple(row) for row in await api.database.fetch(Purpose.GENERAL, statement)]


async def add_real_carrier(api: AcceptingApi) -> None:
    """A carrier that every number is routed to, the account's own by a rule of its own."""
    await api.database.fetch(
        Purpose.GENERAL,
        "INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password)"
        " VALUES (9, 'real', 'smsc.example', 2775, 'x', '')",
    )
    await api.database.fetch(
        Purpose.GENERAL,
        "INSERT INTO route (route_id, prefix, carrier_id, account_id) VALUES (900, '46', 9, $1)",
        api.started.account_id,
    )


@pytest.mark.parametrize("count", [1, 600, 2_000])
async def test_a_test_batch_costs_nothing_and_goes_to_the_simulated_carrier(
    database: str, count: int
) -> None:
    batch = BATCH | {"recipients": [f"4670{number:07}" for number in range(count)], "priority": 2}
    async with accepting_api(database) as api:
        await add_real_carrier(api)
        answer = await api.post(batch, token=await api.make_key(TEST_KEY))
        assert answer.status == 201, answer.body
        assert answer.json["test"] is True
        assert answer.json["priceSummary"] == {"total": 0, "currency": "SEK", "average": 0}
        assert answer.json["messageSummary"] == {"103": {"messages": count, "sms": count}}
        assert await rows(api, "SELECT DISTINCT carrier_id FROM lot") == [(SIMULATED,)]
        assert await rows(api, "SELECT DISTINCT price, code FROM message") == [(0, 103)]
        assert await rows(api, "SELECT count(*) FROM ledger WHERE kind = 2") == [(0,)]
        assert await rows(api, "SELECT amount FROM balance") == [(1_000_000_000,)]


async def test_the_usual_key_of_the_same_account_sees_no_difference(database: str) -> None:
    async with accepting_api(database) as api:
        await add_real_carrier(api)
        await api.post(BATCH, token=await api.make_key(TEST_KEY))
        answer = await api.post(BATCH)
        assert "test" not in answer.json
        assert answer.json["priceSummary"]["total"] == 0.35
        assert await rows(api, "SELECT test, charged FROM batch ORDER BY batch_id") == [
            (True, 0),
            (False, 350_000),
        ]
        assert await rows(api, "SELECT carrier_id FROM lot ORDER BY 1") == [(SIMULATED,), (REAL,)]


async def test_a_test_batch_is_marked_when_it_is_read(database: str) -> None:
    async with accepting_api(database) as api:
        answers = [await api.post(BATCH, token=await api.make_key(TEST_KEY)), await api.post(BATCH)]
        account = await api.accounts.account(api.started.account_id)
        assert account is not None
        assert not account.is_test, "the shared record is left as it is"
        shown = []
        for answer in answers:
            async with api.database.reader(account.account_id) as tx:
                batch = await find_batch(tx, account.account_id, bytes.fromhex(answer.json["id"]))
                assert batch is not None
                counts = await count_messages(tx, account.account_id, batch.batch_id, 1)
            shown.append(whole_batch(batch, counts, account=account, now=utc_now()).test)
        assert shown[0] is True
        assert shown[1] is not True


@pytest.mark.parametrize(
    "statement", ["UPDATE carrier SET simulated = false", "UPDATE carrier SET enabled = false"]
)
async def test_without_a_simulated_carrier_a_test_key_is_refused(database: str, statement: str) -> None:
    async with accepting_api(database) as api:
        await api.database.fetch(Purpose.GENERAL, statement)
        answer = await api.post(BATCH, token=await api.make_key(TEST_KEY))
        assert (answer.status, answer.json["detail"]) == (409, NO_SIMULATED_CARRIER)
        assert (await api.post(BATCH)).status == 201


async def test_an_account_without_credit_can_still_try_things_out(database: str) -> None:
    async with accepting_api(database, test_credit=0) as api:
        assert "402" in (await api.post(BATCH)).json["messageSummary"]
        answer = await api.post(BATCH, token=await api.make_key(TEST_KEY))
        assert answer.json["messageSummary"] == {"103": {"messages": 1, "sms": 1}}


async def test_rules_and_scopes_hold_for_test_keys_too(database: str) -> None:
    async with accepting_api(database) as api:
        token = await api.make_key(TEST_KEY)
        assert (await api.post(BATCH | {"sender": "Acme"}, token=token)).status == 400
        reader = await api.make_key(KeyRights(is_test=True, scopes=frozenset({KeyScope.READ})))
        refused = await api.post(BATCH, token=reader)
        assert refused.status == 403
        assert refused.json["detail"] == "This API key lacks the scope send, which this request needs."


async def test_the_ledger_is_proved_with_test_batches(database: str) -> None:
    async with accepting_api(database) as api:
        await api.post(BATCH, token=await api.make_key(TEST_KEY))
        await api.post(BATCH)
        assert (await prove_ledger(api.database)).faults() == []


@pytest.mark.parametrize("is_test_first", [True, False])
async def test_an_idempotency_key_of_a_test_is_not_one_of_a_real_send(
    database: str, *, is_test_first: bool
) -> None:
    """Whoever tried an order with a test key sends it for real later on: it must not be taken for sent."""
    body = {"sender": "iP1", "recipients": ["46701740605"], "body": "Your order"}
    key = {"idempotency-key": "order-1"}
    async with accepting_api(database) as api:
        test_token = await api.make_key(KeyRights(is_test=True))
        tokens = [test_token, ""] if is_test_first else ["", test_token]
        answers = [await api.post(body, headers=key, token=token) for token in (*tokens, *tokens)]
    assert [answer.status for answer in answers] == [201] * 4
    ids = [answer.json["id"] for answer in answers]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]
    assert [answer.json.get("test", False) for answer in answers[:2]] == [is_test_first, not is_test_first]
