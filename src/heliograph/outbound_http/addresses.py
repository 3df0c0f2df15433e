"""From a host to the addresses that may be called: resolved by ourselves, and every answer judged."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor

from heliograph.domain.public_address import address_refusal
from heliograph.domain.report_url import ReportUrl
from heliograph.outbound_http.answers import CallFailed, Failure

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""All addresses of a name; raises OSError when it has none."""

MAX_ADDRESSES = 32
_MAX_REMEMBERED = 1024


class SystemResolver:
    """The system's ``getaddrinfo`` on threads of its own; look-ups of one name at a time are shared.

    A look-up that its caller gave up keeps its thread until the system gives up too. Hence the bound on
    threads, and hence the sharing: a name that hangs takes one thread however often it is asked for.
    """

    def __init__(self, *, threads: int = 16, look_up: Callable[[str], list[str]] | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")
        self._look_up = look_up or system_addresses
        self._running: dict[str, asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        running = self._running.get(host)
        if running is None:
            running = asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host)
            self._running[host] = running
            running.add_done_callback(lambda done: self._forget(host, done))
        return await asyncio.shield(running)

    def close(self) -> None:
        """Stop taking look-ups; those that run are abandoned."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget(self, host: str, done: asyncio.Future[list[str]]) -> None:
        del self._running[host]
        if not done.cancelled():
            done.exception()  # marks it as seen when all who asked have given up


def system_addresses(host: str) -> list[str]:
    """All addresses the system knows for a name, best first; blocks; raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressBook:
    """Resolves and judges hosts; remembers the allowed addresses of a name for a moment.

    What is remembered are judged addresses, and connections are made to those and nothing else, so a name
    that changes its mind between the check and the connection (DNS rebinding) gains nothing.
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        loopback_allowed: bool,
        own_addresses: Container[str],
        monotonic: Callable[[], float],
        remember_seconds: float,
    ) -> None:
        self._resolve = resolve
        self._loopback_allowed = loopback_allowed
        self._own_addresses = own_addresses
        self._monotonic = monotonic
        self._remember_seconds = remember_seconds
        self._remembered: dict[str, tuple[float, list[str]]] = {}

    async def addresses_of(self, url: ReportUrl, *, timeout: float) -> list[str]:
        """The addresses to connect to, best first. Raises CallFailed unless every answer is allowed."""
        if url.address is not None:
            return self._judged([url.address])
        remembered = self._remembered.get(url.host)
        if remembered is not None and self._monotonic() < remembered[0]:
            return remembered[1]
        addresses = self._judged(await self._resolved(url.host, timeout))
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[url.host] = (self._monotonic() + self._remember_seconds, addresses)
        return addresses

    def refusal_of(self, address: str) -> str | None:
        """Why an address may not be called; None when it may."""
        return address_refusal(
            address, loopback_allowed=self._loopback_allowed, own_addresses=self._own_addresses
        )

    def _judged(self, addresses: list[str]) -> list[str]:
        for address in addresses:
            refusal = self.refusal_of(address)
            if refusal is not None:
                # The address itself stays out of the sentence: the customer may have named an internal host.
                raise CallFailed(Failure.REFUSED, f"The host's address {refusal}.")
        return addresses

    async def _resolved(self, host: str, timeout: float) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                addresses = list(await self._resolve(host))
        except TimeoutError:
            raise CallFailed(Failure.UNRESOLVED, "The host's name was not resolved in time.") from None
        except (OSError, UnicodeError):
            raise CallFailed(Failure.UNRESOLVED, "The host's name has no address.") from None
        if not addresses:
            raise CallFailed(Failure.UNRESOLVED, "The host's name has no address.")
        if len(addresses) > MAX_ADDRESSES:
            raise CallFailed(Failure.REFUSED, "The host's name has too many addresses.")
        return addresses
