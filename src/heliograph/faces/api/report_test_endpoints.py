"""/v2/reports/test: a signed test report to a receiver, answered with what that did."""

from typing import Final

import msgspec
from litestar import Response, post

from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.api_context import ApiRequest, account_of, context_of, json_answer
from heliograph.faces.api.idempotent_posts import answered_outside
from heliograph.faces.api.json_requests import json_body
from heliograph.services.send_test_report import SentTest

TEST_PATH: Final = "/v2/reports/test"
WRONG_URL: Final = "url is a text: where the test report goes."


class TestReportDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A test report, and what came back."""

    __test__ = False

    url: str
    received: bool
    answer: int
    milliseconds: int
    reason: str
    answer_start: str
    headers: dict[str, str]
    body: str


@post(TEST_PATH, status_code=200)
async def send_test_report(request: ApiRequest) -> Response[bytes]:
    """Send a test report now, and tell what the receiver answered."""
    context, account = context_of(request), await account_of(request)
    body = await json_body(request)
    url = body.members().get("url")
    if url is not None and not isinstance(url, str):
        raise InvalidRequest([Refusal("url", "not_text", WRONG_URL)])

    async def act() -> Response[bytes]:
        test_id = f"test-{context.random_bytes(8).hex()}"
        sent = await context.send_test_report.send(account.account_id, account.currency, url, test_id=test_id)
        return json_answer(_document(sent))

    return await answered_outside(request, account.account_id, body.raw, act)


def _document(sent: SentTest) -> TestReportDocument:
    lines = [line.partition(": ") for line in sent.headers.splitlines()]
    return TestReportDocument(
        url=sent.url,
        received=sent.is_received,
        answer=sent.status or 0,
        milliseconds=sent.milliseconds,
        reason=sent.reason,
        answer_start=sent.answer,
        headers={name: value for name, _, value in lines},
        body=sent.body,
    )
