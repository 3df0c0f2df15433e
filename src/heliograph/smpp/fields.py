"""The kinds of field a PDU is made of, and optional parameters (TLVs) to and from bytes (SMPP 3.4, 3.1 and
5.3).

Text of the protocol (addresses, ids, system ids) is Latin-1, so that no byte a peer sends is lost or refused.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Annotated, Final

from .constants import CommandStatus, Tag, tag_name
from .errors import LocalProtocolError, malformed_pdu

DECODE_TOLERANCE: Final = 4
"""How many times longer than the specification's limit a peer's C-octet string may be.

Peers do send longer ids, addresses and system ids than allowed; refusing those loses messages, while
no limit at all would let one PDU put 70,000 octets where a database expects a phone number.
"""


@dataclass(frozen=True, slots=True)
class Integer:
    """An unsigned integer of one octet, the only width the mandatory fields of 3.4 have.

    ``invalid`` is the command_status that refuses a bad value.
    """

    invalid: CommandStatus = CommandStatus.ESME_RINVMSGLEN


@dataclass(frozen=True, slots=True)
class COctetString:
    """Text ended by a NUL; ``size`` is the largest number of octets with that NUL (SMPP 3.4, 3.1)."""

    size: int
    invalid: CommandStatus = CommandStatus.ESME_RINVMSGLEN

    @property
    def most_decoded(self) -> int:
        """The most octets we read, without the NUL."""
        return self.size * DECODE_TOLERANCE


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """sm_length (one octet) and as many octets of user data (SMPP 3.4, 5.2.21 and 5.2.22)."""


Field = Integer | COctetString | ShortMessage

U8 = Annotated[int, Integer()]
SystemId = Annotated[str, COctetString(16, CommandStatus.ESME_RINVSYSID)]
Password = Annotated[str, COctetString(9, CommandStatus.ESME_RINVPASWD)]
SystemType = Annotated[str, COctetString(13, CommandStatus.ESME_RINVSYSTYP)]
AddressRange = Annotated[str, COctetString(41)]
ServiceType = Annotated[str, COctetString(6, CommandStatus.ESME_RINVSERTYP)]
SourceAddress = Annotated[str, COctetString(21, CommandStatus.ESME_RINVSRCADR)]
DestinationAddress = Annotated[str, COctetString(21, CommandStatus.ESME_RINVDSTADR)]
LongSourceAddress = Annotated[str, COctetString(65, CommandStatus.ESME_RINVSRCADR)]
LongDestinationAddress = Annotated[str, COctetString(65, CommandStatus.ESME_RINVDSTADR)]
MessageId = Annotated[str, COctetString(65, CommandStatus.ESME_RINVMSGID)]
ScheduleTime = Annotated[str, COctetString(17, CommandStatus.ESME_RINVSCHED)]
ExpiryTime = Annotated[str, COctetString(17, CommandStatus.ESME_RINVEXPIRY)]
FinalDate = Annotated[str, COctetString(17)]
UserData = Annotated[bytes, ShortMessage()]

Tlv = tuple[int, bytes]
"""One optional parameter as it stands on the wire: tag and value octets."""


@dataclass(frozen=True, slots=True)
class TlvFormat:
    """How the value of a known tag is built: ``int`` of ``most`` octets, ``str`` ended by NUL, ``bytes``."""

    kind: type[int] | type[str] | type[bytes]
    least: int
    most: int


def _integer(octets: int) -> TlvFormat:
    return TlvFormat(int, octets, octets)


TLV_FORMATS: Final[dict[int, TlvFormat]] = {
    Tag.DEST_ADDR_SUBUNIT: _integer(1),
    Tag.DEST_NETWORK_TYPE: _integer(1),
    Tag.DEST_BEARER_TYPE: _integer(1),
    Tag.DEST_TELEMATICS_ID: _integer(2),
    Tag.SOURCE_ADDR_SUBUNIT: _integer(1),
    Tag.SOURCE_NETWORK_TYPE: _integer(1),
    Tag.SOURCE_BEARER_TYPE: _integer(1),
    Tag.SOURCE_TELEMATICS_ID: _integer(1),
    Tag.QOS_TIME_TO_LIVE: _integer(4),
    Tag.PAYLOAD_TYPE: _integer(1),
    Tag.ADDITIONAL_STATUS_INFO_TEXT: TlvFormat(str, 1, 256),
    Tag.RECEIPTED_MESSAGE_ID: TlvFormat(str, 1, 65),
    Tag.MS_MSG_WAIT_FACILITIES: _integer(1),
    Tag.PRIVACY_INDICATOR: _integer(1),
    Tag.SOURCE_SUBADDRESS: TlvFormat(bytes, 2, 23),
    Tag.DEST_SUBADDRESS: TlvFormat(bytes, 2, 23),
    Tag.USER_MESSAGE_REFERENCE: _integer(2),
    Tag.USER_RESPONSE_CODE: _integer(1),
    Tag.SOURCE_PORT: _integer(2),
    Tag.DESTINATION_PORT: _integer(2),
    Tag.SAR_MSG_REF_NUM: _integer(2),
    Tag.LANGUAGE_INDICATOR: _integer(1),
    Tag.SAR_TOTAL_SEGMENTS: _integer(1),
    Tag.SAR_SEGMENT_SEQNUM: _integer(1),
    Tag.SC_INTERFACE_VERSION: _integer(1),
    Tag.CALLBACK_NUM_PRES_IND: _integer(1),
    Tag.CALLBACK_NUM_ATAG: TlvFormat(bytes, 0, 65),
    Tag.NUMBER_OF_MESSAGES: _integer(1),
    Tag.CALLBACK_NUM: TlvFormat(bytes, 4, 19),
    Tag.DPF_RESULT: _integer(1),
    Tag.SET_DPF: _integer(1),
    Tag.MS_AVAILABILITY_STATUS: _integer(1),
    Tag.NETWORK_ERROR_CODE: TlvFormat(bytes, 3, 3),
    Tag.MESSAGE_PAYLOAD: TlvFormat(bytes, 0, 65_535),
    Tag.DELIVERY_FAILURE_REASON: _integer(1),
    Tag.MORE_MESSAGES_TO_SEND: _integer(1),
    Tag.MESSAGE_STATE: _integer(1),
    Tag.USSD_SERVICE_OP: TlvFormat(bytes, 1, 1),
    Tag.DISPLAY_TIME: _integer(1),
    Tag.SMS_SIGNAL: _integer(2),
    Tag.MS_VALIDITY: _integer(1),
    Tag.ALERT_ON_MESSAGE_DELIVERY: TlvFormat(bytes, 0, 0),
    Tag.ITS_REPLY_TYPE: _integer(1),
    Tag.ITS_SESSION_INFO: TlvFormat(bytes, 2, 2),
}

_TAG_AND_LENGTH: Final = Struct(">HH")


def tlv(tag: int, value: int | str | bytes) -> Tlv:
    """A TLV from its meaning: ``tlv(Tag.MESSAGE_STATE, 2)``, ``tlv(Tag.RECEIPTED_MESSAGE_ID, "a1")``.

    A tag we do not know takes bytes only. Raises LocalProtocolError where value and format do not fit.
    """
    form = TLV_FORMATS.get(tag, TlvFormat(bytes, 0, 65_535))
    if not isinstance(value, form.kind):
        raise LocalProtocolError(f"{tag_name(tag)} takes {form.kind.__name__}, not {type(value).__name__}")
    octets = _value_octets(tag, value, form)
    if not form.least <= len(octets) <= form.most:
        raise LocalProtocolError(
            f"{tag_name(tag)} takes {form.least} to {form.most} octets, not {len(octets)}"
        )
    return (int(tag), octets)


def _value_octets(tag: int, value: int | str | bytes, form: TlvFormat) -> bytes:
    try:
        if isinstance(value, int):
            return value.to_bytes(form.most, "big")
        return value.encode("latin-1") + b"\0" if isinstance(value, str) else value
    except (OverflowError, UnicodeEncodeError) as problem:
        raise LocalProtocolError(f"{tag_name(tag)}: {problem}") from None


def tlv_value(tag: int, octets: bytes) -> int | str | bytes:
    """The meaning of a TLV's octets; octets that do not fit the tag's format come back as they are.

    Integers of any width are read, and text with or without its NUL: peers disagree about both.
    """
    form = TLV_FORMATS.get(tag)
    if form is None or form.kind is bytes:
        return octets
    if form.kind is int:
        return int.from_bytes(octets, "big") if 1 <= len(octets) <= 8 else octets
    return octets.split(b"\0", 1)[0].decode("latin-1")


def encode_tlvs(tlvs: tuple[Tlv, ...]) -> bytes:
    """The TLVs in their order. Raises LocalProtocolError for a tag or a length beyond 16 bits."""
    header = _TAG_AND_LENGTH.pack
    try:
        return b"".join([header(tag, len(value)) + value for tag, value in tlvs])
    except Exception as problem:
        raise LocalProtocolError(f"TLV: {problem}") from None


def decode_tlvs(raw: bytes, position: int, lenient: bool) -> tuple[Tlv, ...]:
    """Every TLV from ``position`` to the end of a PDU, in order, duplicates and unknown tags included.

    A length beyond the end, or one to three octets left over, is ESME_RINVOPTPARSTREAM; ``lenient`` ignores
    that tail, which is right for responses: their verdict is in the header and nobody could answer them.
    """
    tlvs: list[Tlv] = []
    take, read = tlvs.append, _TAG_AND_LENGTH.unpack_from
    end = len(raw)
    last = end - 4
    while position <= last:
        tag, length = read(raw, position)
        position += 4 + length
        take((tag, raw[position - length : position]))
    if position != end:
        if position > end and tlvs:
            tlvs.pop()
        if not lenient:
            reason = "optional parameters do not end with the PDU"
            raise malformed_pdu(raw, reason, CommandStatus.ESME_RINVOPTPARSTREAM)
    return tuple(tlvs)
