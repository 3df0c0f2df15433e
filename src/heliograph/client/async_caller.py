"""Carries out calls while other tasks go on: tries, waits between them, and goes from page to page."""

import asyncio
import copy
import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from heliograph.client.calls import Call, Result
from heliograph.client.retries import USUAL_RETRIES, Retries
from heliograph.client.server_address import ServerAddress, account_choice, server_address

if TYPE_CHECKING:
    from heliograph.client.async_http import AsyncHttp

Answered = TypeVar("Answered")


class AsyncCaller:
    """Access to the API by one key, as one account."""

    def __init__(
        self,
        key: str | None = None,
        *,
        url: str | None = None,
        account: str | None = None,
        timeout: float = 30.0,
        retries: Retries = USUAL_RETRIES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._connections = _Connections(server_address(url, key), timeout, tls)
        self._account = account_choice(account)
        self._retries = retries

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    def as_account(self, account: str | None) -> Self:
        """The same client asking as a child account, or as the key's own with None.

        It shares the connections of this one and need not be closed.
        """
        other = copy.copy(self)
        other._account = account_choice(account)
        return other

    async def _answer_to(self, call: Call[Answered]) -> Answered:
        return call.read(await self._result(call))

    async def _pages_of(self, first: Call[list[Answered]]) -> AsyncIterator[Answered]:
        call: Call[list[Answered]] | None = first
        while call is not None:
            result = await self._result(call)
            for each in call.read(result):
                yield each
            call = call.next_page(result)

    async def _result(self, call: Call[Any]) -> Result:
        """What came of the last try."""
        call = msgspec.structs.replace(call, account=self._account)
        tries = 1
        while True:
            result = await self._connections.opened().attempt(call)
            wait = self._retries.wait_before_next(call, result, tries)
            if wait is None:
                return result
            await asyncio.sleep(wait)
            tries += 1


class _Connections:
    """What a client and those that ask as other accounts share; opened by the first request."""

    def __init__(self, server: ServerAddress, timeout: float, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._timeout = timeout
        self._tls = tls
        self._http: AsyncHttp | None = None

    def opened(self) -> "AsyncHttp":
        """Where to ask."""
        if self._http is None:
            from heliograph.client.async_http import AsyncHttp

            self._http = AsyncHttp(self._server, timeout=self._timeout, tls=self._tls)
        return self._http

    async def close(self) -> None:
        """Close what is open."""
        if self._http is not None:
            await self._http.close()
            self._http = None
