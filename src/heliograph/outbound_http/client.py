"""POST to strangers' servers: what services call."""

import asyncio
import ssl
import time
from collections.abc import Callable, Container
from functools import partial

from heliograph.domain.report_url import ReportUrl
from heliograph.outbound_http.addresses import AddressBook, Resolve, SystemResolver
from heliograph.outbound_http.answers import Answer, Failure
from heliograph.outbound_http.connection import Connection, Exchange, OnDone, open_connection
from heliograph.outbound_http.origin_pool import ConnectionBudget, OriginPool
from heliograph.outbound_http.outbound_limits import OutboundLimits


def tls_context() -> ssl.SSLContext:
    """The system's trusted roots, names checked, TLS 1.2 or newer."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class OutboundHttp:
    """The one client for calling strangers. Make it inside a running loop; close it with ``aclose``.

    Nothing a receiver does raises: every call ends in exactly one Answer. No redirects, no cookies, no proxy
    settings. A connection is never shared between accounts. Each account has at most
    ``limits.connections_per_origin`` to an origin; further requests wait in order, and their deadline starts
    when they leave. At least once: if a kept connection turns out closed before any answer, the request goes
    out once more on a new one.
    """

    def __init__(
        self,
        *,
        loopback_allowed: bool,
        own_addresses: Container[str] = (),
        limits: OutboundLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or OutboundLimits()
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._tls = tls or tls_context()
        self._resolver = SystemResolver()
        self._book = AddressBook(
            resolve=resolve or self._resolver,
            loopback_allowed=loopback_allowed,
            own_addresses=own_addresses,
            monotonic=monotonic,
            remember_seconds=self._limits.remember_addresses,
        )
        self._budget = ConnectionBudget(self._limits.connections)
        self._pools: dict[tuple[int, str], OriginPool] = {}
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<OutboundHttp {len(self._pools)} pools, {self._budget!r}>"

    def submit(
        self, url: ReportUrl, headers: bytes, body: bytes, *, account_id: int, on_done: OnDone
    ) -> None:
        """POST ``body``; ``on_done`` is called once with the Answer, never before this returns.

        ``headers`` are whole header lines, each with its CRLF, made by us (``webhook_headers``). Requests of
        one account to one origin leave in the order of submission, up to four at a time.
        """
        exchange = Exchange(url, headers, body, on_done)
        if self._is_closed:
            stopped = Answer(None, Failure.STOPPED, "This service was stopped.", None, 0, b"")
            self._loop.call_soon(on_done, stopped)
            return
        key = (account_id, url.origin)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = self._new_pool(key)
        pool.submit(exchange)

    async def post(self, url: ReportUrl, headers: bytes, body: bytes, *, account_id: int) -> Answer:
        """``submit`` to be awaited. Giving up waiting does not call the request back."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self.submit(url, headers, body, account_id=account_id, on_done=partial(_settle, future))
        return await future

    async def aclose(self) -> None:
        """End every request as stopped and close every connection."""
        self._is_closed = True
        self._resolver.close()
        while self._pools:
            for pool in list(self._pools.values()):
                pool.stop()
            await asyncio.sleep(0)

    def _new_pool(self, key: tuple[int, str]) -> OriginPool:
        return OriginPool(
            dial=self._dial,
            budget=self._budget,
            limits=self._limits,
            monotonic=self._monotonic,
            loop=self._loop,
            on_empty=partial(self._pools.pop, key, None),
        )

    async def _dial(self, url: ReportUrl, make_connection: Callable[[], Connection]) -> Connection:
        return await open_connection(
            url, make_connection, book=self._book, limits=self._limits, tls=self._tls
        )


def _settle(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
