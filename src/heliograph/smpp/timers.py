"""The timers of a session as arithmetic on ``now``: seconds as float, on any clock that never goes back.

Nothing here waits. A timer is armed, moved or disarmed; ``due`` tells which ones have run out.
"""

from dataclasses import dataclass
from enum import Enum, unique


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSettings:
    """Durations in seconds (SMPP 3.4, 7.2 names the first four)."""

    session_init: float = 10.0
    """A new connection must be bound by then (at the SMSC) or have sent its bind (at the ESME)."""
    enquire_link: float = 30.0
    """After this long without a PDU from the peer it is asked for a sign of life."""
    inactivity: float | None = None
    """The session ends after this long without any message in either direction; None never ends it."""
    response: float = 60.0
    """A message request without its response times out."""
    bind_answer: float = 30.0
    enquire_link_answer: float = 15.0
    pdu_complete: float = 10.0
    """A PDU must be complete this long after its first byte."""
    unbind_answer: float = 5.0
    """How long to wait for unbind_resp, and after the peer's unbind for answers under way."""
    silence: float = 15.0
    """After too many response timeouts in a row: how long to wait for any answer to a message."""
    timeouts_in_a_row: int = 3
    """So many response timeouts without an answer between them start ``silence``."""


@unique
class Timer(Enum):
    """What may run out; the value completes "the link is dropped because ..."."""

    SESSION_INIT = "no bind in time"
    BIND_ANSWER = "no answer to the bind"
    ENQUIRE_LINK = "nothing heard for a while"
    ENQUIRE_LINK_ANSWER = "no answer to enquire_link"
    INACTIVITY = "no message for too long"
    PDU_COMPLETE = "a PDU began and did not end"
    UNBIND_ANSWER = "no answer to unbind"
    UNBOUND = "unbound"
    SILENCE = "messages are not answered"


class SessionTimers:
    """The armed timers of one session."""

    def __init__(self, settings: TimerSettings) -> None:
        self.settings = settings
        self._seconds: dict[Timer, float | None] = {
            Timer.SESSION_INIT: settings.session_init,
            Timer.BIND_ANSWER: settings.bind_answer,
            Timer.ENQUIRE_LINK: settings.enquire_link,
            Timer.ENQUIRE_LINK_ANSWER: settings.enquire_link_answer,
            Timer.INACTIVITY: settings.inactivity,
            Timer.PDU_COMPLETE: settings.pdu_complete,
            Timer.UNBIND_ANSWER: settings.unbind_answer,
            Timer.UNBOUND: settings.unbind_answer,
            Timer.SILENCE: settings.silence,
        }
        self._deadlines: dict[Timer, float] = {}

    def arm(self, timer: Timer, now: float) -> None:
        """Start a timer, or start it again; one without a duration stays off."""
        seconds = self._seconds[timer]
        if seconds is not None:
            self._deadlines[timer] = now + seconds

    def arm_once(self, timer: Timer, now: float) -> None:
        """Start a timer unless it runs already."""
        if timer not in self._deadlines:
            self.arm(timer, now)

    def extend(self, timer: Timer, now: float) -> None:
        """Start a timer again if it runs."""
        if timer in self._deadlines:
            self.arm(timer, now)

    def disarm(self, *timers: Timer) -> None:
        """Stop timers, running or not."""
        for timer in timers:
            self._deadlines.pop(timer, None)

    def disarm_all(self) -> None:
        """Stop every timer."""
        self._deadlines.clear()

    def is_armed(self, timer: Timer) -> bool:
        """Whether a timer runs."""
        return timer in self._deadlines

    def due(self, now: float) -> list[Timer]:
        """The timers that have run out, earliest first; they stay armed."""
        ended = [(deadline, timer) for timer, deadline in self._deadlines.items() if deadline <= now]
        return [timer for _, timer in sorted(ended, key=lambda one: one[0])]

    def next_deadline(self) -> float | None:
        """When the next timer runs out, None if none runs."""
        return min(self._deadlines.values(), default=None)
