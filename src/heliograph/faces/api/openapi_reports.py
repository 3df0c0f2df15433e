"""/v2/reports in the API document: its operations, and what there is to say of its fields."""

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from heliograph.domain.replay_filter import MOST_BATCHES, MOST_REPLAYED
from heliograph.faces.api.openapi_collections import list_operation
from heliograph.faces.api.openapi_operations import (
    IDEMPOTENCY_KEY,
    Json,
    answer,
    operation,
    reference,
)
from heliograph.faces.api.openapi_texts import MESSAGE_ID, FieldText
from heliograph.faces.api.report_endpoints import FAILED_PATH, REPLAY_PATH, SECRETS_PATH
from heliograph.services.webhook_rotation import GRACE_HOURS, LONGEST_GRACE_HOURS, MOST_SECRETS
from heliograph.storage.failed_reports import MOST_COUNTED

TAG: Final = {
    "name": "Reports",
    "description": (
        "What stands behind delivery reports and incoming messages at your webhooks: the secrets that sign "
        "them, the origins where they fail, and trying those again. An addition of ours."
    ),
}
_ID: Final = "9f1c2ab374d05e68"
_TIME: Final = "2026-11-22T17:00:19Z"
_LATER: Final = "2026-11-23T17:00:19Z"
_ORIGIN: Final = "https://shop.example:443"
_SECRET: Final[dict[str, FieldText]] = {
    "id": ("The secret's id.", _ID),
    "created": ("When it was made.", _TIME),
    "expires": ("When it stops signing; null for the newest, which signs until it is replaced.", None),
}
_CHOSEN_EXAMPLE: Final[Json] = {"createdFrom": _TIME, "createdTo": _LATER, "status": ["2xx", 501]}
_SHOWN: Final[FieldText] = (
    "The secret itself. Only in the answer that made it: keep it.",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw...",
)
_ATTEMPT: Final[dict[str, FieldText]] = {
    "created": ("When it was tried.", _TIME),
    "messageId": ("The message that was to be reported.", MESSAGE_ID),
    "code": ("Its status that was to be reported.", 201),
    "attempt": ("Which attempt it was, from 1.", 3),
    "answer": ("The HTTP status of your server; 0: none came.", 503),
    "milliseconds": ("How long it took.", 81),
    "reason": ("What failed; empty where `answer` says it.", ""),
}
_ATTEMPT_EXAMPLE: Final = {name: value for name, (_, value) in _ATTEMPT.items()}
_FAILED: Final[dict[str, FieldText]] = {
    "origin": ("Scheme, host and port of URLs that you gave.", _ORIGIN),
    "failures": ("Failed attempts in a row; 0: it answers again.", 12),
    "since": ("When the first of them was, or null.", _TIME),
    "nextAttempt": ("Before this time nothing is tried, or null.", _LATER),
    "disabled": ("When it was given up after five days of failures, or null.", None),
    "waiting": (f"Messages whose reports are tried again; counted to {MOST_COUNTED:,}.", 40),
    "givenUp": (
        "Messages whose reports were given up: all that wait, once the origin is disabled. "
        f"Counted to {MOST_COUNTED:,}.",
        2,
    ),
    "lastAttempt": ("The last one that failed, or null.", _ATTEMPT_EXAMPLE),
}
_REPLAY: Final[dict[str, FieldText]] = {
    "origin": ("The origin, null where none was named.", _ORIGIN),
    "wasDisabled": ("Whether an origin of these reports was disabled; it no longer is.", False),
    "reports": ("Reports that were given up, or lay behind a disabled origin, and are sent now.", 2),
    "waiting": ("Messages whose reports waited for a later attempt, which is made now.", 40),
    "hasMore": (
        f"Whether there may be more: one call looks at {MOST_REPLAYED:,} messages. Call again, with `cursor` "
        "as `after` where there is one.",
        False,
    ),
    "cursor": ("Where the next call goes on; null at the end, and for an origin alone.", None),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "WebhookSecretDocument": {**_SECRET, "secret": _SHOWN},
    "SecretRequest": {
        "graceHours": (
            "How long the secrets before it go on signing. Left out: "
            f"{GRACE_HOURS}. With 0 they end at once.",
            GRACE_HOURS,
        )
    },
    "FailedAttemptDocument": _ATTEMPT,
    "FailedOriginDocument": _FAILED,
    "ReplayRequest": {
        "origin": ("Reports for this origin only; any URL of it will do.", _ORIGIN),
        "batchId": (
            f"Reports of this batch, or of a list of at most {MOST_BATCHES}: also those delivered before.",
            MESSAGE_ID,
        ),
        "createdFrom": ("Reports of batches made at this time or later: also those delivered before.", _TIME),
        "createdTo": ("Reports of batches made before this time: also those delivered before.", _LATER),
        "status": (
            "Reports that tell one of these: codes such as `201`, or groups of them, `2` or `2xx`; one or a "
            "list.",
            "5xx",
        ),
        "after": ("The `cursor` of the answer before, to go on.", MESSAGE_ID),
    },
    "ReplayDocument": _REPLAY,
}


