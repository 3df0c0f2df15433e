"""/v2/reports: the secrets that sign reports, the origins where reports fail, and trying those again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, delete, get, post
from msgspec import UNSET, UnsetType

from heliograph.domain.history import moment_of
from heliograph.domain.refusals import InvalidRequest, NotFound, Refusal
from heliograph.domain.report_events import Attempt
from heliograph.faces.api.api_context import ApiRequest, account_of, context_of, json_answer, links
from heliograph.faces.api.idempotent_posts import answered_once
from heliograph.faces.api.json_requests import json_body
from heliograph.faces.api.paging import parse_page
from heliograph.faces.api.replay_requests import read_replay
from heliograph.faces.api.schemas import whole_seconds
from heliograph.services.list_failures import FailedDeliveries, list_failures
from heliograph.services.replay_chosen import ChosenReplay, ReplayAccount, replay_chosen
from heliograph.services.replay_reports import Replay, replay_origin
from heliograph.services.webhook_rotation import (
    GRACE_HOURS,
    LONGEST_GRACE_HOURS,
    UNKNOWN_SECRET,
    remove_old_secret,
    rotate_secret,
)
from heliograph.storage.database import Transaction
from heliograph.storage.webhook_secrets import StoredSecret, list_secrets

SECRETS_PATH: Final = "/v2/reports/secrets"
SECRET_PATH: Final = f"{SECRETS_PATH}/{{secret_id:str}}"
FAILED_PATH: Final = "/v2/reports/failed"
REPLAY_PATH: Final = "/v2/reports/replay"

WRONG_GRACE: Final = f"graceHours is a whole number from 0 to {LONGEST_GRACE_HOURS}."
_LONGEST_ID: Final = 32


class WebhookSecretDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A secret that signs reports, without the secret."""

    id: str
    created: datetime
    expires: datetime | None
    secret: str | UnsetType = UNSET
    """The secret; only in the answer that made it."""


class FailedAttemptDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An attempt to deliver a report that came to nothing."""

    created: datetime
    message_id: str
    code: int
    attempt: int
    answer: int
    milliseconds: int
    reason: str


class FailedOriginDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An origin where reports fail, or for which some were given up."""

    origin: str
    failures: int
    since: datetime | None
    next_attempt: datetime | None
    disabled: datetime | None
    waiting: int
    given_up: int
    last_attempt: FailedAttemptDocument | None


class ReplayDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is sent again."""

    origin: str | None
    was_disabled: bool
    reports: int
    waiting: int
    has_more: bool
    cursor: str | None = None
    """Where the next call goes on; None for an origin alone, which needs none, and at the end."""


def _secret_document(secret: StoredSecret) -> WebhookSecretDocument:
    return WebhookSecretDocument(
        id=secret.secret_id, created=whole_seconds(secret.created_at), expires=_shown(secret.expires_at)
    )


def _failed_document(failed: FailedDeliveries) -> FailedOriginDocument:
    origin = failed.origin
    return FailedOriginDocument(
        origin=origin.origin,
        failures=origin.failures,
        since=_shown(origin.failing_since),
        next_attempt=None if origin.disabled_at else _shown(origin.open_until),
        disabled=_shown(origin.disabled_at),
        waiting=origin.waiting,
        given_up=origin.parked,
        last_attempt=_attempt_document(failed.attempts[0]) if failed.attempts else None,
    )


def _attempt_document(attempt: Attempt) -> FailedAttemptDocument:
    return FailedAttemptDocument(
        created=whole_seconds(moment_of(attempt.at_ms)),
        message_id=attempt.message_id.hex(),
        code=attempt.code,
        attempt=attempt.attempt,
        answer=attempt.status,
        milliseconds=attempt.duration_ms,
        reason=attempt.reason,
    )


def _shown(moment: datetime | None) -> datetime | None:
    return None if moment is None else whole_seconds(moment)


@get(SECRETS_PATH)
async def read_secrets(request: ApiRequest) -> Response[bytes]:
    """A page of the secrets that sign."""
    context, account = context_of(request), await account_of(request)
    page = parse_page(request.scope["query_string"])
    async with context.database.reader(account.account_id) as tx:
        secrets = await list_secrets(tx, account.account_id, now=context.now())
    if not page.newest_first:
        secrets.reverse()
    chosen = secrets[page.start : page.start + page.limit]
    return json_answer(
        [_secret_document(each) for each in chosen], headers=links(request, page, len(secrets))
    )


@post(SECRETS_PATH)
async def make_secret(request: ApiRequest) -> Response[bytes]:
    """Make a new secret, shown once; those before it end after a grace."""
    context, account = context_of(request), await account_of(request)
    body = await json_body(request)
    grace_hours = _grace_hours(body.members())

    async def write(tx: Transaction) -> Response[bytes]:
        made = await rotate_secret(
            tx,
            account.account_id,
            grace_hours=grace_hours,
            now=context.now(),
            sealer=context.sealer,
            random_bytes=context.random_bytes,
        )
        document = msgspec.structs.replace(_secret_document(made.stored), secret=made.text)
        location = f"{SECRETS_PATH}/{made.stored.secret_id}"
        return json_answer(document, status=201, headers={"location": location})

    return await answered_once(request, account.account_id, body.raw, write, is_secret=True)


@delete(SECRET_PATH, status_code=200)
async def delete_secret(request: ApiRequest, secret_id: str) -> Response[bytes]:
    """Remove a secret that a newer one replaces."""
    context, account = context_of(request), await account_of(request)
    if not (secret_id.isascii() and secret_id.isalnum() and len(secret_id) <= _LONGEST_ID):
        raise NotFound(UNKNOWN_SECRET)
    async with context.database.transaction() as tx:
        removed = await remove_old_secret(tx, account.account_id, secret_id, now=context.now())
    return json_answer(_secret_document(removed))


@get(FAILED_PATH)
async def read_failed(request: ApiRequest) -> Response[bytes]:
    """A page of the origins where reports fail or were given up, by name."""
    context, account = context_of(request), await account_of(request)
    page = parse_page(request.scope["query_string"])
    async with context.database.reader(account.account_id) as tx:
        failures = await list_failures(tx, account.account_id)
    if page.newest_first:
        failures.reverse()
    chosen = failures[page.start : page.start + page.limit]
    return json_answer(
        [_failed_document(each) for each in chosen], headers=links(request, page, len(failures))
    )


@post(REPLAY_PATH, status_code=200)
async def replay(request: ApiRequest) -> Response[bytes]:
    """Send again what an origin missed, or the reports that a filter chooses."""
    context, account = context_of(request), await account_of(request)
    body = await json_body(request)
    wanted, after = read_replay(body.members())

    async def write(tx: Transaction) -> Response[bytes]:
        if wanted.origin is not None and wanted.is_origin_alone:
            begun = await replay_origin(
                tx, account.account_id, wanted.origin, now=context.now(), ids=context.ids
            )
            return json_answer(_replay_document(wanted.origin, begun))
        whose = ReplayAccount(account.account_id, account.currency, account.report_codes)
        done = await replay_chosen(tx, whose, wanted, after=after, now=context.now(), ids=context.ids)
        return json_answer(_chosen_document(wanted.origin, done))

    return await answered_once(request, account.account_id, body.raw, write)


def _replay_document(origin: str, done: Replay) -> ReplayDocument:
    return ReplayDocument(
        origin=origin,
        was_disabled=done.was_disabled,
        reports=done.queued,
        waiting=done.hastened,
        has_more=done.has_more,
    )


def _chosen_document(origin: str | None, done: ChosenReplay) -> ReplayDocument:
    return ReplayDocument(
        origin=origin,
        was_disabled=done.was_disabled,
        reports=done.queued,
        waiting=done.hastened,
        has_more=done.next_after is not None,
        cursor=None if done.next_after is None else done.next_after.hex(),
    )


def _grace_hours(members: Mapping[str, object]) -> int:
    grace = members.get("gracehours")
    if grace is None:
        return GRACE_HOURS
    if not isinstance(grace, int) or isinstance(grace, bool) or not 0 <= grace <= LONGEST_GRACE_HOURS:
        raise InvalidRequest([Refusal("graceHours", "invalid", WRONG_GRACE)])
    return grace
