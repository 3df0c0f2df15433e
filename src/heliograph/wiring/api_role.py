"""The api process: the accept path in front, the framework behind it, one committer."""

import asyncio
import os
import socket
import time
from contextlib import AsyncExitStack
from typing import Final

from heliograph.domain.rate_limit import RateLimiter
from heliograph.faces.api.accept_handler import AcceptHandler
from heliograph.faces.api.api_app import ApiApp
from heliograph.faces.api.api_context import ApiContext
from heliograph.faces.api.auth import Authenticator, FailureThrottle
from heliograph.faces.api.request_bodies import BodyLimits, BodyReader
from heliograph.faces.api.schemas import encode_accepted
from heliograph.faces.api.sending_pace import SendingPace
from heliograph.faces.portal.live_streams import LiveStreams
from heliograph.faces.portal.portal_app import PortalApp
from heliograph.faces.portal.portal_context import PortalContext
from heliograph.loop import run_loop
from heliograph.services.accept_batch import AcceptBatch, GuardVelocity, ReportUrlRules
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.contact_book import ContactBook
from heliograph.services.explain_batch import ExplainBatch
from heliograph.services.hold_batch import HoldBatch
from heliograph.services.parent_actions import ParentActions
from heliograph.services.trace_message import TraceMessage
from heliograph.services.watch_installation import WatchInstallation
from heliograph.settings import HTTP_FD_VARIABLE, HttpSettings, Settings
from heliograph.storage.accounts import AccountDirectory
from heliograph.storage.api_keys import KeyDirectory
from heliograph.storage.group_commit import GroupCommit
from heliograph.storage.idempotency import IdempotencyKeys
from heliograph.storage.large_batches import LargeBatches
from heliograph.supervisor import report_ready
from heliograph.wiring.faces_by_path import FacesByPath
from heliograph.wiring.http_server import serve_http
from heliograph.wiring.mail_parts import mail_desk
from heliograph.wiring.parts import Parts, on_the_clock, run_together, sender_rules, utc_now
from heliograph.wiring.report_tester import report_tester
from heliograph.wiring.simulated_carrier import find_place

KEY_USE_SECONDS: Final = 60.0


