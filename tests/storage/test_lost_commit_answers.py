"""Accepting when the answer to a COMMIT is lost: whether it took place is found out, nothing is doubled."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from heliograph.storage.database import Database, Purpose
from tests.support.accepting import accepting_api
from tests.support.lost_commits import losing_proxy

PRICE = 350_000
SMALL = {"sender": "iP1", "recipients": ["46701740605"], "body": "Over the lost line", "datacoding": "gsm"}
LARGE = SMALL | {"recipients": [f"4670{number:07}" for number in range(1_500)]}


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="hg") as name:
        yield Path(name)


@pytest.mark.parametrize("commits", [True, False], ids=["it took place", "it did not"])
@pytest.mark.parametrize(
    ("bodies", "headers"),
    [([SMALL], {}), ([SMALL] * 5, {}), ([SMALL], {"idempotency-key": "k"}), ([LARGE], {})],
    ids=["one", "a group", "with a key", "large"],
)
async def test_a_batch_is_accepted_once(
    database: str, short_folder: Path, commits: bool, bodies: list[dict[str, Any]], headers: dict[str, str]
) -> None:
    async with losing_proxy(database, short_folder) as (proxy, dsn), accepting_api(dsn) as api:
        await api.post(SMALL | {"body": "Hello"})
        proxy.arm(marker=b"Over the lost line", commits=commits)
        answers = await asyncio.gather(*[api.post(body, headers=headers) for body in bodies])
        assert proxy.lost.is_set()
        assert {answer.status for answer in answers} == {201}
        async with Database(database) as direct:
            (found,) = await direct.fetch(
                Purpose.GENERAL,
                "SELECT (SELECT count(*) FROM batch), (SELECT count(*) FROM message),"
                " (SELECT sum(segment_count) FROM lot), (SELECT -sum(amount) FROM ledger WHERE kind = 2),"
                " (SELECT sum(amount) FROM ledger) - (SELECT amount FROM balance)",
            )
        messages = 1 + sum(len(body["recipients"]) for body in bodies)
        assert tuple(found) == (len(bodies) + 1, messages, messages, messages * PRICE, 0)
        if headers:
            again = await api.post(bodies[0], headers=headers)
            assert again.body == answers[0].body
