"""The HTTP API over a test's database, called without a socket."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from heliograph.domain.sender_rules import ORDINARY_RULES, SenderRules
from heliograph.faces.api.api_app import ApiApp
from heliograph.faces.api.api_context import ApiContext
from heliograph.faces.api.auth import Authenticator, FailureThrottle
from heliograph.faces.api.request_bodies import BodyReader
from heliograph.outbound_http import OutboundHttp, OutboundLimits
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.contact_book import ContactBook
from heliograph.services.hold_batch import HoldBatch
from heliograph.services.parent_actions import ParentActions
from heliograph.services.send_test_report import SendTestReport
from heliograph.services.trace_message import TraceMessage
from heliograph.storage.accounts import AccountDirectory
from heliograph.storage.api_keys import KeyDirectory, create_key
from heliograph.storage.database import Connection, Database, transaction_on
from heliograph.storage.idempotency import IdempotencyKeys
from heliograph.storage.sealing import Sealer
from tests.support.rows import IDS, NOW

HOST = "sms.test"


def api_context(
    database: Database, *, public_url: str | None = None, sender_rules: SenderRules = ORDINARY_RULES
) -> ApiContext:
    """What the endpoints are given, with the clock and the secrets of the tests."""
    sealer = Sealer(b"k" * 32)
    return ApiContext(
        database=database,
        authenticator=Authenticator(
            KeyDirectory(database),
            AccountDirectory(database),
            throttle=FailureThrottle(1000),
            now=lambda: NOW,
        ),
        cancel_batch=CancelBatch(database, IDS),
        hold_batch=HoldBatch(IDS),
        trace_message=TraceMessage(database),
        send_test_report=SendTestReport(
            database,
            lambda: OutboundHttp(loopback_allowed=True, limits=OutboundLimits(connect=1, request=1)),
            unseal=sealer.open,
            now=lambda: NOW,
            loopback_allowed=True,
        ),
        parent_actions=ParentActions(
            number_prefix="ip1-", sealer=sealer, random_bytes=os.urandom, ids=IDS, now=lambda: NOW
        ),
        contact_book=ContactBook(IDS, lambda: NOW),
        idempotency=IdempotencyKeys(database),
        sealer=sealer,
        bodies=BodyReader(),
        sender_rules=sender_rules,
        now=lambda: NOW,
        ids=IDS,
        random_bytes=os.urandom,
        public_url=public_url,
    )


@asynccontextmanager
async def served_api(
    dsn: str, *, public_url: str | None = None, sender_rules: SenderRules = ORDINARY_RULES
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API without its accept handler; its requests carry no key of their own."""
    async with Database(dsn) as database:
        context = api_context(database, public_url=public_url, sender_rules=sender_rules)
        transport = httpx.ASGITransport(app=ApiApp(context))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            yield client


async def insert_key(connection: Connection, account_id: int = 1) -> dict[str, str]:
    """The headers that make a request one of the account's."""
    async with transaction_on(connection) as tx:
        token = await create_key(
            tx,
            account_id,
            name="test",
            key_id=account_id.to_bytes(10, "big"),
            secret=account_id.to_bytes(32, "big"),
            now=NOW,
        )
    return {"Authorization": f"Bearer {token}"}


def decoded(response: httpx.Response, status: int = 200) -> Any:
    """The JSON of an answer that has this status."""
    assert response.status_code == status, response.text
    return msgspec.json.decode(response.content)
