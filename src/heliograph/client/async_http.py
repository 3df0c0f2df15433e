"""One HTTP request over aiohttp. Imported only when an AsyncHeliograph makes its first request."""

import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from yarl import URL

from heliograph.client.calls import Answer, Call, Lost, Result
from heliograph.client.server_address import ServerAddress

_NOT_CONNECTED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class _Broken(aiohttp.ClientError):
    """The connection ended before the answer."""


async def _once(
    request: aiohttp.ClientRequest, send: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a second time by itself: whether that is right is for us to say."""
    try:
        return await send(request)
    except _NOT_CONNECTED:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken(str(error) or "the connection was closed") from error


class AsyncHttp:
    """Connections to one server, kept for the next request by aiohttp."""

    def __init__(self, server: ServerAddress, *, timeout: float, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._tls = tls
        self._kept = self._session()

    async def close(self) -> None:
        """Close the connections."""
        await self._kept.close()

    async def attempt(self, call: Call[Any]) -> Result:
        """Try a call once; one that must not be repeated gets a new connection, which is never stale."""
        try:
            if call.is_repeatable:
                return await self._exchange(self._kept, call)
            async with self._session(middlewares=(_once,)) as session:
                return await self._exchange(session, call)
        except _NOT_CONNECTED as error:
            return self._lost(error, may_have_happened=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._lost(error, may_have_happened=True)

    def _session(self, **options: Any) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._tls or True)
        return aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, headers=self._server.headers, **options
        )

    async def _exchange(self, session: aiohttp.ClientSession, call: Call[Any]) -> Answer:
        # Already encoded: what is quoted in a path must stay so.
        url = URL(self._server.url + call.target, encoded=True)
        async with session.request(
            call.method,
            url,
            data=call.body,
            headers=call.headers,
            skip_auto_headers=("Content-Type",),  # without a body there is none to name
            allow_redirects=False,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, await response.read())

    def _lost(self, error: Exception, *, may_have_happened: bool) -> Lost:
        reason = str(error) or "no answer in time"
        return Lost(f"{self._server.url} does not answer: {reason}", may_have_happened)
