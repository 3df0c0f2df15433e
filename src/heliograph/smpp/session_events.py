"""What a session reports. A request of the peer is its own event, the PDU; all else is one of these."""

from enum import Enum, unique

import msgspec

from .errors import RemoteProtocolError
from .pdus import Pdu
from .timers import Timer


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A request of ours was answered in time. ``token`` is what the caller gave to ``send``.

    ``response`` is the PDU that belongs to the request, or a GenericNack.
    """

    token: object
    response: Pdu


class ResponseTimeout(msgspec.Struct, frozen=True, gc=False):
    """A request of ours was not answered in time. Its outcome is unknown; its answer may still come."""

    token: object
    sequence_number: int


class LateResponse(msgspec.Struct, frozen=True, gc=False):
    """The answer to a request that had timed out."""

    token: object
    response: Pdu


class UnexpectedResponse(msgspec.Struct, frozen=True, gc=False):
    """A response nobody waits for: an unknown number, a second answer, or one of the wrong kind."""

    response: Pdu


class PeerFault(msgspec.Struct, frozen=True, gc=False):
    """The peer sent something malformed, unknown or out of place.

    If ``answer_owed``, the application must answer, usually with ``response_to(error)``: only it knows
    whether the peer shall send the thing again. Otherwise the session has done all there is to do.
    """

    error: RemoteProtocolError
    answer_owed: bool


class Unbound(msgspec.Struct, frozen=True, gc=False):
    """The session is unbound, on our wish or the peer's; the unbind is answered. DropLink follows."""

    by_peer: bool


@unique
class DropReason(Enum):
    """Why a link must be closed; the value completes "dropped because ..."."""

    SESSION_INIT = Timer.SESSION_INIT.value
    BIND_ANSWER = Timer.BIND_ANSWER.value
    ENQUIRE_LINK_ANSWER = Timer.ENQUIRE_LINK_ANSWER.value
    INACTIVITY = Timer.INACTIVITY.value
    PDU_COMPLETE = Timer.PDU_COMPLETE.value
    UNBIND_ANSWER = Timer.UNBIND_ANSWER.value
    UNBOUND = Timer.UNBOUND.value
    SILENCE = Timer.SILENCE.value
    OUT_OF_STEP = "the stream is out of step"
    NACKED = "the peer refused something that cannot be named"


class DropLink(msgspec.Struct, frozen=True, gc=False):
    """Write what ``data_to_send`` still has, then close the connection. The session is CLOSED and reports no
    more.

    Requests without an answer are in ``session.window.outstanding()``.
    """

    reason: DropReason


Event = Pdu | Answered | ResponseTimeout | LateResponse | UnexpectedResponse | PeerFault | Unbound | DropLink
