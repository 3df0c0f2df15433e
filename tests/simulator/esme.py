"""An ESME for tests: the library's session on a real socket, as a sender would use it."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from heliograph import smpp


class Esme:
    """``async with Esme(port) as esme``. Answers receipts at once unless told to keep silent."""

    def __init__(
        self,
        port: int,
        *,
        bind: type[smpp.BindRequest] = smpp.BindTransceiver,
        system_id: str = "heliograph",
        password: str = "secret",
        receipt_status: int | None = 0,
    ) -> None:
        self._port = port
        self._bind = bind(system_id=system_id, password=password)
        self.receipt_status = receipt_status
        """command_status of every deliver_sm_resp; None sends none."""
        self.bind_answer: smpp.Pdu | None = None
        self.answers: list[smpp.Answered] = []
        self.delivered: list[smpp.DeliverSm] = []
        self.story: list[str] = []
        """What came, in order: ``answer`` or ``receipt``."""
        self.is_closed = False

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.session = smpp.Session(smpp.Role.ESME, self._now(), window_size=1000)
        self._writer.write(self.session.send(self._bind, self._now(), "bind"))
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda: self.bind_answer is not None or self.is_closed)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        await self._reading

    async def until(self, happened: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for something that reading, or another link, brings about."""
        async with asyncio.timeout(seconds):
            while not happened():
                await asyncio.sleep(0.001)

    def write(self, octets: bytes) -> None:
        self._writer.write(octets)

    def send(self, *requests: smpp.SubmitSm) -> None:
        """Send a block of submits without waiting."""
        self._writer.write(self.session.send_many(requests, self._now(), [None] * len(requests)))

    async def submit(self, request: smpp.SubmitSm) -> smpp.Pdu | None:
        """Send one submit and wait for its answer; None when the link closes first."""
        before = len(self.answers)
        self.send(request)
        await self.until(lambda: len(self.answers) > before or self.is_closed)
        return self.answers[before].response if len(self.answers) > before else None

    async def receipts(self, count: int) -> list[smpp.ReceiptFields]:
        """The receipts so far, once there are ``count``."""
        await self.until(lambda: len(self.delivered) >= count)
        return [found for found in map(smpp.read_receipt, self.delivered) if found is not None]

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _read(self) -> None:
        while data := await self._data():
            for event in self.session.receive_data(data, self._now()):
                self._take(event)
            self._writer.write(self.session.data_to_send())
        self.is_closed = True
        self._writer.close()

    async def _data(self) -> bytes:
        try:
            return await self._reader.read(65_536)
        except ConnectionError:
            return b""

    def _take(self, event: smpp.Event) -> None:
        match event:
            case smpp.Answered(token="bind", response=response):
                self.bind_answer = response
            case smpp.Answered():
                self.answers.append(event)
                self.story.append("answer")
            case smpp.DeliverSm():
                self.delivered.append(event)
                self.story.append("receipt")
                if self.receipt_status is not None:
                    self._writer.write(self.session.acknowledge([event], self._now(), self.receipt_status))
            case smpp.DropLink() | smpp.Unbound():
                self._writer.close()
            case _:
                self.story.append(repr(event))


def submit_to(
    recipient: str,
    octets: bytes = b"Hej",
    *,
    registered_delivery: int = 1,
    esm_class: int = 0,
    data_coding: int = 0,
) -> smpp.SubmitSm:
    """A submit_sm from an alphanumeric sender."""
    return smpp.SubmitSm(
        source_addr_ton=5,
        source_addr="Helio",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=recipient,
        esm_class=esm_class,
        registered_delivery=registered_delivery,
        data_coding=data_coding,
        short_message=octets,
    )
