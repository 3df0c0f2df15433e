"""Forms that are sent twice, by two clicks or a page that is loaded again: what they ask for is done once."""

from datetime import datetime
from hashlib import sha256
from typing import Final

from heliograph.storage.batches import IdempotentRequest
from heliograph.storage.database import Transaction
from heliograph.storage.idempotency import StoredAnswer, claim_key, keep_answer

_PATIENCE: Final = "5s"
"""How long the same form, sent this very moment, is waited for."""


async def is_first(
    tx: Transaction, account_id: int, act: str, once: str, *content: str, now: datetime
) -> bool:
    """Whether an act of an account was not done yet with this content by the form of the name ``once``.

    Counts for as long as the transaction stands: what is rolled back may be sent again. A form without a name
    is always the first.
    """
    if not once:
        return True
    digest = sha256("\0".join((once, *content)).encode())
    request = IdempotentRequest(account_id, act, digest.hexdigest(), digest.digest())
    if await claim_key(tx, request, now, wait=_PATIENCE) is not None:
        return False
    await keep_answer(tx, request, StoredAnswer(200, b"", None))
    return True
