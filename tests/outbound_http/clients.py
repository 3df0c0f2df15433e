"""Clients for tests: bounds that fail a test in seconds, addresses by table instead of by DNS."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence

import msgspec

from heliograph.domain.report_url import ReportUrl, parse_report_url
from heliograph.outbound_http import OutboundHttp, OutboundLimits, tls_context
from heliograph.outbound_http.addresses import Resolve

HEADERS = b"webhook-id: event-1\r\nwebhook-timestamp: 1700000000\r\n"
BODY = b'{"id":"1"}'

SYSTEM_ROOTS = tls_context()

PATIENT = OutboundLimits(resolve=5, connect=5, handshake=5, request=5, idle=30)
"""For tests where nothing runs out."""


class TableResolver:
    """Resolves by a table; counts how often it was asked; a name that is not in it has no address."""

    def __init__(self, table: Mapping[str, Sequence[str]]) -> None:
        self.table = dict(table)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.table:
            raise OSError("no such host")
        return self.table[host]


class Clients:
    """Makes clients and closes them."""

    def __init__(self) -> None:
        self._made: list[OutboundHttp] = []

    def make(
        self,
        *,
        resolver: Resolve | None = None,
        loopback_allowed: bool = True,
        tls: ssl.SSLContext | None = None,
        **limits: float,
    ) -> OutboundHttp:
        """A client with patient limits except for those given."""
        client = OutboundHttp(
            loopback_allowed=loopback_allowed,
            limits=msgspec.structs.replace(PATIENT, **limits),
            resolve=resolver,
            tls=tls or SYSTEM_ROOTS,
        )
        self._made.append(client)
        return client

    async def aclose(self) -> None:
        """Close them all."""
        async with asyncio.timeout(60):
            for client in self._made:
                await client.aclose()
                assert repr(client).startswith("<OutboundHttp 0 pools, <ConnectionBudget 0/")


def url_of(text: str) -> ReportUrl:
    """A URL that is allowed, plain http and loopback included."""
    url = parse_report_url(text, http_allowed=True, loopback_allowed=True)
    assert isinstance(url, ReportUrl), url
    return url
