"""Sessions for tests: one end in any state, or both ends back to back with bytes that can be seen."""

from dataclasses import dataclass, field

from heliograph.smpp import (
    BindReceiver,
    BindReceiverResp,
    BindRequest,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    Event,
    Outbind,
    Pdu,
    Role,
    Session,
    State,
    TimerSettings,
    Unbind,
    decode,
    encode,
)

BINDS: dict[State, tuple[type[BindRequest], type[Pdu]]] = {
    State.BOUND_TX: (BindTransmitter, BindTransmitterResp),
    State.BOUND_RX: (BindReceiver, BindReceiverResp),
    State.BOUND_TRX: (BindTransceiver, BindTransceiverResp),
}


def esme_in(state: State, now: float = 0.0, timers: TimerSettings | None = None, window: int = 10) -> Session:
    """An ESME brought into a state by what it sends and receives; its first number is 1."""
    session = Session(Role.ESME, now, window_size=window, timers=timers)
    if state is State.OUTBOUND:
        session.receive_data(encode(Outbind(1)), now)
    if state in (State.OPEN, State.OUTBOUND):
        return session
    request, response = BINDS.get(state, BINDS[State.BOUND_TRX])
    session.send(request(), now)
    if state is not State.BINDING:
        session.receive_data(encode(response(1)), now)
    return _ended(session, state, now)


def smsc_in(state: State, now: float = 0.0, timers: TimerSettings | None = None, window: int = 10) -> Session:
    """An SMSC brought into a state; the bind it got has the number 1."""
    session = Session(Role.SMSC, now, window_size=window, timers=timers)
    if state is State.OUTBOUND:
        session.send(Outbind(), now)
    if state in (State.OPEN, State.OUTBOUND):
        return session
    request, _ = BINDS.get(state, BINDS[State.BOUND_TRX])
    bind = request(1)
    session.receive_data(encode(bind), now)
    if state is not State.BINDING:
        session.send(bind.response(), now)
    return _ended(session, state, now)


def _ended(session: Session, state: State, now: float) -> Session:
    if state is State.UNBINDING:
        session.send(Unbind(), now)
    if state is State.UNBOUND:
        keep = session.window.reserve([None], [0x80000004], now + 1000)
        session.receive_data(encode(Unbind(500)), now)
        session.window.withdraw(keep)
    if state is State.CLOSED:
        session.close()
    session.data_to_send()
    assert session.state is state
    return session


def session_in(role: Role, state: State, now: float = 0.0, timers: TimerSettings | None = None) -> Session:
    """Either role in any state."""
    return (esme_in if role is Role.ESME else smsc_in)(state, now, timers)


def said(session: Session) -> list[Pdu]:
    """What the session itself wants to send, decoded."""
    return pdus_in(session.data_to_send())


def pdus_in(data: bytes) -> list[Pdu]:
    """A block of our own PDUs, decoded one by one."""
    pdus = []
    while data:
        length = int.from_bytes(data[:4], "big")
        pdus.append(decode(data[:length]))
        data = data[length:]
    return pdus


@dataclass
class Pair:
    """Both ends of a link; bytes go over at once, and what each end reports is kept."""

    now: float = 0.0
    window: int = 10
    esme: Session = field(init=False)
    smsc: Session = field(init=False)

    def __post_init__(self) -> None:
        self.esme = Session(Role.ESME, self.now, window_size=self.window)
        self.smsc = Session(Role.SMSC, self.now, window_size=self.window)

    def to_smsc(self, data: bytes) -> list[Event]:
        """Bytes of the ESME arrive; what the SMSC says by itself goes back."""
        events = self.smsc.receive_data(data, self.now)
        self.esme.receive_data(self.smsc.data_to_send(), self.now)
        return events

    def to_esme(self, data: bytes) -> list[Event]:
        """Bytes of the SMSC arrive; what the ESME says by itself goes back."""
        events = self.esme.receive_data(data, self.now)
        self.smsc.receive_data(self.esme.data_to_send(), self.now)
        return events

    def bind(self, request: BindRequest) -> None:
        """The ESME binds and the SMSC agrees."""
        (bind,) = self.to_smsc(self.esme.send(request, self.now))
        assert isinstance(bind, BindRequest)
        self.to_esme(self.smsc.send(bind.response(), self.now))
