"""Messages from handsets: join their segments, find whose they are, store them, tell the account.

A segment is taken in the transaction that stores its PDU, before the carrier is answered. A message becomes a
batch of one with status 201 and an event on the machinery of delivery reports; STOP and START change the
account's blacklist in the same transaction. The keeper gives out what misses a segment for too long.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from heliograph.domain.history import milliseconds, moment_of
from heliograph.domain.ids import IdSource, id_bytes
from heliograph.domain.incoming import (
    Claim,
    IncomingSegment,
    IncomingText,
    OptOutWords,
    Wish,
    claim,
    text_of,
)
from heliograph.domain.incoming_report import incoming_body, incoming_document
from heliograph.domain.msisdn import MAX_DIGITS
from heliograph.domain.reassembly import Arrived, Patience, Reassembly
from heliograph.failpoints import failpoint
from heliograph.storage.blacklist import BlacklistSource, add_to_blacklist, remove_from_blacklist
from heliograph.storage.database import Database, Purpose, Transaction
from heliograph.storage.inbound_numbers import IncomingAccount, find_incoming_accounts, find_numbers
from heliograph.storage.incoming_messages import (
    IncomingEvent,
    IncomingMessage,
    Pair,
    WrittenReassembly,
    delete_reassembly,
    insert_incoming,
    insert_incoming_events,
    list_carriers_with_reassembly_due,
    lock_due_reassembly,
    lock_reassembly,
    write_reassembly,
)

PAIRS_AT_ONCE = 100

log = structlog.get_logger()


class TakeIncoming:
    """Takes segments from carriers. Both steps belong in one transaction, in this order."""

    def __init__(self, ids: IdSource, *, patience: Patience, words: OptOutWords) -> None:
        self._ids = ids
        self._patience = patience
        self._words = words
        self.unclaimed = 0
        """Messages to numbers that are nobody's; only their PDUs are kept."""

    def __repr__(self) -> str:
        return f"<TakeIncoming {self.unclaimed} unclaimed>"

    async def join(
        self, tx: Transaction, carrier_id: int, segments: Sequence[IncomingSegment], now: datetime
    ) -> list[Arrived]:
        """Take segments; the messages they make whole."""
        by_pair: dict[Pair, list[IncomingSegment]] = {}
        for segment in segments:
            by_pair.setdefault((segment.sender, segment.recipient), []).append(segment)
        arrived: list[Arrived] = []
        # In ascending order, as every transaction locks them.
        pairs = sorted(by_pair)
        kept = {
            pair: Reassembly(self._patience, stored)
            for pair, stored in (await lock_reassembly(tx, carrier_id, pairs, now)).items()
        }
        at_ms = milliseconds(now)
        for pair in pairs:
            for segment in by_pair[pair]:
                arrived += [Arrived(*pair, message) for message in kept[pair].add(segment, at_ms)]
        await _write(tx, carrier_id, kept)
        return arrived

    async def release(
        self, tx: Transaction, carrier_id: int, kept: dict[Pair, bytes], now: datetime
    ) -> list[Arrived]:
        """Give out what waited too long in locked rows."""
        reassemblies = {pair: Reassembly(self._patience, stored) for pair, stored in kept.items()}
        arrived = [
            Arrived(*pair, message)
            for pair, reassembly in reassemblies.items()
            for message in reassembly.release(milliseconds(now))
        ]
        await _write(tx, carrier_id, reassemblies)
        return arrived

    async def store(self, tx: Transaction, arrived: Sequence[Arrived], now: datetime) -> int:
        """Store messages for the accounts they belong to, and tell those; how many belong to one."""
        # The segments are taken out of what waits, or answered, only together with this.
        failpoint("incoming.given_out")
        numbers = await find_numbers(tx, {each.recipient for each in arrived})
        claimed: list[IncomingMessage] = []
        for each in arrived:
            text = text_of(each.message.pieces)
            number = numbers.get(each.recipient)
            whose = None if number is None else claim(number, text.body)
            if whose is None:
                self.unclaimed += 1
                # The number is ours or nobody's: no personal data. The text stays with the stored PDU.
                log.warning("incoming.unclaimed", number=each.recipient, is_ours=number is not None)
                continue
            batch_id = self._ids.reserve(2, int(now.timestamp()))
            claimed.append(
                IncomingMessage(
                    whose.account_id,
                    id_bytes(batch_id),
                    id_bytes(batch_id + 1),
                    each.sender,
                    each.recipient,
                    text,
                    each.message.total,
                    sum(piece is None for piece in each.message.pieces),
                    self._wish(whose, each.sender, text),
                )
            )
        if claimed:
            await insert_incoming(tx, claimed, now)
            accounts = await find_incoming_accounts(tx, {message.account_id for message in claimed})
            # What is POSTed is committed with the message, before anybody can POST it.
            await insert_incoming_events(tx, _events(claimed, accounts, now), now=now, ids=self._ids)
            await _obey(tx, claimed, now)
        return len(claimed)

    def _wish(self, whose: Claim, sender: str, text: IncomingText) -> Wish | None:
        if not (sender.isascii() and sender.isdigit() and len(sender) <= MAX_DIGITS):
            return None  # no phone number: nothing could be sent to it anyway
        return self._words.wish(whose.rest) or self._words.wish(text.body)


