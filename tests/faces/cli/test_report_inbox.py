"""The demo's receiver of delivery reports: what it takes for genuine."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from heliograph.domain.webhook_event import ReportEvent, parse_secret, report_body, secret_text, sign
from heliograph.faces.cli.report_inbox import ReportInbox

NOW = datetime(2026, 11, 22, 17, 0, 19, tzinfo=UTC)
SECRET = secret_text(bytes(range(32)))
BODY = report_body(ReportEvent("m-1-110", "m", "b", "46701740605", 110, 0, 0, 1, 350_000, "SEK"))


@pytest.fixture
async def inbox() -> AsyncIterator[ReportInbox]:
    """One that knows the secret."""
    async with ReportInbox(SECRET, now=lambda: NOW) as listening:
        yield listening


async def post(inbox: ReportInbox, signature: str) -> int:
    """One report; the status of the answer."""
    headers = {
        "webhook-id": "m-1-110",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": signature,
    }
    async with aiohttp.ClientSession() as http, http.post(inbox.url, data=BODY, headers=headers) as answer:
        return answer.status


async def test_a_signed_report_is_genuine(inbox: ReportInbox) -> None:
    signature = sign(parse_secret(SECRET), "m-1-110", int(NOW.timestamp()), BODY)
    assert await post(inbox, signature) == 200
    assert await inbox.wait_for(1, 60.0)
    assert [(each.is_genuine, each.code) for each in inbox.received] == [(True, 110)]
    assert inbox.codes("46701740605") == [110]
    assert inbox.codes("46701740606") == []


@pytest.mark.parametrize("signature", ["", "v1,AAAA", "v2,AAAA"])
async def test_a_forged_report_is_not(inbox: ReportInbox, signature: str) -> None:
    assert await post(inbox, signature) == 200
    assert [each.is_genuine for each in inbox.received] == [False]


async def test_what_does_not_come_is_not_waited_for_longer_than_asked(inbox: ReportInbox) -> None:
    assert not await inbox.wait_for(1, 0.01)
