"""SMPP 3.4 as a library for both ends of a session: bytes in, events out. No socket, no clock.

A link does this::

    session = Session(Role.ESME, now, window_size=100)
    write(session.send(BindTransceiver(system_id="me", password="secret"), now, token="bind"))

    for event in session.receive_data(data, now):       # also: session.tick(now) at session.next_deadline()
        match event:
            case Answered(token, response): ...         # SubmitSmResp, a bind answer, or GenericNack
            case DeliverSm() | DataSm():                # a request of the peer is its own event
                receipt = read_receipt(event)           # None: a message from a handset
            case ResponseTimeout(token, number): ...    # outcome unknown; LateResponse may follow
            case LateResponse(token, response): ...
            case UnexpectedResponse(response): ...
            case PeerFault(error, answer_owed): ...     # if owed: session.send(response_to(error), now)
            case Unbound(by_peer): ...                  # DropLink follows
            case DropLink(reason): ...                  # close, after writing data_to_send
    write(session.data_to_send())                       # enquire_link and the like, after each call above

    write(session.send_submits(template, [("46700000001", b"Hi"), ...], now, tokens))   # a block, one write
    write(session.acknowledge(stored_receipts, now))    # deliver_sm_resp, once they are committed

An SMSC does the same with ``Role.SMSC``: the bind comes as an event, answered by
``session.send(bind.response(0, system_id="us"), now)``; then ``session.send_many([deliver_sm], now, tokens)``
and ``session.send_responses([submit_sm.response(0, message_id="1")], now)``.

``now`` is float seconds of a monotonic clock. After the link is gone ``session.window.outstanding()`` lists
the requests whose outcome is unknown; ``requests_beyond(block, handed_over)`` with ``window.withdraw`` takes
out those whose last byte was never written.
"""

from .codec import FrameBuffer, decode, encode, requests_beyond
from .constants import (
    INTERFACE_VERSION,
    MAX_PDU_LENGTH,
    MAX_SEQUENCE_NUMBER,
    MAX_SHORT_MESSAGE_LENGTH,
    STATE_TEXTS,
    CommandId,
    CommandStatus,
    DataCoding,
    EsmClass,
    MessageState,
    Npi,
    RegisteredDelivery,
    Tag,
    Ton,
    command_name,
    command_status_name,
    is_response,
    tag_name,
)
from .errors import LocalProtocolError, ProtocolError, RemoteProtocolError, WindowFullError
from .fields import TLV_FORMATS, Tlv, tlv, tlv_value
from .pdus import (
    PDU_TYPES,
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindRequest,
    BindResponse,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    response_to,
)
from .receipt_text import (
    ReceiptFields,
    is_intermediate,
    is_receipt,
    read_receipt,
    read_receipt_time,
    receipt_text,
)
from .send_window import Outstanding, SendWindow
from .session import Session
from .session_events import (
    Answered,
    DropLink,
    DropReason,
    Event,
    LateResponse,
    PeerFault,
    ResponseTimeout,
    Unbound,
    UnexpectedResponse,
)
from .session_states import Role, State, state_table_markdown
from .submit_template import Recipient, SubmitTemplate
from .timers import TimerSettings

__all__ = [
    "AlertNotification",
    "Answered",
    "BindReceiver",
    "BindReceiverResp",
    "BindRequest",
    "BindResponse",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "CancelSm",
    "CancelSmResp",
    "CommandId",
    "CommandStatus",
    "DataCoding",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "DropLink",
    "DropReason",
    "EnquireLink",
    "EnquireLinkResp",
    "EsmClass",
    "Event",
    "FrameBuffer",
    "GenericNack",
    "INTERFACE_VERSION",
    "LateResponse",
    "LocalProtocolError",
    "MAX_PDU_LENGTH",
    "MAX_SEQUENCE_NUMBER",
    "MAX_SHORT_MESSAGE_LENGTH",
    "MessageState",
    "Npi",
    "Outbind",
    "Outstanding",
    "PDU_TYPES",
    "Pdu",
    "PeerFault",
    "ProtocolError",
    "QuerySm",
    "QuerySmResp",
    "ReceiptFields",
    "Recipient",
    "RegisteredDelivery",
    "RemoteProtocolError",
    "ReplaceSm",
    "ReplaceSmResp",
    "ResponseTimeout",
    "Role",
    "STATE_TEXTS",
    "SendWindow",
    "Session",
    "State",
    "SubmitSm",
    "SubmitSmResp",
    "SubmitTemplate",
    "TLV_FORMATS",
    "Tag",
    "TimerSettings",
    "Tlv",
    "Ton",
    "Unbind",
    "UnbindResp",
    "Unbound",
    "UnexpectedResponse",
    "WindowFullError",
    "command_name",
    "command_status_name",
    "decode",
    "encode",
    "is_intermediate",
    "is_receipt",
    "is_response",
    "read_receipt",
    "read_receipt_time",
    "receipt_text",
    "requests_beyond",
    "response_to",
    "state_table_markdown",
    "tag_name",
    "tlv",
    "tlv_value",
]
