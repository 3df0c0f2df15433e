"""The table of states, checked through real sessions of both roles in every state."""

import pytest

from heliograph.smpp import (
    PDU_TYPES,
    Answered,
    BindRequest,
    BindResponse,
    CommandId,
    EnquireLink,
    EnquireLinkResp,
    LocalProtocolError,
    PeerFault,
    Role,
    Session,
    State,
    Unbind,
    UnbindResp,
    UnexpectedResponse,
    encode,
    is_response,
    state_table_markdown,
)
from heliograph.smpp.session_states import RECEIVABLE, SENDABLE, TRANSITIONS, next_state

from .session_pair import session_in

PLACES = [(role, state) for role in Role for state in State]
IN_EVERY_PLACE = pytest.mark.parametrize(
    ("role", "state"), PLACES, ids=[f"{role.name}-{state.name}" for role, state in PLACES]
)


@IN_EVERY_PLACE
def test_a_session_sends_what_the_table_allows_and_nothing_else(role: Role, state: State) -> None:
    other_bind_answers = {CommandId.BIND_RECEIVER_RESP, CommandId.BIND_TRANSMITTER_RESP}
    for command_id, pdu_type in PDU_TYPES.items():
        if command_id in other_bind_answers:
            continue
        session = session_in(role, state)
        assert session.may_send(command_id) == (command_id in SENDABLE[state, role])
        if session.may_send(command_id):
            assert session.send(pdu_type(1), 0.0)
        else:
            with pytest.raises(LocalProtocolError):
                session.send(pdu_type(1), 0.0)
            assert session.state is state


@IN_EVERY_PLACE
def test_a_request_out_of_place_never_reaches_the_application(role: Role, state: State) -> None:
    for command_id, pdu_type in PDU_TYPES.items():
        if is_response(command_id) or command_id in RECEIVABLE[state, role]:
            continue
        session = session_in(role, state)
        events = session.receive_data(encode(pdu_type(9)), 0.0)
        kinds = [type(event) for event in events]
        assert kinds[:1] == ([] if state is State.CLOSED else [PeerFault])


@IN_EVERY_PLACE
def test_a_request_in_its_place_reaches_the_application_or_is_answered(role: Role, state: State) -> None:
    for command_id in RECEIVABLE[state, role]:
        session = session_in(role, state)
        if is_response(command_id) or command_id in (CommandId.ENQUIRE_LINK, CommandId.UNBIND):
            continue
        pdu = PDU_TYPES[command_id](9)
        assert session.receive_data(encode(pdu), 0.0)[0] == pdu


@IN_EVERY_PLACE
def test_no_response_is_taken_that_nobody_asked_for(role: Role, state: State) -> None:
    for command_id, pdu_type in PDU_TYPES.items():
        if is_response(command_id):
            session = session_in(role, state)
            events = session.receive_data(encode(pdu_type(777)), 0.0)
            assert not any(isinstance(event, Answered) for event in events)
            assert state is State.CLOSED or events[0] == UnexpectedResponse(pdu_type(777))


@IN_EVERY_PLACE
def test_enquire_link_is_answered_wherever_we_may_write(role: Role, state: State) -> None:
    session = session_in(role, state)
    session.receive_data(encode(EnquireLink(9)), 0.0)
    silent = state in (State.UNBOUND, State.CLOSED)
    assert session.data_to_send() == (b"" if silent else encode(EnquireLinkResp(9)))


def test_what_one_end_may_send_the_other_may_receive() -> None:
    for (state, role), commands in SENDABLE.items():
        if state is not State.UNBINDING:
            assert commands <= RECEIVABLE[state, role.peer]


def test_unbinding_accepts_all_that_may_have_crossed() -> None:
    for role in Role:
        assert RECEIVABLE[State.UNBINDING, role] >= SENDABLE[State.BOUND_TRX, role.peer]
        assert SENDABLE[State.UNBINDING, role] <= SENDABLE[State.BOUND_TRX, role]


def test_every_state_but_closed_is_reached_by_a_transition_or_is_the_first() -> None:
    assert {*TRANSITIONS.values(), State.OPEN, State.CLOSED} == set(State)


def test_only_the_right_pdus_lead_on() -> None:
    for state in State:
        for command_id in CommandId:
            expected = TRANSITIONS.get((state, command_id), state)
            if (state, command_id) == (State.BINDING, CommandId.GENERIC_NACK):
                expected = State.OPEN
            assert next_state(state, command_id, 0) is expected


@pytest.mark.parametrize("role", Role)
def test_a_refused_bind_leads_back_to_open(role: Role) -> None:
    for command_id in CommandId:
        after = next_state(State.BINDING, command_id, 0x0E)
        assert after is (State.OPEN if is_response(command_id) else State.BINDING)


def test_the_table_for_the_documentation_has_every_state_and_pdu() -> None:
    table = state_table_markdown()
    assert all(f"| {state.name} |" in table for state in State)
    assert all(f"`{command.name.lower()}`" in table for command in CommandId if int(command) in PDU_TYPES)
    assert "| OPEN | connected, not bound |" in table
    assert "| UNBOUND | unbound; answers under way may still come | nothing | nothing |" in table
    assert "| BINDING | `bind_receiver_resp` | BOUND_RX |" in table


def test_every_kind_of_session_starts_open() -> None:
    for role in Role:
        assert Session(role, 0.0).state is State.OPEN


def test_classes_of_binds_and_unbinds_match_the_table() -> None:
    binds = {c for c, kind in PDU_TYPES.items() if issubclass(kind, BindRequest)}
    answers = {c for c, kind in PDU_TYPES.items() if issubclass(kind, BindResponse)}
    assert {c | 0x80000000 for c in binds} == answers
    assert Unbind().response() == UnbindResp()
