"""`heliograph batch`: look at the batches of an account, cancel them, hold them back.

Texts and recipients are not shown: they are the customer's, and nobody needs them to do any of this.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from cyclopts import App

from heliograph.domain.ids import parse_id
from heliograph.domain.pricing import as_number
from heliograph.domain.refusals import RefusedError
from heliograph.domain.status import BatchStatus
from heliograph.faces.cli.amounts import money
from heliograph.faces.cli.command_ground import Ground
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.status_words import status_words
from heliograph.faces.cli.terminal import done, show_one, show_rows
from heliograph.services.cancel_batch import CancelBatch
from heliograph.services.hold_batch import HoldBatch
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.batch_listing import BatchFilter, list_batches, scan_batches
from heliograph.storage.batch_reading import (
    MessageCount,
    StoredBatch,
    count_messages,
    find_batch,
    list_codes,
    status_of,
)
from heliograph.storage.database import Transaction, is_connection_failure, is_retryable

app = App(
    name="batch",
    help="List, cancel, pause and resume the batches of an account.",
    help_epilogue=examples("heliograph batch list --account ip1-10001 --status ongoing"),
)

_ID: Final = "0123456789abcdef01234567"
_MOST: Final = 10_000
_TRIES: Final = 4
_LABELS: Final = {
    "id": "Batch",
    "account": "Account",
    "created": "Created",
    "sender": "Sender",
    "statusText": "Status",
    "paused": "Paused",
    "messageCount": "Messages",
    "countsText": "By status",
    "priceText": "Price",
    "opens": "Opens",
    "closes": "Closes",
    "reference": "Reference",
    "tags": "Tags",
    "test": "Test key",
}

Held = tuple[StoredBatch, Mapping[int, MessageCount]]


@app.command(
    name="list",
    help_epilogue=examples(
        "heliograph batch list --account ip1-10001",
        "heliograph batch list --account ip1-10001 --status planned --count 100 --json",
    ),
)
async def list_of_account(
    *,
    account: str,
    status: Literal["planned", "ongoing", "sent", "incoming", "canceled"] | None = None,
    count: int = 20,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """List the batches of an account, latest first.

    Parameters
    ----------
    account
        The account's number.
    status
        Only those that are planned, ongoing, sent, incoming or canceled.
    count
        How many at most.
    """
    if not 1 <= count <= _MOST:
        raise CommandRefused(f"--count is a number from 1 to {_MOST}")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        now = ground.now()
        if status is None:
            batches = await list_batches(tx, found.account_id, limit=count, newest_first=True)
            codes: Mapping[bytes, Mapping[int, int]] = await list_codes(tx, found.account_id, batches)
        else:
            batches, codes = await _scan(tx, found.account_id, BatchStatus[status.upper()], count, now)
    rows = [_listed(batch, status_of(batch, codes.get(batch.batch_id, {}), now), found) for batch in batches]
    columns = {
        key: _LABELS[key] for key in ("id", "created", "sender", "messageCount", "statusText", "priceText")
    }
    show_rows(rows, columns, as_json=options.json, empty="No such batches.")


@app.command(help_epilogue=examples(f"heliograph batch show {_ID} \\", "    --account ip1-10001"))
async def show(
    batch: str,
    /,
    *,
    account: str,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Show a batch with its messages by status, without its text and recipients.

    Parameters
    ----------
    batch
        Its id.
    account
        The number of the account that it belongs to.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        owner, stored = await _named(tx, account, batch)
        counts = await count_messages(tx, owner.account_id, stored.batch_id, stored.message_count)
    show_one(_document(stored, counts, owner, ground.now()), _LABELS, as_json=options.json)


@app.command(help_epilogue=examples(f"heliograph batch cancel {_ID} \\", "    --account ip1-10001"))
async def cancel(
    batch: str,
    /,
    *,
    account: str,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Cancel what of a batch was not yet handed to its carrier, with its price returned.

    Parameters
    ----------
    batch
        Its id.
    account
        The number of the account that it belongs to.
    """
    async with installation.open_ground(options.data) as ground:
        async with ground.database.transaction() as tx:
            owner, stored = await _named(tx, account, batch)
        service = CancelBatch(ground.database, ground.ids)
        try:
            last = await service.cancel(owner.account_id, stored.batch_id, ground.now(), hide_finished=False)
        except RefusedError as refused:
            raise CommandRefused(refused.sentence) from None
        document = _document(last.batch, last.counts, owner, ground.now())
    done(f"{batch} is canceled: {document['countsText']}.", document, as_json=options.json)


