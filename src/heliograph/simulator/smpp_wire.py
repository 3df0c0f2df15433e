"""The simulated carrier's own reading and writing of SMPP 3.4 octets.

It shares no code with ``heliograph.smpp``: the carrier is the witness in every proof about sending, and a
misreading of the specification must not be made on both sides at once. It knows only what a carrier needs,
and is made for pace: a carrier that is slow would be measured in place of the sender.
"""

from struct import Struct
from typing import Final

import msgspec

BIND_RECEIVER: Final = 0x00000001
BIND_TRANSMITTER: Final = 0x00000002
SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
BIND_TRANSCEIVER: Final = 0x00000009
ENQUIRE_LINK: Final = 0x00000015
RESPONSE: Final = 0x80000000
"""The bit that makes a command_id its response (SMPP 3.4, 5.1.2.1)."""
GENERIC_NACK: Final = 0x80000000
DELIVER_SM_RESP: Final = 0x80000005

ROK: Final = 0x00
RINVCMDLEN: Final = 0x02
RINVCMDID: Final = 0x03
RINVBNDSTS: Final = 0x04
RALYBND: Final = 0x05
RINVPASWD: Final = 0x0E
RINVSYSID: Final = 0x0F
RTHROTTLED: Final = 0x58

HEADER_LENGTH: Final = 16
MAX_PDU: Final = 70_000
"""The longest PDU taken: a message_payload of 64 KiB and its fields."""
MAX_SEQUENCE: Final = 0x7FFFFFFF

UDHI: Final = 0x40
"""The bit of esm_class that announces a user data header."""
RECEIPT: Final = 0x04
"""esm_class of a delivery receipt."""
INTERMEDIATE: Final = 0x20
"""esm_class of an intermediate notification."""

HEADER: Final = Struct(">IIII")
_TLV: Final = Struct(">HH")

TLV_RECEIPTED_MESSAGE_ID: Final = 0x001E
TLV_SAR_REFERENCE: Final = 0x020C
TLV_SAR_TOTAL: Final = 0x020E
TLV_SAR_SEQUENCE: Final = 0x020F
TLV_NETWORK_ERROR: Final = 0x0423
TLV_MESSAGE_PAYLOAD: Final = 0x0424
TLV_MESSAGE_STATE: Final = 0x0427


class MalformedPdu(ValueError):
    """The body does not follow the layout of its command."""


class Submit(msgspec.Struct, frozen=True, gc=False):
    """One submit_sm (SMPP 3.4, 4.4.1). Addresses keep TON and NPI in front, as deliver_sm wants them back."""

    source: bytes
    destination: bytes
    esm_class: int
    registered_delivery: int
    data_coding: int
    octets: bytes
    """``short_message``, or the ``message_payload`` TLV in its place; with its UDH."""
    tlvs: bytes = b""

    @property
    def sender(self) -> bytes:
        return self.source[2:]

    @property
    def recipient(self) -> bytes:
        return self.destination[2:]


def read_submit(data: bytes, start: int, end: int) -> Submit:
    """The submit_sm whose body lies at ``start`` up to ``end``. Raises MalformedPdu."""
    find = data.index
    try:
        service = find(0, start, end)
        source = find(0, service + 3, end)
        destination = find(0, source + 3, end)
        schedule = find(0, destination + 4, end)
        validity = find(0, schedule + 1, end)
        length = data[validity + 5]
    except (ValueError, IndexError):
        raise MalformedPdu("a field of submit_sm is cut off") from None
    first = validity + 6
    last = first + length
    if last > end:
        raise MalformedPdu("sm_length runs over the end")
    octets, tlvs = data[first:last], b""
    if last != end:
        tlvs = data[last:end]
        octets = octets or find_tlv(tlvs, TLV_MESSAGE_PAYLOAD) or b""
    return Submit(
        data[service + 1 : source],
        data[source + 1 : destination],
        data[destination + 1],
        data[validity + 1],
        data[validity + 3],
        octets,
        tlvs,
    )


def find_tlv(tlvs: bytes, tag: int) -> bytes | None:
    """The value of the first optional parameter with this tag; None without one. Never fails."""
    position = 0
    while position + 4 <= len(tlvs):
        found, length = _TLV.unpack_from(tlvs, position)
        position += 4
        if found == tag:
            return tlvs[position : position + length]
        position += length
    return None


def read_bind(body: bytes) -> tuple[str, str]:
    """system_id and password of a bind request (SMPP 3.4, 4.1.1). Raises MalformedPdu."""
    fields = body.split(b"\0", 2)
    if len(fields) < 3:
        raise MalformedPdu("system_id or password is cut off")
    return fields[0].decode("latin-1"), fields[1].decode("latin-1")


def pdu(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """A whole PDU."""
    return HEADER.pack(HEADER_LENGTH + len(body), command, status, sequence) + body


def tlv(tag: int, value: bytes) -> bytes:
    """One optional parameter."""
    return _TLV.pack(tag, len(value)) + value


def deliver_body(
    source: bytes, destination: bytes, esm_class: int, data_coding: int, octets: bytes, tlvs: bytes = b""
) -> bytes:
    """The body of a deliver_sm (SMPP 3.4, 4.6.1). Addresses have TON and NPI in front."""
    return b"\0%b\0%b\0%c\0\0\0\0\0\0%c\0%c%b%b" % (
        source,
        destination,
        esm_class,
        data_coding,
        len(octets),
        octets,
        tlvs,
    )
