"""One SMPP session, either end of it: a state machine without a socket and without a clock.

Bytes of the peer go into ``receive_data``, time goes into ``tick``; both return what happened. Whatever the
session itself has to say (enquire_link, its answer, unbind_resp, generic_nack) is in ``data_to_send``
afterwards. Messages and binds are answered by the application only: an answer promises that something was
stored.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Final

from .codec import encode
from .compiled_pdus import HEADER
from .constants import RESPONSE_BIT, CommandId, command_name, is_response
from .errors import LocalProtocolError
from .pdus import DataSm, DeliverSm, GenericNack, Pdu
from .received_pdus import HANDLERS, take_misplaced
from .send_window import SendWindow
from .session_core import SessionCore
from .session_events import DropReason, Event, PeerFault, ResponseTimeout
from .session_states import BIND_REQUESTS, MESSAGE_REQUESTS, Role, State
from .submit_template import Recipient, SubmitTemplate
from .timers import Timer, TimerSettings

_SUBMIT_SM: Final = int(CommandId.SUBMIT_SM)
_SUBMIT_SM_RESP: Final = int(CommandId.SUBMIT_SM_RESP)


class Session:
    """One end of a session on one connection that was made at ``now``.

    ``now`` is seconds as float on a monotonic clock, the same clock in every call. ``window`` may be looked
    at: ``free``, ``len()``, ``outstanding()``, ``timed_out()``; its ``capacity`` may be set.
    """

    def __init__(
        self,
        role: Role,
        now: float,
        *,
        window_size: int = 10,
        timers: TimerSettings | None = None,
        last_sequence_number: int = 0,
    ) -> None:
        self.role = role
        self.window = SendWindow(window_size, last_sequence_number=last_sequence_number)
        self._core = SessionCore(role, now, self.window, timers or TimerSettings(), HANDLERS)
        self._timers = self._core.timers

    def __repr__(self) -> str:
        return f"<Session {self.role.value} {self.state.name} {len(self.window)}/{self.window.capacity}>"

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._core.state

    # --- Sending ---

    def may_send(self, command_id: int) -> bool:
        """Whether this PDU is legal now."""
        return self._core.may_send(command_id)

    def send(self, pdu: Pdu, now: float, token: object = None) -> bytes:
        """The bytes of one PDU of the application, to be written as they are.

        A request gets its sequence number here, and ``token`` comes back with its answer; a response keeps
        the number it has. Raises LocalProtocolError for a PDU that is illegal in this state or cannot be
        encoded, WindowFullError if no slot is free; nothing has changed then.
        """
        if pdu.command_id in MESSAGE_REQUESTS:
            return self.send_many((pdu,), now, (token,))
        if is_response(pdu.command_id):
            return self.send_responses((pdu,), now)
        self._check(pdu.command_id)
        data = encode(pdu, self.window.reserve_control(token, pdu.command_id))
        self._core.now = now
        if pdu.command_id == CommandId.ENQUIRE_LINK:
            self._timers.arm_once(Timer.ENQUIRE_LINK_ANSWER, now)
        self._core.advance(pdu.command_id)
        return data

    def send_many(self, requests: Sequence[Pdu], now: float, tokens: Sequence[object] | None = None) -> bytes:
        """A block of message requests as one piece of bytes; all of them or, on an error, none."""
        for command_id in {pdu.command_id for pdu in requests}:
            self._check(command_id)
            if command_id not in MESSAGE_REQUESTS:
                raise LocalProtocolError(f"{command_name(command_id)} cannot be sent in a block")
        answered_by = [pdu.command_id | RESPONSE_BIT for pdu in requests]
        numbers = self._reserve(_tokens(requests, tokens), answered_by, now)
        return self._encoded(numbers, lambda: b"".join(map(encode, requests, numbers)))

    def send_submits(
        self,
        template: SubmitTemplate,
        recipients: Sequence[Recipient],
        now: float,
        tokens: Sequence[object] | None = None,
    ) -> bytes:
        """As ``send_many`` for submit_sm that differ in recipient and text only; several times faster."""
        self._check(_SUBMIT_SM)
        numbers = self._reserve(_tokens(recipients, tokens), repeat(_SUBMIT_SM_RESP), now)
        return self._encoded(numbers, lambda: template.encode_block(numbers, recipients))

    def send_responses(self, responses: Iterable[Pdu], now: float) -> bytes:
        """A block of answers to requests of the peer. A bind answer moves the session to its bound state."""
        parts = []
        for pdu in responses:
            self._check(pdu.command_id)
            if pdu.command_id & ~RESPONSE_BIT in BIND_REQUESTS:
                parts.append(self._bind_answer(pdu, now))
            else:
                parts.append(encode(pdu))
        self._timers.extend(Timer.INACTIVITY, now)
        return b"".join(parts)

    def acknowledge(
        self, messages: Iterable[DeliverSm | DataSm], now: float, command_status: int = 0
    ) -> bytes:
        """The answers to a block of deliver_sm and data_sm, all with one status.

        Once the peer has unbound there is nothing to be sent any more: ask ``may_send`` or expect
        LocalProtocolError.
        """
        self._check(CommandId.DATA_SM_RESP)
        header = HEADER.pack
        answers = [
            header(17, message.command_id | RESPONSE_BIT, command_status, message.sequence_number) + b"\0"
            for message in messages
        ]
        self._timers.extend(Timer.INACTIVITY, now)
        return b"".join(answers)

    def data_to_send(self) -> bytes:
        """What the session itself has to say; look after every ``receive_data`` and ``tick``."""
        data = b"".join(self._core.out)
        self._core.out.clear()
        return data

    # --- Receiving and time ---

    def receive_data(self, data: bytes, now: float) -> list[Event]:
        """Everything that these bytes of the peer complete, in order. Never raises, whatever they are."""
        core = self._core
        if core.state is State.CLOSED:
            return []
        core.now = now
        frames = core.buffer.feed(data)
        if frames:
            core.heard()
        events: list[Event] = []
        for frame in frames:
            # Looked up anew for each PDU, since any of them may change the state.
            core.handlers.get(frame[0], take_misplaced)(core, frame, events)
        self._settle(events, began_anew=bool(frames))
        return events

    def tick(self, now: float) -> list[Event]:
        """What the passing of time brings: timeouts, a due enquire_link, the end of the link."""
        core = self._core
        if core.state is State.CLOSED:
            return []
        core.now = now
        events: list[Event] = []
        for request in self.window.expire(now):
            events.append(ResponseTimeout(request.token, request.sequence_number))
            core.count_timeout()
        for timer in self._timers.due(now):
            if timer is not Timer.ENQUIRE_LINK:
                core.drop(DropReason[timer.name], events)
                break
            core.ask_for_life()
        return events

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do, unless something happens before; None once CLOSED."""
        if self.state is State.CLOSED:
            return None
        deadlines = (self.window.next_deadline(), self._timers.next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def close(self) -> None:
        """The connection is gone: nothing may be sent or comes any more. The window keeps what was
        unanswered.
        """
        self._core.enter(State.CLOSED)

    # --- Inside ---

    def _check(self, command_id: int) -> None:
        if not self._core.may_send(command_id):
            raise LocalProtocolError(f"{command_name(command_id)} is illegal in state {self.state.name}")

    def _bind_answer(self, pdu: Pdu, now: float) -> bytes:
        if self._core.bind != (pdu.command_id & ~RESPONSE_BIT, pdu.sequence_number):
            raise LocalProtocolError("not the answer to the bind that waits for one")
        data = encode(pdu)
        self._core.now = now
        self._core.advance(pdu.command_id, pdu.command_status)
        return data

    def _reserve(self, tokens: Sequence[object], answered_by: Iterable[int], now: float) -> Sequence[int]:
        self._timers.extend(Timer.INACTIVITY, now)
        return self.window.reserve(tokens, answered_by, now + self._timers.settings.response)

    def _encoded(self, numbers: Sequence[int], encode_all: Callable[[], bytes]) -> bytes:
        try:
            return encode_all()
        except LocalProtocolError:
            self.window.withdraw(numbers)
            raise

    def _settle(self, events: list[Event], began_anew: bool) -> None:
        """After a read: the timer of an unfinished PDU, a stream out of step, an unbind with nothing under
        way.
        """
        core = self._core
        if core.state is State.CLOSED:
            return
        if events:
            self._timers.extend(Timer.INACTIVITY, core.now)
        fault = core.buffer.fault
        if fault is not None:
            core.answer(GenericNack(fault.sequence_number, fault.command_status))
            events.append(PeerFault(fault, answer_owed=False))
            core.drop(DropReason.OUT_OF_STEP, events)
        elif core.state is State.UNBOUND and not len(self.window):
            core.drop(DropReason.UNBOUND, events)
        elif not core.buffer.is_partial:
            self._timers.disarm(Timer.PDU_COMPLETE)
        elif began_anew:
            self._timers.arm(Timer.PDU_COMPLETE, core.now)
        else:
            self._timers.arm_once(Timer.PDU_COMPLETE, core.now)


def _tokens(requests: Sequence[object], tokens: Sequence[object] | None) -> Sequence[object]:
    if tokens is None:
        return (None,) * len(requests)
    if len(tokens) != len(requests):
        raise LocalProtocolError(f"{len(requests)} requests, {len(tokens)} tokens")
    return tokens
