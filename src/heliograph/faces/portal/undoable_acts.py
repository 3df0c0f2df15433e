"""Acts that remove something and can be undone: noted in the audit log, and kept for who did them."""

from collections.abc import Mapping
from functools import partial

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
    *,
    of_installation: bool = False,
) -> Undo:
    """Note a removal in its transaction; what the next page needs to undo it.

    It is one from the account looked at, or ``of_installation``. ``path`` is the page on which the thing is
    seen once it is back.
    """
    context, me, kept = context_of(request), me_of(request), KeptRemoval(removal, action, subject, path)
    account_id = INSTALLATION if of_installation else me.account_id
    await note_act(tx, request, action, subject, detail, account_id=account_id)
    removal_id = await keep_removal(tx, account_id, me.user_id, kept, now=context.now(), ids=context.ids)
    return Undo(removal_id.hex(), of_installation)


note_operator_removal = partial(note_removal, of_installation=True)
"""The same of what an operator removes from the installation."""
