"""One connection to a carrier driving one SMPP session: binds, writes blocks of submit_sm, reads events.

A link knows nothing of lots. What it reads goes to its observer as the session reports it; at its end it
tells which of the unanswered requests were written and which certainly were not.
"""

import asyncio
import math
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Protocol, Self

from heliograph.carriers.wire import Wire, open_wire
from heliograph.smpp.codec import requests_beyond
from heliograph.smpp.constants import CommandId
from heliograph.smpp.errors import LocalProtocolError
from heliograph.smpp.pdus import BindRequest, DataSm, DeliverSm, Pdu, Unbind
from heliograph.smpp.session import Session
from heliograph.smpp.session_events import Answered, DropLink, Event
from heliograph.smpp.session_states import BOUND, Role
from heliograph.smpp.submit_template import Recipient, SubmitTemplate
from heliograph.smpp.timers import TimerSettings

_BIND: Final = object()


class LinkLost(Exception):
    """The link was lost before what was asked for came true."""


class BindRefused(Exception):
    """The carrier refused the bind with this command_status."""

    def __init__(self, command_status: int) -> None:
        super().__init__(f"bind refused with status 0x{command_status:08X}")
        self.command_status = command_status


class Unanswered(NamedTuple):
    """A request without an answer when its link was lost."""

    token: object
    was_written: bool
    """False only if its last byte was certainly never handed to the kernel."""


class LinkObserver(Protocol):
    """Who is told what a bound link brings."""

    def take_events(self, link: "Link", events: Sequence[Event]) -> None:
        """What the session reported of one read or one timer."""

    def take_loss(self, link: "Link", reason: str, unanswered: Sequence[Unanswered]) -> None:
        """The link is gone; called once for every link that was bound."""

    def may_write(self) -> bool:
        """Whether the lease still allows to write; asked for bytes that had to wait."""


class Block(NamedTuple):
    """A block of submit_sm of one template."""

    template: SubmitTemplate
    recipients: Sequence[Recipient]
    tokens: Sequence[object]


