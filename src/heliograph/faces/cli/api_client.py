"""The API over HTTP, as a customer's program would use it; refusals become one line."""

import asyncio
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp
import msgspec

from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.server_urls import checked_url, connection_fault

PAUSES: Final = (1.0, 2.0)
"""Seconds before the second and the third try of a send."""
_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, connect=10)
_LARGEST_PAGE: Final = 1_000

Document = dict[str, Any]
Shape = TypeVar("Shape")


class ApiClient:
    """``async with ApiClient(url, key) as api``. Every method raises CommandRefused."""

    def __init__(self, url: str, key: str, *, pauses: Sequence[float] = PAUSES) -> None:
        self.url = checked_url(url)
        if not (key.isascii() and key.isprintable() and key):
            raise CommandRefused("an API key has only letters, digits and underscores")
        self._pauses = pauses
        self._headers = {"Authorization": f"Bearer {key}"}

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=_TIMEOUT, headers=self._headers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def send(self, body: bytes) -> Document:
        """Send a batch; what the API answers. A lost answer is asked for again, which sends nothing twice."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        for pause in self._pauses:
            try:
                status, octets = await self._ask("POST", "/v2/batches", body, headers)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(pause)
                continue
            if status != 503:
                return _decoded(status, octets, Document)
            await asyncio.sleep(pause)
        return await self._answer("POST", "/v2/batches", Document, body, headers)

    async def get_batch(self, batch_id: str) -> Document:
        """A batch with its summaries."""
        return await self._answer("GET", f"/v2/batches/{batch_id}", Document)

    async def get_message(self, batch_id: str, message_id: str) -> Document:
        """A message with every status it had."""
        return await self._answer("GET", f"/v2/batches/{batch_id}/messages/{message_id}", Document)

    async def list_messages(self, batch_id: str, count: int) -> list[Document]:
        """The first messages of a batch, each with its latest status."""
        path = f"/v2/batches/{batch_id}/messages?limit={min(count, _LARGEST_PAGE)}"
        return await self._answer("GET", path, list[Document])

    async def _answer(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Shape:
        try:
            status, octets = await self._ask(method, path, body, headers)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CommandRefused(
                f"the API at {self.url} does not answer: {connection_fault(error)}"
            ) from None
        return _decoded(status, octets, shape)

    async def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None
    ) -> tuple[int, bytes]:
        async with self._http.request(method, self.url + path, data=body, headers=headers) as answer:
            return answer.status, await answer.read()


def _decoded(status: int, octets: bytes, shape: type[Shape]) -> Shape:
    try:
        if status < 400:
            return msgspec.json.decode(octets, type=shape)
        document = msgspec.json.decode(octets)
    except msgspec.DecodeError:
        document = None
    raise CommandRefused(refusal_text(status, document))


def refusal_text(status: int, document: object) -> str:
    """What the API's problem details say, in one line."""
    if not isinstance(document, dict):
        return f"the API answers {status}, and not as Heliograph does"
    sentences = [str(document.get("detail") or document.get("title") or "")]
    errors = document.get("errors")
    for field, faults in errors.items() if isinstance(errors, dict) else ():
        sentences.append(f"{field}: {' '.join(map(str, faults))}")
    return f"the API answers {status}: {' '.join(sentences)}"
