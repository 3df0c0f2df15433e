"""Timers as arithmetic: a session is told the time and says what it means. Nothing here waits."""

import pytest

from heliograph.smpp import (
    Answered,
    BindTransceiver,
    DeliverSm,
    DropLink,
    DropReason,
    EnquireLink,
    EnquireLinkResp,
    Event,
    GenericNack,
    LateResponse,
    ResponseTimeout,
    Role,
    Session,
    State,
    SubmitSm,
    SubmitSmResp,
    TimerSettings,
    Unbind,
    encode,
)
from heliograph.smpp.timers import SessionTimers, Timer

from .session_pair import esme_in, said, session_in, smsc_in


def dropped(reason: DropReason) -> list[Event]:
    return [DropLink(reason)]


# --- The arithmetic ---


def test_a_timer_is_due_at_its_second_and_stays_due() -> None:
    timers = SessionTimers(TimerSettings(enquire_link=30.0))
    timers.arm(Timer.ENQUIRE_LINK, 100.0)
    assert timers.next_deadline() == 130.0
    assert timers.due(129.999) == []
    assert timers.due(130.0) == [Timer.ENQUIRE_LINK]
    assert timers.due(131.0) == [Timer.ENQUIRE_LINK]


def test_arming_again_moves_a_timer_and_arming_once_does_not() -> None:
    timers = SessionTimers(TimerSettings())
    timers.arm(Timer.ENQUIRE_LINK, 0.0)
    timers.arm_once(Timer.ENQUIRE_LINK, 10.0)
    assert timers.next_deadline() == 30.0
    timers.extend(Timer.ENQUIRE_LINK, 10.0)
    assert timers.next_deadline() == 40.0
    timers.extend(Timer.BIND_ANSWER, 10.0)
    assert not timers.is_armed(Timer.BIND_ANSWER)


def test_timers_are_due_earliest_first() -> None:
    timers = SessionTimers(TimerSettings(enquire_link=30.0, bind_answer=5.0))
    timers.arm(Timer.ENQUIRE_LINK, 0.0)
    timers.arm(Timer.BIND_ANSWER, 0.0)
    assert timers.due(100.0) == [Timer.BIND_ANSWER, Timer.ENQUIRE_LINK]
    timers.disarm(Timer.BIND_ANSWER, Timer.SILENCE)
    assert timers.due(100.0) == [Timer.ENQUIRE_LINK]


def test_a_timer_without_a_duration_stays_off() -> None:
    timers = SessionTimers(TimerSettings(inactivity=None))
    timers.arm(Timer.INACTIVITY, 0.0)
    assert timers.next_deadline() is None


def test_the_defaults() -> None:
    settings = TimerSettings()
    assert (settings.enquire_link, settings.enquire_link_answer) == (30.0, 15.0)
    assert (settings.response, settings.timeouts_in_a_row) == (60.0, 3)
    assert (settings.bind_answer, settings.unbind_answer, settings.pdu_complete) == (30.0, 5.0, 10.0)


# --- Before the bind ---


@pytest.mark.parametrize("role", Role)
def test_a_connection_without_a_bind_is_dropped(role: Role) -> None:
    session = Session(role, 100.0)
    assert session.next_deadline() == 110.0
    assert session.tick(109.9) == []
    assert session.tick(110.0) == dropped(DropReason.SESSION_INIT)
    assert session.state is State.CLOSED
    assert session.tick(111.0) == []


def test_a_bind_that_is_not_answered() -> None:
    esme = Session(Role.ESME, 0.0)
    esme.send(BindTransceiver(), 5.0)
    assert esme.next_deadline() == 35.0
    assert esme.tick(35.0) == dropped(DropReason.BIND_ANSWER)


def test_at_the_smsc_a_refused_bind_does_not_buy_time() -> None:
    smsc = Session(Role.SMSC, 0.0)
    for second in (3.0, 6.0, 9.0):
        (bind,) = smsc.receive_data(encode(BindTransceiver(int(second))), second)
        assert isinstance(bind, BindTransceiver)
        smsc.send(bind.response(0x0E), second)
    assert smsc.tick(10.0) == dropped(DropReason.SESSION_INIT)


