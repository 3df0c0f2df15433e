"""Writing accepted batches: family A in one statement, lots in one for each carrier, reports of refusals."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from heliograph.domain.history import milliseconds
from heliograph.domain.ids import IdSource
from heliograph.domain.status import Code
from heliograph.storage.batches import PreparedBatch, message_rows
from heliograph.storage.database import Transaction, load_query
from heliograph.storage.message_changes import COUNTED_BY_ROWS, Changed, insert_reports
from heliograph.storage.new_lots import NewLot, later_windows, place_lots

ACCEPTED_STATUS: Final = 201
_BATCH_COLUMNS: Final = 19
_MESSAGE_COLUMNS: Final = 9
_SUMMARY_COLUMNS: Final = 5
REPORT_SLICE: Final = 2_000


class Decided(msgspec.Struct, frozen=True):
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

    @property
    def is_as_asked(self) -> bool:
        """Whether the transaction may commit."""
        return not self.unpaid and not self.repeated


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
    for one in decided:
        if charge := one.charge:
            account_id = one.batch.account.account_id
            charges[account_id] = charges.get(account_id, 0) + charge
    accounts = sorted(charges)
    seconds = int(now.timestamp())
    kept = [
        (key, one.batch.answer(funded=one.funded), location_of(one.batch.batch_id))
        for one in decided
        if (key := one.batch.idempotent)
    ]
    rows = await tx.fetch(
        load_query("accept_batches"),
        accounts,
        [ids.new(seconds) for _ in accounts],
        [charges[account_id] for account_id in accounts],
        now,
        *_batch_columns(decided),
        *_message_columns(decided if with_messages else ()),
        *_summary_columns(decided),
        [key.account_id for key, _, _ in kept],
        [key.route for key, _, _ in kept],
        [key.key for key, _, _ in kept],
        [key.request_hash for key, _, _ in kept],
        [ACCEPTED_STATUS] * len(kept),
        [answer for _, answer, _ in kept],
        [location for _, _, location in kept],
    )
    paid, written_keys = rows[0]
    repeated: frozenset[tuple[int, str]] = frozenset()
    if len(written_keys) < len(kept):
        written = set(written_keys)
        repeated = frozenset(
            (key.account_id, key.key) for key, _, _ in kept if f"{key.account_id} {key.key}" not in written
        )
    unpaid = frozenset(accounts).difference(paid) if len(paid) < len(accounts) else frozenset()
    return Written(unpaid, repeated)


def location_of(batch_id: bytes) -> str:
    """Where an accepted batch is found: the path of its resource."""
    return f"/v2/batches/{batch_id.hex()}"


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _batch_columns(decided: Sequence[Decided]) -> list[Sequence[Any]]:
    """Opens, closes and tags end to end, then the columns of the batches."""
    opens: list[datetime] = []
    closes: list[datetime] = []
    tags: list[str] = []
    rows: list[tuple[Any, ...]] = []
    for one in decided:
        batch, draft = one.batch, one.batch.draft
        first_window, first_tag = len(opens) + 1, len(tags) + 1
        for window in draft.windows:
            opens.append(window.opens)
            closes.append(window.closes)
        tags.extend(draft.tags)
        rows.append(
            (
                batch.account.account_id,
                batch.batch_id,
                batch.created_at,
                draft.sender,
                draft.body,
                draft.flash,
                draft.coding.value,
                draft.priority,
                draft.templated,
                first_window,
                len(opens),
                draft.delivery_report_url,
                batch.report_bucket,
                draft.reference,
                first_tag,
                len(tags),
                batch.message_count,
                sum(batch.segments),
                one.charge,
            )
        )
    return [opens, closes, tags, *_columns(rows, _BATCH_COLUMNS)]


def _message_columns(decided: Sequence[Decided]) -> list[Sequence[Any]]:
    rows: list[tuple[Any, ...]] = []
    for one in decided:
        rows.extend(message_rows(one.batch, funded=one.funded))
    return _columns(rows, _MESSAGE_COLUMNS)


def _summary_columns(decided: Sequence[Decided]) -> list[Sequence[Any]]:
    """Messages by code of batches that are too large to be counted from their rows at every look."""
    rows = [
        (one.batch.account.account_id, one.batch.batch_id, code, messages, segments)
        for one in decided
        if one.batch.message_count > COUNTED_BY_ROWS
        for code, (messages, segments) in one.batch.summary(funded=one.funded).items()
    ]
    return _columns(rows, _SUMMARY_COLUMNS)


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
    """Store the reports of messages that were refused at once: their code is final, and nothing follows."""
    for one in decided:
        batch = one.batch
        if batch.report_bucket is None or (one.funded and batch.is_all_sent):
            continue
        rows = list(_refusals(batch, funded=one.funded))
        for start in range(0, len(rows), REPORT_SLICE):
            await insert_reports(tx, rows[start : start + REPORT_SLICE], now=now, ids=ids)


def _refusals(batch: PreparedBatch, *, funded: bool) -> Iterable[Changed]:
    account, at_ms = batch.account, milliseconds(batch.created_at)
    for row in message_rows(batch, funded=funded):
        account_id, message_id, batch_id, recipient, price, code, segments, _, _ = row
        if code == Code.FUNDED:
            continue
        yield Changed(
            account_id=account_id,
            message_id=message_id,
            batch_id=batch_id,
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