class Link:
    """One connection. ``clock`` is monotonic, in seconds."""

    def __init__(
        self,
        observer: LinkObserver,
        clock: Callable[[], float],
        *,
        window: int,
        timers: TimerSettings,
        name: str,
    ) -> None:
        self._observer = observer
        self._clock = clock
        self._session = Session(Role.ESME, clock(), window_size=window, timers=timers)
        self._wire: Wire | None = None
        self._blocks: deque[tuple[int, bytes]] = deque()
        self._bound: asyncio.Future[int] | None = None
        self._was_bound = False
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = math.inf
        self._ended = asyncio.Event()
        self.name = name
        self.lost_reason: str | None = None

    def __repr__(self) -> str:
        return (
            f"<Link {self.name} {self._session!r}{f' lost: {self.lost_reason}' if self.lost_reason else ''}>"
        )

    @property
    def is_bound(self) -> bool:
        """Whether messages may pass."""
        return self._session.state in BOUND

    @property
    def unanswered_count(self) -> int:
        """Requests on the wire."""
        return len(self._session.window)

    async def connect(self, host: str, port: int, *, tls: ssl.SSLContext | None, seconds: float) -> Self:
        """Connect; raises OSError or TimeoutError."""
        self._wire = await open_wire(host, port, lambda: self, tls=tls, connect_seconds=seconds)
        self._schedule()
        return self

    async def bind(self, request: BindRequest) -> None:
        """Bind and wait for the answer. Raises BindRefused or LinkLost."""
        self._bound = asyncio.get_running_loop().create_future()
        self._write(self._session.send(request, self._clock(), _BIND))
        status = await self._bound
        if status:
            self.abort("bind refused")
            raise BindRefused(status)

    # --- Writing ---

    def submit(self, blocks: Iterable[Block]) -> list[object]:
        """Write blocks of submit_sm with one write; the tokens of those that cannot be encoded.

        Raises LinkLost, and has written nothing, if the link is not bound.
        """
        if not self.is_bound:
            raise LinkLost(self.lost_reason or "not bound")
        refused: list[object] = []
        parts = [self._encode(block, refused) for block in blocks]
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if data and self._wire is not None:
            self._forget_written()
            self._blocks.append((self._wire.taken_in, data))
            self._write(data)
            self._schedule()
        return refused

    def _encode(self, block: Block, refused: list[object]) -> bytes:
        now = self._clock()
        try:
            return self._session.send_submits(block.template, block.recipients, now, block.tokens)
        except LocalProtocolError:
            # One message that cannot be encoded must not stop the others.
            parts = []
            for recipient, token in zip(block.recipients, block.tokens, strict=True):
                try:
                    parts.append(self._session.send_submits(block.template, (recipient,), now, (token,)))
                except LocalProtocolError:
                    refused.append(token)
            return b"".join(parts)

    def acknowledge(self, messages: Iterable[DeliverSm | DataSm], command_status: int = 0) -> None:
        """Answer messages of the carrier; nothing happens if nobody can receive the answer any more."""
        if self._session.may_send(CommandId.DELIVER_SM_RESP):
            self._write(self._session.acknowledge(messages, self._clock(), command_status))

    def answer(self, responses: Iterable[Pdu]) -> None:
        """Answer requests that could not be read."""
        if self._session.may_send(CommandId.DELIVER_SM_RESP):
            self._write(self._session.send_responses(responses, self._clock()))

    async def unbind(self, seconds: float) -> None:
        """Unbind, wait for the answer at most so long, close."""
        if self.is_bound:
            self._write(self._session.send(Unbind(), self._clock()))
            self._schedule()
            await self.wait_ended(seconds)
        self.abort("unbound")

    async def wait_ended(self, seconds: float) -> bool:
        """Wait for the end of the link, at most so long; whether it has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        return self._ended.is_set()

    def abort(self, reason: str) -> None:
        """Close at once. The observer hears of it in the next turn of the loop."""
        if self.lost_reason is None and self._wire is not None:
            self._wire.close()
            asyncio.get_running_loop().call_soon(self.wire_lost, reason)

    def _write(self, data: bytes) -> None:
        if self._wire is not None:
            self._wire.write(data)

    def _forget_written(self) -> None:
        assert self._wire is not None
        while self._blocks and self._blocks[0][0] + len(self._blocks[0][1]) <= self._wire.handed_over:
            self._blocks.popleft()

    # --- What the wire reports ---

    def data_received(self, data: bytes) -> None:
        """The carrier sent bytes."""
        self._take(self._session.receive_data(data, self._clock()))
        self._schedule()

    def may_write(self) -> bool:
        """Whether bytes that had to wait may still be written."""
        return not self._was_bound or self._observer.may_write()

    def wire_lost(self, reason: str) -> None:
        """The connection is gone."""
        if self.lost_reason is not None:
            return
        self.lost_reason = reason
        unanswered = self._list_unanswered()
        self._session.close()
        if self._timer is not None:
            self._timer.cancel()
        if self._bound is not None and not self._bound.done():
            self._bound.set_exception(LinkLost(reason))
        if self._was_bound:
            self._observer.take_loss(self, reason, unanswered)
        self._ended.set()

    def _list_unanswered(self) -> list[Unanswered]:
        never: set[int] = set()
        if self._wire is not None:
            for start, block in self._blocks:
                never.update(requests_beyond(block, self._wire.handed_over - start))
        return [
            Unanswered(one.token, one.sequence_number not in never)
            for one in self._session.window.outstanding()
        ]

    def _take(self, events: list[Event]) -> None:
        if data := self._session.data_to_send():
            self._write(data)
        if not self._was_bound:
            events = self._take_bind_answer(events)
        if events:
            if self._was_bound:
                self._observer.take_events(self, events)
            if type(events[-1]) is DropLink:
                self.abort(events[-1].reason.value)

    def _take_bind_answer(self, events: list[Event]) -> list[Event]:
        """Events of a link that was not bound before; those after the bind's answer."""
        for number, event in enumerate(events):
            if type(event) is Answered and event.token is _BIND:
                assert self._bound is not None
                if not self._bound.done():
                    self._bound.set_result(event.response.command_status)
                self._was_bound = event.response.command_status == 0
                return events[number + 1 :]
        return events

    def _schedule(self) -> None:
        """Wake up when the session has something to do; a timer that is early enough stays."""
        deadline = self._session.next_deadline()
        if deadline is None or deadline >= self._wakes_at or self.lost_reason is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = deadline
        delay = max(0.0, deadline - self._clock())
        self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._wakes_at = math.inf
        self._take(self._session.tick(self._clock()))
        self._schedule()
