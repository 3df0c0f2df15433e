"""A session end to end: binding, messages and their answers, odd answers, faults of the peer, unbinding."""

import pytest

from heliograph.smpp import (
    AlertNotification,
    Answered,
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CommandStatus,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    DropLink,
    DropReason,
    EnquireLink,
    EnquireLinkResp,
    Event,
    GenericNack,
    LateResponse,
    LocalProtocolError,
    Outbind,
    PeerFault,
    QuerySm,
    QuerySmResp,
    Role,
    Session,
    State,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    Unbound,
    UnexpectedResponse,
    WindowFullError,
    encode,
    response_to,
)

from .session_pair import Pair, esme_in, pdus_in, said, smsc_in


def fault_in(events: list[Event]) -> PeerFault:
    (fault,) = events
    assert isinstance(fault, PeerFault)
    return fault


# --- Binding ---


def test_a_bind_is_answered_by_the_application() -> None:
    pair = Pair()
    request = BindTransceiver(system_id="me", password="secret")
    (bind,) = pair.to_smsc(pair.esme.send(request, 0.0, token="the bind"))
    assert bind == BindTransceiver(1, system_id="me", password="secret")
    assert (pair.esme.state, pair.smsc.state) == (State.BINDING, State.BINDING)
    assert isinstance(bind, BindTransceiver)
    events = pair.to_esme(pair.smsc.send(bind.response(system_id="SMSC"), 0.0))
    assert events == [Answered("the bind", BindTransceiverResp(1, system_id="SMSC"))]
    assert (pair.esme.state, pair.smsc.state) == (State.BOUND_TRX, State.BOUND_TRX)


@pytest.mark.parametrize(
    ("request_type", "state"),
    [
        (BindTransmitter, State.BOUND_TX),
        (BindReceiver, State.BOUND_RX),
        (BindTransceiver, State.BOUND_TRX),
    ],
)
def test_each_bind_leads_to_its_state(request_type: type[BindTransceiver], state: State) -> None:
    pair = Pair()
    pair.bind(request_type())
    assert (pair.esme.state, pair.smsc.state) == (state, state)


def test_a_refused_bind_may_be_tried_again() -> None:
    pair = Pair()
    (bind,) = pair.to_smsc(pair.esme.send(BindTransceiver(), 0.0, "first"))
    assert isinstance(bind, BindTransceiver)
    events = pair.to_esme(pair.smsc.send(bind.response(CommandStatus.ESME_RINVPASWD), 0.0))
    assert events == [Answered("first", BindTransceiverResp(1, 0x0E))]
    assert (pair.esme.state, pair.smsc.state) == (State.OPEN, State.OPEN)
    pair.bind(BindTransceiver())
    assert pair.esme.state is State.BOUND_TRX


def test_a_bind_may_be_answered_by_generic_nack() -> None:
    esme = esme_in(State.BINDING)
    assert esme.receive_data(encode(GenericNack(1, 3)), 0.0) == [Answered(None, GenericNack(1, 3))]
    assert esme.state is State.OPEN


def test_a_bind_answer_of_another_kind_is_not_the_answer() -> None:
    esme = esme_in(State.BINDING)
    resp = BindTransmitterResp(1)
    assert esme.receive_data(encode(resp), 0.0) == [UnexpectedResponse(resp)]
    assert esme.state is State.BINDING


@pytest.mark.parametrize("answer", [BindTransceiverResp(2), BindTransmitterResp(1)])
def test_an_smsc_cannot_answer_a_bind_it_did_not_get(answer: BindTransceiverResp) -> None:
    smsc = smsc_in(State.BINDING)
    with pytest.raises(LocalProtocolError):
        smsc.send(answer, 0.0)
    assert smsc.state is State.BINDING


def test_outbind_asks_for_a_bind() -> None:
    pair = Pair()
    assert pair.to_esme(pair.smsc.send(Outbind(system_id="SMSC"), 0.0)) == [Outbind(1, system_id="SMSC")]
    assert (pair.esme.state, pair.smsc.state) == (State.OUTBOUND, State.OUTBOUND)
    pair.bind(BindReceiver())
    assert pair.smsc.state is State.BOUND_RX


