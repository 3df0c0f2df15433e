"""The simulated handsets as one account sees them: what it sent to a phone, and answers from there.

Every account of an installation shares the simulated network, as it would share a real one. So a phone shows
an account only those of its messages that the account itself sent; operators see them all.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from heliograph.storage.conversation_reading import list_conversation, read_places
from heliograph.storage.database import Database, load_query
from heliograph.storage.inbound_numbers import list_account_numbers

if TYPE_CHECKING:
    from heliograph.simulator.handset_api import MessageList
    from heliograph.simulator.handsets import SentMessage

_LOOKED_AT: Final = 200
_PHONES: Final = 12
_SHOWN: Final = 50


class HandsetAway(Exception):
    """The simulated carrier does not answer, or refuses; the text says which."""


class OwnNumber(msgspec.Struct, frozen=True):
    """A number that handsets write to. ``keyword`` is what a message to a shared one must begin with."""

    number: str
    keyword: str = ""


class UseHandset:
    """Reads and answers for accounts; ``url`` is where the handsets are."""

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._url = url

    async def phones(self, account_id: int) -> list[str]:
        """The numbers that the account wrote to last, the latest first."""
        async with self._database.reader(account_id) as tx:
            rows = await tx.fetch(load_query("list_recent_recipients"), account_id, _LOOKED_AT, _PHONES)
        return [row[0] for row in rows]

    async def messages(self, account_id: int, msisdn: str, *, everybodys: bool) -> "MessageList":
        """What a phone got and wrote, oldest first; from and to this account alone unless ``everybodys``.

        Raises HandsetAway.
        """
        # Loaded by those who look: it takes 8 MB of each process.
        from heliograph.simulator.handset_client import HandsetClient, HandsetClientError

        try:
            async with HandsetClient(self._url) as handsets:
                found = await handsets.read_handset(msisdn)
        except HandsetClientError as error:
            raise HandsetAway(str(error)) from None
        arrived, written = found.messages[-_SHOWN:], found.sent[-_SHOWN:]
        if not everybodys and arrived:
            texts = await self._texts(account_id, msisdn, incoming=False)
            arrived = [each for each in arrived if each.text in texts.get(each.sender, ())]
        if not everybodys and written:
            written = await self._written_to(account_id, msisdn, written)
        return msgspec.structs.replace(found, messages=arrived, sent=written)

    async def _written_to(
        self, account_id: int, msisdn: str, written: "list[SentMessage]"
    ) -> "list[SentMessage]":
        """What was written to the account: what it has, and what is not taken yet at a number of its own.

        A shared number belongs to several, and only what was taken has been read for its keyword.
        """
        own = {each.number for each in await self.numbers(account_id) if not each.keyword}
        texts = await self._texts(account_id, msisdn, incoming=True)
        return [
            each
            for each in written
            if each.text in texts.get(each.recipient, ()) or (each.state != "taken" and each.recipient in own)
        ]

    async def numbers(self, account_id: int) -> list[OwnNumber]:
        """The numbers with which a phone reaches the account."""
        async with self._database.transaction() as tx:
            numbers = await list_account_numbers(tx, account_id)
        own = [OwnNumber(each.number) for each in numbers if each.own]
        return own + [
            OwnNumber(each.number, word) for each in numbers if not each.own for word in each.keywords
        ]

    async def answer(self, msisdn: str, recipient: str, text: str) -> None:
        """Send a text from a phone. Raises HandsetAway."""
        from heliograph.simulator.handset_client import HandsetClient, HandsetClientError

        try:
            async with HandsetClient(self._url) as handsets:
                await handsets.send_message(msisdn, recipient, text)
        except HandsetClientError as error:
            raise HandsetAway(str(error)) from None

    async def _texts(self, account_id: int, msisdn: str, *, incoming: bool) -> Mapping[str, set[str]]:
        """By the account's sender or number, what went to a phone lately, or came from it."""
        async with self._database.reader(account_id) as tx:
            places = await list_conversation(
                tx, account_id, msisdn, incoming=incoming, limit=_LOOKED_AT, newest_first=True
            )
            shown = await read_places(tx, account_id, places)
        texts: dict[str, set[str]] = {}
        for each in shown:
            body = each.batch.body if each.message.body is None else each.message.body
            own = each.message.recipient if incoming else each.batch.sender
            texts.setdefault(own, set()).add(body)
        return texts
