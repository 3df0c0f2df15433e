"""The audit log: who changed what in the account or, for operators, in the installation, and when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode

from litestar import Response

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Right
from heliograph.faces.portal.audit_words import act_text, detail_texts, subject_text
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, translate_for
from heliograph.faces.portal.signed_in import me_of, show
from heliograph.faces.portal.translations import Translate
from heliograph.storage.audit_log import INSTALLATION, AuditEntry, list_audit_actions, list_audit_entries
from heliograph.storage.portal_users import find_user_names

AUDIT: Final = "/portal/audit"
INSTALLATION_AUDIT: Final = "/portal/operator/audit"
PAGE: Final = 50


class ShownEntry(NamedTuple):
    """An act as the page shows it."""

    at: datetime
    who: str
    act: str
    subject: str
    address: str | None
    """The page of the subject, where it has one."""
    details: list[str]


@show(AUDIT, right=Right.USERS)
async def show_audit(request: PortalRequest) -> Response[str]:
    """A page of the account's log, the newest first."""
    return await _audit_page(request, me_of(request).account_id, AUDIT)


@show(INSTALLATION_AUDIT, right=Right.OPERATE)
async def show_installation_audit(request: PortalRequest) -> Response[str]:
    """A page of what operators did to the installation, the newest first."""
    return await _audit_page(request, INSTALLATION, INSTALLATION_AUDIT)


async def _audit_page(request: PortalRequest, account_id: int, address: str) -> Response[str]:
    asked, translate = request.query_params, translate_for(request)
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
    async with context_of(request).database.transaction() as tx:
        names = await find_user_names(tx, [user for each in found if (user := _user_of(each.subject))])
    chosen = {"action": action} if action else {}
    following = urlencode({**chosen, "before": found[PAGE - 1].entry_id.hex()}) if len(found) > PAGE else ""
    return page(
        request,
        "audit.html",
        entries=[_shown(each, names, translate) for each in found[:PAGE]],
        actions=actions,
        choices=[("", translate("Every act")), *((each, act_text(each, translate)) for each in actions)],
        action=action,
        pager={
            "next_href": f"{address}?{following}" if following else None,
            "previous_href": f"{address}?{urlencode(chosen)}" if before else None,
        },
        is_first=before is None,
        address=address,
        of_installation=account_id == INSTALLATION,
    )


def _shown(entry: AuditEntry, names: Mapping[int, str], translate: Translate) -> ShownEntry:
    user = _user_of(entry.subject)
    subject = names.get(user, entry.subject) if user is not None else subject_text(entry.subject, translate)
    return ShownEntry(
        entry.happened_at,
        entry.actor,
        act_text(entry.action, translate),
        subject,
        f"/portal/batches/{subject}" if entry.action.startswith("batch.") and parse_id(subject) else None,
        detail_texts(entry.detail, translate),
    )


def _user_of(subject: str) -> int | None:
    """The user whom a subject names by their number."""
    kind, _, number = subject.partition(" ")
    return int(number) if kind == "user" and number.isdecimal() and len(number) < 10 else None


PAGES: Final = (show_audit, show_installation_audit)
