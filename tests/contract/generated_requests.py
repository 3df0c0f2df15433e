"""What is changed in the requests that schemathesis generates, and how many it sent; loaded by it as hooks.

Most generated senders are registered nowhere, so that nearly every send would be refused for that alone. And
reports must go nowhere but to this machine.
"""

import ast
import atexit
import json
import os
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemathesis

COUNT_VARIABLE = "CONTRACT_COUNT"
KEY_VARIABLE = "CONTRACT_KEY_ID"
ALL = "all"
SENDER = re.compile("[0-9]{1,15}|[0-9A-Za-z]{3,11}")
KEY = re.compile("[!-~]{1,255}")
NO_KEY = "a" * 16
OUR_SENDER = "iP1"
NO_SENDER = "Nobody"
NOBODY_LISTENS = "http://127.0.0.1:1024/reports"

_parse = ast.parse
_parsing = threading.RLock()


def parse_alone(*source: Any, **options: Any) -> Any:
    """Parse in one thread at a time: CPython 3.11 counts the depth of all of them together (gh-106905)."""
    with _parsing:
        return _parse(*source, **options)


ast.parse = parse_alone

ASKED_AS_ANOTHER = 20
"""One request in so many names an account, which the key's is no parent of."""
sent: Counter[str] = Counter()
hook: Callable[[Callable[..., Any]], Any] = schemathesis.hook


@hook
def map_body(context: Any, body: Any) -> Any:
    """A send from a sender that the account has, to numbers, and reports to an address on this machine."""
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
        body["sender"] = OUR_SENDER
    if isinstance(recipients := body["recipients"], list):
        # Labels that nobody has refuse the send; alone they stay.
        numbers = [each for each in recipients if not (isinstance(each, str) and each.startswith("label:"))]
        body["recipients"] = numbers or recipients
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
def before_call(context: Any, case: Any, arguments: Any) -> None:
    """No end of the key of these requests, nor of their sender: both stand in lists, and are found there."""
    named = case.path_parameters
    if named.get("keyId") == os.environ[KEY_VARIABLE]:
        named["keyId"] = NO_KEY
    if named.get("sender") == OUR_SENDER and case.method == "DELETE":
        named["sender"] = NO_SENDER


@hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the answers, and by operation those that came by a chain of requests and were good."""
    sent[ALL] += 1
    if case.meta is not None and case.meta.phase.name.value == "stateful" and response.status_code < 300:
        sent[case.operation.definition.raw["operationId"]] += 1


@atexit.register
def _write_count() -> None:
    if COUNT_VARIABLE in os.environ:
        Path(os.environ[COUNT_VARIABLE]).write_text(json.dumps(sent))
