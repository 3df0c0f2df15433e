"""Which scope a key needs for each route, and what a test key may change.

Every route of ``ROUTES`` has its line here, by method and path (parameters without their type); a test of
``make check`` fails where one has none. ``account_of(request)`` looks the line up, so that a route function
need not say it again. A route without a line lets nobody in. None: the route needs no key.

Choose by what the route does: SEND for what sends, changes or cancels messages, READ for reading them,
SENDERS for senders and blocked numbers, BILLING for money, KEYS for keys. A route of READ that can show
incoming messages alone stands in ``RECEIVING``, too, and its function keeps the others from a key that may
read only those. What changes something stands in ``FOR_TEST_KEYS`` only where it touches nothing real.
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

RECEIVING: Final = frozenset(
    {
        ("GET", "/v2/batches"),
        ("GET", "/v2/batches/{batch_id}"),
        ("GET", "/v2/batches/{batch_id}/messages"),
        ("GET", "/v2/batches/{batch_id}/messages/{message_id}"),
        ("GET", "/v2/batches/{batch_id}/messages/{message_id}/timeline"),
        ("GET", "/v2/conversations/{participant}"),
        ("GET", "/v2/conversations/{participant}/mo"),
        ("GET", "/v2/events"),
    }
)
"""Routes that RECEIVE opens as well, for what handsets sent in."""

FOR_TEST_KEYS: Final = frozenset(
    {
        ("POST", "/v2/batches"),
        ("DELETE", "/v2/batches/{batch_id}"),
        ("PATCH", "/v2/batches/{batch_id}"),
        ("POST", "/v2/batches/{batch_id}/pause"),
        ("POST", "/v2/batches/{batch_id}/resume"),
        ("POST", "/v2/reports/test"),
    }
)
"""What a test key may call beside GET; of the batches only test batches."""


def template_of(path: str) -> str:
    """A route's path as requests name it: its parameters without their types."""
    return re.sub(r":\w+}", "}", path)


def scopes_of(method: str, path_template: str) -> tuple[KeyScope, ...]:
    """The scopes of which a route needs one; none if it needs no key.

    Raises LookupError for a route without a line.
    """
    needed = SCOPES[method, path_template]
    if needed is None:
        return ()
    return (needed, KeyScope.RECEIVE) if (method, path_template) in RECEIVING else (needed,)


def is_open_to_test_keys(method: str, path_template: str) -> bool:
    """Whether a test key may call a route: to read, or to change what is a test as well."""
    return method == "GET" or (method, path_template) in FOR_TEST_KEYS
