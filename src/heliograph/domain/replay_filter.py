"""Which reports are to be delivered again, and how those that were delivered before are made anew.

A report is made of a message's history, so it has the id, the code and the time that it had at first.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.history import entries, milliseconds
from heliograph.domain.report_events import Destination, EventBlock, RetryEvents, StoredEvent
from heliograph.domain.report_url import ReportUrl, stored_report_url
from heliograph.domain.retention import is_erased
from heliograph.domain.status import is_final

MOST_REPLAYED: Final = 5_000
"""Messages that one call looks at."""
MOST_BATCHES: Final = 100
"""Batches that one filter names."""
_EVENTS_OF_BLOCK: Final = 500


class ReplayFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which reports are asked for; what is None or empty chooses every one."""

    origin: str | None = None
    batch_ids: tuple[bytes, ...] = ()
    created_from: datetime | None = None
    """Of the batch."""
    created_to: datetime | None = None
    """Exclusive."""
    codes: frozenset[int] | None = None
    """Which statuses the reports tell."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self == ReplayFilter()

    @property
    def is_origin_alone(self) -> bool:
        """Whether an origin is to begin anew, with whatever lies there."""
        return self.origin is not None and self == ReplayFilter(origin=self.origin)

    @property
    def reaches_delivered(self) -> bool:
        """Whether reports that were delivered before are meant too: batches or a time are named."""
        return bool(self.batch_ids or self.created_from or self.created_to)

    def tells(self, code: int) -> bool:
        """Whether a report of a code is chosen."""
        return self.codes is None or code in self.codes

    def covers(self, created_at: datetime) -> bool:
        """Whether a batch that was made then is chosen."""
        return (self.created_from is None or created_at >= self.created_from) and (
            self.created_to is None or created_at < self.created_to
        )


class ToldMessage(NamedTuple):
    """A message with what its reports were made of."""

    message_id: bytes
    batch_id: bytes
    recipient: str
    segments: int
    price: int
    code: int
    history: bytes
    created_at: datetime
    delivery_report_url: str | None
    """None as well where the batch was removed: of that one nothing is told again."""
    reference: str | None

    @property
    def origin(self) -> str | None:
        """Where its reports go; None for nowhere."""
        url = None if self.delivery_report_url is None else stored_report_url(self.delivery_report_url)
        return url.origin if isinstance(url, ReportUrl) else None


def reports_of(message: ToldMessage, wanted: ReplayFilter, *, report_codes: str) -> list[StoredEvent]:
    """The chosen reports of a message, in their order, as an account that gets these codes was told them."""
    origin = message.origin
    if origin is None or wanted.origin not in (None, origin) or is_erased(message.recipient):
        return []
    return [
        StoredEvent(
            message.message_id,
            message.batch_id,
            number,
            code,
            at_ms,
            message.recipient,
            message.segments,
            message.price,
            0,
        )
        for number, code, at_ms in _told(message)
        if wanted.tells(code) and (report_codes != "final" or is_final(code))
    ]


def _told(message: ToldMessage) -> Iterable[tuple[int, int, int]]:
    """Place, code and time of every status after those of accept."""
    found = entries(message.history)
    if not found and is_final(message.code):
        # Refused when it was accepted.
        return [(1, message.code, milliseconds(message.created_at))]
    return [(number, code, at_ms) for number, (code, at_ms) in enumerate(found, 1)]


def together(
    currency: str, destination: Destination, events: Iterable[StoredEvent], others: Iterable[StoredEvent]
) -> RetryEvents:
    """The reports of one message, each once and in order."""
    found = {(event.number, event.code): event for event in [*others, *events]}
    return RetryEvents(currency, destination, sorted(found.values(), key=lambda event: event.number))


def blocks_of(messages: Iterable[RetryEvents]) -> Iterable[EventBlock]:
    """Events of messages as fresh blocks, those of one message in their order and together."""
    currency = ""
    destinations: dict[Destination, int] = {}
    events: list[StoredEvent] = []
    for each in messages:
        if events and (len(events) >= _EVENTS_OF_BLOCK or each.currency != currency):
            yield EventBlock(currency, list(destinations), events)
            destinations, events = {}, []
        currency = each.currency
        place = destinations.setdefault(each.destination, len(destinations))
        events += [msgspec.structs.replace(event, destination=place) for event in each.events]
    if events:
        yield EventBlock(currency, list(destinations), events)
