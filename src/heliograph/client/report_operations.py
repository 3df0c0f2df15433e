"""Delivery reports: where they fail, sending them again, trying a receiver, and what signs them."""

from collections.abc import Sequence
from datetime import datetime

from heliograph.client.calls import Call, check_zone, named, page_query, path_segment, post
from heliograph.client.operations import Listing, Operation
from heliograph.client.received_reports import (
    FailedOrigin,
    NewWebhookSecret,
    Replay,
    TestReport,
    WebhookSecret,
)

_REPORTS = "/v2/reports"
_SECRETS = f"{_REPORTS}/secrets"


class ReportOperations:
    """The calls on delivery reports."""

    @Listing
    def list_failed_reports(
        self, *, newest_first: bool = False, page_size: int = 100
    ) -> Call[list[FailedOrigin]]:
        """The origins that do not answer, and those for which reports were given up, by name."""
        page = page_query(newest_first=newest_first, page_size=page_size)
        return Call(method="GET", path=f"{_REPORTS}/failed", shape=list[FailedOrigin], query=page)

    @Operation
    def replay_reports(
        self,
        *,
        origin: str | None = None,
        batch_ids: Sequence[str] | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        statuses: Sequence[int | str] | None = None,
        after: str | None = None,
        idempotency_key: str | None = None,
    ) -> Call[Replay]:
        """Have reports sent again. While it ``has_more``, call again with its ``cursor`` as ``after``.

        All that is given must hold: the ``origin`` or any URL of it; batches by id or by when they were
        made, ``created_to`` being excluded; what the report tells, ``201`` or a group, ``"2xx"``. With
        ``batch_ids`` or a time also those that were delivered before, else what was given up.
        """
        check_zone("of batches", created_from, created_to)
        wanted = named(
            origin=origin,
            batch_id=batch_ids,
            created_from=created_from,
            created_to=created_to,
            status=statuses,
            after=after,
        )
        path = f"{_REPORTS}/replay"
        return post(path, Replay, wanted, idempotency_key=idempotency_key, conflict_passes=True)

    @Operation
    def send_test_report(
        self, url: str | None = None, *, idempotency_key: str | None = None
    ) -> Call[TestReport]:
        """Send a test report to a URL, or to where incoming messages go; tells what the receiver answered."""
        path = f"{_REPORTS}/test"
        return post(path, TestReport, named(url=url), idempotency_key=idempotency_key, conflict_passes=True)

    @Listing
    def list_webhook_secrets(
        self, *, newest_first: bool = False, page_size: int = 100
    ) -> Call[list[WebhookSecret]]:
        """The secrets that sign reports and incoming messages, by when they were made; not what they are."""
        page = page_query(newest_first=newest_first, page_size=page_size)
        return Call(method="GET", path=_SECRETS, shape=list[WebhookSecret], query=page)

    @Operation
    def rotate_webhook_secret(
        self, *, grace_hours: int | None = None, idempotency_key: str | None = None
    ) -> Call[NewWebhookSecret]:
        """Make a new secret. Those before it sign for ``grace_hours`` more, a day if it is left out."""
        wanted = named(grace_hours=grace_hours)
        return post(_SECRETS, NewWebhookSecret, wanted, idempotency_key=idempotency_key)

    @Operation
    def remove_webhook_secret(self, secret_id: str) -> Call[WebhookSecret]:
        """End an old secret before its time. Raises Conflict for the newest."""
        return Call(method="DELETE", path=f"{_SECRETS}/{path_segment(secret_id)}", shape=WebhookSecret)
