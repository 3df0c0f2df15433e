"""Undo: what somebody removed a moment ago is put back as it was."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from litestar import Response

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import see, translate_for
from heliograph.faces.portal.signed_in import NotAllowed, act, form_of, me_of
from heliograph.services.undo_removal import CannotUndo, put_back
from heliograph.storage.audit_log import INSTALLATION
from heliograph.storage.removals import (
    HiddenBatch,
    RemovedContact,
    RemovedKeyword,
    RemovedLabel,
    RemovedMember,
    RemovedSender,
    UnblockedNumber,
    take_removal,
)

UNDO: Final = "/portal/undo"
OPERATOR_UNDO: Final = "/portal/operator/undo"
NEEDED: Final[Mapping[type, Right]] = MappingProxyType(
    {
        RemovedContact: Right.SEND,
        RemovedLabel: Right.SEND,
        UnblockedNumber: Right.SEND,
        HiddenBatch: Right.SEND,
        RemovedSender: Right.SENDERS,
        RemovedKeyword: Right.SENDERS,
        RemovedMember: Right.USERS,
    }
)
"""What somebody must be allowed to, to put back what: the same as to remove it."""


@act(UNDO, right=Right.READ)
async def undo(request: PortalRequest) -> Response[None]:
    """Put back what one removed from the account."""
    return await _undone(request, me_of(request).account_id, "/portal/")


@act(OPERATOR_UNDO, right=Right.OPERATE)
async def undo_as_operator(request: PortalRequest) -> Response[None]:
    """Put back what one removed from the installation."""
    return await _undone(request, INSTALLATION, "/portal/operator/accounts")


async def _undone(request: PortalRequest, account_id: int, home: str) -> Response[None]:
    context, me, translate = context_of(request), me_of(request), translate_for(request)
    removal_id = parse_id((await form_of(request)).text("removal")) or b""
    path = home
    try:
        async with context.database.transaction() as tx:
            kept = await take_removal(tx, account_id, me.user_id, removal_id, now=context.now())
            if kept is None:
                said = "That can be undone once, within an hour, in the account that it was done in."
                return see(home, translate(said), tone="warn")
            path = kept.path
            if account_id != INSTALLATION and not me.may(NEEDED[type(kept.removal)]):
                raise NotAllowed("Your role in this account does not allow this. Its owner can change that.")
            await put_back(tx, account_id, kept.removal, now=context.now())
            detail = {"act": kept.action}
            await note_act(tx, request, "removal.undone", kept.subject, detail, account_id=account_id)
    except CannotUndo as refused:
        # Rolled back: it is kept for a try after what stands in its way is gone.
        return see(path, translate("It was not undone.") + " " + translate(str(refused)), tone="bad")
    return see(path, translate("Undone: it is as it was before."))


PAGES: Final = (undo, undo_as_operator)
