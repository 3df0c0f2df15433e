"""What an account's webhooks fail at: its origins, and the last attempts at each that came to nothing."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from heliograph.domain.report_events import Attempt
from heliograph.domain.report_url import ReportUrl, bucket_of, stored_report_url
from heliograph.storage.attempt_reading import PlacedAttempt
from heliograph.storage.database import Transaction
from heliograph.storage.event_reading import MessageDescription, describe_messages
from heliograph.storage.failed_reports import FailingOrigin, list_account_origins, list_latest_attempts

_ATTEMPTS_LOOKED_AT: Final = 100
MOST_ATTEMPTS: Final = 10


class FailedDeliveries(NamedTuple):
    """An origin and its last failed attempts, the latest first."""

    origin: FailingOrigin
    placed: list[PlacedAttempt]
    messages: Mapping[bytes, MessageDescription]
    """What was to be told, by the id of the message, where it is still there."""

    @property
    def attempts(self) -> list[Attempt]:
        """The attempts without the places where they are kept."""
        return [attempt for _, attempt in self.placed]


async def list_failures(tx: Transaction, account_id: int) -> list[FailedDeliveries]:
    """Every origin of the account where reports fail or were given up."""
    origins = await list_account_origins(tx, account_id)
    by_bucket = await list_latest_attempts(tx, account_id, [each.origin for each in origins])
    failed = {
        bucket: [each for each in attempts if not 200 <= each[1].status < 300][:_ATTEMPTS_LOOKED_AT]
        for bucket, attempts in by_bucket.items()
    }
    messages = {attempt.message_id for attempts in failed.values() for _, attempt in attempts}
    described = await describe_messages(tx, account_id, messages)
    # Two origins may share a bucket: a message's URL tells which of them was tried.
    reached = {each.message_id: _origin_of(each.delivery_report_url) for each in described.values()}
    return [
        FailedDeliveries(
            each,
            [
                (place, attempt)
                for place, attempt in failed[bucket_of(each.origin)]
                if (reached.get(attempt.message_id) or each.origin) == each.origin
            ][:MOST_ATTEMPTS],
            described,
        )
        for each in origins
    ]


def _origin_of(text: str | None) -> str | None:
    """Of a delivery report's URL; None for an incoming message, which has none."""
    url = None if text is None else stored_report_url(text)
    return url.origin if isinstance(url, ReportUrl) else None
