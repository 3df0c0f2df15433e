"""Every attempt to deliver a webhook: what was asked for, what was POSTed, what was answered."""

import re
from datetime import datetime
from typing import Final, NamedTuple

from litestar import Response

from heliograph.domain.history import moment_of
from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.domain.report_events import Attempt
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.faces.portal.status_texts import CODE_TEXTS, RECEIVED
from heliograph.services.list_attempts import NEWEST, list_attempts
from heliograph.services.posted_webhooks import posted_request
from heliograph.storage.attempt_reading import AttemptPlace, find_attempt_block
from heliograph.storage.batch_reading import find_batch
from heliograph.storage.database import Transaction
from heliograph.storage.event_reading import MessageDescription, describe_messages
from heliograph.storage.inbound_numbers import find_incoming_accounts
from heliograph.storage.message_reading import find_message

ATTEMPTS: Final = "/portal/webhooks/attempts"
UNKNOWN_ATTEMPT: Final = "There is no such attempt, or it is too long ago: attempts are kept for 30 days."
_PLACE: Final = re.compile(r"([0-9a-f]{24})-([0-9]{1,6})")


class ShownAttempt(NamedTuple):
    """An attempt as pages show it."""

    place: str
    at: datetime
    is_incoming: bool
    """Whether it told of a message from a handset, else of a change of status."""
    status: str
    """What there was to tell, in words."""
    code: int
    number: int
    url: str | None
    answer: int
    """HTTP status; 0 for none."""
    is_received: bool
    duration_ms: int
    reason: str
    answered: str
    """How a refusing answer began."""
    message: str | None
    """The page of the message; None where it is gone."""


def shown_attempt(place: AttemptPlace, attempt: Attempt, message: MessageDescription | None) -> ShownAttempt:
    """An attempt with what is known of its message."""
    is_incoming = message is not None and message.incoming_from is not None
    return ShownAttempt(
        _place_text(place),
        moment_of(attempt.at_ms),
        is_incoming,
        RECEIVED if is_incoming else CODE_TEXTS.get(attempt.code, str(attempt.code)),
        attempt.code,
        attempt.attempt,
        message.delivery_report_url if message else None,
        attempt.status,
        200 <= attempt.status < 300,
        attempt.duration_ms,
        attempt.reason,
        attempt.answer,
        f"/portal/batches/{message.batch_id.hex()}/messages/{message.message_id.hex()}" if message else None,
    )


async def latest_attempts(
    tx: Transaction, account_id: int, *, start: AttemptPlace, failed_only: bool, now: datetime
) -> tuple[list[ShownAttempt], str | None]:
    """Attempts from a place on, and the place of the next page."""
    listed = await list_attempts(tx, account_id, start=start, failed_only=failed_only, now=now)
    messages = await describe_messages(tx, account_id, {each.message_id for _, each in listed.attempts})
    shown = [
        shown_attempt(place, attempt, messages.get(attempt.message_id)) for place, attempt in listed.attempts
    ]
    return shown, None if listed.following is None else _place_text(listed.following)


@show(ATTEMPTS, right=Right.WEBHOOKS)
async def show_attempts(request: PortalRequest) -> Response[str]:
    """Every attempt, the newest first; or those that failed."""
    context, me = context_of(request), me_of(request)
    failed_only = request.query_params.get("show") == "failed"
    start = _place_of(request.query_params.get("from", "")) or NEWEST
    async with context.database.reader(me.account_id) as tx:
        shown, following = await latest_attempts(
            tx, me.account_id, start=start, failed_only=failed_only, now=context.now()
        )
    return page(
        request,
        "webhook_attempts.html",
        attempts=shown,
        failed_only=failed_only,
        is_first=start == NEWEST,
        following=following,
    )


@show(ATTEMPTS + "/{place:str}", right=Right.WEBHOOKS)
async def show_attempt(request: PortalRequest, place: str) -> Response[str]:
    """One attempt: the request as it was sent, and what came back."""
    context, me = context_of(request), me_of(request)
    found = _place_of(place)
    if found is None:
        raise NotFound(UNKNOWN_ATTEMPT)
    async with context.database.reader(me.account_id) as tx:
        block = await find_attempt_block(tx, me.account_id, found.block_id)
        if block is None or found.place >= len(block.attempts):
            raise NotFound(UNKNOWN_ATTEMPT)
        attempt = block.attempts[found.place]
        described = (await describe_messages(tx, me.account_id, [attempt.message_id])).get(attempt.message_id)
        request_text = None
        if described is not None:
            request_text = await _request_text(tx, request, described, attempt)
    return page(
        request,
        "webhook_attempt.html",
        attempt=shown_attempt(found, attempt, described),
        request_text=request_text,
    )


async def _request_text(
    tx: Transaction, request: PortalRequest, described: MessageDescription, attempt: Attempt
) -> str | None:
    me = me_of(request)
    message = await find_message(tx, me.account_id, described.batch_id, described.message_id)
    batch = await find_batch(tx, me.account_id, described.batch_id)
    if message is None or batch is None:
        return None
    incoming_url = None
    if described.incoming_from is not None:
        async with context_of(request).database.transaction() as engine:
            incoming_url = (await find_incoming_accounts(engine, {me.account_id}))[me.account_id].incoming_url
    return posted_request(
        described,
        attempt,
        history=message.history,
        created_at=batch.created_at,
        owner=me.account_number,
        currency=me.account.currency,
        incoming_url=incoming_url,
    )


def _place_text(place: AttemptPlace) -> str:
    return f"{place.block_id.hex()}-{place.place}"


def _place_of(text: str) -> AttemptPlace | None:
    matched = _PLACE.fullmatch(text)
    if matched is None:
        return None
    block_id = parse_id(matched[1])
    return None if block_id is None else AttemptPlace(block_id, int(matched[2]))


PAGES: Final = (show_attempts, show_attempt)