def test_a_second_bind_is_refused_by_the_session() -> None:
    smsc = smsc_in(State.BOUND_TRX)
    fault = fault_in(smsc.receive_data(encode(BindTransceiver(9)), 0.0))
    assert not fault.answer_owed
    assert said(smsc) == [BindTransceiverResp(9, CommandStatus.ESME_RALYBND)]
    assert smsc.state is State.BOUND_TRX


def test_a_malformed_bind_is_refused_by_the_session() -> None:
    smsc = smsc_in(State.OPEN)
    raw = b"\0\0\0\x13\0\0\0\x09\0\0\0\0\0\0\0\x01abc"
    assert not fault_in(smsc.receive_data(raw, 0.0)).answer_owed
    assert said(smsc) == [BindTransceiverResp(1, CommandStatus.ESME_RINVSYSID)]
    assert smsc.state is State.OPEN


# --- Messages ---


def test_a_block_of_requests_is_one_write_and_each_answer_has_its_token() -> None:
    pair = Pair(window=100)
    pair.bind(BindTransceiver())
    block = pair.esme.send_many([SubmitSm(short_message=b"x")] * 100, 1.0, range(100))
    submits = pair.to_smsc(block)
    assert [pdu.sequence_number for pdu in submits if isinstance(pdu, SubmitSm)] == list(range(2, 102))
    answers = [
        pdu.response(message_id=str(pdu.sequence_number)) for pdu in submits if isinstance(pdu, SubmitSm)
    ]
    events = pair.to_esme(pair.smsc.send_responses(reversed(answers), 1.0))
    assert events == [
        Answered(token, SubmitSmResp(token + 2, message_id=str(token + 2))) for token in reversed(range(100))
    ]
    assert len(pair.esme.window) == 0


def test_all_events_of_a_read_come_at_once_and_in_order() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    data = encode(DeliverSm(1)) + encode(SubmitSmResp(2)) + encode(EnquireLink(2)) + encode(DataSm(3))
    assert esme.receive_data(data, 0.0) == [DeliverSm(1), Answered("a", SubmitSmResp(2)), DataSm(3)]
    assert said(esme) == [EnquireLinkResp(2)]


def test_messages_are_never_answered_by_the_session() -> None:
    esme = esme_in(State.BOUND_TRX)
    events = esme.receive_data(encode(DeliverSm(1)) + encode(DataSm(2)), 0.0)
    assert esme.data_to_send() == b""
    stored = [event for event in events if isinstance(event, DeliverSm | DataSm)]
    assert pdus_in(esme.acknowledge(stored, 0.0)) == [stored[0].response(), stored[1].response()]
    assert pdus_in(esme.acknowledge(stored, 0.0, 0x14)) == [
        stored[0].response(0x14),
        stored[1].response(0x14),
    ]


def test_the_same_number_on_both_sides_does_not_confuse() -> None:
    pair = Pair()
    pair.bind(BindTransceiver())
    submit = pair.esme.send(SubmitSm(), 0.0, "ours")
    pair.smsc.window.last_sequence_number = 1
    deliver = pair.smsc.send(DeliverSm(), 0.0, "theirs")
    assert pair.to_smsc(submit) == [SubmitSm(2)]
    assert pair.to_esme(deliver) == [DeliverSm(2)]
    assert pair.to_smsc(pair.esme.send(DeliverSmResp(2), 0.0)) == [Answered("theirs", DeliverSmResp(2))]
    assert pair.to_esme(pair.smsc.send(SubmitSmResp(2), 0.0)) == [Answered("ours", SubmitSmResp(2))]


def test_a_generic_nack_answers_any_request() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    assert esme.receive_data(encode(GenericNack(2, 3)), 0.0) == [Answered("a", GenericNack(2, 3))]


