"""The operations of the API document: what each path takes, answers and refuses."""

from typing import Any, Final

from heliograph.faces.api.openapi_lists import AFTER, batch_filters, message_filters
from heliograph.faces.api.openapi_texts import BATCH_ID, FIELD_TEXTS, MESSAGE_ID, REPORT_TEXT
from heliograph.faces.api.paging import DEFAULT_LIMIT, LARGEST_LIMIT, LARGEST_START
from heliograph.faces.api.problems import MEDIA_TYPE

Json = dict[str, Any]

REF: Final = "#/components/schemas/{name}"
_SUMMARIES: Final = ("priceSummary", "messageSummary")
_ONLY_WHEN_SENT: Final = ("test", "paused", "warnings")
_ONLY_WHEN_RECEIVED: Final = ("incomplete", "optOut")

PROBLEMS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "KeyUsedBefore",
    429: "TooManyRequests",
    500: "InternalError",
    503: "Unavailable",
}
_PROBLEM_TEXTS: Final = {
    400: "The request is not valid; `errors` says which fields or parameters are at fault.",
    401: "The API key is missing, unknown, expired or revoked.",
    403: "The account is disabled, or the key is not allowed to do this.",
    404: "There is no such thing, or it belongs to somebody else.",
    405: "The path does not know this method; `Allow` names those it knows.",
    408: "The body came too slowly.",
    409: "The present state does not allow it, or a request with this `Idempotency-Key` is under way.",
    413: "The body is larger than 32 MiB.",
    415: "The body says that it is something else than JSON.",
    422: "The `Idempotency-Key` was used before, with another request.",
    429: (
        "More recipients than the rate limit lets pass, too many failed attempts from this address, or too "
        "many test reports; "
        "`Retry-After` says when to try again."
    ),
    500: "Something went wrong on our side.",
    503: "The service cannot take it now; `Retry-After` says when to try again.",
}
_PROBLEM_HEADERS: Final = {
    401: ("WWW-Authenticate", "`Bearer`."),
    405: ("Allow", "The methods that the path knows."),
    429: ("Retry-After", "Seconds to wait."),
    503: ("Retry-After", "Seconds to wait."),
}


def operation(
    tag: str,
    operation_id: str,
    summary: str,
    description: str,
    success: Json,
    *problems: int,
    parameters: tuple[Json, ...] = (),
    **others: Any,
) -> Json:
    """An operation with its answer and the problems it may have beside those that all of its kind have."""
    answers = success | {
        str(status): {"$ref": f"#/components/responses/{PROBLEMS[status]}"} for status in sorted(problems)
    }
    described: Json = {
        "tags": [tag],
        "operationId": operation_id,
        "summary": summary,
        "description": description,
        **others,
    }
    if parameters:
        described["parameters"] = list(parameters)
    return described | {"responses": answers}


def answer(
    text: str,
    schema: Json,
    example: object,
    *,
    headers: Json | None = None,
    media_type: str = "application/json",
) -> Json:
    """A good answer."""
    found: Json = {"description": text, "content": {media_type: {"schema": schema, "example": example}}}
    return found | ({"headers": headers} if headers else {})


def reference(name: str) -> Json:
    """Leads to a type of the document."""
    return {"$ref": REF.format(name=name)}


def example_of(name: str, *left_out: str) -> Json:
    """An example of a type, from the examples of its fields."""
    nested = {
        "priceSummary": "PriceSummary",
        "deliveryWindows": "RequestedWindow" if name == "BatchRequest" else "DeliveryWindowDocument",
        "statuses": "MessageStatus",
    }
    example: Json = {}
    for field, (_, value) in FIELD_TEXTS[name].items():
        if field in left_out:
            continue
        inner = example_of(nested[field]) if value is None else value
        example[field] = [inner] if field in ("deliveryWindows", "statuses") else inner
    return example


def id_parameter(name: str) -> Json:
    """An id in a path."""
    what = "batch" if name == "batchId" else "message"
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The {what}'s id.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
        "example": BATCH_ID if what == "batch" else MESSAGE_ID,
    }


