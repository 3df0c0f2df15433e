"""Pausing, resuming and rescheduling in the API document."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from heliograph.faces.api.openapi_operations import (
    IDEMPOTENCY_KEY,
    Json,
    answer,
    example_of,
    id_parameter,
    operation,
    reference,
)
from heliograph.faces.api.openapi_texts import FieldText, RequestedWindow

_WINDOW: Final = {"opens": "2026-11-23T08:00:00Z", "closes": "2026-11-23T17:00:00Z"}
_OTHERS: Final = ("test", "warnings")

FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "ScheduleRequest": {
        "deliveryWindows": (
            "When the rest may be sent, by the rules of a send. An empty array: from now, for 72 hours.",
            [_WINDOW],
        )
    }
}


class ScheduleRequest(Struct, rename="camel"):
    """Other delivery windows for a batch. Names of fields may be written in any letter case."""

    delivery_windows: Annotated[list[RequestedWindow], Meta(max_length=100)]


def holding_paths() -> Json:
    """The paths of pausing and resuming."""
    parameters = [id_parameter("batchId")]
    return {
        "/v2/batches/{batchId}/pause": {"parameters": parameters, "post": _pause()},
        "/v2/batches/{batchId}/resume": {"parameters": parameters, "post": _resume()},
    }


def _pause() -> Json:
    return operation(
        "Batches",
        "pauseBatch",
        "Pause a batch",
        "Holds back every message that was not yet handed to its carrier. What is on its way goes on. A "
        "message still held when its last delivery window closes gets status 202, and its price is returned. "
        "Needs no body. An addition of ours.",
        _answered("Paused.", paused=True),
        parameters=(IDEMPOTENCY_KEY,),
    )


def _resume() -> Json:
    return operation(
        "Batches",
        "resumeBatch",
        "Resume a batch",
        "Its messages are sent again as soon as a delivery window is open. Needs no body. An addition of "
        "ours.",
        _answered("It goes on.", paused=False),
        parameters=(IDEMPOTENCY_KEY,),
    )


def reschedule_operation() -> Json:
    """PATCH on a batch."""
    return operation(
        "Batches",
        "rescheduleBatch",
        "Reschedule a batch",
        "Gives every message that was not yet handed to its carrier other delivery windows. A paused batch "
        "stays paused. An addition of ours.",
        _answered("The batch with its new windows.", paused=False),
        *(409, 422),
        parameters=(IDEMPOTENCY_KEY,),
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference("ScheduleRequest"),
                    "examples": {
                        "tomorrow": {"summary": "Office hours", "value": {"deliveryWindows": [_WINDOW]}}
                    },
                }
            },
        },
    )


def _answered(text: str, *, paused: bool) -> Json:
    left_out = _OTHERS if paused else ("paused", *_OTHERS)
    return {
        "200": answer(
            text, reference("BatchDocument"), example_of("BatchDocument", *left_out) | {"status": 111}
        )
    }
