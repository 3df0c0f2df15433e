"""What a carrier tells of a sent segment: its rank, the merge that makes order irrelevant, the public code.

The outcome of a segment is the highest rank ever seen of it: a join, so that repeated, late and reordered
receipts all end the same. The wire format of a receipt is no business of this module.
"""

from collections.abc import Iterable
from enum import IntEnum, unique
from typing import Final

import msgspec

from heliograph.domain.carrier_profile import DEFAULT_PROFILE, CarrierProfile
from heliograph.domain.status import Code


@unique
class Rank(IntEnum):
    """How much the word about a segment weighs: the higher one stands. SQL joins it by ``greatest``."""

    NONE = 0
    """Nothing was said yet."""
    IN_DOUBT = 1
    """It may have been accepted: no answer came."""
    OK = 2
    """Answered with ESME_ROK."""
    ENROUTE = 3
    """A receipt says that it is on its way."""
    UNKNOWN = 4
    """The carrier does not know, or never said a final word."""
    EXPIRED = 5
    """The carrier gave up at the end of its validity."""
    DELETED = 6
    """The carrier deleted it."""
    UNDELIV = 7
    """The carrier could not deliver it."""
    REJECTD = 8
    """The carrier or the network rejected it after accepting it."""
    DELIVERED = 9
    """It is on the handset."""


_CODES: Final = {
    Rank.NONE: Code.FUNDED,
    Rank.IN_DOUBT: Code.SENDING,
    Rank.OK: Code.AT_GATEWAY,
    Rank.ENROUTE: Code.AT_CARRIER,
    Rank.UNKNOWN: Code.UNKNOWN,
    Rank.EXPIRED: Code.EXPIRED,
    Rank.DELETED: Code.FAILED,
    Rank.UNDELIV: Code.UNDELIVERABLE,
    Rank.REJECTD: Code.REJECTED,
    Rank.DELIVERED: Code.DELIVERED,
}

# Plain numbers for the loops below: comparing members of an enum costs several times as much.
_RANKS: Final = tuple(Rank)
_FIRST_FAILURE: Final = int(Rank.UNKNOWN)
_DELIVERED: Final = int(Rank.DELIVERED)

_BY_STAT: Final = {
    "DELIVRD": Rank.DELIVERED,
    "DELIVERED": Rank.DELIVERED,
    "ACCEPTD": Rank.ENROUTE,
    "ACCEPTED": Rank.ENROUTE,
    "ENROUTE": Rank.ENROUTE,
    "ACKED": Rank.ENROUTE,
    "BUFFRED": Rank.ENROUTE,
    "BUFFERD": Rank.ENROUTE,
    "BUFFERED": Rank.ENROUTE,
    "EXPIRED": Rank.EXPIRED,
    "DELETED": Rank.DELETED,
    "UNDELIV": Rank.UNDELIV,
    "UNDELIVERABLE": Rank.UNDELIV,
    "REJECTD": Rank.REJECTD,
    "REJECTED": Rank.REJECTD,
    "UNKNOWN": Rank.UNKNOWN,
}

_BY_MESSAGE_STATE: Final = {
    0: Rank.ENROUTE,
    1: Rank.ENROUTE,
    2: Rank.DELIVERED,
    3: Rank.EXPIRED,
    4: Rank.DELETED,
    5: Rank.UNDELIV,
    6: Rank.ENROUTE,
    7: Rank.UNKNOWN,
    8: Rank.REJECTD,
}
"""SMPP 3.4, 5.2.28; 0 is SCHEDULED of SMPP 5.0."""

