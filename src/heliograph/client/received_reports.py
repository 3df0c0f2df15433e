"""What the API answers of delivery reports and their secrets, as types."""

from datetime import datetime

import msgspec


class Replay(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Reports that are sent again."""

    origin: str | None = None
    was_disabled: bool
    """Whether an origin of theirs was disabled; it no longer is."""
    reports: int
    """How many are on their way."""
    waiting: int
    """Messages whose reports waited for a later attempt, which is made now."""
    has_more: bool
    """Whether to call again, with the ``cursor`` as ``after`` where there is one."""
    cursor: str | None = None


class TestReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A test report, and what the receiver answered."""

    __test__ = False

    url: str
    received: bool
    """Whether a delivery report would count as delivered."""
    answer: int
    """The HTTP status; 0 where none came, which ``reason`` explains."""
    milliseconds: int
    reason: str
    answer_start: str
    """The start of what the receiver wrote."""
    headers: dict[str, str]
    body: str


class FailedAttempt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An attempt to deliver a report that came to nothing."""

    created: datetime
    message_id: str
    code: int
    """The status that was to be reported."""
    attempt: int
    answer: int
    """What your server answered; 0 where nothing came, which ``reason`` explains."""
    milliseconds: int
    reason: str


class FailedOrigin(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An origin where reports fail, or for which some were given up."""

    origin: str
    failures: int
    """In a row; 0: it answers again."""
    since: datetime | None
    next_attempt: datetime | None
    disabled: datetime | None
    """When it was given up."""
    waiting: int
    """Messages whose reports are tried again."""
    given_up: int
    last_attempt: FailedAttempt | None


class WebhookSecret(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A secret that signs reports, without what it is."""

    id: str
    created: datetime
    expires: datetime | None
    """None: it signs until another one is made."""


class NewWebhookSecret(WebhookSecret, frozen=True, kw_only=True, rename="camel"):
    """A secret that was just made; ``secret`` is shown this once, and never in a log."""

    secret: str

    def __repr__(self) -> str:
        return f"NewWebhookSecret(id={self.id!r})"
