"""What is asked of the API, without doing it: a call as a value, and how its answer is read.

Both clients carry out these calls; nothing here touches a network.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from heliograph.client.client_errors import NoAnswer, UnexpectedAnswer, error_class
from heliograph.client.received_documents import DeliveryWindow, ProblemDocument

Answered = TypeVar("Answered")
Query = tuple[tuple[str, str], ...]

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
    changes_nothing: bool = False
    """Whether a POST of it only asks."""
    account: str | None = None
    """The child account as which it asks; None: the key's own."""

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice is as good as once: then it is tried again whatever became of a try."""
        return self.method in ("GET", "PUT") or self.changes_nothing or self.idempotency_key is not None

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
        if self.account is not None:
            headers["Heliograph-Account"] = self.account
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


def post(
    path: str,
    shape: type[Answered],
    content: object = None,
    *,
    idempotency_key: str | None = None,
    query: Query = (),
    conflict_passes: bool = False,
) -> Call[Answered]:
    """A POST that is done once over all its tries; without ``content`` it has no body."""
    return Call(
        method="POST",
        path=path,
        shape=shape,
        query=query,
        body=None if content is None else msgspec.json.encode(content),
        idempotency_key=idempotency_key or new_key(),
        conflict_passes=conflict_passes,
    )


def new_key() -> str:
    """An idempotency key that nobody used before."""
    return secrets.token_hex(16)


def named(**members: object) -> dict[str, object]:
    """An object of JSON without the members that are None, their names as the API writes them."""
    return {_camel(name): value for name, value in members.items() if value is not None}


def zoned(windows: Sequence[DeliveryWindow] | None) -> Sequence[DeliveryWindow] | None:
    """Delivery windows as they are, if their times have a time zone. Raises ValueError."""
    for window in windows or ():
        check_zone("of a delivery window", window.opens, window.closes)
    return windows


def check_zone(whose: str, *moments: datetime | None) -> None:
    """Raise ValueError for a time that says no zone: it might mean any."""
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise ValueError(f"the times {whose} need a time zone")


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


def page_query(*, newest_first: bool, page_size: int, after: str | None = None) -> Query:
    """The query of the first page of a list; an empty ``after`` reads on by cursor, as fast at any depth."""
    order = "DESC" if newest_first else "ASC"
    return query_of(after=after, limit=page_size, order=order)


def path_segment(text: str) -> str:
    """A text as one segment of a path; nothing in it leads elsewhere."""
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be a part of a path")
    return quote(text, safe="")
