"""PDUs to and from bytes, and a stream of bytes to whole PDUs, with a guard on their length.

Any bytes give PDUs or RemoteProtocolError and nothing else. The rules for a peer that is not exact:

- a string may be ``fields.DECODE_TOLERANCE`` times longer than the specification allows; one without its NUL,
  or longer still, is an error that the link survives, with the command_status that belongs to the field;
- a response needs no body when it refuses, its last string needs no NUL, and optional parameters that run
  over its end are left out: its verdict stands in the header, and nobody can answer a response;
- octets behind the last field of a PDU that has no optional parameters are ignored;
- any sequence_number is taken as it is; command_length must be 16 to 70,000, everything else ends the link.
"""

from struct import error as struct_error

from .compiled_pdus import DECODERS, ENCODERS, HEADER
from .constants import HEADER_LENGTH, MAX_PDU_LENGTH, CommandStatus, command_name, is_response
from .errors import LocalProtocolError, RemoteProtocolError, malformed_pdu
from .pdus import Pdu

Frame = tuple[int, int, int, bytes]
"""command_id, command_status, sequence_number and all bytes of one PDU that is not decoded yet."""


def encode(pdu: Pdu, sequence_number: int | None = None) -> bytes:
    """The bytes of a PDU; ``sequence_number`` stands in for the PDU's own.

    Raises LocalProtocolError for a string that is too long or not Latin-1, and for an integer that does not
    fit.
    """
    number = pdu.sequence_number if sequence_number is None else sequence_number
    try:
        return ENCODERS[pdu.command_id](pdu, number)
    except (UnicodeEncodeError, OverflowError, TypeError, struct_error) as problem:
        raise LocalProtocolError(f"{command_name(pdu.command_id)}: {problem}") from None


def decode(raw: bytes) -> Pdu:
    """One whole PDU. Raises RemoteProtocolError where ``raw`` is not exactly that."""
    if len(raw) < HEADER_LENGTH:
        raise RemoteProtocolError(
            "no room for a header", command_status=CommandStatus.ESME_RINVCMDLEN, link_survives=False, raw=raw
        )
    length, command_id, command_status, sequence_number = HEADER.unpack_from(raw)
    if length != len(raw) or length > MAX_PDU_LENGTH:
        raise _bad_length(raw)
    decoder = DECODERS.get(command_id)
    if decoder is None:
        raise unknown_command(raw)
    return decoder(raw, sequence_number, command_status)


def unknown_command(raw: bytes) -> RemoteProtocolError:
    """The error for a whole PDU of a command we do not know; answer it with generic_nack."""
    return malformed_pdu(raw, "unknown command_id", CommandStatus.ESME_RINVCMDID)


def _bad_length(raw: bytes) -> RemoteProtocolError:
    length, command_id, _, sequence_number = HEADER.unpack_from(raw)
    return RemoteProtocolError(
        f"command_length {length}",
        command_status=CommandStatus.ESME_RINVCMDLEN,
        command_id=command_id,
        sequence_number=sequence_number,
        link_survives=False,
        raw=raw[:HEADER_LENGTH],
    )


class FrameBuffer:
    """Cuts the bytes of a stream into PDUs, in time proportional to the bytes however they arrive."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._wanted = HEADER_LENGTH
        self.fault: RemoteProtocolError | None = None
        """Set once the stream is out of step; nothing is read after that."""

    @property
    def is_partial(self) -> bool:
        """Whether a PDU has begun and not ended."""
        return bool(self._partial)

    def feed(self, data: bytes) -> list[Frame]:
        """Every PDU that is complete now. After an impossible length ``fault`` says what was found."""
        if self._partial:
            self._partial += data
            if len(self._partial) < self._wanted:
                return []
            data = bytes(self._partial)
            self._partial.clear()
        if self.fault is not None:
            return []
        return self._cut(data)

    def _cut(self, data: bytes) -> list[Frame]:
        frames: list[Frame] = []
        take = frames.append
        unpack = HEADER.unpack_from
        start, total = 0, len(data)
        self._wanted = HEADER_LENGTH
        while total - start >= HEADER_LENGTH:
            length, command_id, command_status, sequence_number = unpack(data, start)
            if not HEADER_LENGTH <= length <= MAX_PDU_LENGTH:
                self.fault = _bad_length(data[start:])
                return frames
            end = start + length
            if end > total:
                self._wanted = length
                break
            take((command_id, command_status, sequence_number, data[start:end]))
            start = end
        if start != total:
            self._partial += data[start:]
        return frames


def requests_beyond(block: bytes, handed_over: int) -> list[int]:
    """Sequence numbers of our requests in a block of PDUs whose last byte lies behind ``handed_over`` bytes.

    A link that breaks while the block is being written asks this: those requests cannot have reached the
    peer.
    """
    beyond = []
    end = 0
    while end < len(block):
        length, command_id, _, sequence_number = HEADER.unpack_from(block, end)
        end += length
        if end > handed_over and not is_response(command_id):
            beyond.append(sequence_number)
    return beyond