def test_a_query_and_its_answer() -> None:
    pair = Pair()
    pair.bind(BindTransmitter())
    (query,) = pair.to_smsc(pair.esme.send(QuerySm(message_id="7"), 0.0, "q"))
    assert isinstance(query, QuerySm)
    events = pair.to_esme(pair.smsc.send(query.response(message_state=2), 0.0))
    assert events == [Answered("q", QuerySmResp(2, message_id="7", message_state=2))]


def test_an_alert_needs_no_answer() -> None:
    pair = Pair()
    pair.bind(BindReceiver())
    data = pair.smsc.send(AlertNotification(source_addr="46"), 0.0)
    assert pair.to_esme(data) == [AlertNotification(1, source_addr="46")]
    assert pair.esme.data_to_send() == b""


def test_a_full_window_sends_nothing() -> None:
    esme = esme_in(State.BOUND_TRX, window=2)
    with pytest.raises(WindowFullError):
        esme.send_many([SubmitSm()] * 3, 0.0)
    assert len(esme.window) == 0
    esme.send_many([SubmitSm()] * 2, 0.0)
    assert esme.window.free == 0
    with pytest.raises(WindowFullError):
        esme.send(SubmitSm(), 0.0)
    esme.send(EnquireLink(), 0.0)


def test_a_block_that_cannot_be_encoded_takes_no_slot() -> None:
    esme = esme_in(State.BOUND_TRX)
    with pytest.raises(LocalProtocolError):
        esme.send_many([SubmitSm(), SubmitSm(destination_addr="1" * 21)], 0.0)
    assert len(esme.window) == 0


def test_misuse_of_a_block() -> None:
    esme = esme_in(State.BOUND_TRX)
    with pytest.raises(LocalProtocolError):
        esme.send_many([SubmitSm(), EnquireLink()], 0.0)
    with pytest.raises(LocalProtocolError):
        esme.send_many([SubmitSm()], 0.0, ["a", "b"])
    assert esme.send_many([], 0.0) == b""


# --- Odd answers ---


def test_an_answer_nobody_waits_for() -> None:
    esme = esme_in(State.BOUND_TRX)
    assert esme.receive_data(encode(SubmitSmResp(77)), 0.0) == [UnexpectedResponse(SubmitSmResp(77))]
    assert esme.receive_data(encode(EnquireLinkResp(77)), 0.0) == [UnexpectedResponse(EnquireLinkResp(77))]


def test_a_second_answer_is_unexpected() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    resp = SubmitSmResp(2, message_id="1")
    assert esme.receive_data(encode(resp) * 2, 0.0) == [Answered("a", resp), UnexpectedResponse(resp)]


def test_an_answer_of_the_wrong_kind_leaves_the_request_waiting() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    wrong = QuerySmResp(2, message_id="1")
    assert esme.receive_data(encode(wrong), 0.0) == [UnexpectedResponse(wrong)]
    assert esme.receive_data(encode(SubmitSmResp(2)), 0.0) == [Answered("a", SubmitSmResp(2))]


def test_an_answer_we_could_never_expect() -> None:
    esme = esme_in(State.BOUND_TRX)
    assert esme.receive_data(encode(DeliverSmResp(1)), 0.0) == [UnexpectedResponse(DeliverSmResp(1))]


def test_an_answer_whose_body_cannot_be_read_is_still_an_answer() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(QuerySm(), 0.0, "q")
    raw = b"\0\0\0\x12\x80\0\0\x03\0\0\0\0\0\0\0\x02\0\0"
    fault, answered = esme.receive_data(raw, 0.0)
    assert isinstance(fault, PeerFault)
    assert answered == Answered("q", QuerySmResp(2))


@pytest.mark.parametrize("number", [0, 55])
def test_a_nack_that_answers_nothing_ends_the_link(number: int) -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    nack = GenericNack(number, CommandStatus.ESME_RINVCMDLEN)
    assert esme.receive_data(encode(nack), 0.0) == [UnexpectedResponse(nack), DropLink(DropReason.NACKED)]
    assert [request.token for request in esme.window.outstanding()] == ["a"]