def page_parameters() -> tuple[Json, ...]:
    """What every list takes."""
    whole = {"type": "integer"}
    return (
        {
            "name": "start",
            "in": "query",
            "description": "How many entries to leave out.",
            "schema": {**whole, "minimum": 0, "maximum": LARGEST_START, "default": 0},
        },
        {
            "name": "limit",
            "in": "query",
            "description": "How many entries to answer at most.",
            "schema": {**whole, "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
        },
        {
            "name": "order",
            "in": "query",
            "description": "`ASC`: oldest first. `DESC`: newest first. In any letter case.",
            "schema": {"type": "string", "enum": ["ASC", "DESC"], "default": "ASC"},
        },
    )


LINK_HEADER: Final = {
    "Link": {
        "description": (
            "Where the other pages are (RFC 8288): `self`, `first`, `prev`, `next`, `last`. A list of more "
            "than 10,000 entries has no `last`, a page read with `after` neither `prev` nor `last`."
        ),
        "schema": {"type": "string"},
        "example": '<https://sms.example.com/v2/batches?start=50&limit=50&order=ASC>; rel="next"',
    }
}
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Any text of your choice in visible ASCII, new for every batch. If it was used before with the same "
        "request, the answer of then is given again and nothing is sent twice."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "order-4711-reminder",
}


def list_batches_operation() -> Json:
    """GET /v2/batches."""
    schema = {"type": "array", "items": reference("BatchDocument")}
    example = [example_of("BatchDocument", *_SUMMARIES, *_ONLY_WHEN_SENT)]
    return operation(
        "Batches",
        "listBatches",
        "List batches",
        "The account's batches, oldest first; filters narrow them down together. The two summaries are only "
        "in the answer for one batch. A list by status looks at a bounded number of batches: a page may have "
        "fewer entries than its limit, even none, and still a `next`.",
        {"200": answer("A page of batches.", schema, example, headers=LINK_HEADER)},
        parameters=(*page_parameters(), AFTER, *batch_filters()),
    )


_RATE_HEADERS: Final = {
    "RateLimit-Policy": {
        "description": "The rate limits of key and account, where there are any: quota, window, unit.",
        "schema": {"type": "string"},
        "example": '"key";q=100;w=2;qu="recipients"',
    },
    "RateLimit": {
        "description": "What is left of them, and in how many seconds they are whole again.",
        "schema": {"type": "string"},
        "example": '"key";r=97;t=1',
    },
}


def send_batch_operation() -> Json:
    """POST /v2/batches."""
    headers = {
        "Location": {"description": "The path of the new batch.", "schema": {"type": "string"}},
        **_RATE_HEADERS,
        "Idempotent-Replayed": {
            "description": "`true` when this answer was given before, to the same `Idempotency-Key`.",
            "schema": {"type": "string", "enum": ["true"]},
        },
    }
    templated = {
        "sender": "iP1",
        "recipients": {"46701740605": {"sign": "Bob"}, "46701740606": {}, "default": {"sign": "iP.1"}},
        "body": "A very nice message from {sign}",
    }
    return operation(
        "Batches",
        "sendBatch",
        "Send a batch",
        "Stores one message for each recipient and sends them as soon as a delivery window is open. The "
        "answer comes when everything is stored. What is wrong with single recipients shows as the status "
        "of their messages; what is wrong with the request refuses it as a whole.",
        {
            "201": answer(
                "Stored; it will be sent.",
                reference("BatchDocument"),
                example_of("BatchDocument", *_ONLY_WHEN_SENT),
                headers=headers,
            )
        },
        parameters=(IDEMPOTENCY_KEY,),
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference("BatchRequest"),
                    "examples": {
                        "plain": {
                            "summary": "The same text for all",
                            "value": {
                                "sender": "iP1",
                                "recipients": ["46701740605", "46701740606"],
                                "body": "A very nice message",
                                "datacoding": "gsm",
                            },
                        },
                        "templated": {"summary": "Placeholders filled in", "value": templated},
                        "everything": {"summary": "Every field", "value": example_of("BatchRequest")},
                    },
                }
            },
        },
    )


