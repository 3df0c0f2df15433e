"""Messages and their way, conversations, and the feed of events."""

from collections.abc import Sequence
from typing import Literal

from heliograph.client.batch_operations import batch_path
from heliograph.client.calls import Call, page_query, path_segment, query_of
from heliograph.client.operations import Listing, Operation
from heliograph.client.received_documents import ConversationSummary, EventPage, Message
from heliograph.client.received_explanations import Timeline

Direction = Literal["mt", "mo"]
"""To a handset, or from one."""


class MessageOperations:
    """The calls on messages, conversations and events."""

    @Listing
    def list_messages(
        self,
        batch_id: str,
        *,
        statuses: Sequence[int | str] | None = None,
        recipient: str | None = None,
        newest_first: bool = False,
        page_size: int = 500,
    ) -> Call[list[Message]]:
        """The messages of a batch, each with its latest status: ``201``, or one of a group, ``"2xx"``."""
        chosen = query_of(status=None if statuses is None else list(statuses), recipient=recipient)
        page = page_query(newest_first=newest_first, page_size=page_size, after="")
        path = f"{batch_path(batch_id)}/messages"
        return Call(method="GET", path=path, shape=list[Message], query=chosen + page)

    @Operation
    def get_message(self, batch_id: str, message_id: str) -> Call[Message]:
        """One message with every status it had, oldest first."""
        return Call(method="GET", path=_message_path(batch_id, message_id), shape=Message)

    @Operation
    def get_timeline(self, batch_id: str, message_id: str) -> Call[Timeline]:
        """The way of a message: its route, what the carrier answered, receipts, attempts to report it."""
        return Call(method="GET", path=f"{_message_path(batch_id, message_id)}/timeline", shape=Timeline)

    @Listing
    def list_conversation(
        self,
        participant: str,
        *,
        direction: Direction | None = None,
        newest_first: bool = False,
        page_size: int = 500,
    ) -> Call[list[Message]]:
        """The messages to and from a participant; with ``mt`` only those to it, with ``mo`` those from it."""
        path = _conversation_path(participant)
        if direction is not None:
            path += f"/{path_segment(direction)}"
        page = page_query(newest_first=newest_first, page_size=page_size, after="")
        return Call(method="GET", path=path, shape=list[Message], query=page)

    @Operation
    def summarize_conversation(self, participant: str) -> Call[ConversationSummary]:
        """How many messages went to a participant and came from it, by status."""
        path = f"{_conversation_path(participant)}/summary"
        return Call(method="GET", path=path, shape=ConversationSummary)

    @Operation
    def read_events(
        self,
        after: str | None = None,
        *,
        codes: Sequence[int] | None = None,
        batch_id: str | None = None,
        limit: int = 1000,
    ) -> Call[EventPage]:
        """Status changes after a cursor, or the oldest that are kept; go on from the page's ``cursor``.

        Who always goes on from the last cursor gets every event exactly once.
        """
        codes = None if codes is None else list(codes)
        query = query_of(after=after, codes=codes, batch_id=batch_id, limit=limit)
        return Call(method="GET", path="/v2/events", shape=EventPage, query=query)


def _message_path(batch_id: str, message_id: str) -> str:
    return f"{batch_path(batch_id)}/messages/{path_segment(message_id)}"


def _conversation_path(participant: str) -> str:
    return f"/v2/conversations/{path_segment(participant)}"
