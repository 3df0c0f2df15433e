"""What is asked of the API, without doing it: every call of the API as a value, and how its answer is read.

Both clients carry out these calls; nothing here touches a network.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from heliograph.client.client_errors import NoAnswer, UnexpectedAnswer, error_class
from heliograph.client.received_documents import (
    Account,
    Batch,
    BlacklistEntry,
    ConversationSummary,
    DeliveryWindow,
    EventPage,
    Key,
    Message,
    NewKey,
    ProblemDocument,
    Sender,
)

Answered = TypeVar("Answered")
Query = tuple[tuple[str, str], ...]
Direction = Literal["mt", "mo"]
"""To a handset, or from one."""
Recipients = Sequence[str] | Mapping[str, Mapping[str, str]]

LONGEST_PAGE: Final = 1000
_NEXT: Final = re.compile(r'<([^>]*)>\s*;\s*rel="?next\b')


class Answer(msgspec.Struct, frozen=True):
    """What came back. ``headers`` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Lost(msgspec.Struct, frozen=True):
    """A try without a whole answer."""

    reason: str
    may_have_happened: bool
    """Whether the request may have reached the server."""


Result = Answer | Lost


class Call(msgspec.Struct, Generic[Answered], frozen=True, kw_only=True):
    """One request, and the type of its answer."""

    method: str
    path: str
    shape: type[Answered]
    query: Query = ()
    body: bytes | None = None
    idempotency_key: str | None = None
    conflict_passes: bool = False
    """Whether a 409 can only say that an earlier try is still at work."""

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice is as good as once: then it is tried again whatever became of a try."""
        return self.method in ("GET", "PUT") or self.idempotency_key is not None

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this call alone."""
        headers = {} if self.body is None else {"Content-Type": "application/json"}
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers

    def read(self, result: Result) -> Answered:
        """What an answer says. Raises NoAnswer, UnexpectedAnswer and ApiError."""
        if isinstance(result, Lost):
            raise NoAnswer(result.reason, may_have_happened=result.may_have_happened)
        if not 200 <= result.status < 300:
            raise _refusal(result)
        try:
            return msgspec.json.decode(result.body, type=self.shape)
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswer(f"{self.method} {self.path}: {error}") from None

    def next_page(self, result: Result) -> "Call[Answered] | None":
        """The call for the page that follows, if there is one.

        Of its address only the query is taken: the key is never sent to another host than the given one.
        """
        link = _NEXT.search(result.headers.get("link", "")) if isinstance(result, Answer) else None
        if link is None:
            return None
        query = parse_qsl(urlsplit(link[1]).query, keep_blank_values=True)
        return msgspec.structs.replace(self, query=tuple(query))


def _refusal(answer: Answer) -> Exception:
    try:
        problem = msgspec.json.decode(answer.body, type=ProblemDocument)
    except msgspec.MsgspecError:
        problem = ProblemDocument(title="an answer that is not Heliograph's")
    return error_class(answer.status)(
        answer.status,
        kind=problem.type,
        title=problem.title,
        detail=problem.detail,
        errors=problem.errors,
        retry_after=retry_after(answer),
    )


def retry_after(answer: Answer) -> float | None:
    """The seconds in ``Retry-After``; a date, which Heliograph never sends, counts as none."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def send(
    idempotency_key: str,
    *,
    sender: str,
    recipients: Recipients,
    body: str,
    delivery_windows: Sequence[DeliveryWindow] | None = None,
    **others: Any,
) -> Call[Batch]:
    """POST /v2/batches; ``others`` are the optional fields, None for those left out."""
    order: dict[str, object] = {"sender": sender, "recipients": recipients, "body": body}
    if delivery_windows is not None:
        order["deliveryWindows"] = _zoned(delivery_windows)
    order |= {_camel(name): value for name, value in others.items() if value is not None}
    return Call(
        method="POST",
        path="/v2/batches",
        shape=Batch,
        body=msgspec.json.encode(order),
        idempotency_key=idempotency_key,
        conflict_passes=True,
    )


def new_key() -> str:
    """An idempotency key that nobody used before."""
    return secrets.token_hex(16)


def _zoned(windows: Sequence[DeliveryWindow]) -> list[DeliveryWindow]:
    moments = [moment for window in windows for moment in (window.opens, window.closes)]
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise ValueError("the times of a delivery window need a time zone")
    return list(windows)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def query_of(**parameters: object) -> Query:
    """A query without the parameters that are None; lists are repeated, times are ISO 8601."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if each is not None:
                text = each.isoformat() if isinstance(each, datetime) else str(each)
                pairs.append((_camel(name), text))
    return tuple(pairs)


def page_query(*, newest_first: bool, page_size: int, **filters: object) -> Query:
    """The query of the first page of a list."""
    return (*query_of(**filters), ("limit", str(page_size)), ("order", "DESC" if newest_first else "ASC"))


def escaped_tags(tags: Sequence[str] | None) -> list[str] | None:
    """Tags as the query of a list has them: a comma between two would part them."""
    return None if tags is None else [tag.replace(",", "\\,") for tag in tags]


