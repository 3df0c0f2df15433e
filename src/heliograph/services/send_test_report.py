"""A delivery report that says it is a test, sent while somebody waits to see what their server does."""

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from heliograph.domain.refusals import InvalidRequest, Refusal, TooManyRequests
from heliograph.domain.report_url import UrlRefusal, parse_report_url
from heliograph.domain.status import Code
from heliograph.domain.webhook_event import ReportEvent, parse_secret, report_body, webhook_headers
from heliograph.outbound_http import OutboundHttp
from heliograph.storage.account_choices import read_choices
from heliograph.storage.database import Database
from heliograph.storage.inbound_numbers import find_incoming_accounts
from heliograph.storage.report_queue import find_report_account

NOBODY: Final = "0" * 24
"""In place of the ids of batch and message: no real one looks so."""
TEST_RECIPIENT: Final = "46701740605"
REFERENCE: Final = "test report"
MOST: Final = 6
WITHIN_SECONDS: Final = 60.0
TOO_OFTEN: Final = "At most six test reports a minute are sent. Please wait a moment."
NO_URL: Final = "Name a url: the account has none where its incoming messages go."
_SHOWN_OCTETS: Final = 500


class SentTest(msgspec.Struct, frozen=True):
    """What was sent, and what came back. ``status`` is None where nothing did, which ``reason`` explains."""

    url: str
    headers: str
    body: str
    status: int | None
    reason: str
    milliseconds: int
    answer: str
    """The start of what the server wrote."""

    @property
    def is_received(self) -> bool:
        """Whether a delivery report would count as delivered."""
        return self.status is not None and 200 <= self.status < 300


class SendTestReport:
    """Sends tests for accounts. ``open_http`` makes a client that calls strangers; it lives for one test."""

    def __init__(
        self,
        database: Database,
        open_http: Callable[[], OutboundHttp],
        *,
        unseal: Callable[[bytes], str],
        now: Callable[[], datetime],
        loopback_allowed: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._open_http = open_http
        self._unseal = unseal
        self._now = now
        self._loopback_allowed = loopback_allowed
        self._monotonic = monotonic
        self._lately: dict[int, deque[float]] = {}

    async def send(self, account_id: int, currency: str, text: str | None, *, test_id: str) -> SentTest:
        """Send one to a URL, by the rules for a batch's; None: to that of the account's incoming messages.

        No transaction is open while the network is used. Raises InvalidRequest and TooManyRequests.
        """
        async with self._database.transaction() as tx:
            choices = await read_choices(tx, account_id)
            account = await find_report_account(tx, account_id)
            if text is None:
                text = (await find_incoming_accounts(tx, {account_id}))[account_id].incoming_url
        if text is None:
            raise InvalidRequest([Refusal("url", "required", NO_URL)])
        url = parse_report_url(
            text, http_allowed=choices.http_reports, loopback_allowed=self._loopback_allowed
        )
        if isinstance(url, UrlRefusal):
            raise InvalidRequest([Refusal("url", "invalid", url.sentence)])
        self._check_pace(account_id)
        now = self._now()
        body = report_body(_event(test_id, currency, now))
        sealed = account.sealed_secrets if account else ()
        secrets = [parse_secret(self._unseal(each)) for each in sealed]
        headers = webhook_headers(secrets, test_id, int(now.timestamp()), body)
        http = self._open_http()
        try:
            answer = await http.post(url, headers, body, account_id=account_id)
        finally:
            await http.aclose()
        return SentTest(
            url=text,
            headers=headers.decode("ascii").replace("\r\n", "\n").strip(),
            body=body.decode(),
            status=answer.status,
            reason=answer.reason,
            milliseconds=answer.duration_ms,
            answer=answer.body_start[:_SHOWN_OCTETS].decode("utf-8", "replace"),
        )

    def _check_pace(self, account_id: int) -> None:
        """Nobody makes us knock at somebody's door again and again. Raises TooManyRequests."""
        now = self._monotonic()
        lately = self._lately.setdefault(account_id, deque(maxlen=MOST))
        if len(lately) == MOST and now - lately[0] < WITHIN_SECONDS:
            raise TooManyRequests(TOO_OFTEN, WITHIN_SECONDS - (now - lately[0]))
        lately.append(now)


def _event(test_id: str, currency: str, now: datetime) -> ReportEvent:
    return ReportEvent(
        event_id=test_id,
        message_id=NOBODY,
        batch_id=NOBODY,
        recipient=TEST_RECIPIENT,
        code=Code.DELIVERED.value,
        duration=1,
        created_ms=int(now.timestamp() * 1000),
        segments=1,
        price_micros=0,
        currency=currency,
        reference=REFERENCE,
    )
