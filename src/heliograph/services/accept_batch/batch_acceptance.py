"""The acceptance of a batch, step by step.

The steps of ``accept`` are the policy, in order. Everything before the commit is arithmetic on columns; work
is done once for each distinct text, and a batch of many recipients is prepared in slices so that others are
served in between.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.batch import BatchDraft, RawBatch, check_batch
from heliograph.domain.batch_recipients import distinct_numbers
from heliograph.domain.composition import Composition, bar, compose, warnings
from heliograph.domain.ids import IdSource, MessageIds, block, id_bytes
from heliograph.domain.pricing import quote, surcharge
from heliograph.domain.refusals import InvalidRequest, Refusal, Unavailable
from heliograph.domain.report_url import ReportUrl, UrlRefusal, bucket_of, parse_report_url
from heliograph.domain.sender_rules import sender_fault
from heliograph.domain.status import Code
from heliograph.services.accept_batch.expand_labels import ExpandLabels
from heliograph.services.accept_batch.guard_velocity import GuardVelocity
from heliograph.storage.accepted_batches import ACCEPTED_STATUS, location_of
from heliograph.storage.accounts import Account, AccountDirectory, Routing
from heliograph.storage.batches import NO_CARRIER, IdempotentRequest, PreparedBatch
from heliograph.storage.group_commit import GroupCommit, Outcome
from heliograph.storage.idempotency import IdempotencyKeys
from heliograph.storage.large_batches import LargeBatches

LARGE: Final = 1_000
"""Batches of more messages than this are prepared in slices and written on a connection of their own."""
SLICE: Final = 1_000
_ASKED_AT_ONCE: Final = 5_000
_NOBODY: Final[frozenset[str]] = frozenset()
_FUNDED: Final = Code.FUNDED.value
_UNROUTABLE: Final = Code.UNROUTABLE.value


class ReportUrlRules(msgspec.Struct, frozen=True):
    """Which report URLs an installation takes; see ``domain/report_url.parse_report_url``."""

    loopback_allowed: bool = False
    own_hosts: frozenset[str] = frozenset()
    own_addresses: frozenset[str] = frozenset()


class Accepted(NamedTuple):
    """The answer to a batch that was accepted, now or by an earlier request with the same key."""

    status: int
    answer: bytes
    location: str
    is_replayed: bool


class AcceptBatch:
    """Accepts batches. ``encode_answer`` says a stored batch to the customer, paid or not."""

    def __init__(
        self,
        accounts: AccountDirectory,
        group_commit: GroupCommit,
        large_batches: LargeBatches,
        idempotency: IdempotencyKeys,
        *,
        ids: IdSource,
        now: Callable[[], datetime],
        guard: GuardVelocity,
        report_urls: ReportUrlRules,
        encode_answer: Callable[[PreparedBatch, bool], bytes],
    ) -> None:
        self._accounts = accounts
        self._group_commit = group_commit
        self._large_batches = large_batches
        self._idempotency = idempotency
        self._ids = ids
        self._now = now
        self._guard = guard
        self._report_urls = report_urls
        self._encode_answer = encode_answer
        self._labels = ExpandLabels(accounts, group_commit.give_way)

    async def accept(
        self, account: Account, raw: RawBatch, idempotent: IdempotentRequest | None = None
    ) -> Accepted:
        """Accept a batch; returns once it is durable.

        Raises InvalidRequest with every fault, IdempotencyMismatch, Conflict while a request with the same
        key is at work, and Unavailable.
        """
        if idempotent is None:
            return await self._accept(account, raw, None)
        with self._idempotency.held(idempotent):
            return await self._replay(idempotent) or await self._accept(account, raw, idempotent)

    async def _replay(self, idempotent: IdempotentRequest) -> Accepted | None:
        found = await self._idempotency.find(idempotent)
        return Accepted(found.status, found.answer, found.location or "", True) if found else None

    async def _accept(
        self, account: Account, raw: RawBatch, idempotent: IdempotentRequest | None
    ) -> Accepted:
        batch = await self.prepared(account, raw, idempotent)
        if account.guard_rules:
            judged = await self._guard.judge(batch)
            batch = judged.batch
            outcome = await self._store(batch)
            await self._guard.settle(judged, outcome)
        else:
            outcome = await self._store(batch)
        if outcome.is_repeated and idempotent is not None:
            return await self._replay(idempotent) or _vanished()
        if outcome.is_unjudged:
            self._accounts.forget(account.account_id)
            return await self._accept(msgspec.structs.replace(account, has_blacklist=True), raw, idempotent)
        if outcome.over_cap:
            batch = batch.beyond_cap()
        return Accepted(
            ACCEPTED_STATUS, batch.answer(funded=outcome.funded), location_of(batch.batch_id), False
        )

    async def foreseen(self, account: Account, raw: RawBatch) -> PreparedBatch:
        """The batch that a request would make just now, the velocity guard included; it counts nothing."""
        batch = await self.prepared(account, raw)
        return await self._guard.foresee(batch) if account.guard_rules else batch

    async def prepared(
        self, account: Account, raw: RawBatch, idempotent: IdempotentRequest | None = None
    ) -> PreparedBatch:
        """The batch that a request makes, as it would be stored. Raises InvalidRequest with every fault."""
        now = self._now()
        if type(raw.recipients) is list and len(raw.recipients) > LARGE:
            raw = await self._with_known_numbers(raw, raw.recipients)
        if type(raw.sender) is str and raw.sender not in account.senders:
            # It may have been registered a moment ago; nobody should have to wait for what we remember.
            account = await self._accounts.with_newest_senders(account)
        try:
            draft, report_bucket = checked(raw, account, now, self._report_urls)
        except InvalidRequest as refused:
            raw = await self._labels.expanded(account.account_id, raw, refused)
            draft, report_bucket = checked(raw, account, now, self._report_urls)
        preparation = await self._prepare(account, draft)
        return preparation.finished(
            self._ids,
            now,
            report_bucket=report_bucket,
            encode_answer=self._encode_answer,
            idempotent=idempotent,
        )

    async def _with_known_numbers(self, raw: RawBatch, recipients: list[object]) -> RawBatch:
        """The request with its many recipients looked at in steps, others being served in between.

        Where something is wrong with them it comes back as it is, to be refused.
        """
        for numbers in distinct_numbers(recipients):
            if numbers is not None:
                return msgspec.structs.replace(raw, recipients=numbers)
            await self._group_commit.give_way()
        return raw

    async def _prepare(self, account: Account, draft: BatchDraft) -> "Preparation":
        """The messages of a draft, judged by the account's blacklist as it is now.

        An account that has none is not asked about it: should it get its first entry meanwhile, the debit
        notices (``storage/accepted_batches``). What costs nothing is debited nowhere, hence looked up.
        """
        routing = await self._accounts.routing()
        if account.is_test:
            routing = routing.for_tests()
        barred = await self._find_barred(account, draft) if account.has_blacklist else _NOBODY
        preparation = await self._in_slices(Preparation(account, draft, routing, barred))
        if (
            preparation.is_free
            and not account.has_blacklist
            and (barred := await self._find_barred(account, draft))
        ):
            return await self._in_slices(Preparation(account, draft, routing, barred))
        return preparation

    async def _in_slices(self, preparation: "Preparation") -> "Preparation":
        while not preparation.is_complete:
            preparation.prepare_slice()
            if not preparation.is_complete:
                await self._group_commit.give_way()
        return preparation

    async def _find_barred(self, account: Account, draft: BatchDraft) -> frozenset[str]:
        """The recipients on the account's blacklist: one question, several for a large batch."""
        recipients = draft.recipients
        barred = await self._accounts.blacklisted(account.account_id, recipients[:_ASKED_AT_ONCE])
        for start in range(_ASKED_AT_ONCE, len(recipients), _ASKED_AT_ONCE):
            await self._group_commit.give_way()
            asked = recipients[start : start + _ASKED_AT_ONCE]
            barred |= await self._accounts.blacklisted(account.account_id, asked)
        return barred

    async def _store(self, batch: PreparedBatch) -> Outcome:
        if batch.message_count > LARGE:
            return await self._large_batches.submit(batch)
        return await self._group_commit.submit(batch)


