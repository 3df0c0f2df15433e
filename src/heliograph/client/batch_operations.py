"""Sending, and what can be done with a batch that was sent or planned."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from heliograph.client.calls import (
    Call,
    check_zone,
    named,
    new_key,
    page_query,
    path_segment,
    post,
    query_of,
    zoned,
)
from heliograph.client.operations import Listing, Operation
from heliograph.client.received_documents import Batch, DeliveryWindow
from heliograph.client.received_explanations import Explanation

Recipients = Sequence[str] | Mapping[str, Mapping[str, str]]
"""Numbers, or each number with its values for ``{placeholders}``."""

_BATCHES = "/v2/batches"


class BatchOperations:
    """The calls on batches."""

    @Operation
    def send(
        self,
        sender: str,
        recipients: Recipients,
        body: str,
        *,
        type: str | None = None,
        datacoding: str | None = None,
        priority: int | None = None,
        delivery_windows: Sequence[DeliveryWindow] | None = None,
        delivery_report_url: str | None = None,
        reference: str | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> Call[Batch]:
        """Send a batch. When this returns, it is stored safely and will be sent.

        ``recipients`` are numbers, or a mapping of each number to its values for ``{placeholders}``. Every
        call has an idempotency key, kept over its retries, so that it is sent once; give one of your own to
        repeat a call later, after a NoAnswer or a crash.
        """
        order = named(
            sender=sender,
            recipients=recipients,
            body=body,
            type=type,
            datacoding=datacoding,
            priority=priority,
            delivery_windows=zoned(delivery_windows),
            delivery_report_url=delivery_report_url,
            reference=reference,
            tags=tags,
        )
        return post(_BATCHES, Batch, order, idempotency_key=idempotency_key, conflict_passes=True)

    @Operation
    def explain(
        self,
        sender: str,
        recipients: Recipients,
        body: str,
        *,
        type: str | None = None,
        datacoding: str | None = None,
        priority: int | None = None,
        delivery_windows: Sequence[DeliveryWindow] | None = None,
        delivery_report_url: str | None = None,
        reference: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Call[Explanation]:
        """What would become of a batch: encodings, segments, prices, statuses. Nothing is sent or stored."""
        order = named(
            sender=sender,
            recipients=recipients,
            body=body,
            type=type,
            datacoding=datacoding,
            priority=priority,
            delivery_windows=zoned(delivery_windows),
            delivery_report_url=delivery_report_url,
            reference=reference,
            tags=tags,
        )
        return Call(
            method="POST",
            path=_BATCHES,
            shape=Explanation,
            query=query_of(dry_run="true"),
            body=msgspec.json.encode(order),
            changes_nothing=True,
        )

    @Operation
    def get_batch(self, batch_id: str) -> Call[Batch]:
        """One batch, with its price and the count of its messages by status."""
        return Call(method="GET", path=batch_path(batch_id), shape=Batch)

    @Listing
    def list_batches(
        self,
        *,
        tags: Sequence[str] | None = None,
        statuses: Sequence[int] | None = None,
        reference: str | None = None,
        sender: str | None = None,
        direction: Literal["MT", "MO"] | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        newest_first: bool = False,
        page_size: int = 100,
    ) -> Call[list[Batch]]:
        """The account's batches, by when they were accepted; with ``MO`` the messages from handsets.

        They have any of the ``tags`` and of the ``statuses``, and all the rest; ``created_to`` is excluded.
        """
        check_zone("of batches", created_from, created_to)
        chosen = query_of(
            tags=None if tags is None else [_escaped(tag) for tag in tags],
            status=None if statuses is None else list(statuses),
            reference=reference,
            sender=sender,
            direction=direction,
            created_from=created_from,
            created_to=created_to,
        )
        page = page_query(newest_first=newest_first, page_size=page_size, after="")
        return Call(method="GET", path=_BATCHES, shape=list[Batch], query=chosen + page)

    @Operation
    def cancel_batch(self, batch_id: str) -> Call[Batch]:
        """Cancel every message not yet handed to its carrier. Raises Conflict if none is left."""
        # Not repeatable: the second one hides what the first canceled.
        return Call(method="DELETE", path=batch_path(batch_id), shape=Batch)

    @Operation
    def pause_batch(self, batch_id: str, *, idempotency_key: str | None = None) -> Call[Batch]:
        """Hold back every message not yet handed to its carrier. Raises Conflict if none is left."""
        return post(f"{batch_path(batch_id)}/pause", Batch, idempotency_key=idempotency_key)

    @Operation
    def resume_batch(self, batch_id: str, *, idempotency_key: str | None = None) -> Call[Batch]:
        """Let a paused batch go on. Raises Conflict if it is not paused."""
        return post(f"{batch_path(batch_id)}/resume", Batch, idempotency_key=idempotency_key)

    @Operation
    def reschedule_batch(
        self,
        batch_id: str,
        delivery_windows: Sequence[DeliveryWindow],
        *,
        idempotency_key: str | None = None,
    ) -> Call[Batch]:
        """Give every message not yet handed to its carrier other delivery windows. Raises Conflict."""
        return Call(
            method="PATCH",
            path=batch_path(batch_id),
            shape=Batch,
            body=msgspec.json.encode(named(delivery_windows=zoned(delivery_windows))),
            idempotency_key=idempotency_key or new_key(),
        )


def batch_path(batch_id: str) -> str:
    """Where a batch is."""
    return f"{_BATCHES}/{path_segment(batch_id)}"


def _escaped(tag: str) -> str:
    """A tag as the query of a list has it: a comma between two would part them."""
    return tag.replace(",", "\\,")