def read_batch_operation() -> Json:
    """GET on a batch."""
    example = example_of("BatchDocument", *_ONLY_WHEN_SENT)
    return operation(
        "Batches",
        "readBatch",
        "Read a batch",
        "One batch with its price and the count of its messages by status.",
        {"200": answer("The batch.", reference("BatchDocument"), example)},
    )


def cancel_batch_operation() -> Json:
    """DELETE on a batch."""
    example = example_of("BatchDocument", *_ONLY_WHEN_SENT) | {"status": 203}
    return operation(
        "Batches",
        "cancelBatch",
        "Cancel a batch",
        "Cancels every message that was not yet handed to its carrier, and returns its price. If none is "
        "left to cancel the answer is 409. A batch whose messages are all final is removed from the lists "
        "instead.",
        {"200": answer("The batch as it is now.", reference("BatchDocument"), example)},
        409,
    )


def list_messages_operation() -> Json:
    """GET on the messages of a batch."""
    schema = {"type": "array", "items": reference("MessageDocument")}
    return operation(
        "Messages",
        "listMessages",
        "List the messages of a batch",
        "Each message with only its latest status.",
        {
            "200": answer(
                "A page of messages.",
                schema,
                [example_of("MessageDocument", *_ONLY_WHEN_RECEIVED)],
                headers=LINK_HEADER,
            )
        },
        parameters=(*page_parameters(), AFTER, *message_filters()),
    )


def read_message_operation() -> Json:
    """GET on a message."""
    statuses = [
        {"code": code, "duration": int(code == 201), "created": created}
        for code, created in (
            (101, "2026-11-22T17:00:19Z"),
            (102, "2026-11-22T17:00:19Z"),
            (103, "2026-11-22T17:00:19Z"),
            (110, "2026-11-22T17:00:19Z"),
            (111, "2026-11-22T17:00:20Z"),
            (201, "2026-11-22T17:00:21Z"),
        )
    ]
    example = example_of("MessageDocument", *_ONLY_WHEN_RECEIVED) | {"statuses": statuses}
    return operation(
        "Messages",
        "readMessage",
        "Read a message",
        "One message with every status it had, oldest first.",
        {"200": answer("The message.", reference("MessageDocument"), example)},
    )


def health_operation(summary: str, operation_id: str, word: str, *problems: int) -> Json:
    """GET on a question of health, answered by one word."""
    schema = {"type": "object", "properties": {"status": {"const": word}}, "required": ["status"]}
    return operation(
        "Health",
        operation_id,
        summary,
        "Needs no API key.",
        {"200": answer("Yes.", schema, {"status": word})},
        *problems,
        security=[],
    )


def delivery_report_operation() -> Json:
    """What we POST to a customer of each change of a message."""
    report = example_of("DeliveryReport")
    return webhook_operation("deliveryReport", "Delivery report", REPORT_TEXT, "DeliveryReport", report)


def webhook_operation(operation_id: str, summary: str, text: str, schema: str, example: Json) -> Json:
    """What we POST to a customer."""
    names = {
        "webhook-id": "Names the event; the same at every try.",
        "webhook-timestamp": "When it was sent, in seconds since 1970.",
        "webhook-signature": "`v1,` and the signature in base64; several are separated by spaces.",
    }
    return {
        "tags": ["Messages"],
        "operationId": operation_id,
        "summary": summary,
        "description": text,
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
            for name, text in names.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": reference(schema), "example": example}},
        },
        "responses": {"2XX": {"description": "Received."}, "default": {"description": "Tried again later."}},
    }


def problem_answer(status: int) -> Json:
    """The answer with one kind of problem."""
    found: Json = {
        "description": _PROBLEM_TEXTS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(name="ProblemDetails")}}},
    }
    if status in _PROBLEM_HEADERS:
        name, text = _PROBLEM_HEADERS[status]
        found["headers"] = {name: {"description": text, "schema": {"type": "string"}}}
    return found