async def _write(tx: Transaction, carrier_id: int, kept: dict[Pair, Reassembly]) -> None:
    looks = {pair: reassembly.next_look_ms() for pair, reassembly in kept.items()}
    rows = [
        WrittenReassembly(pair, moment_of(look), kept[pair].stored())
        for pair, look in looks.items()
        if look is not None
    ]
    if rows:
        await write_reassembly(tx, carrier_id, rows)
    empty = [pair for pair, look in looks.items() if look is None]
    if empty:
        await delete_reassembly(tx, carrier_id, empty)


def _events(
    messages: Iterable[IncomingMessage], accounts: dict[int, IncomingAccount], now: datetime
) -> list[IncomingEvent]:
    """What the accounts with a URL are told."""
    events = []
    for message in messages:
        account = accounts[message.account_id]
        if account.incoming_url is None:
            continue
        document = incoming_document(
            message_id=message.message_id,
            batch_id=message.batch_id,
            owner=account.number,
            sender=message.sender,
            recipient=message.recipient,
            text=message.text,
            segments=message.segments,
            received_at=now,
            incomplete=bool(message.missing),
            wish=message.wish,
        )
        events.append(IncomingEvent(message, account.incoming_url, account.currency, incoming_body(document)))
    return events


async def _obey(tx: Transaction, messages: Iterable[IncomingMessage], now: datetime) -> None:
    """Put on and take off blacklists, by account in ascending order, each in the order of the messages."""
    asked = [message for message in messages if message.wish is not None]
    for message in sorted(asked, key=lambda each: each.account_id):
        account_id, sender = message.account_id, message.sender
        if message.wish is Wish.STOP:
            await add_to_blacklist(tx, account_id, sender, now=now, source=BlacklistSource.STOP)
        else:
            await remove_from_blacklist(tx, account_id, sender, now=now, source=BlacklistSource.START)


class ReleaseIncomplete:
    """One step gives out what waited too long at every carrier, and forgets what is no longer needed."""

    def __init__(self, database: Database, take: TakeIncoming) -> None:
        self._database = database
        self._take = take

    async def step(self, now: datetime) -> int:
        """Do what is due; how many rows were looked at."""
        async with self._database.transaction() as tx:
            carriers = await list_carriers_with_reassembly_due(tx, now)
        looked_at = 0
        for carrier_id in carriers:
            async with self._database.transaction(Purpose.HOT) as tx:
                kept = await lock_due_reassembly(tx, carrier_id, now, limit=PAIRS_AT_ONCE)
                arrived = await self._take.release(tx, carrier_id, kept, now)
                if arrived:
                    await self._take.store(tx, arrived, now)
                failpoint("incomplete.pre_commit")
            # Given out once: the commit that stores a message is the one that ends its waiting.
            failpoint("incomplete.post_commit")
            looked_at += len(kept)
        return looked_at
