"""What the two halves of a session share: its state, timers, send window and the bytes it wants written."""

from collections.abc import Callable, Mapping
from typing import Final

from .codec import Frame, FrameBuffer, encode
from .constants import CommandId
from .pdus import EnquireLink, Pdu
from .send_window import SendWindow
from .session_events import DropLink, DropReason, Event
from .session_states import BOUND, SENDABLE, Role, State, next_state
from .timers import SessionTimers, Timer, TimerSettings

_ARMED_IN: Final[dict[State, tuple[Timer, ...]]] = {
    State.OPEN: (Timer.SESSION_INIT,),
    State.OUTBOUND: (Timer.SESSION_INIT,),
    State.BINDING: (Timer.BIND_ANSWER,),
    State.BOUND_TX: (Timer.ENQUIRE_LINK, Timer.INACTIVITY),
    State.BOUND_RX: (Timer.ENQUIRE_LINK, Timer.INACTIVITY),
    State.BOUND_TRX: (Timer.ENQUIRE_LINK, Timer.INACTIVITY),
    State.UNBINDING: (Timer.UNBIND_ANSWER,),
    State.UNBOUND: (Timer.UNBOUND,),
    State.CLOSED: (),
}
"""The timers that run in a state from its start; on entering it all others stop."""


Handler = Callable[["SessionCore", Frame, list[Event]], None]
"""Takes one PDU of the peer."""
Handlers = Mapping[tuple[State, Role], Mapping[int, Handler]]
"""Who takes a PDU, by our state and role; what is not there is misplaced."""


class SessionCore:
    """The changing parts of one session. ``session`` and ``received_pdus`` act on it."""

    def __init__(
        self, role: Role, now: float, window: SendWindow, timers: TimerSettings, handlers: Handlers
    ) -> None:
        self._all_handlers = handlers
        self.role = role
        self.state = State.OPEN
        self.now = now
        self.window = window
        self.timers = SessionTimers(timers)
        self.buffer = FrameBuffer()
        self.out: list[bytes] = []
        self.bind: tuple[int, int] | None = None
        """command_id and sequence_number of the bind that an SMSC has to answer."""
        self.timeouts_in_a_row = 0
        self.enter(State.OPEN)

    def may_send(self, command_id: int) -> bool:
        """Whether the table of states lets us send this PDU now."""
        return command_id in SENDABLE[self.state, self.role]

    def answer(self, pdu: Pdu) -> None:
        """Queue a PDU of the session's own."""
        self.out.append(encode(pdu))

    def advance(self, command_id: int, command_status: int = 0) -> None:
        """Go where this PDU, sent or received, leads."""
        after = next_state(self.state, command_id, command_status)
        if after is not self.state:
            self.enter(after)

    def enter(self, state: State) -> None:
        """Take a state with its timers. At the SMSC a bind must not only come but be accepted in time."""
        self.state = state
        self.handlers = self._all_handlers[state, self.role]
        still_binding = self.role is Role.SMSC and state is State.BINDING
        wanted = (Timer.SESSION_INIT,) if still_binding else _ARMED_IN[state]
        kept = wanted if state is State.CLOSED else (*wanted, Timer.PDU_COMPLETE)
        self.timers.disarm(*(timer for timer in Timer if timer not in kept))
        for timer in wanted:
            self.timers.arm_once(timer, self.now)

    def drop(self, reason: DropReason, events: list[Event]) -> None:
        """End the session and tell the application to close the connection."""
        self.enter(State.CLOSED)
        events.append(DropLink(reason))

    def heard(self) -> None:
        """The peer sent a whole PDU: it is alive."""
        if self.state in BOUND:
            self.timers.arm(Timer.ENQUIRE_LINK, self.now)
            self.timers.disarm(Timer.ENQUIRE_LINK_ANSWER)

    def ask_for_life(self) -> None:
        """Send enquire_link and expect anything to come back."""
        self.timers.disarm(Timer.ENQUIRE_LINK)
        self.timers.arm_once(Timer.ENQUIRE_LINK_ANSWER, self.now)
        number = self.window.reserve_control(None, CommandId.ENQUIRE_LINK)
        self.out.append(encode(EnquireLink(), number))

    def count_timeout(self) -> None:
        """A message request timed out; after too many in a row the peer gets one last chance."""
        self.timeouts_in_a_row += 1
        if self.timeouts_in_a_row == self.timers.settings.timeouts_in_a_row and self.state in BOUND:
            self.ask_for_life()
            self.timers.arm_once(Timer.SILENCE, self.now)

    def forgive_timeouts(self) -> None:
        """A message request was answered, in time or late."""
        self.timeouts_in_a_row = 0
        self.timers.disarm(Timer.SILENCE)