def test_a_late_answer_has_its_token() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    esme.tick(60.0)
    resp = SubmitSmResp(2, message_id="1")
    assert esme.receive_data(encode(resp) * 2, 60.5) == [LateResponse("a", resp), UnexpectedResponse(resp)]


# --- Faults of the peer ---


def test_a_malformed_message_is_left_to_the_application() -> None:
    esme = esme_in(State.BOUND_TRX)
    raw = b"\0\0\0\x13\0\0\0\x05\0\0\0\0\0\0\0\x21abc"
    fault = fault_in(esme.receive_data(raw, 0.0))
    assert fault.answer_owed
    assert fault.error.raw == raw
    assert esme.data_to_send() == b""
    assert pdus_in(esme.send(response_to(fault.error, 0), 0.0)) == [DeliverSmResp(0x21)]


def test_the_session_goes_on_after_a_malformed_message() -> None:
    esme = esme_in(State.BOUND_TRX)
    raw = b"\0\0\0\x13\0\0\0\x05\0\0\0\0\0\0\0\x21abc"
    _, after = esme.receive_data(raw + encode(DeliverSm(4)), 0.0)
    assert after == DeliverSm(4)


def test_an_unknown_command_is_nacked() -> None:
    esme = esme_in(State.BOUND_TRX)
    raw = b"\0\0\0\x10\0\0\x77\x77\0\0\0\0\0\0\0\x05"
    assert not fault_in(esme.receive_data(raw, 0.0)).answer_owed
    assert said(esme) == [GenericNack(5, CommandStatus.ESME_RINVCMDID)]


def test_an_unknown_response_is_not_nacked() -> None:
    esme = esme_in(State.BOUND_TRX)
    raw = b"\0\0\0\x10\x80\0\x77\x77\0\0\0\0\0\0\0\x05"
    assert not fault_in(esme.receive_data(raw, 0.0)).answer_owed
    assert esme.data_to_send() == b""


def test_a_message_before_the_bind_answer_is_ignored() -> None:
    esme = esme_in(State.BINDING)
    fault = fault_in(esme.receive_data(encode(DeliverSm(1)), 0.0))
    assert (fault.answer_owed, esme.data_to_send()) == (False, b"")


def test_a_submit_without_a_bind_is_refused() -> None:
    smsc = smsc_in(State.OPEN)
    fault_in(smsc.receive_data(encode(SubmitSm(1)), 0.0))
    assert said(smsc) == [SubmitSmResp(1, CommandStatus.ESME_RINVBNDSTS)]


def test_a_message_to_a_transmitter_is_refused() -> None:
    esme = esme_in(State.BOUND_TX)
    fault_in(esme.receive_data(encode(DeliverSm(1)), 0.0))
    assert said(esme) == [DeliverSmResp(1, CommandStatus.ESME_RINVBNDSTS)]


def test_an_impossible_length_ends_the_link() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    bad = b"\0\0\0\x0f\0\0\0\x05\0\0\0\0\0\0\0\x07"
    events = esme.receive_data(encode(DeliverSm(1)) + bad + encode(DeliverSm(2)), 0.0)
    assert events[0] == DeliverSm(1)
    assert isinstance(events[1], PeerFault)
    assert events[2:] == [DropLink(DropReason.OUT_OF_STEP)]
    assert said(esme) == [GenericNack(7, CommandStatus.ESME_RINVCMDLEN)]
    assert esme.state is State.CLOSED
    assert esme.receive_data(encode(DeliverSm(3)), 0.0) == []
    assert [request.token for request in esme.window.outstanding()] == ["a"]


