"""Rate limits over HTTP: 429 with the time to wait, and headers that tell what is left."""

from typing import Any

import pytest

from heliograph.domain.batch import RawBatch
from heliograph.domain.key_rights import KeyRights
from heliograph.domain.rate_limit import RateLimit
from heliograph.faces.api.sending_pace import recipient_count
from heliograph.storage.account_limits import AccountLimits, read_limits, set_limits
from tests.support.accepting import AcceptingApi, accepting_api

BATCH = {"sender": "iP1", "recipients": ["46701740605"], "body": "Hello", "datacoding": "gsm"}
THREE = BATCH | {"recipients": ["46701740605", "46701740606", "46701740607"]}
SLOW = RateLimit(0.01, 5)


async def limit_account(api: AcceptingApi, rate: RateLimit | None) -> None:
    async with api.database.transaction() as tx:
        await set_limits(tx, api.started.account_id, AccountLimits(rate, None))
        assert await read_limits(tx, api.started.account_id) == AccountLimits(rate, None)
    api.accounts.forget(api.started.account_id)


async def test_a_key_with_a_limit_is_told_what_is_left_and_then_to_wait(database: str) -> None:
    async with accepting_api(database) as api:
        token = await api.make_key(KeyRights(rate=SLOW))
        answer = await api.post(THREE, token=token)
        assert answer.status == 201
        assert answer.headers["ratelimit-policy"] == '"key";q=5;w=500;qu="recipients"'
        assert answer.headers["ratelimit"] == '"key";r=2;t=300'
        refused = await api.post(THREE, token=token)
        assert refused.status == 429
        assert refused.json["type"] == "urn:heliograph:problem:too_many_requests"
        assert refused.json["detail"] == (
            "Too many recipients in a short time: this key 0.01 recipients a second, 5 at once. "
            "Nothing was accepted; try again later."
        )
        assert 98 <= int(refused.headers["retry-after"]) <= 100
        assert refused.headers["ratelimit"].startswith('"key";r=2;t=')
        assert (await api.post(BATCH, token=token)).status == 201, "a smaller one still passes"
        assert (await api.post(THREE)).status == 201, "another key is not concerned"


async def test_the_keys_of_an_account_share_its_limit(database: str) -> None:
    async with accepting_api(database) as api:
        await limit_account(api, SLOW)
        token = await api.make_key(KeyRights(rate=RateLimit(1.0, 10)))
        both = await api.post(THREE, token=token)
        assert both.headers["ratelimit-policy"] == (
            '"key";q=10;w=10;qu="recipients", "account";q=5;w=500;qu="recipients"'
        )
        assert both.headers["ratelimit"].startswith('"key";r=7;t=3, "account";r=2;t=')
        refused = await api.post(THREE)
        assert refused.status == 429
        assert "this account 0.01 recipients a second" in refused.json["detail"]
        await limit_account(api, None)
        assert (await api.post(THREE)).status == 201


async def test_without_limits_nothing_is_said(database: str) -> None:
    async with accepting_api(database) as api:
        for answer in (await api.post(BATCH), await api.post(b"{}")):
            assert not {name for name in answer.headers if name.startswith("ratelimit")}


async def test_a_request_that_is_refused_counts_and_tells_what_is_left(database: str) -> None:
    async with accepting_api(database) as api:
        token = await api.make_key(KeyRights(rate=SLOW))
        refused = await api.post(BATCH | {"sender": "Acme"}, token=token)
        assert refused.status == 400
        assert refused.headers["ratelimit"].startswith('"key";r=4;')


async def test_more_than_the_burst_passes_after_a_rest(database: str) -> None:
    async with accepting_api(database) as api:
        token = await api.make_key(KeyRights(rate=SLOW))
        many = BATCH | {"recipients": [f"4670{number:07}" for number in range(9)]}
        answer = await api.post(many, token=token)
        assert (answer.status, answer.headers["ratelimit"]) == (201, '"key";r=0;t=900')
        assert (await api.post(BATCH, token=token)).status == 429


@pytest.mark.parametrize(
    ("recipients", "count"),
    [
        (["1", "1"], 2),
        ({"1": {}, "2": {}, "default": {}}, 2),
        ({"default": {}}, 1),
        ([], 1),
        (None, 1),
        ("46701740605", 1),
    ],
)
def test_recipients_count_as_they_are_written(recipients: Any, count: int) -> None:
    assert recipient_count(RawBatch(recipients=recipients)) == count
