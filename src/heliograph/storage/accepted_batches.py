"""Writing accepted batches: family A in one statement, lots in one for each carrier, reports of refusals."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from heliograph.domain.feed_events import pack_event
from heliograph.domain.history import milliseconds
from heliograph.domain.ids import IdSource
from heliograph.domain.status import Code
from heliograph.storage.batches import PreparedBatch
from heliograph.storage.daily_caps import Spending, take_from_caps
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.event_feed import insert_events
from heliograph.storage.message_changes import COUNTED_BY_ROWS, Changed, insert_reports
from heliograph.storage.new_lots import NewLot, later_windows, place_lots

ACCEPTED_STATUS: Final = 201
REPORT_SLICE: Final = 2_000
_FUNDED: Final = Code.FUNDED.value


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A batch with the decision whether it is paid."""

    batch: PreparedBatch
    funded: bool

    @property
    def charge(self) -> int:
        """What it takes from the balance."""
        return self.batch.total if self.funded else 0


class Written(msgspec.Struct, frozen=True):
    """What the database made of accepted batches, where it differs from what was asked for."""

    unpaid: frozenset[int]
    """Accounts whose balance was too small; all must be rolled back."""
    repeated: frozenset[tuple[int, str]]
    """(account, key) of idempotency keys that somebody else took meanwhile; all must be rolled back."""
    unjudged: frozenset[int]
    """Accounts that got their first blacklist entry after a batch was prepared without a look at it; all must
    be rolled back."""
    over_cap: frozenset[int] = frozenset()
    """Accounts that would pass their daily cap; all must be rolled back."""

    @property
    def is_as_asked(self) -> bool:
        """Whether the transaction may commit."""
        return not (self.unpaid or self.repeated or self.unjudged or self.over_cap)


