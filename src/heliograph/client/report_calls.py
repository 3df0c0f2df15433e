"""The calls on delivery reports, as values."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

import msgspec

from heliograph.client.calls import Call, new_key
from heliograph.client.received_documents import Replay, TestReport

_FIELDS = {
    "origin": "origin",
    "batch_ids": "batchId",
    "created_from": "createdFrom",
    "created_to": "createdTo",
    "statuses": "status",
    "after": "after",
}


class Chosen(TypedDict, total=False):
    """Which reports are meant; all that is given must hold."""

    origin: str
    """Those for this origin, or any URL of it."""
    batch_ids: Sequence[str]
    created_from: datetime
    """Those of batches made then or later."""
    created_to: datetime
    """Those of batches made before."""
    statuses: Sequence[int | str]
    """Those that tell one of these: ``201``, or a group, ``"2xx"``."""
    after: str
    """The ``cursor`` of the answer before, to go on."""


def replay_reports(idempotency_key: str | None, chosen: Chosen) -> Call[Replay]:
    """POST /v2/reports/replay."""
    for moment in (chosen.get("created_from"), chosen.get("created_to")):
        if moment is not None and moment.tzinfo is None:
            raise ValueError("the times of batches need a time zone")
    wanted = {_FIELDS[name]: value for name, value in chosen.items() if value is not None}
    return Call(
        method="POST",
        path="/v2/reports/replay",
        shape=Replay,
        body=msgspec.json.encode(wanted),
        idempotency_key=idempotency_key or new_key(),
        conflict_passes=True,
    )


def send_test_report(url: str | None) -> Call[TestReport]:
    """POST /v2/reports/test."""
    return Call(
        method="POST",
        path="/v2/reports/test",
        shape=TestReport,
        body=msgspec.json.encode({} if url is None else {"url": url}),
        idempotency_key=new_key(),
        conflict_passes=True,
    )