def _vanished() -> Accepted:
    raise Unavailable("The earlier request with this Idempotency-Key is gone. Try again.", 1.0)


def checked(
    raw: RawBatch, account: Account, now: datetime, rules: ReportUrlRules
) -> tuple[BatchDraft, int | None]:
    """The draft of a request that breaks no rule, and the bucket of its report URL's origin.

    Raises InvalidRequest with every fault: those of the page, and those that depend on the account.
    """
    draft = check_batch(raw, now)
    if type(draft) is BatchDraft and draft.delivery_report_url is None and draft.sender in account.senders:
        return draft, None
    faults = draft if isinstance(draft, list) else []
    faulty = {fault.field for fault in faults}
    if "sender" not in faulty and (fault := _sender_fault(str(raw.sender), account)):
        faults.append(fault)
    bucket = None
    if raw.delivery_report_url is not None and "deliveryReportUrl" not in faulty:
        url = _judged_url(str(raw.delivery_report_url), account.http_reports, rules)
        if isinstance(url, ReportUrl):
            bucket = bucket_of(url.origin)
        else:
            faults.append(Refusal("deliveryReportUrl", "not_allowed", url.sentence))
    if faults or isinstance(draft, list):
        raise InvalidRequest(faults)
    return draft, bucket


def _sender_fault(sender: str, account: Account) -> Refusal | None:
    return sender_fault(sender, account.senders, optional_sender=account.optional_sender)