def test_at_the_smsc_a_bind_left_without_an_answer_is_dropped() -> None:
    smsc = Session(Role.SMSC, 0.0)
    smsc.receive_data(encode(BindTransceiver(1)), 4.0)
    assert smsc.tick(10.0) == dropped(DropReason.SESSION_INIT)


# --- Signs of life ---


def test_an_idle_link_is_asked_for_life_and_dropped_without_an_answer() -> None:
    esme = esme_in(State.BOUND_TRX, now=100.0)
    assert esme.next_deadline() == 130.0
    assert esme.tick(130.0) == []
    assert said(esme) == [EnquireLink(2)]
    assert esme.next_deadline() == 145.0
    assert esme.tick(144.9) == []
    assert esme.data_to_send() == b""
    assert esme.tick(145.0) == dropped(DropReason.ENQUIRE_LINK_ANSWER)


@pytest.mark.parametrize(
    "answer", [EnquireLinkResp(2), EnquireLinkResp(2, 8), GenericNack(2, 3), DeliverSm(1)]
)
def test_any_pdu_is_a_sign_of_life(answer: EnquireLinkResp) -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.tick(30.0)
    esme.receive_data(encode(answer), 40.0)
    assert esme.state is State.BOUND_TRX
    assert esme.next_deadline() == 70.0


def test_a_busy_link_is_not_asked() -> None:
    esme = esme_in(State.BOUND_TRX)
    for second in range(0, 300, 20):
        esme.receive_data(encode(EnquireLink(5)), float(second))
        assert esme.tick(float(second + 19)) == []
        assert said(esme) == [EnquireLinkResp(5)]


def test_sending_alone_is_no_sign_of_life() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 29.0)
    esme.tick(30.0)
    assert said(esme) == [EnquireLink(3)]


def test_an_enquire_link_of_the_application_must_be_answered_too() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(EnquireLink(), 1.0)
    assert esme.tick(16.0) == dropped(DropReason.ENQUIRE_LINK_ANSWER)


def test_half_a_pdu_is_no_sign_of_life() -> None:
    esme = esme_in(State.BOUND_TRX, timers=TimerSettings(pdu_complete=100.0))
    esme.receive_data(encode(DeliverSm(1))[:20], 29.0)
    esme.tick(30.0)
    assert said(esme) == [EnquireLink(2)]


# --- Inactivity ---


def test_a_session_without_messages_ends_if_wished() -> None:
    smsc = smsc_in(State.BOUND_TRX, timers=TimerSettings(inactivity=100.0, enquire_link=1000.0))
    assert smsc.next_deadline() == 100.0
    smsc.receive_data(encode(SubmitSm(1)), 50.0)
    assert smsc.next_deadline() == 150.0
    smsc.send_responses([SubmitSmResp(1)], 60.0)
    smsc.send(DeliverSm(), 70.0)
    smsc.receive_data(encode(EnquireLink(2)), 80.0)
    assert smsc.tick(169.0) == [ResponseTimeout(None, 1)]
    assert smsc.tick(170.0) == dropped(DropReason.INACTIVITY)


# --- PDUs that do not end ---


def test_a_pdu_must_be_complete_in_time() -> None:
    esme = esme_in(State.BOUND_TRX)
    raw = encode(DeliverSm(1))
    esme.receive_data(raw[:1], 1.0)
    for at in range(1, 10):
        esme.receive_data(raw[at : at + 1], 1.0 + at)
    assert esme.next_deadline() == 11.0
    assert esme.tick(11.0) == dropped(DropReason.PDU_COMPLETE)


def test_each_pdu_has_its_own_time() -> None:
    esme = esme_in(State.BOUND_TRX)
    raw = encode(DeliverSm(1))
    esme.receive_data(raw[:20], 1.0)
    esme.receive_data(raw[20:] + raw[:20], 9.0)
    assert esme.next_deadline() == 19.0
    esme.receive_data(raw[20:], 18.0)
    assert esme.next_deadline() == 48.0


