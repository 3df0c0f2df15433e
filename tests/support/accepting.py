"""The accept path put together on a test database, and requests to it without a socket."""

import json
import os
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.domain.key_rights import KeyRights
from heliograph.faces.api.accept_handler import AcceptHandler
from heliograph.faces.api.auth import Authenticator, FailureThrottle
from heliograph.faces.api.request_bodies import BodyLimits, BodyReader
from heliograph.faces.api.schemas import encode_accepted
from heliograph.services.accept_batch import AcceptBatch, GuardVelocity, ReportUrlRules
from heliograph.services.explain_batch import ExplainBatch
from heliograph.services.first_start import FirstStart, FirstStartSettings, first_start
from heliograph.storage.accounts import AccountDirectory
from heliograph.storage.api_keys import KeyDirectory, create_key
from heliograph.storage.database import Database
from heliograph.storage.group_commit import GroupCommit
from heliograph.storage.idempotency import IdempotencyKeys
from heliograph.storage.large_batches import LargeBatches
from heliograph.storage.sealing import Sealer


def utc_now() -> datetime:
    """The clock of the tests that need none of their own."""
    return datetime.now(UTC)


class Answer(msgspec.Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def nothing_behind(scope: object, receive: object, send: Callable[[Any], Any]) -> None:
    """The application behind the handler: a recognisable answer."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"passed on"})


class AcceptingApi:
    """One process's accept path, as the wiring would build it."""

    def __init__(self, database: Database, started: FirstStart, parts: dict[str, Any]) -> None:
        self.database = database
        self.started = started
        self.handler: AcceptHandler = parts["handler"]
        self.group_commit: GroupCommit = parts["group_commit"]
        self.accounts: AccountDirectory = parts["accounts"]
        self.keys: KeyDirectory = parts["keys"]
        self.wakeups: list[str] = parts["wakeups"]
        self.accept_batch: AcceptBatch = parts["accept_batch"]
        self.explain_batch: ExplainBatch = parts["explain_batch"]

    async def make_key(self, rights: KeyRights, account_id: int | None = None) -> str:
        """The token of another key of the account."""
        async with self.database.transaction() as tx:
            return await create_key(
                tx,
                account_id or self.started.account_id,
                name="test",
                key_id=os.urandom(10),
                secret=os.urandom(32),
                now=utc_now(),
                rights=rights,
            )

    async def post(
        self,
        body: object,
        *,
        headers: dict[str, str] | None = None,
        token: str | None = "",
        path: str = "/v2/batches",
        method: str = "POST",
        query: bytes = b"",
    ) -> Answer:
        """Send a body (bytes as they are, anything else as JSON) with this account's key, unless given."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token or self.started.token}"
        return await request(self.handler, sent, [data], path=path, method=method, query=query)


async def request(
    application: Any,
    headers: dict[str, str],
    chunks: list[bytes],
    *,
    path: str = "/v2/batches",
    method: str = "POST",
    query: bytes = b"",
) -> Answer:
    """One ASGI request whose body comes in these chunks."""
    waiting = list(chunks)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 50_000),
    }
    await application(scope, receive, send)
    start, *bodies = sent
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message["body"] for message in bodies),
    )


@asynccontextmanager
async def accepting_api(
    dsn: str,
    *,
    started: FirstStart | None = None,
    test_credit: int = 1_000,
    now: Callable[[], datetime] = utc_now,
    process: bytes = b"test1",
    limits: BodyLimits | None = None,
    queue_limit: int = 2_000,
    failures_per_minute: float = 30,
) -> AsyncIterator[AcceptingApi]:
    """The accept path of one process; the first one on a database makes the account."""
    wakeups: list[str] = []
    ids = IdSource(process)
    async with Database(dsn) as database:
        if started is None:
            started = await first_start(
                database,
                FirstStartSettings(
                    simulator_host="127.0.0.1",
                    simulator_port=2775,
                    simulator_system_id="test",
                    simulator_password="test",
                    test_credit=test_credit,
                ),
                sealer=Sealer(b"k" * 32),
                now=now(),
                ids=ids,
                random_bytes=lambda count: bytes(range(count)),
            )
            assert started is not None
        accounts, keys = AccountDirectory(database), KeyDirectory(database)
        async with GroupCommit(
            database, ids=ids, now=now, wake=wakeups.append, queue_limit=queue_limit
        ) as group_commit:
            accept_batch = AcceptBatch(
                accounts,
                group_commit,
                LargeBatches(database, ids=ids, now=now, wake=wakeups.append, give_way=group_commit.give_way),
                IdempotencyKeys(database),
                ids=ids,
                now=now,
                guard=GuardVelocity(database, now=now, give_way=group_commit.give_way),
                report_urls=ReportUrlRules(),
                encode_answer=encode_accepted,
            )
            explain_batch = ExplainBatch(accounts, accept_batch.foreseen)
            handler = AcceptHandler(
                nothing_behind,
                authenticator=Authenticator(
                    keys, accounts, throttle=FailureThrottle(failures_per_minute), now=now
                ),
                accept_batch=accept_batch,
                explain_batch=explain_batch,
                bodies=BodyReader(limits),
            )
            parts = {
                "handler": handler,
                "group_commit": group_commit,
                "accounts": accounts,
                "keys": keys,
                "wakeups": wakeups,
                "accept_batch": accept_batch,
                "explain_batch": explain_batch,
            }
            yield AcceptingApi(database, started, parts)
