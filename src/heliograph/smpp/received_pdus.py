"""What a session does with each PDU of the peer: one function per kind, chosen from a table by state and
role.
"""

from typing import Final

from .codec import Frame, unknown_command
from .compiled_pdus import DECODERS, HEADER
from .constants import RESPONSE_BIT, CommandId, CommandStatus, command_name, is_response
from .errors import RemoteProtocolError, malformed_pdu
from .pdus import PDU_TYPES, GenericNack, Pdu, UnbindResp, response_to
from .session_core import Handler, Handlers, SessionCore
from .session_events import (
    Answered,
    DropReason,
    Event,
    LateResponse,
    PeerFault,
    Unbound,
    UnexpectedResponse,
)
from .session_states import BIND_REQUESTS, BOUND, MESSAGE_REQUESTS, RECEIVABLE, Role, State

_UNANSWERABLE: Final = frozenset({CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION})


def _take_request(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    """A request for the application. If it is malformed, only the application knows how to refuse it."""
    command_id, command_status, sequence_number, raw = frame
    try:
        events.append(DECODERS[command_id](raw, sequence_number, command_status))
    except RemoteProtocolError as error:
        events.append(PeerFault(error, answer_owed=command_id in MESSAGE_REQUESTS))


def _take_bind(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    try:
        events.append(DECODERS[frame[0]](frame[3], frame[2], frame[1]))
    except RemoteProtocolError as error:
        core.answer(response_to(error))
        events.append(PeerFault(error, answer_owed=False))
    else:
        core.bind = (frame[0], frame[2])
        core.advance(frame[0])


def _take_outbind(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    _take_request(core, frame, events)
    core.advance(frame[0])


def _take_enquire_link(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    if core.may_send(CommandId.ENQUIRE_LINK_RESP):
        core.out.append(HEADER.pack(16, CommandId.ENQUIRE_LINK_RESP, 0, frame[2]))


def _take_unbind(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    core.answer(UnbindResp(frame[2]))
    core.advance(CommandId.UNBIND)
    core.advance(CommandId.UNBIND_RESP)
    events.append(Unbound(by_peer=True))


def _take_answer(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    """The answer to a message request: the one path that every submitted message takes."""
    command_id, command_status, sequence_number, raw = frame
    waiting = core.window.take_answer(sequence_number, command_id)
    if waiting is None:
        _take_late_answer(core, frame, events)
        return
    if core.timeouts_in_a_row:
        core.forgive_timeouts()
    try:
        response = DECODERS[command_id](raw, sequence_number, command_status)
    except RemoteProtocolError as error:
        # The verdict stands in the header: a request must not stay in doubt for a body that cannot be read.
        response = _bare(frame)
        events.append(PeerFault(error, answer_owed=False))
    events.append(Answered(waiting[0], response))


def _take_late_answer(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    late = core.window.take_late_answer(frame[2], frame[0])
    if late is None:
        events.append(UnexpectedResponse(_readable(frame)))
    else:
        core.forgive_timeouts()
        events.append(LateResponse(late[0], _readable(frame)))


def _take_control_answer(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    waiting = core.window.take_control_answer(frame[2], frame[0])
    if waiting is None:
        events.append(UnexpectedResponse(_readable(frame)))
    else:
        _end_control(core, waiting[0], waiting[1], _readable(frame), events)


def _end_control(
    core: SessionCore, token: object, expected_id: int, response: Pdu, events: list[Event]
) -> None:
    """An answer to a request of the session's own; for enquire_link and unbind any answer is a good one."""
    if expected_id == CommandId.UNBIND_RESP:
        core.advance(expected_id)
        events.append(Unbound(by_peer=False))
    elif expected_id != CommandId.ENQUIRE_LINK_RESP:
        core.advance(response.command_id, response.command_status)
        events.append(Answered(token, response))


def _take_nack(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    """A generic_nack answers any request; if it answers none, nobody can say what the peer has dropped."""
    control = core.window.take_control_answer(frame[2], frame[0])
    if control is not None:
        _end_control(core, control[0], control[1], _bare(frame), events)
        return
    _take_answer(core, frame, events)
    if isinstance(events[-1], UnexpectedResponse):
        core.drop(DropReason.NACKED, events)


def take_misplaced(core: SessionCore, frame: Frame, events: list[Event]) -> None:
    """A PDU that is unknown, or illegal in this state."""
    command_id, _, sequence_number, raw = frame
    if core.state is State.CLOSED:
        return
    answer: Pdu | None = None
    if command_id not in PDU_TYPES:
        error = unknown_command(raw)
        if not is_response(command_id):
            answer = GenericNack(sequence_number, error.command_status)
    elif is_response(command_id):
        events.append(UnexpectedResponse(_readable(frame)))
        return
    else:
        error = _out_of_place(core, frame)
        if _is_answerable(core, command_id):
            answer = response_to(error)
    if answer is not None and core.may_send(CommandId.GENERIC_NACK):
        core.answer(answer)
    events.append(PeerFault(error, answer_owed=False))


def _is_answerable(core: SessionCore, command_id: int) -> bool:
    """An ESME that is not bound stays silent, so that the SMSC sends the message again once it is."""
    return command_id not in _UNANSWERABLE and (core.role is Role.SMSC or core.state in BOUND)


def _out_of_place(core: SessionCore, frame: Frame) -> RemoteProtocolError:
    again = frame[0] in BIND_REQUESTS and core.state in BOUND
    status = CommandStatus.ESME_RALYBND if again else CommandStatus.ESME_RINVBNDSTS
    return malformed_pdu(frame[3], f"{command_name(frame[0])} in state {core.state.name}", status)


def _bare(frame: Frame) -> Pdu:
    """A response by its header alone."""
    return PDU_TYPES[frame[0]](frame[2], frame[1])


def _readable(frame: Frame) -> Pdu:
    """A response with whatever can be read of it."""
    try:
        return DECODERS[frame[0]](frame[3], frame[2], frame[1])
    except RemoteProtocolError:
        return _bare(frame)


_HANDLERS: Final[dict[CommandId, Handler]] = {
    CommandId.GENERIC_NACK: _take_nack,
    CommandId.OUTBIND: _take_outbind,
    CommandId.ALERT_NOTIFICATION: _take_request,
    CommandId.ENQUIRE_LINK: _take_enquire_link,
    CommandId.ENQUIRE_LINK_RESP: _take_control_answer,
    CommandId.UNBIND: _take_unbind,
    CommandId.UNBIND_RESP: _take_control_answer,
    **{command_id: _take_bind for command_id in BIND_REQUESTS},
    **{CommandId(command_id | RESPONSE_BIT): _take_control_answer for command_id in BIND_REQUESTS},
    **{command_id: _take_request for command_id in MESSAGE_REQUESTS},
    **{CommandId(command_id | RESPONSE_BIT): _take_answer for command_id in MESSAGE_REQUESTS},
}

HANDLERS: Final[Handlers] = {
    place: {int(command_id): _HANDLERS[command_id] for command_id in legal}
    for place, legal in RECEIVABLE.items()
}
"""Who takes a PDU, by our state and role. What is not here is misplaced."""
