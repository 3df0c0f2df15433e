"""Sending a batch again to those whom it did not reach: fills in a new one, sends nothing itself."""

from collections import Counter
from typing import Final

from litestar import Response

from heliograph.domain.ids import message_range
from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.domain.status import Code
from heliograph.faces.portal.batch_pages import BATCH, read_progress
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.faces.portal.status_texts import CODE_TEXTS
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.storage.message_reading import MessageFilter, list_chosen_messages

MOST: Final = 10_000
MISSED: Final = (
    Code.EXPIRED,
    Code.INSUFFICIENT_FUNDS,
    *(code for code in Code if code // 100 == 5 and code != Code.UNKNOWN),
)
"""Codes of messages that certainly did not arrive, and might another time."""


@show(f"{BATCH}/again", right=Right.SEND)
async def show_again(request: PortalRequest, batch_id: str) -> Response[str]:
    """Whom a batch did not reach, with the way to a new one that is filled in for them."""
    me, context = me_of(request), context_of(request)
    async with context.database.reader(me.account_id) as tx:
        batch = (await read_progress(tx, request, me.account_id, batch_id)).shown.batch
        if batch.incoming or batch.templated or batch.is_erased:
            raise NotFound(UNKNOWN_BATCH)
        first, last = message_range(batch.batch_id, batch.message_count)
        missed = await list_chosen_messages(
            tx,
            me.account_id,
            batch.batch_id,
            MessageFilter(codes=MISSED),
            first=first,
            last=last,
            start=0,
            limit=MOST + 1,
            newest_first=False,
        )
    listed = missed[:MOST]
    return page(
        request,
        "batch_again.html",
        batch=batch,
        batch_id=batch.batch_id.hex(),
        numbers="\n".join(message.recipient for message in listed),
        counts=Counter(message.code for message in listed).most_common(),
        total=len(listed),
        is_cut=len(missed) > MOST,
        code_texts=CODE_TEXTS,
    )


PAGES: Final = (show_again,)
