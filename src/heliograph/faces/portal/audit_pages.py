"""The audit log: who changed what in the account or, for operators, in the installation, and when."""

from typing import Final
from urllib.parse import urlencode

from litestar import Response

from heliograph.domain.portal_rights import Right
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, translate_for
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.storage.audit_log import INSTALLATION, list_audit_actions, list_audit_entries

AUDIT: Final = "/portal/audit"
INSTALLATION_AUDIT: Final = "/portal/operator/audit"
PAGE: Final = 50


@show(AUDIT, right=Right.USERS)
async def show_audit(request: PortalRequest) -> Response[str]:
    """A page of the account's log, the newest first."""
    return await _audit_page(request, me_of(request).account_id, AUDIT)


@show(INSTALLATION_AUDIT, right=Right.OPERATE)
async def show_installation_audit(request: PortalRequest) -> Response[str]:
    """A page of what operators did to the installation, the newest first."""
    return await _audit_page(request, INSTALLATION, INSTALLATION_AUDIT)


async def _audit_page(request: PortalRequest, account_id: int, address: str) -> Response[str]:
    asked = request.query_params
    action = asked.get("action") or None
    if action is not None and not action.isprintable():
        action = "?"
    try:
        before = bytes.fromhex(asked.get("before", "")) or None
    except ValueError:
        before = None
    async with context_of(request).database.reader(account_id) as tx:
        found = await list_audit_entries(tx, account_id, before=before, action=action, limit=PAGE + 1)
        actions = await list_audit_actions(tx, account_id)
    chosen = {"action": action} if action else {}
    following = urlencode({**chosen, "before": found[PAGE - 1].entry_id.hex()}) if len(found) > PAGE else ""
    return page(
        request,
        "audit.html",
        entries=found[:PAGE],
        actions=actions,
        choices=[("", translate_for(request)("Every act")), *((each, each) for each in actions)],
        action=action,
        pager={
            "next_href": f"{address}?{following}" if following else None,
            "previous_href": f"{address}?{urlencode(chosen)}" if before else None,
        },
        is_first=before is None,
        address=address,
        of_installation=account_id == INSTALLATION,
    )


PAGES: Final = (show_audit, show_installation_audit)
