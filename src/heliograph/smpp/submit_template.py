"""Many submit_sm that differ in recipient and text only, encoded without a struct for each.

The constant octets come from the general encoder, so the result is the same octet for octet.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from .codec import encode
from .compiled_pdus import HEADER
from .constants import HEADER_LENGTH, MAX_SHORT_MESSAGE_LENGTH, CommandId
from .errors import LocalProtocolError
from .fields import encode_tlvs
from .pdus import SubmitSm

Recipient = tuple[str, bytes]
"""destination_addr and short_message of one submit_sm."""

_MAX_ADDRESS: Final = 20
_LENGTH_OCTETS: Final = [bytes((length,)) for length in range(MAX_SHORT_MESSAGE_LENGTH + 1)]


class SubmitTemplate:
    """A submit_sm whose ``destination_addr`` and ``short_message`` are filled in for each recipient.

    Both are ignored in ``pdu``. Its TLVs follow every message. Raises LocalProtocolError for a ``pdu`` that
    cannot be encoded.
    """

    def __init__(self, pdu: SubmitSm) -> None:
        before = HEADER_LENGTH + len(pdu.service_type) + 1 + 2 + len(pdu.source_addr) + 1 + 2
        after = 1 + 3 + len(pdu.schedule_delivery_time) + 1 + len(pdu.validity_period) + 1 + 4
        bare = encode(_without_recipient(pdu))
        self._prefix = bare[HEADER_LENGTH:before]
        middle = bare[before : before + after]
        self._middles = [middle + octet for octet in _LENGTH_OCTETS]
        self._tlvs = encode_tlvs(pdu.tlvs)
        self._constant_length = before + after + 1 + len(self._tlvs)

    def encode_block(self, sequence_numbers: Iterable[int], recipients: Sequence[Recipient]) -> bytes:
        """One submit_sm per recipient, one after the other.

        Raises LocalProtocolError for an address over 20 octets, a text over 254, or an address that is not
        ASCII.
        """
        constant, prefix, middles, tlvs = self._constant_length, self._prefix, self._middles, self._tlvs
        header, command_id = HEADER.pack, int(CommandId.SUBMIT_SM)
        parts: list[bytes] = []
        try:
            for number, (address, text) in zip(sequence_numbers, recipients, strict=True):
                to = address.encode("ascii")
                length = len(text)
                parts += (
                    header(constant + len(to) + length, command_id, 0, number), prefix, to, middles[length],
                    text, tlvs
                )  # fmt: skip
        except (UnicodeEncodeError, IndexError) as problem:
            raise LocalProtocolError(f"submit_sm: {problem}") from None
        _check_addresses(recipients)
        return b"".join(parts)


def _without_recipient(pdu: SubmitSm) -> SubmitSm:
    fields = {name: getattr(pdu, name) for name in pdu.__struct_fields__}
    return SubmitSm(**fields | {"destination_addr": "", "short_message": b"", "tlvs": ()})


def _check_addresses(recipients: Sequence[Recipient]) -> None:
    """One look at all of them: the longest, and whether any contains a NUL."""
    if any(len(address) > _MAX_ADDRESS or "\0" in address for address, _ in recipients):
        raise LocalProtocolError("submit_sm: a destination_addr over 20 octets or with a NUL")
