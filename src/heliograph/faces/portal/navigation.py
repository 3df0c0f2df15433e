"""The portal's navigation: which pages somebody sees, in groups."""

from typing import Final

import msgspec

from heliograph.domain.portal_rights import Right
from heliograph.faces.portal.signed_in import SignedIn
from heliograph.faces.portal.translations import Translate

HOME: Final = "/portal/"
ALARMS: Final = "/portal/operator/alarms"


class NavItem(msgspec.Struct, frozen=True):
    """A page in the navigation."""

    label: str
    href: str
    icon: str
    is_current: bool
    badge: str = ""


class NavGroup(msgspec.Struct, frozen=True):
    """Pages that belong together."""

    title: str
    items: tuple[NavItem, ...]


_PAGES: Final[tuple[tuple[str, tuple[tuple[str, str, str, Right], ...]], ...]] = (
    (
        "",
        (
            ("Overview", "/portal/", "overview", Right.READ),
            ("Compose", "/portal/compose", "compose", Right.SEND),
            ("Batches", "/portal/batches", "batches", Right.READ),
            ("Messages", "/portal/messages", "messages", Right.READ),
            ("Conversations", "/portal/conversations", "conversations", Right.READ),
        ),
    ),
    (
        "People",
        (
            ("Contacts", "/portal/contacts", "contacts", Right.READ),
            ("Blocked numbers", "/portal/blacklist", "blacklist", Right.READ),
        ),
    ),
    (
        "Integration",
        (
            ("Senders", "/portal/senders", "senders", Right.READ),
            ("Numbers", "/portal/numbers", "numbers", Right.READ),
            ("API keys", "/portal/keys", "keys", Right.KEYS),
            ("Webhooks", "/portal/webhooks", "webhooks", Right.WEBHOOKS),
            ("Handset", "/portal/handset", "handset", Right.SEND),
        ),
    ),
    (
        "Account",
        (
            ("Usage", "/portal/usage", "usage", Right.BILLING),
            ("Users", "/portal/users", "users", Right.USERS),
            ("Settings", "/portal/settings", "settings", Right.SETTINGS),
            ("Guard", "/portal/guard", "shield", Right.SETTINGS),
            ("Audit log", "/portal/audit", "audit", Right.USERS),
        ),
    ),
    (
        "Console",
        (
            ("Accounts", "/portal/operator/accounts", "accounts", Right.OPERATE),
            ("Carriers", "/portal/operator/carriers", "carriers", Right.OPERATE),
            ("Routes", "/portal/operator/routes", "routes", Right.OPERATE),
            ("Incoming numbers", "/portal/operator/numbers", "numbers", Right.OPERATE),
            ("Prices", "/portal/operator/prices", "prices", Right.OPERATE),
            ("Guard rules", "/portal/operator/guard", "shield", Right.OPERATE),
            ("Queues", "/portal/operator/queues", "queues", Right.OPERATE),
            ("Alarms", ALARMS, "alarms", Right.OPERATE),
            ("Health", "/portal/operator/health", "health", Right.OPERATE),
            ("Operator log", "/portal/operator/audit", "audit", Right.OPERATE),
        ),
    ),
)
"""Titles of groups, and of each: label, address, icon, right."""
_ELSEWHERE: Final = {
    "/portal/operator/new-account": "/portal/operator/accounts",
    "/portal/operator/new-carrier": "/portal/operator/carriers",
}
"""Pages that belong to another one though their address does not say so."""


def navigation(me: SignedIn, path: str, translate: Translate) -> tuple[NavGroup, ...]:
    """What somebody may open; the page they are on is marked.

    Operators who do not belong to the account that they look at find their own pages first.
    """
    current = nearest_page(path)
    groups = []
    ordered = sorted(_PAGES, key=lambda group: group[0] != "Console") if me.role == "operator" else _PAGES
    for title, pages in ordered:
        items = tuple(
            NavItem(translate(label), href, icon, href == current, _badge(me, href))
            for label, href, icon, right in pages
            if me.may(right) and (right is Right.OPERATE or me.login.account is not None)
        )
        if items:
            groups.append(NavGroup(translate(title) if title else "", items))
    return tuple(groups)


def _badge(me: SignedIn, href: str) -> str:
    """What stands beside a page's name: how many alarms there are."""
    return str(me.alarms) if href == ALARMS and me.alarms else ""


def nearest_page(path: str) -> str:
    """The address in the navigation that a path is at or below; the longest such."""
    path = _ELSEWHERE.get(path.rstrip("/"), path)
    known = [href for _, pages in _PAGES for _, href, _, _ in pages]
    at_or_below = [
        href
        for href in known
        if path.rstrip("/") == href.rstrip("/") or (href != HOME and path.startswith(f"{href}/"))
    ]
    return max(at_or_below, key=len, default="")
