"""A batch ready to be written: checked, composed, priced and routed, as columns in the order of its messages.

Columns, not objects: a batch may have 100,000 messages, and the database takes columns too.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Final

import msgspec

from heliograph.domain.batch import BatchDraft
from heliograph.domain.daily_cap import cap_warning
from heliograph.domain.status import Code
from heliograph.storage.accounts import Account

NO_CARRIER: Final = 0
"""Stands in the column of carriers where a message is refused."""
_FUNDED: Final = Code.FUNDED.value
_UNFUNDED: Final = Code.INSUFFICIENT_FUNDS.value


class IdempotentRequest(msgspec.Struct, frozen=True):
    """What makes two requests the same: the account, the route, the key, and the hash of the body."""

    account_id: int
    route: str
    key: str
    request_hash: bytes


MessageRow = tuple[bytes, str, int, int, int, int, str | None]


class PreparedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Everything to be written of a batch, and how to say it once it is known whether it was paid."""

    account: Account
    batch_id: bytes
    created_at: datetime
    draft: BatchDraft
    report_bucket: int | None
    warnings: Sequence[str]
    message_ids: Sequence[bytes]
    recipients: Sequence[str]
    codes: Sequence[int]
    """103 for each message to be sent if the batch is paid, else why it is refused."""
    segments: Sequence[int]
    encodings: Sequence[int]
    prices: Sequence[int]
    """In micro-units; 0 for a refused message."""
    carriers: Sequence[int]
    """The carrier of each message to be sent, else NO_CARRIER."""
    segments_per_second: Mapping[int, float]
    """The pace of each carrier, which bounds its lots."""
    bodies: Sequence[str] | None
    """The rendered texts; None when all have the text of the batch."""
    total: int
    kinds: Mapping[tuple[int, int], int]
    """How many messages have a code and a number of segments."""
    encode_answer: Callable[["PreparedBatch", bool], bytes]
    idempotent: IdempotentRequest | None = None

    @property
    def message_count(self) -> int:
        """How many messages it has, refused ones included."""
        return len(self.message_ids)

    @property
    def is_all_sent(self) -> bool:
        """Whether no message is refused, provided the batch is paid."""
        return NO_CARRIER not in self.carriers

    def beyond_cap(self) -> "PreparedBatch":
        """The batch as it is answered when it would pass the account's daily cap: with a sentence on that."""
        assert self.account.daily_cap is not None
        sentence = cap_warning(self.account.daily_cap, self.account.currency)
        return msgspec.structs.replace(self, warnings=[*self.warnings, sentence])

    def answer(self, *, funded: bool) -> bytes:
        """The answer's body, once it is known whether the batch could be paid."""
        return self.encode_answer(self, funded)

    def codes_if(self, *, funded: bool) -> Sequence[int]:
        """The codes of the messages; unpaid, those to be sent are refused with 402."""
        if funded:
            return self.codes
        return [_UNFUNDED if code == _FUNDED else code for code in self.codes]

    def prices_if(self, *, funded: bool) -> Sequence[int]:
        """The prices of the messages; an unpaid batch costs nothing."""
        return self.prices if funded else [0] * len(self.prices)

    def rows(self, *, funded: bool) -> "zip[MessageRow]":
        """The messages as rows: id, recipient, price, code, segments, encoding, body if rendered."""
        return zip(
            self.message_ids,
            self.recipients,
            self.prices_if(funded=funded),
            self.codes_if(funded=funded),
            self.segments,
            self.encodings,
            repeat(None) if self.bodies is None else self.bodies,
            strict=False,
        )

    def summary(self, *, funded: bool) -> dict[int, tuple[int, int]]:
        """Messages and segments by code."""
        summary: dict[int, tuple[int, int]] = {}
        for (code, segments), count in self.kinds.items():
            if code == _FUNDED and not funded:
                code = _UNFUNDED
            messages, total = summary.get(code, (0, 0))
            summary[code] = (messages + count, total + count * segments)
        return summary
