"""What can go wrong with SMPP: our own misuse, or the peer's bytes."""

from struct import Struct
from typing import Final

_HEADER: Final = Struct(">IIII")


class ProtocolError(Exception):
    """The root of everything this package raises."""


class LocalProtocolError(ProtocolError):
    """We asked for something SMPP does not allow: a bug on our side, nothing was sent."""


class WindowFullError(LocalProtocolError):
    """More requests than the send window has free slots for."""


class RemoteProtocolError(ProtocolError):
    """The peer sent something that is not SMPP 3.4.

    ``command_status`` is what an answer to it should say, ``sequence_number`` and ``command_id`` are those of
    its header (0 where it had none), ``raw`` its bytes. ``link_survives`` tells whether the stream is still
    in step: if so refuse this PDU and go on, else drop the link.
    """

    def __init__(
        self,
        reason: str,
        *,
        command_status: int,
        command_id: int = 0,
        sequence_number: int = 0,
        link_survives: bool = True,
        raw: bytes = b"",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.command_status = command_status
        self.command_id = command_id
        self.sequence_number = sequence_number
        self.link_survives = link_survives
        self.raw = raw


def malformed_pdu(raw: bytes, reason: str, command_status: int) -> RemoteProtocolError:
    """The error for a whole PDU whose header is fine and whose body is not; the link survives it."""
    _, command_id, _, sequence_number = _HEADER.unpack_from(raw)
    return RemoteProtocolError(
        reason, command_status=command_status, command_id=command_id, sequence_number=sequence_number, raw=raw
    )
