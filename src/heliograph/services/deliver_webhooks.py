"""Deliver reports: claim events of the buckets one holds, sign, POST, and write down what came of it.

Every event is attempted at least once; its id is the same at every try. A block is removed only in the
transaction that records its events as received, given up, or waiting in a row of their own.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple

from heliograph.domain.history import milliseconds
from heliograph.domain.ids import IdSource
from heliograph.domain.report_desk import (
    MessageChain,
    OriginState,
    ReportDesk,
    Snapshot,
    attempt_of,
    stored_chain,
)
from heliograph.domain.report_events import decode_block, decode_retry, encode_events, kept_answer
from heliograph.domain.report_url import BUCKETS, ReportUrl, stored_report_url
from heliograph.domain.retry import REPORT_SCHEDULES
from heliograph.domain.status import is_final
from heliograph.domain.webhook_event import ReportEvent, event_id, parse_secret, report_body, webhook_headers
from heliograph.failpoints import failpoint
from heliograph.outbound_http import Answer, Failure, OutboundHttp
from heliograph.storage import report_queue
from heliograph.storage.database import Database, Purpose, Transaction
from heliograph.storage.report_queue import AttemptRow, DueBlock, breaker_of, origin_row, retry_row

BLOCKS_AT_ONCE = 16
RETRIES_AT_ONCE = 200
EVENTS_IN_HAND = 5_000
EVENTS_IN_HAND_OF_ORIGIN = 1_000
LEASE_MARGIN = 0.8
"""The share of a lease after which one acts as its holder no more."""
ACCOUNT_REMEMBERED_SECONDS = 10.0
GATHER_SECONDS = 0.05
"""How far two claims are apart at least, and how long news gather before they are written together."""


class Sender(NamedTuple):
    """What signing and trying again depends on, of one account."""

    secrets: tuple[bytes, ...]
    schedule: Sequence[float]
    until: float


class DeliverWebhooks:
    """One reporter. ``lease``, ``claim`` and ``record`` are steps of three loops.

    ``now`` is the wall clock, ``monotonic`` the one for leases, ``draw`` a random number in 0..1,
    ``unseal`` decrypts stored secrets, ``pace`` multiplies the delays of the schedules (1 but for tests).
    """

    def __init__(
        self,
        database: Database,
        http: OutboundHttp,
        ids: IdSource,
        *,
        holder: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        draw: Callable[[], float],
        unseal: Callable[[bytes], str],
        pace: float = 1.0,
        lease_seconds: float = 15.0,
    ) -> None:
        self._database = database
        self._http = http
        self._ids = ids
        self._holder = holder
        self._now = now
        self._monotonic = monotonic
        self._draw = draw
        self._unseal = unseal
        self._schedules = {
            name: tuple(delay * pace for delay in schedule) for name, schedule in REPORT_SCHEDULES.items()
        }
        self._desk = ReportDesk()
        self._held: dict[int, int] = {}
        self._held_until = 0.0
        self._claimed_at = 0.0
        self._lease_seconds = lease_seconds
        self.renew_seconds = lease_seconds / 3
        """How often ``lease`` is to be called."""
        self._senders: dict[int, Sender] = {}
        self._unwritten: Snapshot | None = None
        self.news = asyncio.Event()
        """Set when there is something to record."""
        self.room = asyncio.Event()
        """Set when more can be taken in hand."""

    def __repr__(self) -> str:
        return f"<DeliverWebhooks {self._holder} holds {len(self._held)} buckets, {self._desk!r}>"

    # Which buckets are ours

    async def lease(self) -> int:
        """Renew the lease of one's buckets and take one's share of free ones."""
        asked_at = self._monotonic()
        async with self._database.transaction() as tx:
            await report_queue.show_presence(tx, self._holder, seconds=self._lease_seconds)
            others = await report_queue.count_other_holders(tx, self._holder)
            share = -(-BUCKETS // (others + 1))
            held = await report_queue.lease_buckets(
                tx, range(BUCKETS), holder=self._holder, at_most=share, seconds=self._lease_seconds
            )
            if not held and not self._held:
                await report_queue.make_buckets(tx, range(BUCKETS))
            surplus = [bucket for bucket in self._held if bucket not in held]
            gained = [bucket for bucket in held if bucket not in self._held]
            if surplus:
                await report_queue.release_buckets(tx, self._holder, surplus)
            if gained:
                await self._learn(tx, gained)
            enabled = await self._enabled(tx)
        self._desk.forget_buckets(surplus)
        self._held = held
        self._held_until = asked_at + self._lease_seconds * LEASE_MARGIN
        for origin in enabled:
            self._desk.begin_anew(origin)
        if gained or enabled:
            self.room.set()
        return 0

    async def _learn(self, tx: Transaction, buckets: list[int]) -> None:
        """What the reporter before left about origins."""
        for row in await report_queue.list_origins(tx, buckets):
            self._desk.origins[row.account_id, row.origin] = OriginState(row.bucket, breaker_of(row))
        for bucket, account_id, origin in await report_queue.list_retrying_origins(tx, buckets):
            self._desk.origin((account_id, origin), bucket).has_retries = True

    async def _enabled(self, tx: Transaction) -> list[tuple[int, str]]:
        """Origins that rest here and with which somebody else began anew."""
        resting = self._desk.probed_origins()
        return await report_queue.list_enabled_origins(tx, resting) if resting else []

    async def finish(self, patience_seconds: float = 16.0) -> None:
        """At a stop: await the answers of what was posted, record them, let the buckets go."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                while self._desk.events_in_hand:
                    self.news.clear()
                    await self.news.wait()
        while await self.record():
            pass
        await self.release()

    async def release(self) -> None:
        """Let the buckets go, so that another reporter takes them at once."""
        async with self._database.transaction() as tx:
            await report_queue.leave(tx, self._holder)
        self._held = {}

    # Taking events in hand

    async def claim(self) -> int:
        """Take due events in hand, as many as there is room for; how many blocks and messages."""
        desk = self._desk
        if self._monotonic() >= self._held_until or desk.events_in_hand >= EVENTS_IN_HAND:
            return 0
        # Under load events come all the time: a claim that follows another waits until there are many.
        await asyncio.sleep(self._claimed_at + GATHER_SECONDS - self._monotonic())
        self._claimed_at = self._monotonic()
        resting = desk.resting_origins(self._now().timestamp(), EVENTS_IN_HAND_OF_ORIGIN)
        buckets = list(self._held)
        async with self._database.autocommit(Purpose.HOT) as tx:
            blocks = await report_queue.list_due_blocks(
                tx, buckets, in_hand=desk.blocks, resting=resting, limit=BLOCKS_AT_ONCE
            )
            retries = []
            if any(state.has_retries for state in desk.origins.values()):
                retries = await report_queue.list_due_retries(
                    tx, buckets, in_hand=[*desk.chains, *desk.leaving], resting=resting, limit=RETRIES_AT_ONCE
                )
            rows = [await self._waiting_rows(tx, block) for block in blocks]
            for account_id in {b.account_id for b in blocks} | {r.account_id for r in retries}:
                await self._know(tx, account_id)
        starting = [
            chain
            for retry in retries
            if retry.message_id not in desk.chains and retry.message_id not in desk.leaving
            for chain in [
                desk.take_retry(
                    retry.bucket,
                    retry.message_id,
                    (retry.account_id, retry.origin),
                    decode_retry(retry.events),
                    retry.tries,
                )
            ]
        ]
        for block, waiting in zip(blocks, rows, strict=True):
            starting += desk.take_block(
                block.bucket,
                block.block_id,
                (block.account_id, block.origin),
                decode_block(block.events),
                waiting,
            )
        for chain in starting:
            self._post(chain)
        if desk.has_news:
            self.news.set()
        return len(blocks) + len(retries)

    async def _waiting_rows(self, tx: Transaction, block: DueBlock) -> dict[bytes, MessageChain]:
        """Chains of the block's messages that wait for another try and are not in hand."""
        origin = block.account_id, block.origin
        state = self._desk.origins.get(origin)
        if state is None or not state.has_retries:
            return {}
        events = decode_block(block.events).events
        known = self._desk.chains.keys() | self._desk.leaving
        asked = [e.message_id for e in events if e.message_id not in known]
        found = await report_queue.find_retries(tx, block.bucket, asked)
        chains = {}
        for message_id, row in found.items():
            chain = stored_chain(message_id, origin, decode_retry(row.events), row.tries)
            chain.due = row.due_at.timestamp()
            chains[message_id] = chain
        return chains

    async def _know(self, tx: Transaction, account_id: int) -> None:
        """Load an account's secrets and schedule, unless known for long enough."""
        known = self._senders.get(account_id)
        if known is not None and self._monotonic() < known.until:
            return
        account = await report_queue.find_report_account(tx, account_id)
        sealed, schedule = (account.sealed_secrets, account.schedule) if account else ((), "standard")
        self._senders[account_id] = Sender(
            tuple(parse_secret(self._unseal(secret)) for secret in sealed),
            self._schedules[schedule],
            self._monotonic() + ACCOUNT_REMEMBERED_SECONDS,
        )

    # Delivering

    def _post(self, chain: MessageChain) -> None:
        event = chain.first
        url = stored_report_url(chain.destination.url)
        if not isinstance(url, ReportUrl):
            # It was judged at accept; a rule that became stricter since then ends it here.
            self._failed(chain, status=410, reason=url.sentence, duration_ms=0)
            return
        message_id = event.message_id.hex()
        webhook_id = event_id(message_id, event.number, event.code)
        body = chain.destination.document
        if body is None:
            body = report_body(
                ReportEvent(
                    webhook_id,
                    message_id,
                    event.batch_id.hex(),
                    event.recipient,
                    event.code,
                    int(is_final(event.code)),
                    event.at_ms,
                    event.segments,
                    event.price,
                    chain.currency,
                    chain.destination.reference,
                )
            )
        account_id = chain.origin[0]
        secrets = self._senders[account_id].secrets
        headers = webhook_headers(secrets, webhook_id, int(self._now().timestamp()), body)
        self._http.submit(url, headers, body, account_id=account_id, on_done=partial(self._answered, chain))

    def _answered(self, chain: MessageChain, answer: Answer) -> None:
        failpoint("reports.posted")
        if answer.failure is Failure.STOPPED:
            self._desk.stopped(chain)
            return
        if not answer.is_received:
            self._failed(
                chain,
                status=answer.status,
                reason=answer.reason,
                duration_ms=answer.duration_ms,
                # Whoever repeats an incoming message in an error repeats its text: that is not kept twice.
                answer=b"" if chain.destination.document else answer.body_start,
                retry_after=answer.retry_after,
                slow=answer.failure is Failure.TIMEOUT,
            )
            return
        self._note(chain, status=answer.status, reason="", duration_ms=answer.duration_ms)
        if self._desk.received(chain):
            self._post(chain)
        self._tell()

    def _failed(
        self,
        chain: MessageChain,
        *,
        status: int | None,
        reason: str,
        duration_ms: int,
        answer: bytes = b"",
        retry_after: float | None = None,
        slow: bool = False,
    ) -> None:
        self._note(chain, status=status, reason=reason, duration_ms=duration_ms, answer=kept_answer(answer))
        self._desk.failed(
            chain,
            self._senders[chain.origin[0]].schedule,
            now=self._now().timestamp(),
            draw=self._draw(),
            status=status,
            retry_after=retry_after,
            slow=slow,
        )
        self._tell()

    def _note(
        self, chain: MessageChain, *, status: int | None, reason: str, duration_ms: int, answer: str = ""
    ) -> None:
        attempt = attempt_of(
            chain.first,
            chain.tries + 1,
            at_ms=milliseconds(self._now()),
            status=status or 0,
            duration_ms=duration_ms,
            reason=reason,
            answer=answer,
        )
        self._desk.note(chain, attempt)

    def _tell(self) -> None:
        self.news.set()
        if self._desk.events_in_hand == EVENTS_IN_HAND // 2:
            self.room.set()

    # Writing down

    async def record(self) -> int:
        """Write down what came of attempts since the last time; how many there were."""
        if self._unwritten is None:
            if not self._desk.has_news:
                return 0
            await asyncio.sleep(GATHER_SECONDS)
            self._unwritten = self._desk.snapshot()
        snapshot = self._unwritten
        failpoint("reports.pre_commit")
        async with self._database.transaction(Purpose.HOT) as tx:
            await self._write(tx, snapshot)
        failpoint("reports.post_commit")
        self._unwritten = None
        self._desk.committed(snapshot)
        if self._desk.has_news:
            self.news.set()
        self.room.set()
        return sum(map(len, snapshot.attempts.values()))

    async def _write(self, tx: Transaction, snapshot: Snapshot) -> None:
        now = self._now()
        # Before the rests: a message may have left and, with an event that came since, rest again.
        if snapshot.done_messages:
            await report_queue.delete_retries(tx, snapshot.done_messages)
        if snapshot.rests:
            messages = [(rest.bucket, rest.chain.message_id) for rest in snapshot.rests]
            before = await report_queue.find_given_up(tx, messages)
            rows = [retry_row(rest, before.get(rest.chain.message_id, [])) for rest in snapshot.rests]
            await report_queue.write_retries(tx, rows, now)
        if snapshot.blocks:
            await report_queue.delete_blocks(tx, snapshot.blocks)
        if snapshot.attempts:
            await report_queue.insert_attempts(tx, self._attempt_rows(snapshot, now), now.date())
        if snapshot.origins:
            await report_queue.write_origins(
                tx, [origin_row(origin, state, now) for origin, state in snapshot.origins]
            )

    def _attempt_rows(self, snapshot: Snapshot, now: datetime) -> list[AttemptRow]:
        return [
            AttemptRow(
                bucket,
                self._ids.new(int(now.timestamp())),
                account_id,
                min(attempt.message_id for attempt in attempts),
                max(attempt.message_id for attempt in attempts),
                encode_events(attempts),
            )
            for (bucket, account_id), attempts in snapshot.attempts.items()
        ]
