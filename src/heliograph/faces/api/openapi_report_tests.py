"""/v2/reports/test in the API document."""

from typing import Final

from msgspec import Struct

from heliograph.faces.api.openapi_operations import (
    IDEMPOTENCY_KEY,
    Json,
    answer,
    operation,
    reference,
)
from heliograph.faces.api.openapi_texts import FieldText
from heliograph.faces.api.report_test_endpoints import TEST_PATH
from heliograph.services.send_test_report import MOST

_URL: Final = "https://shop.example/reports"
_HEADERS: Final = {
    "webhook-id": "test-9f1c2ab374d05e68",
    "webhook-timestamp": "1795366819",
    "webhook-signature": "v1,nP7pF0NDOPiF2rFnhZYY0kdVYpMfXxpA2Z8yXp7vK1c=",
}
_BODY: Final = (
    '{"messageId":"000000000000000000000000","id":"000000000000000000000000",'
    '"batchId":"000000000000000000000000","recipient":"46701740605","code":201,"duration":1,'
    '"created":"2026-11-22T17:00:19Z","segments":1,"price":0,"currency":"sek","reference":"test report"}'
)
_SENT: Final[dict[str, FieldText]] = {
    "url": ("Where it was sent.", _URL),
    "received": ("Whether a delivery report would count as delivered: any 2xx.", False),
    "answer": ("The HTTP status of your server; 0: none came.", 503),
    "milliseconds": ("How long it took.", 81),
    "reason": ("Why nothing came back; empty where `answer` says it.", ""),
    "answerStart": ("The start of what your server wrote.", "upstream is down"),
    "headers": ("The headers that tell who sent it, as they were sent.", _HEADERS),
    "body": ("The report as it was sent, octet for octet: what is signed.", _BODY),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "TestReportRequest": {
        "url": ("Where to send it. Left out: where the account's incoming messages go.", _URL)
    },
    "TestReportDocument": _SENT,
}


class TestReportRequest(Struct, rename="camel"):
    """Where a test report is to go. Names of fields may be written in any letter case."""

    __test__ = False

    url: str | None = None


def report_test_paths() -> Json:
    """The path of test reports with its operation."""
    return {TEST_PATH: {"post": _send()}}


def _send() -> Json:
    example = {name: value for name, (_, value) in _SENT.items()}
    usual = {"usual": {"summary": "As usual", "value": {"url": _URL}}}
    body = {"schema": reference("TestReportRequest"), "examples": usual}
    return operation(
        "Reports",
        "sendTestReport",
        "Send a test report",
        "A delivery report of a message that never was, signed like every other, is sent at once and "
        "once only. The answer says what your server answered, or why it was not reached. By the rules of "
        f"`deliveryReportUrl`; at most {MOST} a minute.",
        {"200": answer("What came back.", reference("TestReportDocument"), example)},
        parameters=(IDEMPOTENCY_KEY,),
        requestBody={"required": True, "content": {"application/json": body}},
    )