class SecretRequest(Struct, rename="camel"):
    """How the secret before it ends. Names of fields may be written in any letter case."""

    grace_hours: Annotated[int, Meta(ge=0, le=LONGEST_GRACE_HOURS)] | None = None


class ReplayRequest(Struct, rename="camel"):
    """What is to be sent again. Names of fields may be written in any letter case."""

    origin: str | None = None
    batch_id: str | list[str] | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    status: str | int | list[str | int] | None = None
    after: str | None = None


def report_paths() -> Json:
    """The paths of reports with their operations."""
    secret_id = {
        "name": "secretId",
        "in": "path",
        "required": True,
        "description": "The secret's id.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "example": _ID,
    }
    return {
        SECRETS_PATH: {"get": _list_secrets(), "post": _rotate()},
        f"{SECRETS_PATH}/{{secretId}}": {"parameters": [secret_id], "delete": _remove()},
        FAILED_PATH: {"get": _list_failed()},
        REPLAY_PATH: {"post": _replay()},
    }


def _example(texts: dict[str, FieldText]) -> Json:
    return {name: value for name, (_, value) in texts.items()}


def _list_secrets() -> Json:
    return list_operation(
        "Reports",
        "listWebhookSecrets",
        "List the secrets that sign reports",
        "Every secret that has not expired, never the secret itself. Reports carry a signature of each.",
        answered="A page of secrets.",
        of="WebhookSecretDocument",
        example=_example(_SECRET),
    )


def _rotate() -> Json:
    made: dict[str, Any] = _example(_SECRET) | {"secret": _SHOWN[1]}
    location = {"Location": {"description": "The path of the new secret.", "schema": {"type": "string"}}}
    return operation(
        "Reports",
        "rotateWebhookSecret",
        "Make a new secret",
        "Reports are signed with it within 10 seconds. Those before it go on signing for a day, or as "
        f"long as `graceHours` says, so that receivers can change in peace. At most {MOST_SECRETS} sign at "
        "a time.",
        {
            "201": answer(
                "The secret, shown once.", reference("WebhookSecretDocument"), made, headers=location
            )
        },
        parameters=(IDEMPOTENCY_KEY,),
        requestBody=_body("SecretRequest", {"graceHours": GRACE_HOURS}),
    )


def _remove() -> Json:
    return operation(
        "Reports",
        "removeWebhookSecret",
        "Remove an old secret",
        "Before it ends by itself. The newest one cannot be removed: make another one first.",
        {
            "200": answer(
                "The secret.", reference("WebhookSecretDocument"), _example(_SECRET) | {"expires": _LATER}
            )
        },
        409,
    )


def _list_failed() -> Json:
    return list_operation(
        "Reports",
        "listFailedReports",
        "List where reports fail",
        "Origins that do not answer with success, and those for which reports were given up, by name.",
        answered="A page of origins.",
        of="FailedOriginDocument",
        example=_example(_FAILED),
    )


def _replay() -> Json:
    return operation(
        "Reports",
        "replayReports",
        "Send reports again",
        "With an `origin` alone: it is tried again if it was disabled, and what waits for a later attempt "
        "and what was given up is delivered now, within seconds. Otherwise the reports that all filters "
        "choose: those that were given up, and where `batchId`, `createdFrom` or `createdTo` is given also "
        "those that were delivered before, for a receiver that lost them. Each has the `webhook-id` that it "
        "had at first.",
        {"200": answer("What is sent again.", reference("ReplayDocument"), _example(_REPLAY))},
        parameters=(IDEMPOTENCY_KEY,),
        requestBody=_body("ReplayRequest", {"origin": _ORIGIN}, _CHOSEN_EXAMPLE),
    )


def _body(of: str, example: Json, chosen: Json | None = None) -> Json:
    examples = {"usual": {"summary": "As usual", "value": example}}
    if chosen is not None:
        examples["chosen"] = {"summary": "With filters", "value": chosen}
    return {
        "required": True,
        "content": {"application/json": {"schema": reference(of), "examples": examples}},
    }
