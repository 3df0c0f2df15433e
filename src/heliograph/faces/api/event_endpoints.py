"""GET /v2/events: every change of status and every incoming message, in an order that skips none."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, get

from heliograph.domain.feed_events import cursor_text, parse_cursor
from heliograph.domain.history import moment_of
from heliograph.domain.ids import message_range, parse_id
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.api_context import JSON_TYPE, ApiRequest, caller_of, context_of
from heliograph.faces.api.batch_endpoints import readable_batch
from heliograph.faces.api.paging import LARGEST_LIMIT
from heliograph.services.cancel_batch import UNKNOWN_BATCH
from heliograph.services.posted_webhooks import posted_incoming, posted_report
from heliograph.services.read_events import FeedQuery, ToldEvent, read_events
from heliograph.storage.accounts import Account

EVENTS_PATH: Final = "/v2/events"
EVENT_TYPE: Final = "deliveryReport"
INCOMING_TYPE: Final = "incomingMessage"
DEFAULT_EVENTS: Final = 100

BAD_CURSOR: Final = "after is no cursor of this account: give the cursor of the last answer as it was."
_SENTENCES: Final = {
    "limit": f"limit is a whole number from 1 to {LARGEST_LIMIT}.",
    "codes": "codes are status codes, separated by commas.",
    "batchId": "batchId is 24 hexadecimal digits.",
}
_NAMES: Final = ("after", *_SENTENCES)
_IN_EVERY_EVENT: Final = frozenset({"id", "batchId", "recipient", "segments", "type"})
"""What an event says itself; its ``type`` is another one than that of a message."""
_LIMIT: Final = re.compile("[0-9]{1,4}")
_CODE: Final = re.compile("[1-5][0-9]{2}")


@get(EVENTS_PATH)
async def read_feed(request: ApiRequest) -> Response[bytes]:
    """The events after a cursor."""
    context = context_of(request)
    caller = await caller_of(request)
    account = caller.account
    query, of_batch = parse_feed_query(request.scope["query_string"], account.account_id)
    query = query._replace(incoming_only=caller.reads_incoming_only)
    async with context.database.reader(account.account_id) as tx:
        if of_batch is not None:
            batch = await readable_batch(tx, caller, of_batch, UNKNOWN_BATCH)
            query = query._replace(messages=message_range(of_batch, batch.message_count))
        page = await read_events(
            tx, account.account_id, query, now=context.now(), event_days=context.event_days
        )
    events = b",".join([_event_json(told, account) for told in page.events])
    cursor = cursor_text(page.cursor, account.account_id)
    end = f'],"cursor":"{cursor}","hasMore":{"true" if page.has_more else "false"}}}'
    return Response(b'{"events":[' + events + end.encode(), media_type=JSON_TYPE)


def parse_feed_query(query: bytes, account_id: int) -> tuple[FeedQuery, bytes | None]:
    """What the query of a request asks for, and of which batch. Raises InvalidRequest with every fault."""
    faults: list[Refusal] = []
    found: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True, errors="replace"):
        if name not in _NAMES:
            continue
        if name in found and name != "codes":
            faults.append(Refusal(name, "repeated", f"{name} is given more than once."))
        found[name] = f"{found[name]},{value}" if name in found and name == "codes" else value
    after = parse_cursor(found["after"], account_id) if "after" in found else None
    if "after" in found and after is None:
        faults.append(Refusal("after", "invalid", BAD_CURSOR))
    limit = found.get("limit", str(DEFAULT_EVENTS))
    codes = [code.strip() for code in found["codes"].split(",")] if "codes" in found else []
    batch_id = parse_id(found["batchId"]) if "batchId" in found else None
    holds = {
        "limit": bool(_LIMIT.fullmatch(limit)) and 1 <= int(limit) <= LARGEST_LIMIT,
        "codes": all(_CODE.fullmatch(code) for code in codes),
        "batchId": "batchId" not in found or batch_id is not None,
    }
    faults += [Refusal(name, "invalid", _SENTENCES[name]) for name, held in holds.items() if not held]
    if faults:
        raise InvalidRequest(faults, "One or more parameters of the query are not valid.")
    return FeedQuery(after, int(limit), frozenset(map(int, codes))), batch_id


_encode = msgspec.json.Encoder().encode


def _event_json(told: ToldEvent, account: Account) -> bytes:
    """The body of the report with what its headers would say: the id of the event."""
    event, message = told
    webhook_id, body = posted_report(
        message, number=event.number, code=event.code, at_ms=event.at_ms, currency=account.currency
    )
    event_type = EVENT_TYPE if message.incoming_from is None else INCOMING_TYPE
    head = f'{{"eventId":"{webhook_id}","type":"{event_type}","number":{event.number},'
    if message.incoming_from is None:
        return head.encode() + body[1:]
    return head.encode() + _encode(_incoming_members(told, account))[1:-1] + b"," + body[1:]


def _incoming_members(told: ToldEvent, account: Account) -> dict[str, object]:
    """What the POST of a message from a handset says beside what every event does."""
    event, message = told
    document = posted_incoming(message, owner=account.number, received_at=moment_of(event.at_ms))
    posted: dict[str, object] = msgspec.to_builtins(document, builtin_types=(datetime,))
    own = {name: posted[name] for name in posted if name not in _IN_EVERY_EVENT}
    return own | {"direction": "MO", "messageType": document.type}