async def run_api(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Serve the API until ``stop`` is set; what was begun is answered."""
    http = parts.settings.http
    database, ids = parts.database, parts.ids
    accounts = AccountDirectory(database, sender_rules=sender_rules(parts.settings))
    keys = KeyDirectory(database)
    authenticator = Authenticator(
        keys, accounts, throttle=FailureThrottle(http.failed_sign_ins_per_minute), now=utc_now
    )
    async with AsyncExitStack() as stack:
        committer = await stack.enter_async_context(
            GroupCommit(
                database, ids=ids, now=utc_now, wake=parts.wakeups.notify, queue_limit=http.accept_queue
            )
        )
        app = api_app(parts, accounts, committer, authenticator, LiveStreams(stop))
        listening = stack.enter_context(listening_socket(http))
        report_ready()
        await run_together(
            serve_http(
                app,
                listening,
                stop=stop,
                header_seconds=http.header_seconds,
                proxies=http.trusted_proxies,
            ),
            run_loop(
                on_the_clock(keys.record_uses),
                name="record key uses",
                stop=stop,
                poll_seconds=KEY_USE_SECONDS,
            ),
        )
        # What was accepted since the last time; at a stop nobody comes back to write it.
        await keys.record_uses(utc_now())


def api_app(
    parts: Parts,
    accounts: AccountDirectory,
    committer: GroupCommit,
    authenticator: Authenticator,
    live_streams: LiveStreams,
) -> AcceptHandler:
    """The accept path in front, and the framework with all other routes behind it."""
    http, database, ids, wake = parts.settings.http, parts.database, parts.ids, parts.wakeups.notify
    idempotency, bodies = IdempotencyKeys(database), body_reader(http)
    accept = AcceptBatch(
        accounts,
        committer,
        LargeBatches(database, ids=ids, now=utc_now, wake=wake, give_way=committer.give_way),
        idempotency,
        ids=ids,
        now=utc_now,
        guard=GuardVelocity(database, now=utc_now, give_way=committer.give_way),
        report_urls=ReportUrlRules(loopback_allowed=parts.settings.loopback_reports_allowed),
        encode_answer=encode_accepted,
    )
    context = ApiContext(
        database=database,
        authenticator=authenticator,
        cancel_batch=CancelBatch(database, ids),
        parent_actions=parent_actions(parts),
        hold_batch=HoldBatch(ids),
        contact_book=ContactBook(ids, utc_now),
        trace_message=TraceMessage(database),
        send_test_report=report_tester(parts.settings, database, parts.sealer.open),
        idempotency=idempotency,
        sealer=parts.sealer,
        bodies=bodies,
        sender_rules=sender_rules(parts.settings),
        now=utc_now,
        ids=ids,
        random_bytes=os.urandom,
        public_url=http.public_url or None,
        event_days=parts.settings.reports.event_days,
    )
    explain = ExplainBatch(accounts, accept.foreseen)
    return AcceptHandler(
        FacesByPath(
            ApiApp(context),
            PortalApp(portal_parts(parts, context, accounts, accept, explain, live_streams)),
        ),
        authenticator=authenticator,
        accept_batch=accept,
        explain_batch=explain,
        bodies=bodies,
        pace=SendingPace(RateLimiter(clock=time.monotonic, processes=parts.settings.http.api_processes)),
    )


def portal_parts(
    parts: Parts,
    context: ApiContext,
    accounts: AccountDirectory,
    accept: AcceptBatch,
    explain: ExplainBatch,
    live_streams: LiveStreams,
) -> PortalContext:
    """What the portal's pages are given: what the API has, and what only people need."""
    return PortalContext(
        database=parts.database,
        accounts=accounts,
        accept_batch=accept,
        explain_batch=explain,
        cancel_batch=context.cancel_batch,
        hold_batch=context.hold_batch,
        contact_book=context.contact_book,
        trace_message=context.trace_message,
        watch=WatchInstallation(parts.database, utc_now),
        sealer=parts.sealer,
        ids=parts.ids,
        random_bytes=os.urandom,
        now=utc_now,
        sender_rules=context.sender_rules,
        country=parts.settings.country,
        number_prefix=parts.settings.accounts.number_prefix,
        opt_out_words=parts.opt_out_words(),
        least_margin_percent=parts.settings.keeper.least_margin_percent,
        public_url=context.public_url,
        send_test_report=context.send_test_report,
        loopback_reports=parts.settings.loopback_reports_allowed,
        retention_days=parts.settings.accounts.retention_days,
        plain_allowed=parts.settings.http.plain_portal_allowed,
        operators_need_second_factor=parts.settings.operators_need_second_factor,
        handsets_url=handsets_url(parts.settings),
        mail_desk=mail_desk(parts.settings, parts.sealer, parts.ids),
        live_streams=live_streams,
    )


def handsets_url(settings: Settings) -> str | None:
    """Where the handsets of our own simulated carrier are; None without one."""
    place = find_place(settings) if settings.is_embedded else None
    return None if place is None else place.handsets_url


def parent_actions(parts: Parts) -> ParentActions:
    """What customers may do to their child accounts."""
    return ParentActions(
        number_prefix=parts.settings.accounts.number_prefix,
        sealer=parts.sealer,
        random_bytes=os.urandom,
        ids=parts.ids,
        now=utc_now,
    )


def body_reader(http: HttpSettings) -> BodyReader:
    """The reader of bodies, within the installation's bounds."""
    return BodyReader(
        BodyLimits(
            max_bytes=http.max_body_bytes,
            seconds=http.request_seconds,
            slowest_bytes_per_second=http.slowest_bytes_per_second,
        )
    )


def listening_socket(http: HttpSettings) -> socket.socket:
    """The socket that the supervisor bound, else one of our own.

    The supervisor's outlives this process, so that a restart neither loses the port nor refuses a
    connection.
    """
    inherited = os.environ.get(HTTP_FD_VARIABLE)
    if inherited is not None:
        return socket.socket(fileno=os.dup(int(inherited)))
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((http.host, http.port))
    return listening
