"""Which scope a key needs for each route.

Every route of ``ROUTES`` has its line here, by method and path (parameters without their type); a test of
``make check`` fails where one has none. ``account_of(request)`` looks the line up, so that a route function
need not say it again. A route without a line lets nobody in. None: the route needs no key.

Choose by what the route does: SEND for what sends, changes or cancels messages, READ for reading them,
RECEIVE for what handsets sent in, SENDERS for senders and blocked numbers, BILLING for money, KEYS for keys.
"""

import re
from collections.abc import Mapping
from typing import Final

from heliograph.domain.key_rights import KeyScope

SCOPES: Final[Mapping[tuple[str, str], KeyScope | None]] = {
    ("GET", "/"): None,
    ("GET", "/api/me"): KeyScope.BILLING,
    ("GET", "/api/me/account"): KeyScope.BILLING,
    ("GET", "/api/me/children"): KeyScope.BILLING,
    ("POST", "/api/me/children"): KeyScope.KEYS,
    ("GET", "/api/me/children/{child}"): KeyScope.BILLING,
    ("PUT", "/api/me/children/{child}"): KeyScope.BILLING,
    ("POST", "/api/me/children/{child}/credit"): KeyScope.BILLING,
    ("GET", "/docs"): None,
    ("GET", "/docs/openapi.json"): None,
    ("GET", "/docs/reader.css"): None,
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/v2/me/senders"): KeyScope.SENDERS,
    ("PUT", "/v2/me/senders"): KeyScope.SENDERS,
    ("GET", "/v2/me/senders/{sender}"): KeyScope.SENDERS,
    ("PUT", "/v2/me/senders/{sender}"): KeyScope.SENDERS,
    ("DELETE", "/v2/me/senders/{sender}"): KeyScope.SENDERS,
    ("GET", "/v2/blacklist"): KeyScope.SENDERS,
    ("POST", "/v2/blacklist"): KeyScope.SENDERS,
    ("GET", "/v2/blacklist/{msisdn}"): KeyScope.SENDERS,
    ("PUT", "/v2/blacklist/{msisdn}"): KeyScope.SENDERS,
    ("DELETE", "/v2/blacklist/{msisdn}"): KeyScope.SENDERS,
    ("GET", "/v2/contacts"): KeyScope.READ,
    ("POST", "/v2/contacts"): KeyScope.SEND,
    ("DELETE", "/v2/contacts"): KeyScope.SEND,
    ("GET", "/v2/contacts/meta"): KeyScope.READ,
    ("GET", "/v2/contacts/{contact_id}"): KeyScope.READ,
    ("PUT", "/v2/contacts/{contact_id}"): KeyScope.SEND,
    ("PATCH", "/v2/contacts/{contact_id}"): KeyScope.SEND,
    ("DELETE", "/v2/contacts/{contact_id}"): KeyScope.SEND,
    ("POST", "/v2/labels/{label}/contacts"): KeyScope.SEND,
    ("DELETE", "/v2/labels/{label}"): KeyScope.SEND,
    ("GET", "/v2/batches"): KeyScope.READ,
    ("POST", "/v2/batches"): KeyScope.SEND,
    ("GET", "/v2/batches/{batch_id}"): KeyScope.READ,
    ("DELETE", "/v2/batches/{batch_id}"): KeyScope.SEND,
    ("PATCH", "/v2/batches/{batch_id}"): KeyScope.SEND,
    ("POST", "/v2/batches/{batch_id}/pause"): KeyScope.SEND,
    ("POST", "/v2/batches/{batch_id}/resume"): KeyScope.SEND,
    ("GET", "/v2/batches/{batch_id}/messages"): KeyScope.READ,
    ("GET", "/v2/batches/{batch_id}/messages/{message_id}"): KeyScope.READ,
    ("GET", "/v2/batches/{batch_id}/messages/{message_id}/timeline"): KeyScope.READ,
    ("GET", "/v2/conversations/{participant}"): KeyScope.READ,
    ("GET", "/v2/conversations/{participant}/mo"): KeyScope.READ,
    ("GET", "/v2/conversations/{participant}/mt"): KeyScope.READ,
    ("GET", "/v2/conversations/{participant}/summary"): KeyScope.READ,
    ("GET", "/v2/me/keys"): KeyScope.KEYS,
    ("POST", "/v2/me/keys"): KeyScope.KEYS,
    ("DELETE", "/v2/me/keys/{key_id}"): KeyScope.KEYS,
    ("GET", "/v2/events"): KeyScope.READ,
    ("GET", "/v2/reports/secrets"): KeyScope.KEYS,
    ("POST", "/v2/reports/secrets"): KeyScope.KEYS,
    ("DELETE", "/v2/reports/secrets/{secret_id}"): KeyScope.KEYS,
    ("GET", "/v2/reports/failed"): KeyScope.READ,
    ("POST", "/v2/reports/replay"): KeyScope.SEND,
    ("POST", "/v2/reports/test"): KeyScope.SEND,
}


def template_of(path: str) -> str:
    """A route's path as requests name it: its parameters without their types."""
    return re.sub(r":\w+}", "}", path)


def scope_of(method: str, path_template: str) -> KeyScope | None:
    """The scope that a route needs. Raises LookupError for a route without a line."""
    return SCOPES[method, path_template]