class _BatchRow(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    account_id: int
    batch_id: str
    created_at: datetime
    sender: str
    body: str
    flash: bool
    coding: str
    priority: int
    templated: bool
    opens: list[datetime]
    closes: list[datetime]
    url: str | None
    bucket: int | None
    reference: str | None
    tags: tuple[str, ...]
    message_count: int
    segment_count: int
    charged: int
    test: bool = False


class _MessageRow(msgspec.Struct, frozen=True, gc=False):
    account_id: int
    message_id: str
    batch_id: str
    recipient: str
    price: int
    code: int
    segments: int
    encoding: int
    body: str | None


class _SummaryRow(msgspec.Struct, frozen=True, gc=False):
    account_id: int
    batch_id: str
    code: int
    messages: int
    segments: int


class _IdempotencyRow(msgspec.Struct, frozen=True, gc=False):
    account_id: int
    route: str
    key: str
    request_hash: str
    status: int
    answer: str
    location: str


_encode = msgspec.json.Encoder().encode


def _json(rows: Sequence[msgspec.Struct]) -> str:
    return _encode(rows).decode() if rows else "[]"


def _hex(octets: bytes) -> str:
    """Octets as PostgreSQL reads them from a text."""
    return "\\x" + octets.hex()


async def insert_batches(
    tx: Transaction,
    decided: Sequence[Decided],
    *,
    now: datetime,
    ids: IdSource,
    with_messages: bool = True,
) -> Written:
    """Write family A of batches: balance, ledger, batches, messages, summaries, idempotency.

    Without ``with_messages`` the caller has written the messages already.
    """
    charges: dict[int, int] = {}
    caps: dict[int, int] = {}
    for one in decided:
        if charge := one.charge:
            account_id = one.batch.account.account_id
            charges[account_id] = charges.get(account_id, 0) + charge
            if one.batch.account.daily_cap is not None:
                caps[account_id] = one.batch.account.daily_cap
    accounts = sorted(charges)
    over_cap: frozenset[int] = frozenset()
    if caps:
        spendings = {account_id: Spending(charges[account_id], cap) for account_id, cap in caps.items()}
        over_cap = await take_from_caps(tx, spendings, now=now)
    seconds = int(now.timestamp())
    keys = [_idempotency_row(one) for one in decided if one.batch.idempotent is not None]
    rows = await tx.fetch(
        load_query("accept_batches"),
        accounts,
        [ids.new(seconds) for _ in accounts],
        [charges[account_id] for account_id in accounts],
        now,
        _json([_batch_row(one) for one in decided]),
        _json(_message_rows(decided)) if with_messages else "[]",
        _json(_summary_rows(decided)),
        _json(keys),
    )
    await _insert_tags(tx, decided)
    paid, kept, with_blacklist = rows[0]
    unpaid = frozenset(accounts).difference(paid) if len(paid) < len(accounts) else frozenset()
    return Written(
        unpaid,
        _not_kept(keys, kept) if len(kept) < len(keys) else frozenset(),
        _unjudged(decided, with_blacklist) if with_blacklist else frozenset(),
        over_cap,
    )


async def _insert_tags(tx: Transaction, decided: Sequence[Decided]) -> None:
    """Write the tags by which batches are listed: a statement more, only where there are any."""
    tagged = [one.batch for one in decided if one.batch.draft.tags]
    if not tagged:
        return
    rows = [(batch.account.account_id, tag, batch.batch_id) for batch in tagged for tag in batch.draft.tags]
    await tx.execute(load_query("insert_batch_tags"), *map(list, zip(*rows, strict=True)))


def _unjudged(decided: Sequence[Decided], with_blacklist: Iterable[int]) -> frozenset[int]:
    """Of the accounts that have a blacklist those with a batch that was prepared as if they had none."""
    unaware = [one.batch.account for one in decided if not one.batch.account.has_blacklist]
    return frozenset(with_blacklist).intersection([account.account_id for account in unaware])


def _not_kept(keys: Sequence[_IdempotencyRow], kept: Iterable[str]) -> frozenset[tuple[int, str]]:
    written = set(kept)
    return frozenset(
        (row.account_id, row.key) for row in keys if f"{row.account_id} {row.key}" not in written
    )


def location_of(batch_id: bytes) -> str:
    """Where an accepted batch is found: the path of its resource."""
    return f"/v2/batches/{batch_id.hex()}"


def _batch_row(one: Decided) -> _BatchRow:
    batch, draft = one.batch, one.batch.draft
    return _BatchRow(
        batch.account.account_id,
        _hex(batch.batch_id),
        batch.created_at,
        draft.sender,
        draft.body,
        draft.flash,
        draft.coding,
        draft.priority,
        draft.templated,
        [window.opens for window in draft.windows],
        [window.closes for window in draft.windows],
        draft.delivery_report_url,
        batch.report_bucket,
        draft.reference,
        draft.tags,
        batch.message_count,
        sum(batch.segments),
        batch.total if one.funded else 0,
        batch.account.is_test,
    )


def _message_rows(decided: Sequence[Decided]) -> list[_MessageRow]:
    rows: list[_MessageRow] = []
    for one in decided:
        batch = one.batch
        account_id, batch_id = batch.account.account_id, _hex(batch.batch_id)
        rows += [
            _MessageRow(
                account_id, _hex(message_id), batch_id, recipient, price, code, segments, encoding, body
            )
            for message_id, recipient, price, code, segments, encoding, body in batch.rows(funded=one.funded)
        ]
    return rows


def _summary_rows(decided: Sequence[Decided]) -> list[_SummaryRow]:
    """Messages by code of batches that are too large to be counted from their rows at every look."""
    return [
        _SummaryRow(one.batch.account.account_id, _hex(one.batch.batch_id), code, messages, segments)
        for one in decided
        if one.batch.message_count > COUNTED_BY_ROWS
        for code, (messages, segments) in one.batch.summary(funded=one.funded).items()
    ]


def _idempotency_row(one: Decided) -> _IdempotencyRow:
    key = one.batch.idempotent
    assert key is not None
    return _IdempotencyRow(
        key.account_id,
        key.route,
        key.key,
        _hex(key.request_hash),
        ACCEPTED_STATUS,
        _hex(one.batch.answer(funded=one.funded)),
        location_of(one.batch.batch_id),
    )


async def insert_lots(tx: Transaction, carrier_id: int, lots: Sequence[NewLot]) -> None:
    """Write lots of one carrier; those that are ready take their places in its fair order.

    The accounts' rows of the fair order stay locked until the transaction ends.
    """
    places, later = place_lots(lots), later_windows(lots)
    await tx.execute(
        load_query("insert_lots"),
        carrier_id,
        [priority for priority, _ in places.advances],
        [account_id for _, account_id in places.advances],
        list(places.advances.values()),
        [lot.lot_id for lot in lots],
        [lot.account_id for lot in lots],
        [lot.priority for lot in lots],
        places.offsets,
        [lot.opens_at for lot in lots],
        [lot.closes_at for lot in lots],
        later.starts,
        later.ends,
        later.opens,
        later.closes,
        [lot.segment_count for lot in lots],
        [lot.first_id for lot in lots],
        [lot.last_id for lot in lots],
        [lot.payload for lot in lots],
    )


async def insert_placed_lots(
    tx: Transaction, carrier_id: int, lots: Sequence[NewLot], places: Sequence[int]
) -> None:
    """Write lots of one carrier at places that the caller chose; locks nothing that others wait for."""
    later = later_windows(lots)
    await tx.execute(
        load_query("insert_placed_lots"),
        carrier_id,
        [lot.lot_id for lot in lots],
        [lot.account_id for lot in lots],
        [lot.priority for lot in lots],
        [1 if lot.is_ready else 0 for lot in lots],
        list(places),
        [lot.opens_at for lot in lots],
        [lot.closes_at for lot in lots],
        later.starts,
        later.ends,
        later.opens,
        later.closes,
        [lot.segment_count for lot in lots],
        [lot.first_id for lot in lots],
        [lot.last_id for lot in lots],
        [lot.payload for lot in lots],
    )


async def report_refusals(
    tx: Transaction, decided: Sequence[Decided], *, now: datetime, ids: IdSource
) -> None:
    """Tell of messages that were refused at once: their code is final, and nothing follows."""
    for one in decided:
        batch = one.batch
        if one.funded and batch.is_all_sent:
            continue
        rows = list(_refusals(batch, funded=one.funded))
        for start in range(0, len(rows), REPORT_SLICE):
            told = rows[start : start + REPORT_SLICE]
            packed = [pack_event(row.message_id, row.entries, row.code, row.at_ms) for row in told]
            await insert_events(tx, batch.account.account_id, packed, now=now, ids=ids)
            await insert_reports(tx, told, now=now, ids=ids)


def _refusals(batch: PreparedBatch, *, funded: bool) -> Iterable[Changed]:
    account, at_ms = batch.account, milliseconds(batch.created_at)
    for message_id, recipient, price, code, segments, _, _ in batch.rows(funded=funded):
        if code == _FUNDED:
            continue
        yield Changed(
            account_id=account.account_id,
            message_id=message_id,
            batch_id=batch.batch_id,
            code=code,
            previous_code=Code.ACCEPTED,
            recipient=recipient,
            segments=segments,
            price=price,
            refund=False,
            entries=1,
            at_ms=at_ms,
            intent_ms=0,
            delivery_report_url=batch.draft.delivery_report_url,
            report_bucket=batch.report_bucket,
            reference=batch.draft.reference,
            message_count=batch.message_count,
            currency=account.currency,
            report_codes=account.report_codes,
        )