@lru_cache(maxsize=4096)
def _judged_url(text: str, http_allowed: bool, rules: ReportUrlRules) -> ReportUrl | UrlRefusal:
    return parse_report_url(
        text,
        http_allowed=http_allowed,
        loopback_allowed=rules.loopback_allowed,
        own_hosts=rules.own_hosts,
        own_addresses=rules.own_addresses,
    )


class Preparation:
    """The messages of a batch while they are composed, priced and routed, slice by slice."""

    def __init__(
        self, account: Account, draft: BatchDraft, routing: Routing, barred: frozenset[str] = _NOBODY
    ) -> None:
        self._barred = barred
        self._account = account
        self._draft = draft
        self._routing = routing
        self._carriers_by_prefix = routing.table.carriers(account.account_id, draft.sender)
        self._surcharge = 0 if account.is_test else surcharge(draft.priority, account.currency)
        self._is_small = len(draft.recipients) <= LARGE
        self._refused_bodies = 0
        self._codes: list[int] = []
        self._segments: list[int] = []
        self._encodings: list[int] = []
        self._prices: list[int] = []
        self._carriers: list[int] = []
        self._total = 0
        self._kinds: dict[tuple[int, int], int] = {}
        self._bodies: list[str] | None = [] if draft.templated else None

    @property
    def is_complete(self) -> bool:
        """Whether every message is prepared."""
        return len(self._codes) == len(self._draft.recipients)

    @property
    def is_free(self) -> bool:
        """Whether there are messages to be sent that cost nothing, all of them."""
        return not self._total and any(self._carriers)

    def prepare_slice(self) -> None:
        """Compose, route and price the next messages: all of a small batch, a slice of a large one."""
        start = len(self._codes)
        slice_ = compose(self._draft) if self._is_small else compose(self._draft, start, start + SLICE)
        if self._barred and not self._barred.isdisjoint(slice_.recipients):
            slice_ = bar(slice_, self._barred)
        codes, carriers = routed(slice_, self._carriers_by_prefix.find_all(slice_.recipients))
        quoted = quote(self._account.prices, slice_.recipients, slice_.segments, codes, extra=self._surcharge)
        for position in quoted.unpriced:
            # What nobody may be charged for cannot be sent either.
            codes[position], carriers[position] = _UNROUTABLE, NO_CARRIER
        self._refused_bodies += slice_.refused_bodies
        self._codes += [code or _FUNDED for code in codes]
        self._segments += slice_.segments
        self._encodings += slice_.encodings
        self._prices += quoted.prices
        self._total += quoted.total
        _count_kinds(self._kinds, self._codes[start:], slice_.segments)
        self._carriers += carriers
        if self._bodies is not None and slice_.bodies is not None:
            self._bodies += slice_.bodies

    def finished(
        self,
        ids: IdSource,
        now: datetime,
        *,
        report_bucket: int | None,
        encode_answer: Callable[[PreparedBatch, bool], bytes],
        idempotent: IdempotentRequest | None,
    ) -> PreparedBatch:
        """The batch with its ids: its own and, right after it, those of its messages."""
        count = len(self._codes)
        first = ids.reserve(count + 1, int(now.timestamp()))
        return PreparedBatch(
            account=self._account,
            batch_id=id_bytes(first),
            created_at=now,
            draft=self._draft,
            report_bucket=report_bucket,
            warnings=warnings(self._draft, self._refused_bodies),
            message_ids=block(first + 1, count) if self._is_small else MessageIds(id_bytes(first), count),
            recipients=self._draft.recipients,
            codes=self._codes,
            segments=self._segments,
            encodings=self._encodings,
            prices=self._prices,
            carriers=self._carriers,
            segments_per_second=self._routing.segments_per_second,
            bodies=self._bodies,
            total=self._total,
            kinds=self._kinds,
            encode_answer=encode_answer,
            idempotent=idempotent,
        )


def _count_kinds(kinds: dict[tuple[int, int], int], codes: list[int], segments: list[int]) -> None:
    if not kinds and len(codes) == 1:
        kinds[codes[0], segments[0]] = 1
        return
    for kind, count in Counter(zip(codes, segments, strict=True)).items():
        kinds[kind] = kinds.get(kind, 0) + count


def routed(composed: Composition, found: Sequence[int | None]) -> tuple[list[int], list[int]]:
    """Codes and carriers of messages: no route is 502, and what is refused has no carrier."""
    if not any(composed.codes) and None not in found:
        return composed.codes, [carrier_id or NO_CARRIER for carrier_id in found]
    codes = [
        code or (_UNROUTABLE if carrier_id is None else 0)
        for code, carrier_id in zip(composed.codes, found, strict=True)
    ]
    return codes, [
        NO_CARRIER if code or carrier_id is None else carrier_id
        for code, carrier_id in zip(codes, found, strict=True)
    ]