_MAP_ERRORS: Final = {
    1: Code.UNKNOWN_SUBSCRIBER,
    5: Code.UNKNOWN_SUBSCRIBER,
    6: Code.ABSENT,
    9: Code.BARRED,
    10: Code.NOT_SUPPORTED,
    11: Code.NOT_SUPPORTED,
    12: Code.BARRED,
    13: Code.BARRED,
    21: Code.NOT_SUPPORTED,
    27: Code.ABSENT,
    28: Code.NOT_SUPPORTED,
    31: Code.HANDSET_ERROR,
    32: Code.HANDSET_ERROR,
    33: Code.ABSENT,
    34: Code.NETWORK_FAILURE,
    35: Code.NETWORK_FAILURE,
    36: Code.NETWORK_FAILURE,
}
"""The user errors of the mobile network (3GPP TS 29.002, 17.6.6), which most carriers hand on in ``err``."""


class Reading(msgspec.Struct, frozen=True, order=True):
    """A receipt's meaning. Readings of one segment are joined by taking the greater, rank before code."""

    rank: Rank
    code: int
    """The public code, more exact than the rank alone where the receipt's error told why."""


_READINGS: Final = {rank: Reading(rank, code) for rank, code in _CODES.items()}


def read(
    stat: str | None,
    message_state: int | None = None,
    error: str | None = None,
    profile: CarrierProfile = DEFAULT_PROFILE,
) -> Reading | None:
    """The meaning of a receipt's ``stat`` and ``err`` texts and ``message_state`` TLV; None without a state.

    The carrier's own overrides come first, then the TLV, then the text. A word nobody knows is intermediate:
    failing a message for it would be a guess.
    """
    word = stat.strip("\0 ").upper() if stat else ""
    if override := profile.stat_overrides.get(word):
        rank = Rank[override]
    elif message_state is not None and message_state in _BY_MESSAGE_STATE:
        rank = _BY_MESSAGE_STATE[message_state]
    elif word:
        rank = _BY_STAT.get(word, Rank.ENROUTE)
    elif message_state is not None:
        rank = Rank.ENROUTE
    else:
        return None
    if rank is Rank.UNDELIV and error:
        return Reading(rank, code_of(rank, error, profile))
    return _READINGS[rank]


def is_known(stat: str | None, message_state: int | None, profile: CarrierProfile = DEFAULT_PROFILE) -> bool:
    """Whether the receipt's word is in a table; an unknown one is stored and counted, never guessed at."""
    word = stat.strip("\0 ").upper() if stat else ""
    return word in _BY_STAT or word in profile.stat_overrides or message_state in _BY_MESSAGE_STATE


def merge(old: int, event: int) -> Rank:
    """The join of two ranks: commutative, associative, idempotent. SQL writes it ``greatest(old, event)``."""
    return _RANKS[old if old >= event else event]


def message_rank(segment_ranks: Iterable[int]) -> Rank:
    """The rank of a message of several segments: the heaviest failure of any, else the least of all.

    UNKNOWN to REJECTD are failures: one lost segment makes the text unreadable, whatever becomes of the rest.
    The heaviest one, so that the message's rank does not fall when a second segment fails in a lighter way.
    """
    least, failure = _DELIVERED, 0
    for rank in segment_ranks:
        if rank < least:
            least = rank
        if failure < rank < _DELIVERED and rank >= _FIRST_FAILURE:
            failure = rank
    return _RANKS[failure or least]


def code_of(rank: int, error: str | None = None, profile: CarrierProfile = DEFAULT_PROFILE) -> int:
    """The public status code of a rank; for UNDELIV, 511 to 516 where ``err`` tells why.

    NONE is 103: charged and waiting.
    """
    if rank == Rank.UNDELIV and error:
        return _code_of_error(error.strip("\0 "), profile)
    return _CODES[Rank(rank)]


def _code_of_error(error: str, profile: CarrierProfile) -> int:
    if profile.error_codes is not None:
        return profile.error_codes.get(error, Code.UNDELIVERABLE)
    if not error.isascii() or not error.isdigit() or len(error) > 5:
        return Code.UNDELIVERABLE
    return _MAP_ERRORS.get(int(error), Code.UNDELIVERABLE)


def is_final(rank: int) -> bool:
    """Whether a rank ends a segment or message: the ``duration`` of its report is 1."""
    return rank >= Rank.UNKNOWN
