"""Acts that remove something and can be undone: noted in the audit log, and kept for who did them."""

from collections.abc import Mapping

from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import Undo
from heliograph.faces.portal.signed_in import me_of
from heliograph.storage.audit_log import INSTALLATION
from heliograph.storage.database import Transaction
from heliograph.storage.removals import KeptRemoval, Removal, keep_removal


async def note_removal(
    tx: Transaction,
    request: PortalRequest,
    removal: Removal,
    action: str,
    subject: str,
    path: str,
    detail: Mapping[str, object] | None = None,
) -> Undo:
    """Note a removal from the account looked at, in its transaction; what the next page needs to undo it.

    ``path`` is the page on which the thing is seen once it is back.
    """
    return await _noted(tx, request, me_of(request).account_id, removal, action, subject, path, detail)


async def note_operator_removal(
    tx: Transaction,
    request: PortalRequest,
    removal: Removal,
    action: str,
    subject: str,
    path: str,
    detail: Mapping[str, object] | None = None,
) -> Undo:
    """The same of what an operator removes from the installation."""
    return await _noted(tx, request, INSTALLATION, removal, action, subject, path, detail)


async def _noted(
    tx: Transaction,
    request: PortalRequest,
    account_id: int,
    removal: Removal,
    action: str,
    subject: str,
    path: str,
    detail: Mapping[str, object] | None,
) -> Undo:
    context, kept = context_of(request), KeptRemoval(removal, action, subject, path)
    await note_act(tx, request, action, subject, detail, account_id=account_id)
    user_id = me_of(request).user_id
    removal_id = await keep_removal(tx, account_id, user_id, kept, now=context.now(), ids=context.ids)
    return Undo(removal_id.hex(), of_installation=account_id == INSTALLATION)