@app.command(help_epilogue=examples(f"heliograph batch pause {_ID} \\", "    --account ip1-10001"))
async def pause(
    batch: str,
    /,
    *,
    account: str,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Hold back what of a batch was not yet handed to its carrier; its delivery windows keep running.

    Parameters
    ----------
    batch
        Its id.
    account
        The number of the account that it belongs to.
    """
    async with installation.open_ground(options.data) as ground:

        async def hold(tx: Transaction, account_id: int, batch_id: bytes) -> Held:
            return await HoldBatch(ground.ids).pause(tx, account_id, batch_id, ground.now())

        document = await _changed(ground, account, batch, hold)
    done(f"{batch} is paused: {document['countsText']}.", document, as_json=options.json)


@app.command(help_epilogue=examples(f"heliograph batch resume {_ID} \\", "    --account ip1-10001"))
async def resume(
    batch: str,
    /,
    *,
    account: str,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Let a paused batch go on, as soon as one of its delivery windows is open.

    Parameters
    ----------
    batch
        Its id.
    account
        The number of the account that it belongs to.
    """
    async with installation.open_ground(options.data) as ground:

        async def release(tx: Transaction, account_id: int, batch_id: bytes) -> Held:
            return await HoldBatch(ground.ids).resume(tx, account_id, batch_id)

        document = await _changed(ground, account, batch, release)
    done(f"{batch} goes on: {document['countsText']}.", document, as_json=options.json)


async def _scan(
    tx: Transaction, account_id: int, status: BatchStatus, count: int, now: datetime
) -> tuple[list[StoredBatch], Mapping[bytes, Mapping[int, int]]]:
    """The latest batches of a status, however far back they lie."""
    batches: list[StoredBatch] = []
    codes: dict[bytes, Mapping[int, int]] = {}
    after: bytes | None = b""
    wanted = BatchFilter(statuses=frozenset({status}))
    while after is not None and len(batches) < count:
        found = await scan_batches(
            tx, account_id, wanted, limit=count - len(batches), newest_first=True, after=after, now=now
        )
        batches += found.batches
        codes |= found.codes
        after = found.next_after
    return batches, codes


async def _changed(
    ground: Ground, account: str, batch: str, change: Callable[[Transaction, int, bytes], Awaitable[Held]]
) -> dict[str, Any]:
    """Change a batch in one transaction, again if another one was in its way."""
    for tries_left in reversed(range(_TRIES)):
        try:
            async with ground.database.transaction() as tx:
                owner, before = await _named(tx, account, batch)
                stored, counts = await change(tx, owner.account_id, before.batch_id)
        except RefusedError as refused:
            raise CommandRefused(refused.sentence) from None
        except Exception as failure:
            if not tries_left or is_connection_failure(failure) or not is_retryable(failure):
                raise
        else:
            return _document(stored, counts, owner, ground.now())
    raise AssertionError("the last try either returns or raises")


async def _named(tx: Transaction, account: str, batch: str) -> tuple[StoredAccount, StoredBatch]:
    """The account and its batch of that id. Raises CommandRefused where there is none."""
    owner = await get_account(tx, account)
    batch_id = parse_id(batch)
    found = None if batch_id is None else await find_batch(tx, owner.account_id, batch_id)
    if found is None:
        raise CommandRefused(
            f"{account} has no batch {batch!r}; see `heliograph batch list --account {account}`"
        )
    return owner, found


def _listed(batch: StoredBatch, status: BatchStatus, account: StoredAccount) -> dict[str, Any]:
    price = batch.charged - batch.refunded
    return {
        "id": batch.batch_id.hex(),
        "account": account.number,
        "created": batch.created_at,
        "sender": batch.sender,
        "direction": "MO" if batch.incoming else "MT",
        "status": int(status),
        "statusText": f"{int(status)} {status.name.lower()}",
        "paused": batch.paused_at is not None and status in (BatchStatus.PLANNED, BatchStatus.ONGOING),
        "messageCount": batch.message_count,
        "price": as_number(price),
        "priceText": money(price, account.currency),
        "currency": account.currency,
        "opens": min(batch.opens, default=None),
        "closes": max(batch.closes, default=None),
        "reference": batch.reference,
        "tags": batch.tags,
        "test": batch.test,
    }


def _document(
    batch: StoredBatch, counts: Mapping[int, MessageCount], account: StoredAccount, now: datetime
) -> dict[str, Any]:
    codes = {code: count.messages for code, count in sorted(counts.items())}
    return {
        **_listed(batch, status_of(batch, codes, now), account),
        "counts": {str(code): count for code, count in codes.items()},
        "countsText": ", ".join(f"{count:,} with {status_words(code)}" for code, count in codes.items()),
    }
