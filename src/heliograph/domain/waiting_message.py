"""What a message that is not with its carrier yet waits for."""

from datetime import datetime
from enum import StrEnum, unique

import msgspec

from heliograph.domain.lot import LotState


@unique
class WaitReason(StrEnum):
    """What it waits for."""

    WINDOW = "window"
    """Its delivery window, or the time of its next try."""
    PAUSE = "pause"
    """Its batch is paused: it waits for its owner."""
    CARRIER = "carrier"
    """The carrier is disabled, or no bind to it stands."""
    TURN = "turn"
    """Others are before it."""


class Wait(msgspec.Struct, frozen=True):
    """Why a message waits, and for which carrier."""

    reason: WaitReason
    carrier: str
    not_before: datetime | None
    """When its window opens; None where that is not what it waits for."""


def wait_of(
    state: LotState, opens_at: datetime, now: datetime, *, carrier: str, is_reachable: bool
) -> Wait | None:
    """What the messages of a lot wait for; None where all of it is with the carrier.

    ``is_reachable``: the carrier is enabled and a bind to it stands.
    """
    if state is LotState.SUBMITTED:
        return None
    if state is LotState.PAUSED:
        return Wait(WaitReason.PAUSE, carrier, None)
    if opens_at > now:
        return Wait(WaitReason.WINDOW, carrier, opens_at)
    return Wait(WaitReason.TURN if is_reachable else WaitReason.CARRIER, carrier, None)
