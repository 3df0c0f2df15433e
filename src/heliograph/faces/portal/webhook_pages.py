"""Webhooks: where incoming messages go, the secrets that sign, what fails, and having it delivered again."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from litestar import Response

from heliograph.domain.ids import parse_id
from heliograph.domain.local_times import LocalMoment, local_moment
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import Conflict, InvalidRequest, NotFound, TooManyRequests
from heliograph.domain.replay_filter import ReplayFilter
from heliograph.domain.report_url import UrlRefusal, parse_incoming_url
from heliograph.faces.portal.attempt_pages import ShownAttempt, latest_attempts, shown_attempt
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for, zone_name_of
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.translations import Translate
from heliograph.services.list_attempts import NEWEST
from heliograph.services.list_failures import FailedDeliveries, list_failures
from heliograph.services.replay_chosen import ReplayAccount, replay_chosen
from heliograph.services.replay_reports import replay_origin
from heliograph.services.send_test_report import SentTest
from heliograph.services.webhook_rotation import GRACE_HOURS, remove_old_secret, rotate_secret
from heliograph.storage.account_choices import read_choices
from heliograph.storage.failed_reports import MOST_COUNTED, FailingOrigin
from heliograph.storage.inbound_numbers import find_incoming_accounts, set_incoming_url
from heliograph.storage.sent_forms import is_first
from heliograph.storage.webhook_secrets import list_secrets

WEBHOOKS: Final = "/portal/webhooks"
LATEST: Final = 8
"""Attempts on the page itself."""
MOST_CALLS: Final = 20
"""How many times messages are looked at for one press of a button: 100,000 messages."""


class ShownOrigin(NamedTuple):
    """An origin where something fails."""

    origin: FailingOrigin
    attempts: list[ShownAttempt]
    is_counted: bool
    """Whether the numbers of messages are exact."""


@show(WEBHOOKS, right=Right.WEBHOOKS)
async def show_webhooks(request: PortalRequest) -> Response[str]:
    """Everything about the account's webhooks."""
    return await _webhooks_page(request)


@act(f"{WEBHOOKS}/incoming", right=Right.WEBHOOKS)
async def choose_incoming_url(request: PortalRequest) -> Response[str] | Response[None]:
    """Choose where incoming messages are POSTed; nothing typed for nowhere."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    typed, translate = form.text("incoming_url").strip(), translate_for(request)
    async with context.database.transaction() as tx:
        choices = await read_choices(tx, me.account_id)
        url = parse_incoming_url(
            typed, http_allowed=choices.http_reports, loopback_allowed=context.loopback_reports
        )
        if not isinstance(url, UrlRefusal):
            await set_incoming_url(tx, me.account_id, url)
            # The URL may hold a token of the receiver's: it is not noted.
            await note_act(tx, request, "webhook.url_changed" if url else "webhook.url_removed", "incoming")
    if isinstance(url, UrlRefusal):
        return await _webhooks_page(request, typed=typed, fault=translate(url.sentence))
    if url is None:
        return see(WEBHOOKS, translate("Saved. Incoming messages are read here and over the API only."))
    return see(WEBHOOKS, translate("Saved. The next incoming message goes there."))


@act(f"{WEBHOOKS}/secrets", right=Right.WEBHOOKS)
async def make_webhook_secret(request: PortalRequest) -> Response[str] | Response[None]:
    """Make a new secret and show it, once; those before it go on signing for a day."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    try:
        async with context.database.transaction() as tx:
            if not await is_first(tx, me.account_id, "secret", form.text("once")[:64], now=context.now()):
                said = "The secret was made before, and shown then. If you did not copy it, make another."
                return see(WEBHOOKS, translate_for(request)(said), tone="warn")
            made = await rotate_secret(
                tx,
                me.account_id,
                grace_hours=GRACE_HOURS,
                now=context.now(),
                sealer=context.sealer,
                random_bytes=context.random_bytes,
            )
            await note_act(tx, request, "webhook.secret_made", made.stored.secret_id)
    except Conflict as refused:
        return await _webhooks_page(request, secret_fault=refused.sentence)
    return page(request, "webhook_secret.html", secret=made.text, hours=GRACE_HOURS)


@act(f"{WEBHOOKS}/secrets/{{secret_id:str}}/remove", right=Right.WEBHOOKS)
async def remove_webhook_secret(request: PortalRequest, secret_id: str) -> Response[str] | Response[None]:
    """Remove a secret that a newer one replaces."""
    context, me = context_of(request), me_of(request)
    try:
        async with context.database.transaction() as tx:
            await remove_old_secret(tx, me.account_id, secret_id, now=context.now())
            await note_act(tx, request, "webhook.secret_removed", secret_id)
    except Conflict as refused:
        return await _webhooks_page(request, secret_fault=refused.sentence)
    return see(WEBHOOKS, translate_for(request)("The secret is removed. Nothing is signed with it any more."))


