"""One struct per PDU of SMPP 3.4; the annotated fields in their order are the table the codec is compiled
from.

Every PDU begins with ``sequence_number`` (0: the session gives one) and ``command_status``; every field has
the default of an empty PDU. A request builds its own answer: ``deliver_sm.response(status)``. The repr names
no number, text or password, so that a PDU may appear in a log.
"""

from typing import ClassVar

import msgspec

from .constants import INTERFACE_VERSION, CommandId, Tag, command_name, command_status_name
from .errors import RemoteProtocolError
from .fields import (
    U8,
    AddressRange,
    DestinationAddress,
    ExpiryTime,
    FinalDate,
    LongDestinationAddress,
    LongSourceAddress,
    MessageId,
    Password,
    ScheduleTime,
    ServiceType,
    SourceAddress,
    SystemId,
    SystemType,
    Tlv,
    UserData,
)


class Pdu(msgspec.Struct, frozen=True, gc=False, eq=False):
    """What all PDUs share. Two PDUs are equal if everything on the wire is."""

    command_id: ClassVar[int]
    has_tlvs: ClassVar[bool] = False
    bare_on_error: ClassVar[bool] = False
    """Whether the body is left out of a refusal (SMPP 3.4, 4.1.2 and 4.4.2)."""

    sequence_number: int = 0
    command_status: int = 0

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name) for name in self.__struct_fields__ if name != "raw"
        )

    def __repr__(self) -> str:
        name = command_name(self.command_id)
        status = f" {command_status_name(self.command_status)}" if self.command_id & 0x80000000 else ""
        return f"<{name} {self.sequence_number}{status}>"


class PduWithTlvs(Pdu, frozen=True, gc=False, eq=False):
    """A PDU that may carry optional parameters: in their order, duplicates and unknown tags included."""

    has_tlvs: ClassVar[bool] = True

    tlvs: tuple[Tlv, ...] = ()

    def tlv(self, tag: int) -> bytes | None:
        """The octets of the first TLV of this tag; see ``fields.tlv_value`` for their meaning."""
        for one, value in self.tlvs:
            if one == tag:
                return value
        return None


class MessagePdu(PduWithTlvs, frozen=True, gc=False, eq=False):
    """A PDU that carries a message. ``raw`` is the PDU as it came from the peer, for storing it as proof."""

    raw: bytes = b""


# --- Binding (SMPP 3.4, 4.1) ---


class BindResponse(PduWithTlvs, frozen=True, gc=False, eq=False):
    """The answer to any bind (SMPP 3.4, 4.1.2)."""

    bare_on_error: ClassVar[bool] = True

    system_id: SystemId = ""


