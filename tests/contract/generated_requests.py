"""What is changed in the requests that schemathesis generates, and how many it sent; loaded by it as hooks.

Most generated senders are registered nowhere, so that nearly every send would be refused for that alone. And
reports must go nowhere but to this machine.
"""

import ast
import atexit
import os
import re
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemathesis

COUNT_VARIABLE = "CONTRACT_COUNT"
SENDER = re.compile("[0-9]{1,15}|[0-9A-Za-z]{3,11}")
KEY = re.compile("[!-~]{1,255}")
NOBODY_LISTENS = "http://127.0.0.1:9/reports"

_parse = ast.parse
_parsing = threading.RLock()


def parse_alone(*source: Any, **options: Any) -> Any:
    """Parse in one thread at a time: CPython 3.11 counts the depth of all of them together (gh-106905)."""
    with _parsing:
        return _parse(*source, **options)


ast.parse = parse_alone

ASKED_AS_ANOTHER = 20
"""One request in so many names an account, which the key's is no parent of."""
sent = 0
hook: Callable[[Callable[..., Any]], Any] = schemathesis.hook


@hook
def map_body(context: Any, body: Any) -> Any:
    """A send from a sender that the account has, and reports to an address on this machine."""
    if not isinstance(body, dict):
        return body
    if isinstance(url := body.get("url"), str) and ("://" in url or url[:1].isalnum()):
        body["url"] = NOBODY_LISTENS
    if "recipients" not in body:
        return body
    if (
        isinstance(sender := body.get("sender"), str)
        and SENDER.fullmatch(sender)
        and not sender.startswith("0")
    ):
        body["sender"] = "iP1"
    if isinstance(body.get("deliveryReportUrl"), str):
        body["deliveryReportUrl"] = NOBODY_LISTENS
    return body


@hook
def map_headers(context: Any, headers: Any) -> Any:
    """A new key for every request: the answer to a repeated one rightly names what was removed meanwhile."""
    key = headers.get("Idempotency-Key") if isinstance(headers, dict) else None
    if isinstance(key, str) and KEY.fullmatch(key):
        headers["Idempotency-Key"] = secrets.token_hex(16)
    if isinstance(headers, dict) and "Heliograph-Account" in headers and secrets.randbelow(ASKED_AS_ANOTHER):
        del headers["Heliograph-Account"]  # it is nobody's child: the answer is 404 whatever else is asked
    return headers


@hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the answers."""
    global sent
    sent += 1


@atexit.register
def _write_count() -> None:
    if COUNT_VARIABLE in os.environ:
        Path(os.environ[COUNT_VARIABLE]).write_text(str(sent))