@act(f"{WEBHOOKS}/replay", right=Right.WEBHOOKS)
async def replay_failed(request: PortalRequest) -> Response[None]:
    """Deliver what an origin missed."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    origin, translate = form.text("origin"), translate_for(request)
    async with context.database.transaction() as tx:
        done = await replay_origin(tx, me.account_id, origin, now=context.now(), ids=context.ids)
        detail = {"reports": done.queued, "waiting": done.hastened}
        await note_act(tx, request, "webhook.replayed", origin, detail)
    if done.has_more:
        return see(WEBHOOKS, translate("The first of them are on their way. Press again for the next ones."))
    return see(WEBHOOKS, translate("Everything that was missed is being delivered now."))


@act(f"{WEBHOOKS}/again", right=Right.WEBHOOKS)
async def send_again(request: PortalRequest) -> Response[str] | Response[None]:
    """Send the reports of a batch or a time again, also those that were delivered before."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    translate = translate_for(request)
    wanted = _chosen_reports(form, zone_name_of(request), translate)
    if not isinstance(wanted, ReplayFilter):
        return await _webhooks_page(request, again=form.values(), again_faults=wanted)
    reports, calls, after = 0, 0, b""
    while calls < MOST_CALLS:
        try:
            async with context.database.transaction() as tx:
                choices = await read_choices(tx, me.account_id)
                whose = ReplayAccount(me.account_id, me.account.currency, choices.report_codes)
                done = await replay_chosen(tx, whose, wanted, after=after, now=context.now(), ids=context.ids)
                if done.queued:
                    detail = {"reports": done.queued, "waiting": done.hastened}
                    await note_act(tx, request, "webhook.replayed", "", detail)
        except NotFound:
            faults = {"batch_id": translate("There is no such batch.")}
            return await _webhooks_page(request, again=form.values(), again_faults=faults)
        reports, calls = reports + done.queued, calls + 1
        if done.next_after is None:
            return see(WEBHOOKS, translate("Reports that are on their way: %(count)s.", count=reports))
        after = done.next_after
    return see(
        WEBHOOKS,
        translate(
            "The first %(count)s reports are on their way. For the others choose a later time.", count=reports
        ),
    )


def _chosen_reports(form: Form, zone_name: str, translate: Translate) -> ReplayFilter | dict[str, str]:
    """Which reports the form names, or its faults by field."""
    faults: dict[str, str] = {}
    batch_id = parse_id(form.text("batch_id"))
    if form.text("batch_id") and batch_id is None:
        faults["batch_id"] = translate("An id has 24 digits and letters from a to f.")
    moments: dict[str, datetime | None] = {}
    for name in ("created_from", "created_to"):
        found = local_moment(form.text(name), ZoneInfo(zone_name))
        moments[name] = found.moment if isinstance(found, LocalMoment) else None
        if form.text(name) and moments[name] is None:
            faults[name] = translate("Choose a day and a time.")
    wanted = ReplayFilter(
        batch_ids=() if batch_id is None else (batch_id,),
        created_from=moments["created_from"],
        created_to=moments["created_to"],
    )
    if wanted.is_empty and not faults:
        faults["batch_id"] = translate("Name a batch or a time.")
    return faults or wanted


@act(f"{WEBHOOKS}/test", right=Right.WEBHOOKS)
async def send_test(request: PortalRequest) -> Response[str]:
    """Send a signed test report to a URL, and show what was sent and what came back."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    url, translate = form.text("url").strip(), translate_for(request)
    if context.send_test_report is None:
        return await _webhooks_page(
            request, test_url=url, test_fault=translate("This process sends no reports.")
        )
    try:
        sent = await context.send_test_report.send(
            me.account_id, me.account.currency, url, test_id=f"test-{context.random_bytes(8).hex()}"
        )
    except InvalidRequest as refused:
        return await _webhooks_page(request, test_url=url, test_fault=translate(refused.faults[0].sentence))
    except TooManyRequests as refused:
        return await _webhooks_page(request, test_url=url, test_fault=translate(refused.sentence))
    return await _webhooks_page(request, test_url=url, sent=sent)


async def _webhooks_page(
    request: PortalRequest,
    *,
    typed: str | None = None,
    fault: str = "",
    secret_fault: str = "",
    test_url: str = "",
    test_fault: str = "",
    sent: SentTest | None = None,
    again: Mapping[str, str] = MappingProxyType({}),
    again_faults: Mapping[str, str] = MappingProxyType({}),
) -> Response[str]:
    context, me = context_of(request), me_of(request)
    async with context.database.transaction() as tx:
        accounts = await find_incoming_accounts(tx, {me.account_id})
    async with context.database.reader(me.account_id) as tx:
        secrets = await list_secrets(tx, me.account_id, now=context.now())
        failures = await list_failures(tx, me.account_id)
        attempts, _ = await latest_attempts(
            tx, me.account_id, start=NEWEST, failed_only=False, now=context.now()
        )
    incoming_url = accounts[me.account_id].incoming_url or ""
    status = 400 if fault or test_fault or again_faults else 409 if secret_fault else 200
    return page(
        request,
        "webhooks.html",
        status=status,
        incoming_url=incoming_url if typed is None else typed,
        fault=fault or None,
        secret_fault=secret_fault,
        secrets=secrets,
        failures=[_shown(each) for each in failures],
        attempts=attempts[:LATEST],
        hours=GRACE_HOURS,
        once=context.random_bytes(16).hex(),
        test_url=test_url,
        test_fault=test_fault or None,
        sent=sent,
        again=again,
        again_faults=again_faults,
    )


def _shown(failed: FailedDeliveries) -> ShownOrigin:
    origin = failed.origin
    attempts = [
        shown_attempt(place, attempt, failed.messages.get(attempt.message_id))
        for place, attempt in failed.placed
    ]
    return ShownOrigin(origin, attempts, max(origin.waiting, origin.parked) < MOST_COUNTED)


PAGES: Final = (
    show_webhooks,
    choose_incoming_url,
    make_webhook_secret,
    remove_webhook_secret,
    replay_failed,
    send_again,
    send_test,
)