class BindReceiverResp(BindResponse, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.BIND_RECEIVER_RESP.value


class BindTransmitterResp(BindResponse, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.BIND_TRANSMITTER_RESP.value


class BindTransceiverResp(BindResponse, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.BIND_TRANSCEIVER_RESP.value


class BindRequest(Pdu, frozen=True, gc=False, eq=False):
    """Any bind (SMPP 3.4, 4.1.1): who we are and in which role we wish to work."""

    response_type: ClassVar[type[BindResponse]]

    system_id: SystemId = ""
    password: Password = ""
    system_type: SystemType = ""
    interface_version: U8 = INTERFACE_VERSION
    addr_ton: U8 = 0
    addr_npi: U8 = 0
    address_range: AddressRange = ""

    def response(
        self, command_status: int = 0, *, system_id: str = "", tlvs: tuple[Tlv, ...] = ()
    ) -> BindResponse:
        """The answer to this bind; ``system_id`` is the SMSC's own."""
        return self.response_type(self.sequence_number, command_status, tlvs, system_id)


class BindReceiver(BindRequest, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.BIND_RECEIVER.value
    response_type: ClassVar[type[BindResponse]] = BindReceiverResp


class BindTransmitter(BindRequest, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.BIND_TRANSMITTER.value
    response_type: ClassVar[type[BindResponse]] = BindTransmitterResp


class BindTransceiver(BindRequest, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.BIND_TRANSCEIVER.value
    response_type: ClassVar[type[BindResponse]] = BindTransceiverResp


class Outbind(Pdu, frozen=True, gc=False, eq=False):
    """The SMSC asks the ESME to bind as receiver; it has no answer (SMPP 3.4, 4.1.7)."""

    command_id: ClassVar[int] = CommandId.OUTBIND.value

    system_id: SystemId = ""
    password: Password = ""


class UnbindResp(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.UNBIND_RESP.value


class Unbind(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.UNBIND.value

    def response(self, command_status: int = 0) -> UnbindResp:
        return UnbindResp(self.sequence_number, command_status)


class EnquireLinkResp(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.ENQUIRE_LINK_RESP.value


class EnquireLink(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.ENQUIRE_LINK.value

    def response(self, command_status: int = 0) -> EnquireLinkResp:
        return EnquireLinkResp(self.sequence_number, command_status)


class GenericNack(Pdu, frozen=True, gc=False, eq=False):
    """The answer to what could not be understood at all (SMPP 3.4, 4.3)."""

    command_id: ClassVar[int] = CommandId.GENERIC_NACK.value


# --- Messages (SMPP 3.4, 4.4 to 4.7) ---


class MessageResponse(PduWithTlvs, frozen=True, gc=False, eq=False):
    """An answer that names a message. In deliver_sm_resp the ``message_id`` is unused and empty."""

    message_id: MessageId = ""


class SubmitSmResp(MessageResponse, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.SUBMIT_SM_RESP.value
    bare_on_error: ClassVar[bool] = True


class DeliverSmResp(MessageResponse, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.DELIVER_SM_RESP.value


class DataSmResp(MessageResponse, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.DATA_SM_RESP.value


class ShortMessagePdu(MessagePdu, frozen=True, gc=False, eq=False):
    """The body submit_sm and deliver_sm have in common (SMPP 3.4, 4.4.1 and 4.6.1)."""

    service_type: ServiceType = ""
    source_addr_ton: U8 = 0
    source_addr_npi: U8 = 0
    source_addr: SourceAddress = ""
    dest_addr_ton: U8 = 0
    dest_addr_npi: U8 = 0
    destination_addr: DestinationAddress = ""
    esm_class: U8 = 0
    protocol_id: U8 = 0
    priority_flag: U8 = 0
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ExpiryTime = ""
    registered_delivery: U8 = 0
    replace_if_present_flag: U8 = 0
    data_coding: U8 = 0
    sm_default_msg_id: U8 = 0
    short_message: UserData = b""

    @property
    def user_data(self) -> bytes:
        """The message's octets, from short_message or else from message_payload; a UDH is still in front."""
        return self.short_message or self.tlv(Tag.MESSAGE_PAYLOAD) or b""


class SubmitSm(ShortMessagePdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.SUBMIT_SM.value

    def response(
        self, command_status: int = 0, *, message_id: str = "", tlvs: tuple[Tlv, ...] = ()
    ) -> SubmitSmResp:
        return SubmitSmResp(self.sequence_number, command_status, tlvs, message_id)


class DeliverSm(ShortMessagePdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.DELIVER_SM.value

    def response(self, command_status: int = 0, *, tlvs: tuple[Tlv, ...] = ()) -> DeliverSmResp:
        return DeliverSmResp(self.sequence_number, command_status, tlvs)


class DataSm(MessagePdu, frozen=True, gc=False, eq=False):
    """A message in either direction whose text is the TLV message_payload (SMPP 3.4, 4.7.1)."""

    command_id: ClassVar[int] = CommandId.DATA_SM.value

    service_type: ServiceType = ""
    source_addr_ton: U8 = 0
    source_addr_npi: U8 = 0
    source_addr: LongSourceAddress = ""
    dest_addr_ton: U8 = 0
    dest_addr_npi: U8 = 0
    destination_addr: LongDestinationAddress = ""
    esm_class: U8 = 0
    registered_delivery: U8 = 0
    data_coding: U8 = 0

    @property
    def user_data(self) -> bytes:
        """The message's octets; a UDH is still in front."""
        return self.tlv(Tag.MESSAGE_PAYLOAD) or b""

    def response(
        self, command_status: int = 0, *, message_id: str = "", tlvs: tuple[Tlv, ...] = ()
    ) -> DataSmResp:
        return DataSmResp(self.sequence_number, command_status, tlvs, message_id)


# --- Asking about messages and changing them (SMPP 3.4, 4.8 to 4.10, 4.12) ---


class QuerySmResp(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.QUERY_SM_RESP.value

    message_id: MessageId = ""
    final_date: FinalDate = ""
    message_state: U8 = 0
    error_code: U8 = 0


class QuerySm(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.QUERY_SM.value

    message_id: MessageId = ""
    source_addr_ton: U8 = 0
    source_addr_npi: U8 = 0
    source_addr: SourceAddress = ""

    def response(
        self, command_status: int = 0, *, final_date: str = "", message_state: int = 0, error_code: int = 0
    ) -> QuerySmResp:
        """The answer; it repeats the message_id asked for unless it is a refusal."""
        message_id = "" if command_status else self.message_id
        return QuerySmResp(
            self.sequence_number, command_status, message_id, final_date, message_state, error_code
        )


class CancelSmResp(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.CANCEL_SM_RESP.value


class CancelSm(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.CANCEL_SM.value

    service_type: ServiceType = ""
    message_id: MessageId = ""
    source_addr_ton: U8 = 0
    source_addr_npi: U8 = 0
    source_addr: SourceAddress = ""
    dest_addr_ton: U8 = 0
    dest_addr_npi: U8 = 0
    destination_addr: DestinationAddress = ""

    def response(self, command_status: int = 0) -> CancelSmResp:
        return CancelSmResp(self.sequence_number, command_status)


class ReplaceSmResp(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.REPLACE_SM_RESP.value


class ReplaceSm(Pdu, frozen=True, gc=False, eq=False):
    command_id: ClassVar[int] = CommandId.REPLACE_SM.value

    message_id: MessageId = ""
    source_addr_ton: U8 = 0
    source_addr_npi: U8 = 0
    source_addr: SourceAddress = ""
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ExpiryTime = ""
    registered_delivery: U8 = 0
    sm_default_msg_id: U8 = 0
    short_message: UserData = b""

    def response(self, command_status: int = 0) -> ReplaceSmResp:
        return ReplaceSmResp(self.sequence_number, command_status)


class AlertNotification(PduWithTlvs, frozen=True, gc=False, eq=False):
    """The SMSC tells that a handset became available; it has no answer (SMPP 3.4, 4.12.1)."""

    command_id: ClassVar[int] = CommandId.ALERT_NOTIFICATION.value

    source_addr_ton: U8 = 0
    source_addr_npi: U8 = 0
    source_addr: LongSourceAddress = ""
    esme_addr_ton: U8 = 0
    esme_addr_npi: U8 = 0
    esme_addr: LongDestinationAddress = ""


PDU_TYPES: dict[int, type[Pdu]] = {
    pdu_type.command_id: pdu_type
    for pdu_type in (
        GenericNack,
        BindReceiver,
        BindReceiverResp,
        BindTransmitter,
        BindTransmitterResp,
        BindTransceiver,
        BindTransceiverResp,
        Outbind,
        Unbind,
        UnbindResp,
        EnquireLink,
        EnquireLinkResp,
        SubmitSm,
        SubmitSmResp,
        DeliverSm,
        DeliverSmResp,
        DataSm,
        DataSmResp,
        QuerySm,
        QuerySmResp,
        CancelSm,
        CancelSmResp,
        ReplaceSm,
        ReplaceSmResp,
        AlertNotification,
    )
}
"""Every PDU this library reads and writes, by command_id. submit_multi is not among them."""


def response_to(error: RemoteProtocolError, command_status: int | None = None) -> Pdu:
    """The answer to a request that could not be read, by default with the error's own status.

    A PDU whose command has no response gets a generic_nack (SMPP 3.4, 3.3).
    """
    status = error.command_status if command_status is None else command_status
    answer_type = PDU_TYPES.get(error.command_id | 0x80000000, GenericNack)
    return answer_type(error.sequence_number, status)