def test_an_unfinished_pdu_keeps_its_time_over_a_change_of_state() -> None:
    esme = esme_in(State.BINDING)
    resp = encode(BindTransceiver(1).response())
    esme.receive_data(resp + b"\0\0", 1.0)
    assert (esme.state, esme.next_deadline()) == (State.BOUND_TRX, 11.0)


# --- Answers to messages ---


def test_a_request_times_out_and_frees_its_slot() -> None:
    esme = esme_in(State.BOUND_TRX, timers=TimerSettings(enquire_link=1000.0))
    esme.send_many([SubmitSm()] * 2, 10.0, ["a", "b"])
    assert esme.next_deadline() == 70.0
    assert esme.tick(70.0) == [ResponseTimeout("a", 2), ResponseTimeout("b", 3)]
    assert esme.window.free == 10
    assert esme.receive_data(encode(SubmitSmResp(3)), 71.0) == [LateResponse("b", SubmitSmResp(3))]


def silent_esme() -> Session:
    """An ESME of which three requests have timed out at second 60."""
    esme = esme_in(State.BOUND_TRX, timers=TimerSettings(enquire_link=1000.0))
    esme.send_many([SubmitSm()] * 4, 0.0, range(4))
    esme.receive_data(encode(SubmitSmResp(2)), 1.0)
    assert len(esme.tick(60.0)) == 3
    return esme


def test_three_timeouts_in_a_row_ask_for_life_and_without_an_answer_drop_the_link() -> None:
    esme = silent_esme()
    assert said(esme) == [EnquireLink(6)]
    assert esme.next_deadline() == 75.0
    assert esme.tick(75.0) == dropped(DropReason.ENQUIRE_LINK_ANSWER)
    assert [request.token for request in esme.window.timed_out()] == [1, 2, 3]


def test_a_link_that_is_alive_and_answers_no_message_is_dropped() -> None:
    esme = silent_esme()
    esme.receive_data(encode(EnquireLinkResp(6)), 61.0)
    assert esme.tick(75.0) == dropped(DropReason.SILENCE)


def test_a_late_answer_saves_the_link() -> None:
    esme = silent_esme()
    esme.receive_data(encode(SubmitSmResp(3)), 62.0)
    assert esme.tick(80.0) == []
    assert esme.state is State.BOUND_TRX


def test_an_answer_in_time_saves_the_link() -> None:
    esme = silent_esme()
    esme.send(SubmitSm(), 61.0, "next")
    assert esme.receive_data(encode(SubmitSmResp(7)), 62.0) == [Answered("next", SubmitSmResp(7))]
    assert esme.tick(80.0) == []


def test_answers_between_timeouts_keep_the_link() -> None:
    esme = esme_in(State.BOUND_TRX, timers=TimerSettings(enquire_link=10_000.0))
    for second in range(0, 600, 100):
        esme.send_many([SubmitSm()] * 3, float(second), range(3))
        number = esme.window.last_sequence_number
        esme.receive_data(encode(SubmitSmResp(number)), second + 1.0)
        assert len(esme.tick(second + 60.0)) == 2
    assert esme.data_to_send() == b""


# --- Unbinding ---


def test_an_unbind_that_is_not_answered() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(Unbind(), 10.0)
    assert esme.next_deadline() == 15.0
    assert esme.tick(15.0) == dropped(DropReason.UNBIND_ANSWER)


def test_after_an_unbind_of_the_peer_answers_have_a_little_time() -> None:
    esme = esme_in(State.BOUND_TRX)
    esme.send(SubmitSm(), 0.0, "a")
    esme.receive_data(encode(Unbind(1)), 10.0)
    assert esme.next_deadline() == 15.0
    assert esme.tick(15.0) == dropped(DropReason.UNBOUND)
    assert [request.token for request in esme.window.outstanding()] == ["a"]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_every_open_state_has_a_deadline_and_ends_if_nothing_ever_comes(role: Role, state: State) -> None:
    session = session_in(role, state)
    for _ in range(3):
        deadline = session.next_deadline()
        if deadline is None:
            break
        session.tick(deadline)
    assert session.state is State.CLOSED
