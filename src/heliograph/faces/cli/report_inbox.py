"""A customer's receiver of delivery reports on loopback: takes every report and checks its signature."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from heliograph.domain.webhook_event import parse_secret, verify

PATH = "/reports"


class ReceivedReport(msgspec.Struct, frozen=True):
    """One report as it came."""

    webhook_id: str
    is_genuine: bool
    """Whether its signature is right."""
    report: dict[str, Any]

    @property
    def code(self) -> int:
        return int(self.report["code"])


class ReportInbox:
    """``async with ReportInbox(secret, now) as inbox`` listens on a free port."""

    def __init__(self, secret: str, *, now: Callable[[], datetime]) -> None:
        self.received: list[ReceivedReport] = []
        self._secret = parse_secret(secret)
        self._now = now
        self._arrived = asyncio.Event()
        self._url = ""

    @property
    def url(self) -> str:
        """Where reports are taken."""
        return self._url

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(PATH, self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}{PATH}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def codes(self, recipient: str) -> list[int]:
        """The codes that were reported of a recipient, in the order of their arrival."""
        return [each.code for each in self.received if each.report["recipient"] == recipient]

    async def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until so many reports are there; whether they came in time."""
        try:
            async with asyncio.timeout(seconds):
                while len(self.received) < count:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return False
        return True

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        webhook_id = request.headers.get("webhook-id", "")
        is_genuine = verify(
            [self._secret],
            webhook_id=webhook_id,
            timestamp=request.headers.get("webhook-timestamp", ""),
            signatures=request.headers.get("webhook-signature", ""),
            body=body,
            now=int(self._now().timestamp()),
        )
        self.received.append(ReceivedReport(webhook_id, is_genuine, json.loads(body)))
        self._arrived.set()
        return web.Response()
