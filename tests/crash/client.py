"""A client that sends all the time and repeats what it got no answer to, with the same key."""

import asyncio
import itertools
import random

import aiohttp

from tests.crash.journals import Accepted

FIRST_NUMBER = 46_720_000_000
CONNECTIONS = 6
SHORT = "Nothing lost, nothing twice"
LONG = " and ".join([SHORT] * 6)
"""Two segments."""
LONG_FRACTION = 0.2
LONGEST_PAUSE = 0.08
"""Between two requests of one connection, in seconds."""


class Client:
    """Sends batches of 1 to ``largest`` recipients, every recipient a number of its own."""

    def __init__(self, address: str, token: str, *, report_url: str, seed: int, largest: int = 20) -> None:
        self._url = f"{address}/v2/batches"
        self._token = token
        self._report_url = report_url
        self._random = random.Random(seed)
        self._largest = largest
        self._numbers = itertools.count(FIRST_NUMBER)
        self._keys = itertools.count(1)
        self._left = 0
        self._may_end = asyncio.Event()
        self.accepted: list[Accepted] = []
        self.repeats = 0

    async def send(self, messages: int) -> None:
        """Send at least so many messages, and on until ``end``; returns when all are answered with 201."""
        self._left = messages
        headers = {"Authorization": f"Bearer {self._token}"}
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            await asyncio.gather(*(self._send_some(session) for _ in range(CONNECTIONS)))

    def end(self) -> None:
        """Send no more than was asked for."""
        self._may_end.set()

    async def _send_some(self, session: aiohttp.ClientSession) -> None:
        while self._left > 0 or not self._may_end.is_set():
            count = 1 if self._random.random() < 0.5 else self._random.randint(2, self._largest)
            self._left -= count
            recipients = tuple(str(next(self._numbers)) for _ in range(count))
            body = LONG if self._random.random() < LONG_FRACTION else SHORT
            await self._send_until_answered(session, recipients, body)
            await asyncio.sleep(self._random.uniform(0, LONGEST_PAUSE))

    async def _send_until_answered(
        self, session: aiohttp.ClientSession, recipients: tuple[str, ...], body: str
    ) -> None:
        key = f"crash-{next(self._keys)}"
        order: dict[str, object] = {
            "sender": "iP1",
            "recipients": recipients,
            "body": body,
            "datacoding": "gsm",
            "deliveryReportUrl": self._report_url,
        }
        while True:
            batch_id = await self._try(session, order, key)
            if batch_id is not None:
                self.accepted.append(Accepted(batch_id, recipients))
                return
            self.repeats += 1
            await asyncio.sleep(0.1)

    async def _try(self, session: aiohttp.ClientSession, order: dict[str, object], key: str) -> str | None:
        try:
            async with session.post(self._url, json=order, headers={"Idempotency-Key": key}) as answer:
                if answer.status == 201:
                    return str((await answer.json())["id"])
                # 409: the first try of this key is still under way. 503: the database is away.
                assert answer.status in (409, 503), await answer.text()
                return None
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return None
