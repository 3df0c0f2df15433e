"""/v2/batches/{batchId}: pause, resume, and other delivery windows. All three are additions of ours."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from litestar import Response, patch, post

from heliograph.domain.delivery_windows import DeliveryWindow, parse_windows
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.api_context import (
    ApiRequest,
    account_of,
    body_of,
    context_of,
    identifier,
    json_answer,
)
from heliograph.faces.api.batch_endpoints import BATCH_PATH, check_changeable
from heliograph.faces.api.documents import whole_batch
from heliograph.faces.api.idempotent_posts import answered_once
from heliograph.faces.api.json_requests import json_body
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.services.hold_batch import HeldBatch
from heliograph.storage.accounts import Account
from heliograph.storage.database import Transaction

PAUSE_PATH: Final = f"{BATCH_PATH}/pause"
RESUME_PATH: Final = f"{BATCH_PATH}/resume"
_WINDOWS: Final = "deliveryWindows"
REQUIRED: Final = "deliveryWindows is required: an array of objects with opens and closes."
NOTHING_ELSE: Final = "Only deliveryWindows can be changed."

Change = Callable[[Transaction], Awaitable[HeldBatch]]


@post(PAUSE_PATH, status_code=200)
async def pause_batch(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """Hold back what was not yet submitted."""
    account, wanted = await account_of(request), identifier(batch_id, UNKNOWN_BATCH)
    context = context_of(request)

    async def pause(tx: Transaction) -> HeldBatch:
        await check_changeable(tx, account, wanted)
        return await context.hold_batch.pause(tx, account.account_id, wanted, context.now())

    return await _changed(request, account, await body_of(request), pause)


@post(RESUME_PATH, status_code=200)
async def resume_batch(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """Let a paused batch go on."""
    account, wanted = await account_of(request), identifier(batch_id, UNKNOWN_BATCH)
    context = context_of(request)

    async def resume(tx: Transaction) -> HeldBatch:
        await check_changeable(tx, account, wanted)
        return await context.hold_batch.resume(tx, account.account_id, wanted)

    return await _changed(request, account, await body_of(request), resume)


@patch(BATCH_PATH)
async def reschedule_batch(request: ApiRequest, batch_id: str) -> Response[bytes]:
    """Give what was not yet submitted other delivery windows."""
    account, wanted = await account_of(request), identifier(batch_id, UNKNOWN_BATCH)
    context = context_of(request)
    body = await json_body(request)
    windows = windows_of(body.members(), context.now())

    async def reschedule(tx: Transaction) -> HeldBatch:
        await check_changeable(tx, account, wanted)
        return await context.hold_batch.reschedule(tx, account.account_id, wanted, windows, context.now())

    return await _changed(request, account, body.raw, reschedule)


async def _changed(request: ApiRequest, account: Account, body: bytes, change: Change) -> Response[bytes]:
    async def write(tx: Transaction) -> Response[bytes]:
        held = await change(tx)
        now = context_of(request).now()
        return json_answer(whole_batch(held.batch, held.counts, account=account, now=now))

    return await answered_once(request, account.account_id, body, write)


def windows_of(members: Mapping[str, object], now: datetime) -> tuple[DeliveryWindow, ...]:
    """The windows of a request, by the rules of a send. Raises InvalidRequest with every fault."""
    faults = [Refusal(name, "unchangeable", NOTHING_ELSE) for name in members if name != _WINDOWS.lower()]
    given = members.get(_WINDOWS.lower())
    if given is None:
        raise InvalidRequest([*faults, Refusal(_WINDOWS, "required", REQUIRED)])
    windows = parse_windows(given, now)
    if isinstance(windows, list) or faults:
        raise InvalidRequest([*faults, *(windows if isinstance(windows, list) else ())])
    return windows
