"""Whether and when a segment in doubt is sent once more: the account's policy, asked of overdue receipts.

Never more than once. The second try goes to the same carrier in a lot of its own. It closes nothing:
refused or lost, its message stays in doubt, since the first try may still have been accepted.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum, unique
from typing import Final, NamedTuple

from heliograph.domain.delivery_windows import DeliveryWindow, next_window
from heliograph.domain.flight import RESOLVE_TIME, QueuedLot
from heliograph.domain.lot import LotContents, LotMessage, LotState, LotText
from heliograph.domain.message_change import RANK_IN_DOUBT
from heliograph.domain.status import is_final

POLICIES: Final = ("hold", "resend_once")
"""What an account may choose: never send again, or once."""
KEPT_AFTER_ACCEPTANCE: Final = timedelta(hours=1)
"""For how long a receipt may still be taken for that of a first try once the second was accepted."""
BOUND_WITHIN: Final = timedelta(seconds=30)
"""A carrier whose link was last seen bound longer ago cannot have brought a receipt."""


class Undecided(NamedTuple):
    """A segment in doubt for whose receipt was waited long enough."""

    message_id: bytes
    segment: int
    account_id: int
    closes_at: datetime
    """When it is given up."""
    is_wanted: bool
    """Whether its account wants a second try."""


class DoubtfulMessage(NamedTuple):
    """What must be known of a message to send a segment of it once more."""

    message_id: bytes
    batch_id: bytes
    code: int
    rank: int
    ranks: bytes | None
    """One byte a segment, only where there are several."""
    segments: int
    encoding: int
    recipient: str
    body: str
    """With its template filled in; '' once it was erased."""
    sender: str
    flash: bool
    priority: int
    opens: Sequence[datetime]
    closes: Sequence[datetime]
    is_paused: bool

    def is_in_doubt(self, segment: int) -> bool:
        """Whether nothing was heard of the segment yet, and the message has no final status."""
        rank = self.rank if self.ranks is None else self.ranks[segment]
        return rank == RANK_IN_DOUBT and not is_final(self.code)


@unique
class Verdict(Enum):
    """What becomes of a segment in doubt when its receipt is overdue."""

    HELD = "held"
    """It is never sent again."""
    PUT_OFF = "put off"
    """Its batch is paused: the question is asked anew later."""


class SecondTry(NamedTuple):
    """A segment that is sent once more, and when it may be."""

    message: DoubtfulMessage
    segment: int
    account_id: int
    opens_at: datetime
    closes_at: datetime
    """End of its window, and so long before the doubt is given up that a receipt can come before."""


def decide_second_try(
    undecided: Undecided, message: DoubtfulMessage | None, now: datetime
) -> SecondTry | Verdict:
    """Whether a segment in doubt is sent once more; ``message`` is None if it is gone."""
    if (
        not undecided.is_wanted
        or message is None
        or not message.body
        or not message.is_in_doubt(undecided.segment)
    ):
        return Verdict.HELD
    windows = [DeliveryWindow(*window) for window in zip(message.opens, message.closes, strict=True)]
    window, latest = next_window(windows, now), undecided.closes_at - RESOLVE_TIME
    if window is None or max(window.opens, now) >= latest:
        return Verdict.HELD
    if message.is_paused:
        return Verdict.PUT_OFF
    return SecondTry(
        message,
        undecided.segment,
        undecided.account_id,
        max(window.opens, now),
        min(window.closes, latest),
    )


def second_lots(tries: Iterable[SecondTry], new_id: Callable[[], bytes]) -> list[QueuedLot]:
    """Lots of second tries, one for each batch and window: scheduled, so that they get their fair place."""
    groups: dict[tuple[bytes, datetime, datetime], list[SecondTry]] = {}
    for one in tries:
        groups.setdefault((one.message.batch_id, one.opens_at, one.closes_at), []).append(one)
    return [_lot_of(group, new_id()) for group in groups.values()]


def _lot_of(group: Sequence[SecondTry], lot_id: bytes) -> QueuedLot:
    first = group[0]
    segments: dict[bytes, list[int]] = {}
    for one in group:
        segments.setdefault(one.message.message_id, []).append(one.segment)
    by_id = {one.message.message_id: one.message for one in group}
    numbers: dict[LotText, int] = {}
    messages = [
        LotMessage(
            message.message_id,
            message.recipient,
            numbers.setdefault(
                LotText(message.sender, message.body, message.encoding, message.flash), len(numbers)
            ),
            message.segments,
            tuple(sorted(only)),
            last_close=int(first.closes_at.timestamp()),
            second_try=True,
        )
        for message, only in ((by_id[message_id], only) for message_id, only in segments.items())
    ]
    return QueuedLot(
        lot_id,
        first.account_id,
        first.message.priority,
        LotState.SCHEDULED,
        0,
        first.opens_at,
        first.closes_at,
        (),
        (),
        LotContents(list(numbers), messages),
    )
