"""An SMSC on a real socket that does exactly what a test says, and nothing by itself but answer binds."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from heliograph.smpp import (
    Answered,
    DeliverSm,
    DropLink,
    EsmClass,
    Event,
    Pdu,
    Role,
    Session,
    SubmitSm,
    TimerSettings,
)
from heliograph.smpp.pdus import BindRequest

PATIENT = TimerSettings(enquire_link=3600, response=3600, session_init=3600)


class ScriptedLink(asyncio.Protocol):
    """One link as the SMSC sees it."""

    def __init__(self, smsc: "ScriptedSmsc") -> None:
        self._smsc = smsc
        self.session = Session(Role.SMSC, time.monotonic(), window_size=1000, timers=PATIENT)
        self.submits: list[SubmitSm] = []
        self.acknowledged: list[tuple[object, int]] = []
        """Token and command_status of each answered deliver_sm."""
        self.is_closed = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._smsc.links.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self._smsc.changed.set()

    def data_received(self, data: bytes) -> None:
        for event in self.session.receive_data(data, time.monotonic()):
            self._take(event)
        self.write(self.session.data_to_send())
        self._smsc.changed.set()

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def send(self, pdu: Pdu, token: object = None) -> None:
        self.write(self.session.send(pdu, time.monotonic(), token))

    def answer(self, submit: SubmitSm, message_id: str = "", status: int = 0) -> None:
        """Answer a submit_sm."""
        self.send(submit.response(status, message_id=message_id))

    def answer_all(self) -> None:
        """Accept everything that came so far and was not answered, with an id made of the recipient."""
        for submit in self.submits:
            self.answer(submit, f"m{submit.destination_addr}")
        self.submits.clear()

    def deliver_receipt(
        self, message_id: str, recipient: str, stat: str = "DELIVRD", error: str = "000"
    ) -> None:
        """Send a receipt; its token is (message id, stat)."""
        text = (
            f"id:{message_id} sub:001 dlvrd:001 submit date:2601011200 done date:2601011200 "
            f"stat:{stat} err:{error} text:Hello"
        )
        receipt = DeliverSm(
            source_addr=recipient,
            destination_addr="iP1",
            esm_class=EsmClass.DELIVERY_RECEIPT,
            short_message=text.encode(),
        )
        self.send(receipt, (message_id, stat))

    def cut(self) -> None:
        """Close the connection at once, with a reset."""
        assert self.transport is not None
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _take(self, event: Event) -> None:
        if isinstance(event, BindRequest):
            status = self._smsc.bind_statuses.pop(0) if self._smsc.bind_statuses else 0
            self._smsc.binds.append((time.monotonic(), status))
            self.send(event.response(status, system_id="scripted"))
        elif isinstance(event, SubmitSm):
            self.submits.append(event)
            self._smsc.submits.append(event)
            if self._smsc.on_submit is not None:
                self._smsc.on_submit(self, event)
        elif isinstance(event, Answered):
            self.acknowledged.append((event.token, event.response.command_status))
        elif isinstance(event, DropLink):
            assert self.transport is not None
            self.transport.close()


class ScriptedSmsc:
    """What all links share."""

    def __init__(self) -> None:
        self.links: list[ScriptedLink] = []
        self.submits: list[SubmitSm] = []
        """Every submit_sm of every link, in order."""
        self.binds: list[tuple[float, int]] = []
        self.bind_statuses: list[int] = []
        """Answers to the next binds; afterwards they succeed."""
        self.on_submit: Callable[[ScriptedLink, SubmitSm], None] | None = None
        self.changed = asyncio.Event()
        self.port = 0

    @property
    def link(self) -> ScriptedLink:
        """The newest link."""
        return self.links[-1]

    @property
    def recipients(self) -> list[str]:
        return [submit.destination_addr for submit in self.submits]

    def accept_everything(self) -> None:
        """Answer each submit_sm at once, with an id made of its recipient."""
        self.on_submit = lambda link, submit: link.answer(submit, f"m{submit.destination_addr}")

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Return once the condition holds; it is looked at whenever something happened here."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def scripted_smsc(*, receive_buffer: int | None = None) -> AsyncIterator[ScriptedSmsc]:
    """A listening SMSC; with a small receive buffer its peers soon cannot write while it does not read."""
    smsc = ScriptedSmsc()
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    if receive_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    server = await loop.create_server(lambda: ScriptedLink(smsc), sock=listener)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        server.close()
        for link in smsc.links:
            if link.transport is not None:
                link.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0)
