"""What people did, in words: the names of acts in the audit log, and of what the log keeps beside them."""

from collections.abc import Mapping
from typing import Final

from heliograph.faces.portal.text_formats import ROLE_NAMES
from heliograph.faces.portal.translations import Translate

ACTS: Final[Mapping[str, str]] = {
    "account.changed": "Changed the settings of an account",
    "account.created": "Made an account",
    "account.disabled": "Disabled an account",
    "account.enabled": "Enabled an account",
    "account.limited": "Set the limits of an account",
    "account.looked_at": "Looked at an account",
    "batch.canceled": "Canceled a batch",
    "batch.hidden": "Removed a finished batch from the lists",
    "batch.paused": "Paused a batch",
    "batch.rescheduled": "Gave a batch other delivery windows",
    "batch.resumed": "Resumed a batch",
    "batch.sent": "Sent a batch",
    "batch.tested": "Sent a test of a batch",
    "blacklist.added": "Blocked a number",
    "blacklist.removed": "Unblocked a number",
    "carrier.changed": "Changed a carrier",
    "carrier.created": "Made a carrier",
    "carrier.disabled": "Disabled a carrier",
    "carrier.enabled": "Enabled a carrier",
    "carrier.removed": "Removed a carrier",
    "carrier_cost.removed": "Removed a cost of a carrier",
    "carrier_cost.set": "Set a cost of a carrier",
    "carrier_costs.imported": "Imported costs of a carrier",
    "carrier_costs.removed": "Removed the costs of a carrier",
    "contact.added": "Added a contact",
    "contact.changed": "Changed a contact",
    "contact.deleted": "Deleted a contact",
    "contacts.imported": "Imported contacts",
    "credit.added": "Added credit",
    "credit.corrected": "Took credit back",
    "guard.removed": "Removed a guard rule",
    "guard.set": "Set a guard rule",
    "key.created": "Made a key",
    "key.revoked": "Revoked a key",
    "keyword.freed": "Gave a keyword up",
    "keyword.given": "Gave a keyword to an account",
    "keyword.taken": "Took a keyword",
    "keyword.withdrawn": "Withdrew a keyword",
    "label.deleted": "Deleted a label",
    "member.invited": "Invited somebody",
    "member.joined": "Joined the account",
    "member.removed": "Removed somebody from the account",
    "member.role_changed": "Changed somebody's role",
    "member.uninvited": "Took an invitation back",
    "number.added": "Added an incoming number",
    "number.changed": "Changed whose an incoming number is",
    "number.removed": "Removed an incoming number",
    "operator.looked": "An operator looked at the account",
    "price.removed": "Removed a price",
    "price.set": "Changed a price",
    "price_list.created": "Made a price list",
    "price_list.removed": "Removed a price list",
    "prices.imported": "Imported prices",
    "removal.undone": "Undid a removal",
    "route.created": "Added a route",
    "route.removed": "Removed a route",
    "sender.added": "Gave a sender to an account",
    "sender.registered": "Registered a sender",
    "sender.removed": "Removed a sender",
    "settings.changed": "Changed the settings",
    "user.address_changed": "Changed their e-mail address",
    "user.app_added": "Added an authenticator app",
    "user.app_removed": "Removed their authenticator app",
    "user.created": "Made a user",
    "user.operator_changed": "Changed who is an operator",
    "user.passkey_added": "Added a passkey",
    "user.passkey_removed": "Removed a passkey",
    "user.password_changed": "Changed their password",
    "user.password_chosen": "Chose their first password",
    "user.password_reset": "Chose a new password with a link",
    "user.recovery_codes_made": "Made new recovery codes",
    "user.reset_link_made": "Made a link for a new password",
    "user.second_step_forgotten": "Forgot somebody's second step",
    "webhook.replayed": "Had reports delivered again",
    "webhook.secret_made": "Made a signing secret",
    "webhook.secret_removed": "Removed a signing secret",
    "webhook.url_changed": "Changed the URL of incoming messages",
    "webhook.url_removed": "Removed the URL of incoming messages",
}
"""By the name that an act is kept under."""

DETAILS: Final[Mapping[str, str]] = {
    "account": "account",
    "accountId": "account",
    "act": "what",
    "amount": "amount",
    "burst": "at once",
    "changes": "changes",
    "contacts": "contacts",
    "cost": "cost",
    "currency": "currency",
    "dailyCap": "daily cap",
    "keyword": "keyword",
    "known": "there already",
    "left_out": "left out",
    "limit": "at most",
    "messages": "messages",
    "mode": "does",
    "name": "name",
    "optionalSender": "senders of its own",
    "password": "password",
    "prefix": "prefix",
    "price": "price",
    "priceList": "price list",
    "rate": "recipients a second",
    "http_reports": "reports to http:// addresses",
    "in_doubt_policy": "messages in doubt",
    "own_daily_cap": "daily cap",
    "report_codes": "which reports",
    "report_schedule": "how often they are tried",
    "reports": "reports",
    "retention_days": "days that texts are kept",
    "role": "role",
    "sender": "sender",
    "shared": "shared",
    "test": "test key",
    "waiting": "waiting",
    "weight": "weight",
}
"""What stands beside an act, by the name that it is kept under."""
VALUES: Final[Mapping[str, str]] = {
    "all": "all",
    "final": "final ones",
    "standard": "standard",
    "ip1-strict": "as iP.1 does",
    "hold": "kept until a receipt comes",
    "resend_once": "sent once more",
    "changed": "changed",
    "block": "block",
    "off": "off",
    "watch": "watch",
    **ROLE_NAMES,
    **ACTS,
}
"""Words among the values that are kept."""


SUBJECTS: Final[Mapping[str, str]] = {
    "blacklist": "blocked numbers",
    "contacts": "contacts",
    "incoming": "incoming messages",
    "invitation": "invitation",
}
"""What acts are done to that has no name of its own."""


def subject_text(subject: str, translate: Translate) -> str:
    """What an act was done to."""
    return translate(SUBJECTS[subject]) if subject in SUBJECTS else subject


def act_text(action: str, translate: Translate) -> str:
    """An act in words; the name of one that an older version kept."""
    return translate(ACTS[action]) if action in ACTS else action


def detail_texts(detail: Mapping[str, object], translate: Translate) -> list[str]:
    """What is kept beside an act: ``daily cap: 500``."""
    return [f"{_name(name, translate)}: {_value(value, translate)}" for name, value in detail.items()]


def _name(name: str, translate: Translate) -> str:
    return translate(DETAILS[name]) if name in DETAILS else name


def _value(value: object, translate: Translate) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return translate("yes") if value else translate("no")
    if isinstance(value, list) and len(value) == 2:
        before, after = (_value(each, translate) for each in value)
        return f"{before} → {after}"
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return translate(VALUES[text]) if text in VALUES else text
