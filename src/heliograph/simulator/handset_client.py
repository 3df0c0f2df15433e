"""Reading the simulated handsets from another process."""

import asyncio
from types import TracebackType
from typing import Final, Self

import aiohttp
import msgspec

from heliograph.simulator.faults import Faults
from heliograph.simulator.handset_api import Answer, HandsetList, MessageList, Sent, SimulatorStatus
from heliograph.simulator.handsets import Handset, HandsetMessage

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_PAUSE: Final = 0.05


class HandsetClientError(Exception):
    """The simulator cannot be reached, or refused; the text says which."""


class HandsetClient:
    """``async with HandsetClient("http://127.0.0.1:8082") as handsets``. All raise HandsetClientError."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def list_handsets(self) -> list[Handset]:
        """Every number with a message, the latest one first."""
        octets = await self._ask("GET", "/handsets")
        return msgspec.json.decode(octets, type=HandsetList).handsets

    async def list_messages(self, msisdn: str) -> list[HandsetMessage]:
        """What one number got, oldest first."""
        return (await self.read_handset(msisdn)).messages

    async def read_handset(self, msisdn: str) -> MessageList:
        """What one number got and what was written on it, oldest first."""
        octets = await self._ask("GET", f"/handsets/{msisdn}")
        return msgspec.json.decode(octets, type=MessageList)

    async def wait_for_messages(self, msisdn: str, count: int, seconds: float) -> list[HandsetMessage]:
        """The messages of a number once ``count`` are whole. Raises TimeoutError after ``seconds``."""
        async with asyncio.timeout(seconds):
            while True:
                messages = await self.list_messages(msisdn)
                if sum(message.complete for message in messages) >= count:
                    return messages
                await asyncio.sleep(_PAUSE)

    async def clear(self, msisdn: str | None = None) -> None:
        """Forget the messages of one number, or of all."""
        await self._ask("DELETE", "/handsets" if msisdn is None else f"/handsets/{msisdn}")

    async def send_message(self, msisdn: str, recipient: str, text: str) -> int:
        """Send a text from a handset; how many segments it takes."""
        octets = await self._ask("POST", f"/handsets/{msisdn}/messages", Answer(recipient, text))
        return msgspec.json.decode(octets, type=Sent).segments

    async def change_faults(self, faults: Faults) -> None:
        """Set every fault; those not given are off."""
        await self._ask("PUT", "/faults", faults)

    async def status(self) -> SimulatorStatus:
        """Counts, links and faults."""
        return msgspec.json.decode(await self._ask("GET", "/status"), type=SimulatorStatus)

    async def _ask(self, method: str, path: str, body: msgspec.Struct | None = None) -> bytes:
        octets = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        try:
            async with self._http.request(method, self._url + path, data=octets, headers=headers) as answer:
                found = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HandsetClientError(f"the simulator at {self._url} does not answer: {error}") from error
        if answer.status >= 400:
            raise HandsetClientError(f"{method} {path}: {answer.status} {found.decode('utf-8', 'replace')}")
        return found