def test_a_flood_of_receipts_while_we_send() -> None:
    pair = Pair(window=100)
    pair.bind(BindTransceiver())
    esme = pair.esme
    flood = encode(DeliverSm(1, esm_class=4, short_message=b"id:1 stat:DELIVRD")) * 2_000
    block = esme.send_many([SubmitSm()] * 100, 0.0, range(100))
    submits = pair.to_smsc(block)
    answers = pair.smsc.send_responses([pdu.response() for pdu in submits if isinstance(pdu, SubmitSm)], 0.0)
    events = pair.to_esme(flood + answers + flood)
    assert sum(isinstance(event, DeliverSm) for event in events) == 4_000
    assert [event.token for event in events if isinstance(event, Answered)] == list(range(100))


# --- Unbinding and closing ---


def test_unbind_and_its_answer() -> None:
    pair = Pair()
    pair.bind(BindTransceiver())
    data = pair.esme.send(Unbind(), 0.0)
    assert pair.esme.state is State.UNBINDING
    assert pair.smsc.receive_data(data, 0.0) == [Unbound(by_peer=True), DropLink(DropReason.UNBOUND)]
    events = pair.esme.receive_data(pair.smsc.data_to_send(), 0.0)
    assert events == [Unbound(by_peer=False), DropLink(DropReason.UNBOUND)]


def test_an_unbind_of_the_peer_lets_answers_under_way_come() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    assert esme.receive_data(encode(Unbind(9)), 0.0) == [Unbound(by_peer=True)]
    assert said(esme) == [UnbindResp(9)]
    with pytest.raises(LocalProtocolError):
        esme.send(SubmitSm(), 0.0)
    events = esme.receive_data(encode(SubmitSmResp(2)), 1.0)
    assert events == [Answered("a", SubmitSmResp(2)), DropLink(DropReason.UNBOUND)]


def test_messages_between_our_unbind_and_its_answer_are_taken_and_may_be_answered() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(Unbind(), 0.0)
    (late,) = esme.receive_data(encode(DeliverSm(4)), 0.0)
    assert isinstance(late, DeliverSm)
    assert pdus_in(esme.acknowledge([late], 0.0)) == [DeliverSmResp(4)]
    with pytest.raises(LocalProtocolError):
        esme.send(SubmitSm(), 0.0)


def test_both_ends_unbind_at_once() -> None:
    pair = Pair()
    pair.bind(BindTransceiver())
    ours, theirs = pair.esme.send(Unbind(), 0.0), pair.smsc.send(Unbind(), 0.0)
    assert pair.esme.receive_data(theirs, 0.0) == [Unbound(by_peer=True), DropLink(DropReason.UNBOUND)]
    assert pair.smsc.receive_data(ours, 0.0) == [Unbound(by_peer=True), DropLink(DropReason.UNBOUND)]


def test_unbind_answered_by_a_nack_is_unbound_all_the_same() -> None:
    esme = esme_in(State.UNBINDING)
    events = esme.receive_data(encode(GenericNack(2, 3)), 0.0)
    assert events == [Unbound(by_peer=False), DropLink(DropReason.UNBOUND)]


def test_after_close_nothing_is_sent_or_read_and_the_window_can_be_seen() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send_many([SubmitSm()] * 3, 0.0, ["a", "b", "c"])
    esme.close()
    assert [request.token for request in esme.window.outstanding()] == ["a", "b", "c"]
    assert esme.receive_data(encode(SubmitSmResp(2)), 0.0) == []
    assert esme.tick(1e9) == []
    assert esme.next_deadline() is None
    with pytest.raises(LocalProtocolError):
        esme.send(SubmitSm(), 0.0)


def test_what_was_never_written_can_be_withdrawn() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send_many([SubmitSm()] * 3, 0.0, ["a", "b", "c"])
    assert esme.window.withdraw([3, 4, 99]) == ["b", "c"]
    assert [request.token for request in esme.window.outstanding()] == ["a"]


def test_repr_shows_role_state_and_window() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send_many([SubmitSm()] * 3, 0.0)
    assert repr(esme) == "<Session ESME BOUND_TRX 3/10>"
    assert repr(Session(Role.SMSC, 0.0, window_size=2)) == "<Session SMSC OPEN 0/2>"
