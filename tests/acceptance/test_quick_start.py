"""The Quick start of iP.1's page against `heliograph serve`: as printed, and made to work.

The reports are verified twice: by our own function and by the library that Standard Webhooks publishes.
"""

import asyncio
import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from heliograph.domain.status import Code
from heliograph.domain.webhook_event import parse_secret, verify
from tests.acceptance.conftest import Served
from tests.support.report_receiver import Received, ReportReceiver

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

AS_PRINTED = b"""{
    "sender": "iP1",
    "recipients": [
        "RECIPIENT-NUMBER"
    ],
    "body": "A nice message sent from iP.1 SMS API"
}"""

CODES = [Code.SENDING, Code.AT_GATEWAY, Code.DELIVERED]


def verdicts(received: Received, secret: str) -> tuple[bool, bool]:
    """Whether a report is genuine: as our own function and as the library see it."""
    headers = received.headers
    ours = verify(
        [parse_secret(secret)],
        webhook_id=headers["webhook-id"],
        timestamp=headers["webhook-timestamp"],
        signatures=headers["webhook-signature"],
        body=received.body,
        now=int(time.time()),
    )
    try:
        Webhook(secret).verify(received.body, headers)
    except WebhookVerificationError:
        return ours, False
    return ours, True


async def test_as_printed_the_quick_start_is_400_and_names_the_recipient(served: Served) -> None:
    status, problem = await asyncio.to_thread(served.ask, "/v2/batches", AS_PRINTED)
    assert status == 400
    assert list(problem["errors"]) == ["recipients[0]"]


async def test_with_a_number_it_reaches_201_and_one_verified_report_per_code(served: Served) -> None:
    secret = (served.folder / "first-webhook-secret").read_text().strip()
    async with ReportReceiver() as receiver:
        order = json.loads(AS_PRINTED) | {"recipients": ["46712345678"], "deliveryReportUrl": receiver.url}
        status, batch = await asyncio.to_thread(served.ask, "/v2/batches", json.dumps(order).encode())
        assert status == 201
        received = await receiver.wait_for(len(CODES), seconds=30)
        await asyncio.sleep(0.5)  # one too many would come now
    assert [each.report["code"] for each in received] == CODES
    assert len({each.headers["webhook-id"] for each in received}) == len(CODES)
    for each in received:
        assert verdicts(each, secret) == (True, True)
        assert each.report["batchId"] == batch["id"]
        assert each.report["recipient"] == "46712345678"


async def test_a_report_that_was_changed_on_its_way_verifies_nowhere(served: Served) -> None:
    secret = (served.folder / "first-webhook-secret").read_text().strip()
    async with ReportReceiver() as receiver:
        order = json.loads(AS_PRINTED) | {"recipients": ["46712345678"], "deliveryReportUrl": receiver.url}
        await asyncio.to_thread(served.ask, "/v2/batches", json.dumps(order).encode())
        genuine = (await receiver.wait_for(1, seconds=30))[0]
    forged = genuine._replace(body=genuine.body.replace(b'"code":110', b'"code":201'))
    assert forged.body != genuine.body
    assert verdicts(forged, secret) == (False, False)
