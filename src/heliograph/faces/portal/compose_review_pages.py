"""The second step of composing: the price, what would become of each message, how it looks, sending it."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, Final, cast

import msgspec
from litestar import Response

from heliograph.domain.batch import RawBatch, check_batch
from heliograph.domain.encoding import Encoding
from heliograph.domain.ids import parse_id
from heliograph.domain.label_recipients import named_labels
from heliograph.domain.message_draft import CompiledDraft, DraftFault, form_faults
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import Conflict, InvalidRequest, Unavailable
from heliograph.domain.status import Code
from heliograph.domain.written_numbers import NumberFlaw, read_number
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.calendar_words import span_text
from heliograph.faces.portal.compose_forms import FLAWS
from heliograph.faces.portal.compose_pages import COMPOSE, composed
from heliograph.faces.portal.kept_drafts import OpenDraft, compiled, open_draft, remember_sent
from heliograph.faces.portal.number_fields import country_of
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.faces.portal.status_texts import CODE_TEXTS, tone_of
from heliograph.faces.portal.text_formats import zone_of
from heliograph.services.explain_batch import Explanation
from heliograph.storage.accounts import Account
from heliograph.storage.batches import IdempotentRequest, PreparedBatch

ROUTE: Final = f"POST {COMPOSE}"
_PHONES: Final = 3
_REFUSED_SHOWN: Final = 50
_TRIES: Final = 60
_TRY_SECONDS: Final = 0.25
_BATCHES: Final = "/portal/batches"
_LATER: Final = "It could not be sent just now. Nothing is lost: try again in a moment."


@show(f"{COMPOSE}/{{name:str}}/review", right=Right.SEND)
async def show_review(request: PortalRequest, name: str) -> Response[str] | Response[None]:
    """What would become of the batch; the form again where something is wrong with it."""
    opened = await open_draft(request, name)
    if opened.batch_id is not None:
        return see(f"{_BATCHES}/{opened.batch_id.hex()}")
    return await _reviewed(request, opened)


@show(f"{COMPOSE}/{{name:str}}/preview", right=Right.SEND)
async def show_preview(request: PortalRequest, name: str) -> Response[str] | Response[None]:
    """The telephones of some other recipients."""
    opened = await open_draft(request, name)
    raw = (await compiled(request, opened)).raw
    has_labels = bool(named_labels(raw.recipients))
    named = 0 if has_labels else len(cast("Sequence[str]", raw.recipients))
    start = _start_of(request, named)
    try:
        batch = (await _explain(request, _slice_of(raw, start, _PHONES))).batch
    except InvalidRequest:
        return see(f"{COMPOSE}/{opened.name}/review")
    if has_labels:
        start = _start_of(request, batch.message_count)
        values = _preview_values(opened, batch, start, total=batch.message_count, skipped=0)
    else:
        values = _preview_values(opened, batch, start, total=named, skipped=start)
    return page(request, "compose_preview.html", **values)


@act(f"{COMPOSE}/{{name:str}}/send", right=Right.SEND)
async def send_draft(request: PortalRequest, name: str) -> Response[str] | Response[None]:
    """Send it, once: whoever clicks again is led to the same batch."""
    opened, form, translate = await open_draft(request, name), await form_of(request), translate_for(request)
    if opened.batch_id is not None:
        return see(f"{_BATCHES}/{opened.batch_id.hex()}", translate("It was sent already."), tone="neutral")
    if form.text("send_key") != opened.draft.send_key:
        changed = translate("The message was changed in the meantime. Look at it again before you send it.")
        return see(f"{COMPOSE}/{opened.name}/review", changed, tone="warning")
    found = await compiled(request, opened)
    if found.faults:
        return await _with_faults(request, opened, found, ())
    account = await _account(request)
    idempotent = _idempotent(account, opened.draft.send_key, msgspec.json.encode(opened.draft))
    try:
        batch_id, _ = await _accepted(request, account, found.raw, idempotent)
    except InvalidRequest as refused:
        return await _with_faults(request, opened, found, form_faults(refused.faults, found.window_rows))
    except Unavailable:
        return await _reviewed(request, opened, status=503, problem=translate(_LATER))
    if await remember_sent(request, opened, batch_id):
        async with context_of(request).database.transaction() as tx:
            await note_act(tx, request, "batch.sent", batch_id.hex())
    return see(f"{_BATCHES}/{batch_id.hex()}", translate("On its way. You can watch it here."))


@act(f"{COMPOSE}/{{name:str}}/test", right=Right.SEND)
async def send_test(request: PortalRequest, name: str) -> Response[str] | Response[None]:
    """Send the first recipient's text to a number of one's own, at once."""
    opened, form, translate = await open_draft(request, name), await form_of(request), translate_for(request)
    typed = form.text("test_number")
    number = read_number(typed, country_of(request))
    if isinstance(number, NumberFlaw):
        sentence = translate(FLAWS[number])
        return await _reviewed(request, opened, status=400, test_number=typed, test_fault=sentence)
    found = await compiled(request, opened)
    if found.faults:
        return await _with_faults(request, opened, found, ())
    account = await _account(request)
    try:
        first = await _explain(request, _slice_of(found.raw, 0, 1))
        values = None if first.batch.bodies is None else first.batch.draft.own_values[0]
        raw = msgspec.structs.replace(
            found.raw, recipients=[number] if values is None else {number: values}, delivery_windows=None
        )
        foreseen = await _explain(request, raw)
        code = foreseen.batch.codes_if(funded=foreseen.funded)[0]
        if code != Code.FUNDED:
            sentence = translate(CODE_TEXTS[code])
            return await _reviewed(request, opened, status=400, test_number=typed, test_fault=sentence)
        idempotent = _idempotent(account, f"test-{form.text('test_key')[:64]}", msgspec.json.encode(raw))
        batch_id, is_replayed = await _accepted(request, account, raw, idempotent)
    except InvalidRequest as refused:
        return await _with_faults(request, opened, found, form_faults(refused.faults, found.window_rows))
    except Unavailable:
        return await _reviewed(request, opened, status=503, problem=translate(_LATER), test_number=typed)
    if not is_replayed:
        async with context_of(request).database.transaction() as tx:
            await note_act(tx, request, "batch.tested", batch_id.hex())
    return see(f"{COMPOSE}/{opened.name}/review", translate("The test message is on its way."))


def _idempotent(account: Account, key: str, body: bytes) -> IdempotentRequest:
    return IdempotentRequest(account.account_id, ROUTE, key, sha256(body).digest())


async def _accepted(
    request: PortalRequest, account: Account, raw: RawBatch, idempotent: IdempotentRequest
) -> tuple[bytes, bool]:
    """The batch that was accepted, by this request or by the same one before; and whether it was before.

    Of two clicks the browser shows the answer to the second: it waits until the first one is through.
    """
    accept_batch = context_of(request).accept_batch
    for tries_left in reversed(range(_TRIES)):
        try:
            accepted = await accept_batch.accept(account, raw, idempotent)
            batch_id = parse_id(accepted.location.rpartition("/")[2])
            assert batch_id is not None
            return batch_id, accepted.is_replayed
        except Conflict:
            if not tries_left:
                raise
            await asyncio.sleep(_TRY_SECONDS)
    raise AssertionError("the last try either returns or raises")


async def _account(request: PortalRequest) -> Account:
    account = await context_of(request).accounts.account(me_of(request).account_id)
    assert account is not None
    return account


async def _explain(request: PortalRequest, raw: RawBatch) -> Explanation:
    return await context_of(request).explain_batch.explain(await _account(request), raw)


async def _with_faults(
    request: PortalRequest, opened: OpenDraft, found: CompiledDraft, more: Sequence[DraftFault]
) -> Response[str]:
    """The form again; what only a whole request can get wrong is looked for too."""
    faults = [*found.faults, *more]
    if found.faults:
        others = check_batch(found.raw, context_of(request).now())
        if isinstance(others, list):
            told = {fault.field for fault in faults} | {"pasted"}
            faults += [each for each in form_faults(others, found.window_rows) if each.field not in told]
    return await composed(request, opened, faults, found)


async def _reviewed(
    request: PortalRequest, opened: OpenDraft, *, status: int = 200, **more: str
) -> Response[str]:
    context, draft = context_of(request), opened.draft
    found = await compiled(request, opened)
    if found.faults:
        return await _with_faults(request, opened, found, ())
    try:
        explanation = await _explain(request, found.raw)
    except InvalidRequest as refused:
        return await _with_faults(request, opened, found, form_faults(refused.faults, found.window_rows))
    batch, funded = explanation.batch, explanation.funded
    summary = batch.summary(funded=funded)
    return page(
        request,
        "compose_review.html",
        status=status,
        opened=opened,
        draft=draft,
        found=found,
        batch=batch,
        explanation=explanation,
        funded=funded,
        sendable=summary.get(Code.FUNDED, (0, 0))[0],
        segments=sum(summary.get(code, (0, 0))[1] for code in (Code.FUNDED, Code.INSUFFICIENT_FUNDS)),
        counts=[(code, CODE_TEXTS[code], *summary[code]) for code in sorted(summary)],
        tone_of=tone_of,
        refused=_refused(explanation),
        twice=found.twice,
        windows=[
            span_text(each.opens, each.closes, zone_of(draft.zone), translate_for(request))
            for each in batch.draft.windows
        ]
        if found.raw.delivery_windows
        else [],
        test_key=context.random_bytes(16).hex(),
        **{"problem": "", "test_number": "", "test_fault": "", **more},
        **_preview_values(
            opened,
            batch,
            _start_of(request, batch.message_count),
            total=batch.message_count,
            skipped=0,
        ),
    )


def _refused(explanation: Explanation) -> list[tuple[str, str]]:
    """The first recipients who would get nothing, and why; a batch that is not paid has other sorrows."""
    codes = explanation.batch.codes
    places = (place for place, code in enumerate(codes) if code != Code.FUNDED)
    return [
        (explanation.batch.recipients[place], CODE_TEXTS[codes[place]])
        for place in islice(places, _REFUSED_SHOWN)
    ]


def _start_of(request: PortalRequest, total: int) -> int:
    """Where the telephones begin; at the first recipient, should the address ask for what is not there."""
    text = request.query_params.get("start", "0")
    start = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    return start if start < total else 0


def _slice_of(raw: RawBatch, start: int, count: int) -> RawBatch:
    """The request with some of its recipients; with all of them where labels stand for others."""
    recipients = raw.recipients
    if named_labels(recipients):
        return raw
    if isinstance(recipients, dict):
        some: object = dict(islice(recipients.items(), start, start + count))
    elif isinstance(recipients, list):
        some = recipients[start : start + count]
    else:
        some = recipients
    return msgspec.structs.replace(raw, recipients=some)


def _preview_values(
    opened: OpenDraft, batch: PreparedBatch, start: int, *, total: int, skipped: int
) -> dict[str, Any]:
    """The telephones of the recipients from ``start`` on; the batch lacks the first ``skipped`` of them."""
    phones = [
        (
            place + skipped + 1,
            batch.recipients[place],
            batch.draft.body if batch.bodies is None else batch.bodies[place],
            batch.segments[place],
            "GSM-7" if batch.encodings[place] == Encoding.GSM7 else "UCS-2",
        )
        for place in range(start - skipped, min(start - skipped + _PHONES, batch.message_count))
    ]
    return {
        "phones": phones,
        "preview_total": total,
        "preview_name": opened.name,
        "preview_sender": opened.draft.sender,
        "previous_start": max(0, start - _PHONES) if start else None,
        "next_start": start + _PHONES if start + _PHONES < total else None,
    }


PAGES: Final = (show_review, show_preview, send_draft, send_test)
