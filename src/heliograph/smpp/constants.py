"""The numbers of SMPP 3.4 under the names of its specification (SMPP 3.4, sections 5.1 and 5.2).

Unknown numbers are never an error here: a peer may use any, so every ``*_name`` function has an answer for
all of them.
"""

from enum import IntEnum, IntFlag, unique
from typing import Final

RESPONSE_BIT: Final = 0x80000000
"""Set in the command_id of every response (SMPP 3.4, 5.1.2.1)."""

INTERFACE_VERSION: Final = 0x34
"""What a bind of version 3.4 states as its interface_version."""

MAX_SEQUENCE_NUMBER: Final = 0x7FFFFFFF
"""Sequence numbers run from 1 to this one and start again (SMPP 3.4, 5.1.4)."""

HEADER_LENGTH: Final = 16
MAX_PDU_LENGTH: Final = 70_000
"""The largest command_length we accept: a message_payload of 64 KiB with everything around it."""

MAX_SHORT_MESSAGE_LENGTH: Final = 254
"""The longest short_message; more belongs in message_payload (SMPP 3.4, 5.2.21)."""


@unique
class CommandId(IntEnum):
    """The command_id of a PDU (SMPP 3.4, 5.1.2.1)."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER = 0x00000002
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM = 0x00000003
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    REPLACE_SM = 0x00000007
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM = 0x00000008
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    OUTBIND = 0x0000000B
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015
    SUBMIT_MULTI = 0x00000021
    SUBMIT_MULTI_RESP = 0x80000021
    ALERT_NOTIFICATION = 0x00000102
    DATA_SM = 0x00000103
    DATA_SM_RESP = 0x80000103


@unique
class CommandStatus(IntEnum):
    """The command_status of a response, 0 in every request (SMPP 3.4, 5.1.3)."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVNUMDESTS = 0x33
    ESME_RINVDLNAME = 0x34
    ESME_RINVDESTFLAG = 0x40
    ESME_RINVSUBREP = 0x42
    ESME_RINVESMCLASS = 0x43
    ESME_RCNTSUBDL = 0x44
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSRCTON = 0x48
    ESME_RINVSRCNPI = 0x49
    ESME_RINVDSTTON = 0x50
    ESME_RINVDSTNPI = 0x51
    ESME_RINVSYSTYP = 0x53
    ESME_RINVREPFLAG = 0x54
    ESME_RINVNUMMSGS = 0x55
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RINVDFTMSGID = 0x63
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RMISSINGOPTPARAM = 0xC3
    ESME_RINVOPTPARAMVAL = 0xC4
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF


@unique
class Ton(IntEnum):
    """Type of number (SMPP 3.4, 5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER_NUMBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


@unique
class Npi(IntEnum):
    """Numbering plan indicator (SMPP 3.4, 5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP_CLIENT_ID = 18


@unique
class DataCoding(IntEnum):
    """How the octets of a short message are to be read (SMPP 3.4, 5.2.19)."""

    SMSC_DEFAULT = 0
    IA5 = 1
    BINARY_ALIAS = 2
    LATIN1 = 3
    BINARY = 4
    JIS = 5
    CYRILLIC = 6
    HEBREW = 7
    UCS2 = 8
    PICTOGRAM = 9
    MUSIC = 10
    EXTENDED_KANJI = 13
    KS_C_5601 = 14
    FLASH_DEFAULT = 0x10
    """Message class 0 of the GSM data coding scheme (3GPP TS 23.038, 4), shown at once and not stored."""
    FLASH_UCS2 = 0x18


class EsmClass(IntFlag):
    """Bits of esm_class (SMPP 3.4, 5.2.12). Bits 0-1 are the mode, 2-5 the type, 6-7 the GSM features."""

    DEFAULT_MODE = 0x00
    DATAGRAM_MODE = 0x01
    FORWARD_MODE = 0x02
    STORE_AND_FORWARD_MODE = 0x03
    DELIVERY_RECEIPT = 0x04
    DELIVERY_ACKNOWLEDGEMENT = 0x08
    USER_ACKNOWLEDGEMENT = 0x10
    CONVERSATION_ABORT = 0x18
    INTERMEDIATE_NOTIFICATION = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80


class RegisteredDelivery(IntFlag):
    """Bits of registered_delivery (SMPP 3.4, 5.2.17)."""

    NONE = 0x00
    RECEIPT = 0x01
    RECEIPT_ON_FAILURE = 0x02
    SME_ACKNOWLEDGEMENT = 0x04
    USER_ACKNOWLEDGEMENT = 0x08
    INTERMEDIATE_NOTIFICATION = 0x10


@unique
class MessageState(IntEnum):
    """The message_state of a receipt or of query_sm_resp (SMPP 3.4, 5.2.28; 0 and 9 are of version 5.0)."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9


STATE_TEXTS: Final[dict[int, str]] = {
    MessageState.SCHEDULED.value: "SCHEDLD",
    MessageState.ENROUTE.value: "ENROUTE",
    MessageState.DELIVERED.value: "DELIVRD",
    MessageState.EXPIRED.value: "EXPIRED",
    MessageState.DELETED.value: "DELETED",
    MessageState.UNDELIVERABLE.value: "UNDELIV",
    MessageState.ACCEPTED.value: "ACCEPTD",
    MessageState.UNKNOWN.value: "UNKNOWN",
    MessageState.REJECTED.value: "REJECTD",
    MessageState.SKIPPED.value: "SKIPPED",
}
"""message_state as the seven letters of a receipt text (SMPP 3.4, Appendix B)."""


@unique
class Tag(IntEnum):
    """Tags of the optional parameters, TLVs (SMPP 3.4, 5.3.2)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    USSD_SERVICE_OP = 0x0501
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


_COMMAND_NAMES: Final = {int(command): command.name.lower() for command in CommandId}
_STATUS_NAMES: Final = {int(status): status.name for status in CommandStatus}
_TAG_NAMES: Final = {int(tag): tag.name.lower() for tag in Tag}


def command_name(command_id: int) -> str:
    """``submit_sm`` and so on; an unknown command_id as its hexadecimal number."""
    return _COMMAND_NAMES.get(command_id) or f"0x{command_id:08X}"


def command_status_name(command_status: int) -> str:
    """``ESME_RTHROTTLED`` and so on; an unknown status as its hexadecimal number."""
    return _STATUS_NAMES.get(command_status) or f"0x{command_status:08X}"


def tag_name(tag: int) -> str:
    """``message_state`` and so on; an unknown or vendor tag as its hexadecimal number."""
    return _TAG_NAMES.get(tag) or f"0x{tag:04X}"


def is_response(command_id: int) -> bool:
    """Whether a PDU of this command answers another one (generic_nack does)."""
    return command_id >= RESPONSE_BIT