def list_batches(query: Query) -> Call[list[Batch]]:
    """GET /v2/batches."""
    return Call(method="GET", path="/v2/batches", shape=list[Batch], query=query)


def get_batch(batch_id: str) -> Call[Batch]:
    """GET on a batch."""
    return Call(method="GET", path=f"/v2/batches/{path_segment(batch_id)}", shape=Batch)


def cancel_batch(batch_id: str) -> Call[Batch]:
    """DELETE on a batch. Not repeatable: the second one hides what the first canceled."""
    return Call(method="DELETE", path=f"/v2/batches/{path_segment(batch_id)}", shape=Batch)


def pause_batch(batch_id: str) -> Call[Batch]:
    """POST on a batch's pause."""
    path = f"/v2/batches/{path_segment(batch_id)}/pause"
    return Call(method="POST", path=path, shape=Batch, idempotency_key=new_key())


def resume_batch(batch_id: str) -> Call[Batch]:
    """POST on a batch's resume."""
    path = f"/v2/batches/{path_segment(batch_id)}/resume"
    return Call(method="POST", path=path, shape=Batch, idempotency_key=new_key())


def reschedule_batch(batch_id: str, windows: Sequence[DeliveryWindow]) -> Call[Batch]:
    """PATCH on a batch."""
    return Call(
        method="PATCH",
        path=f"/v2/batches/{path_segment(batch_id)}",
        shape=Batch,
        body=msgspec.json.encode({"deliveryWindows": _zoned(windows)}),
        idempotency_key=new_key(),
    )


def list_messages(batch_id: str, query: Query) -> Call[list[Message]]:
    """GET on the messages of a batch."""
    path = f"/v2/batches/{path_segment(batch_id)}/messages"
    return Call(method="GET", path=path, shape=list[Message], query=query)


def get_message(batch_id: str, message_id: str) -> Call[Message]:
    """GET on a message."""
    path = f"/v2/batches/{path_segment(batch_id)}/messages/{path_segment(message_id)}"
    return Call(method="GET", path=path, shape=Message)


def list_conversation(participant: str, direction: Direction | None, query: Query) -> Call[list[Message]]:
    """GET on a conversation, or on one direction of it."""
    path = f"/v2/conversations/{path_segment(participant)}"
    if direction is not None:
        path += f"/{path_segment(direction)}"
    return Call(method="GET", path=path, shape=list[Message], query=query)


def summarize_conversation(participant: str) -> Call[ConversationSummary]:
    """GET on the summary of a conversation."""
    path = f"/v2/conversations/{path_segment(participant)}/summary"
    return Call(method="GET", path=path, shape=ConversationSummary)


def list_senders(query: Query) -> Call[list[Sender]]:
    """GET /v2/me/senders."""
    return Call(method="GET", path="/v2/me/senders", shape=list[Sender], query=query)


def on_sender(method: str, sender: str) -> Call[Sender]:
    """GET, PUT or DELETE on a sender."""
    return Call(method=method, path=f"/v2/me/senders/{path_segment(sender)}", shape=Sender)


def list_blacklist(query: Query) -> Call[list[BlacklistEntry]]:
    """GET /v2/blacklist."""
    return Call(method="GET", path="/v2/blacklist", shape=list[BlacklistEntry], query=query)


def on_blacklist(method: str, msisdn: str) -> Call[BlacklistEntry]:
    """GET, PUT or DELETE on an entry of the blacklist."""
    return Call(method=method, path=f"/v2/blacklist/{path_segment(msisdn)}", shape=BlacklistEntry)


def list_keys(query: Query) -> Call[list[Key]]:
    """GET /v2/me/keys."""
    return Call(method="GET", path="/v2/me/keys", shape=list[Key], query=query)


def create_key(idempotency_key: str | None, *, expires: datetime | None, **others: object) -> Call[NewKey]:
    """POST /v2/me/keys; ``others`` are its other fields, None for those left out."""
    if expires is not None and expires.tzinfo is None:
        raise ValueError("the time at which a key expires needs a time zone")
    wanted = {name: value for name, value in (others | {"expires": expires}).items() if value is not None}
    return Call(
        method="POST",
        path="/v2/me/keys",
        shape=NewKey,
        body=msgspec.json.encode(wanted),
        idempotency_key=idempotency_key or new_key(),
    )


def revoke_key(key_id: str) -> Call[Key]:
    """DELETE on a key."""
    return Call(method="DELETE", path=f"/v2/me/keys/{path_segment(key_id)}", shape=Key)


def read_events(query: Query) -> Call[EventPage]:
    """GET /v2/events."""
    return Call(method="GET", path="/v2/events", shape=EventPage, query=query)


def get_account() -> Call[Account]:
    """GET /api/me."""
    return Call(method="GET", path="/api/me", shape=Account)


def path_segment(text: str) -> str:
    """A text as one segment of a path; nothing in it leads elsewhere."""
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be a part of a path")
    return quote(text, safe="")
