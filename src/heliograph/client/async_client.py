"""The asynchronous client."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from heliograph.client import calls, contact_calls, report_calls
from heliograph.client.calls import Call, Direction, Recipients, Result
from heliograph.client.client_errors import BatchNotFinished
from heliograph.client.contact_calls import Texts
from heliograph.client.followed_events import AsyncEventFeed
from heliograph.client.received_documents import (
    Account,
    Batch,
    BlacklistEntry,
    Contact,
    ContactSummary,
    ConversationSummary,
    DeliveryWindow,
    EventPage,
    Key,
    LabelUsage,
    Message,
    NewContact,
    NewKey,
    Replay,
    Sender,
    TestReport,
)
from heliograph.client.report_calls import Chosen
from heliograph.client.retries import USUAL_RETRIES, Retries
from heliograph.client.server_address import server_address

if TYPE_CHECKING:
    from heliograph.client.async_http import AsyncHttp

Answered = TypeVar("Answered")
FIRST_LOOK = 0.25
LONGEST_LOOK = 5.0


class AsyncHeliograph:
    """An account's access to the API. Use it as a context, or close it; tasks may share one.

    Without ``key`` and ``url`` it takes HELIOGRAPH_KEY and HELIOGRAPH_URL. ``timeout`` is for each try, in
    seconds. Calls raise the errors of this package, above all ApiError and NoAnswer.
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        url: str | None = None,
        timeout: float = 30.0,
        retries: Retries = USUAL_RETRIES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server_address(url, key)
        self._timeout = timeout
        self._tls = tls
        self._http: AsyncHttp | None = None
        self._retries = retries

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def send(
        self,
        sender: str,
        recipients: Recipients,
        body: str,
        *,
        type: str | None = None,
        datacoding: str | None = None,
        priority: int | None = None,
        delivery_windows: Sequence[DeliveryWindow] | None = None,
        delivery_report_url: str | None = None,
        reference: str | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Send a batch. When this returns, it is stored safely and will be sent.

        ``recipients`` are numbers, or a mapping of each number to its values for ``{placeholders}``. Every
        call has an idempotency key, kept over its retries, so that it is sent once; give one of your own to
        repeat a call later, after a NoAnswer or a crash.
        """
        call = calls.send(
            idempotency_key or calls.new_key(),
            sender=sender,
            recipients=recipients,
            body=body,
            type=type,
            datacoding=datacoding,
            priority=priority,
            delivery_windows=delivery_windows,
            delivery_report_url=delivery_report_url,
            reference=reference,
            tags=tags,
        )
        return await self._run(call)

    async def wait(self, batch_id: str, *, timeout: float = 60.0) -> Batch:
        """The batch once all its messages have their final status. Raises BatchNotFinished."""
        deadline = time.monotonic() + timeout
        pause = FIRST_LOOK
        while not (batch := await self.get_batch(batch_id)).is_finished:
            left = deadline - time.monotonic()
            if left <= 0:
                raise BatchNotFinished(f"batch {batch_id} is not finished after {timeout:g} seconds")
            await asyncio.sleep(min(pause, left))
            pause = min(LONGEST_LOOK, pause * 1.5)
        return batch

    async def get_batch(self, batch_id: str) -> Batch:
        """One batch, with its price and the count of its messages by status."""
        return await self._run(calls.get_batch(batch_id))

    def list_batches(
        self, *, tags: Sequence[str] | None = None, newest_first: bool = False, page_size: int = 100
    ) -> AsyncIterator[Batch]:
        """The account's batches, by when they were accepted; pages are fetched as they are needed."""
        query = calls.page_query(
            newest_first=newest_first, page_size=page_size, tags=calls.escaped_tags(tags)
        )
        return self._pages(calls.list_batches(query))

    async def cancel_batch(self, batch_id: str) -> Batch:
        """Cancel every message not yet handed to its carrier. Raises Conflict if none is left."""
        return await self._run(calls.cancel_batch(batch_id))

    async def pause_batch(self, batch_id: str) -> Batch:
        """Hold back every message not yet handed to its carrier. Raises Conflict if none is left."""
        return await self._run(calls.pause_batch(batch_id))

    async def resume_batch(self, batch_id: str) -> Batch:
        """Let a paused batch go on. Raises Conflict if it is not paused."""
        return await self._run(calls.resume_batch(batch_id))

    async def reschedule_batch(self, batch_id: str, delivery_windows: Sequence[DeliveryWindow]) -> Batch:
        """Give every message not yet handed to its carrier other delivery windows. Raises Conflict."""
        return await self._run(calls.reschedule_batch(batch_id, delivery_windows))

    def list_messages(
        self, batch_id: str, *, newest_first: bool = False, page_size: int = 500
    ) -> AsyncIterator[Message]:
        """The messages of a batch, each with its latest status."""
        query = calls.page_query(newest_first=newest_first, page_size=page_size)
        return self._pages(calls.list_messages(batch_id, query))

    async def get_message(self, batch_id: str, message_id: str) -> Message:
        """One message with every status it had, oldest first."""
        return await self._run(calls.get_message(batch_id, message_id))

    def list_conversation(
        self,
        participant: str,
        *,
        direction: Direction | None = None,
        newest_first: bool = False,
        page_size: int = 500,
    ) -> AsyncIterator[Message]:
        """The messages to and from a participant; with ``mt`` only those to it, with ``mo`` those from it."""
        query = calls.page_query(newest_first=newest_first, page_size=page_size)
        return self._pages(calls.list_conversation(participant, direction, query))

    async def summarize_conversation(self, participant: str) -> ConversationSummary:
        """How many messages went to a participant and came from it, by status."""
        return await self._run(calls.summarize_conversation(participant))

    def list_senders(self, *, page_size: int = 100) -> AsyncIterator[Sender]:
        """The senders that the account has registered, in alphabetical order."""
        return self._pages(calls.list_senders(calls.page_query(newest_first=False, page_size=page_size)))

    async def get_sender(self, sender: str) -> Sender:
        """One registered sender. Raises NotFound."""
        return await self._run(calls.on_sender("GET", sender))

    async def register_sender(self, sender: str) -> Sender:
        """Register a sender; one that is registered stays as it is."""
        return await self._run(calls.on_sender("PUT", sender))

    async def remove_sender(self, sender: str) -> Sender:
        """Unregister a sender; what was accepted before is still sent."""
        return await self._run(calls.on_sender("DELETE", sender))

    def list_blacklist(
        self, *, newest_first: bool = False, page_size: int = 500
    ) -> AsyncIterator[BlacklistEntry]:
        """The numbers that nothing is sent to, by when they were added."""
        query = calls.page_query(newest_first=newest_first, page_size=page_size)
        return self._pages(calls.list_blacklist(query))

    async def get_blacklisted(self, msisdn: str) -> BlacklistEntry:
        """The entry of a number on the blacklist. Raises NotFound if it is not there."""
        return await self._run(calls.on_blacklist("GET", msisdn))

    async def block(self, msisdn: str) -> BlacklistEntry:
        """Put a number on the blacklist; one that is there stays as it is."""
        return await self._run(calls.on_blacklist("PUT", msisdn))

    async def unblock(self, msisdn: str) -> BlacklistEntry:
        """Take a number off the blacklist. Raises NotFound if it is not there."""
        return await self._run(calls.on_blacklist("DELETE", msisdn))

    def list_contacts(
        self,
        *,
        labels: Sequence[str] | None = None,
        properties: Texts | None = None,
        metadata: Texts | None = None,
        with_metadata: bool = False,
        newest_first: bool = False,
        page_size: int = 500,
    ) -> AsyncIterator[Contact]:
        """The contacts with any of the labels, and with all the properties and ``property.name`` metadata."""
        chosen = contact_calls.contact_filter(labels=labels, properties=properties, metadata=metadata)
        page = calls.page_query(newest_first=newest_first, page_size=page_size)
        return self._pages(contact_calls.list_contacts(page, chosen, with_metadata=with_metadata))

    async def summarize_contacts(self) -> ContactSummary:
        """How many contacts there are, and how many have each label and property."""
        return await self._run(contact_calls.summarize_contacts())

    async def get_contact(self, contact_id: str, *, with_metadata: bool = False) -> Contact:
        """One contact."""
        return await self._run(contact_calls.get_contact(contact_id, with_metadata=with_metadata))

    async def add_contacts(
        self, contacts: Sequence[NewContact], *, idempotency_key: str | None = None
    ) -> list[Contact]:
        """Add at most 1,000 contacts, all or none, and see what was stored."""
        return await self._run(contact_calls.add_contacts(contacts, idempotency_key))

    async def import_contacts(
        self, contacts: Sequence[NewContact], *, idempotency_key: str | None = None
    ) -> int:
        """Add at most 10,000 contacts, all or none; the answer is how many."""
        return (await self._run(contact_calls.import_contacts(contacts, idempotency_key))).count

    async def replace_contact(self, contact_id: str, contact: NewContact) -> Contact:
        """Write everything of a contact anew."""
        return await self._run(contact_calls.replace_contact(contact_id, contact))

    async def change_contact(
        self,
        contact_id: str,
        *,
        properties: Mapping[str, str | None] | None = None,
        labels: Sequence[str] | None = None,
        metadata: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> Contact:
        """Write what is named and remove properties that are None; labels are replaced as a whole."""
        return await self._run(
            contact_calls.change_contact(contact_id, properties=properties, labels=labels, metadata=metadata)
        )

    async def delete_contact(self, contact_id: str) -> Contact:
        """Delete a contact; the answer is what it was."""
        return await self._run(contact_calls.delete_contact(contact_id))

    async def delete_contacts(
        self,
        *,
        labels: Sequence[str] | None = None,
        properties: Texts | None = None,
        metadata: Texts | None = None,
    ) -> list[Contact]:
        """Delete those that fit, at most 10,000 a call. Raises InvalidRequest without any filter."""
        chosen = contact_calls.contact_filter(labels=labels, properties=properties, metadata=metadata)
        return await self._run(contact_calls.delete_contacts(chosen))

    async def label_contacts(self, label: str, contact_ids: Sequence[str]) -> LabelUsage:
        """Put a label on contacts, on all or on none."""
        return await self._run(contact_calls.label_contacts(label, contact_ids))

    async def delete_label(self, label: str) -> LabelUsage:
        """Take a label off every contact; the contacts stay."""
        return await self._run(contact_calls.delete_label(label))

    def list_keys(self, *, newest_first: bool = False, page_size: int = 100) -> AsyncIterator[Key]:
        """The account's keys, revoked ones included, by when they were made."""
        return self._pages(calls.list_keys(calls.page_query(newest_first=newest_first, page_size=page_size)))

    async def create_key(
        self,
        name: str,
        *,
        scopes: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
        test: bool | None = None,
        expires: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> NewKey:
        """Make a key; what is left out is as with this client's own, more than which is Forbidden."""
        return await self._run(
            calls.create_key(
                idempotency_key, name=name, scopes=scopes, networks=networks, test=test, expires=expires
            )
        )

    async def revoke_key(self, key_id: str) -> Key:
        """Revoke a key; one that was revoked before stays as it is."""
        return await self._run(calls.revoke_key(key_id))

    async def read_events(
        self,
        after: str | None = None,
        *,
        codes: Sequence[int] | None = None,
        batch_id: str | None = None,
        limit: int = 1000,
    ) -> EventPage:
        """Status changes after a cursor, or the oldest that are kept; go on from the page's ``cursor``.

        Who always goes on from the last cursor gets every event exactly once.
        """
        query = calls.query_of(after=after, codes=codes, batch_id=batch_id, limit=limit)
        return await self._run(calls.read_events(query))

    def list_events(
        self,
        after: str | None = None,
        *,
        codes: Sequence[int] | None = None,
        batch_id: str | None = None,
        page_size: int = 1000,
    ) -> AsyncEventFeed:
        """Every event after a cursor, page by page; the feed's ``cursor`` says where to go on."""
        read = partial(self.read_events, codes=codes, batch_id=batch_id, limit=page_size)
        return AsyncEventFeed(read, after)

    async def replay_reports(self, *, idempotency_key: str | None = None, **chosen: Unpack[Chosen]) -> Replay:
        """Have reports sent again. While it ``has_more``, call again with its ``cursor`` as ``after``.

        With ``batch_ids`` or a time also those that were delivered before, else what was given up.
        """
        return await self._run(report_calls.replay_reports(idempotency_key, chosen))

    async def send_test_report(self, url: str | None = None) -> TestReport:
        """Send a test report to a URL, or to where incoming messages go; tells what the receiver answered."""
        return await self._run(report_calls.send_test_report(url))

    async def get_account(self) -> Account:
        """The account of the key, with its balance."""
        return await self._run(calls.get_account())

    async def _run(self, call: Call[Answered]) -> Answered:
        return call.read(await self._result(call))

    async def _pages(self, first: Call[list[Answered]]) -> AsyncIterator[Answered]:
        call: Call[list[Answered]] | None = first
        while call is not None:
            result = await self._result(call)
            for each in call.read(result):
                yield each
            call = call.next_page(result)

    async def _result(self, call: Call[Any]) -> Result:
        """What came of the last try."""
        tries = 1
        while True:
            result = await self._connected().attempt(call)
            wait = self._retries.wait_before_next(call, result, tries)
            if wait is None:
                return result
            await asyncio.sleep(wait)
            tries += 1

    def _connected(self) -> "AsyncHttp":
        if self._http is None:
            from heliograph.client.async_http import AsyncHttp

            self._http = AsyncHttp(self._server, timeout=self._timeout, tls=self._tls)
        return self._http
