"""The audit log from a page: what was done, by whoever is signed in, to the account they look at."""

from collections.abc import Mapping

from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.signed_in import me_of
from heliograph.storage.audit_log import write_audit_entry
from heliograph.storage.database import Transaction


async def note_act(
    tx: Transaction,
    request: PortalRequest,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
    *,
    account_id: int | None = None,
) -> None:
    """Note an act in the transaction that does it; of the account looked at, unless another is given."""
    context, me = context_of(request), me_of(request)
    await write_audit_entry(
        tx,
        me.account_id if account_id is None else account_id,
        user_id=me.user_id,
        actor=me.name,
        action=action,
        subject=subject,
        detail=detail,
        now=context.now(),
        ids=context.ids,
    )


async def note_own_act(tx: Transaction, request: PortalRequest, action: str) -> None:
    """Note what somebody does to their own way in; nowhere for somebody who belongs to no account."""
    me = me_of(request)
    if me.login.account is not None:
        await note_act(tx, request, action, f"user {me.user_id}")
