"""A mail server on the loopback, in the test's own process, that answers as a test wants."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final, Self

import msgspec

from heliograph.outbound_mail import MailServer
from heliograph.outbound_mail.smtp_post import Security

HOST: Final = "127.0.0.1"
SENDER: Final = "portal@heliograph.example"
SITE: Final = "https://sms.example.com"
HANG_UP: Final = "hang up"
STAY_SILENT: Final = "stay silent"


class TakenMail(msgspec.Struct, frozen=True):
    """A mail as it came over the line."""

    sender: str
    to: str
    data: bytes
    over_tls: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """The mail as a reader sees it."""
        parsed = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.message.get_content()).replace("\r\n", "\n")


class ScriptedMailServer:
    """Takes mails, unless ``answers`` says otherwise: a reply by command, or by how often it came.

    ``tls`` is its certificate: for STARTTLS, or from the first byte with ``is_tls_from_start``.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        is_tls_from_start: bool = False,
        users: Mapping[str, str] | None = None,
        takes_all_letters: bool = False,
    ) -> None:
        self.taken: list[TakenMail] = []
        self.answers: dict[str, str | Callable[[int], str]] = {}
        self.commands: list[str] = []
        self.port = 0
        self._tls = tls
        self._is_tls_from_start = is_tls_from_start
        self._users = dict(users or {})
        self._takes_all_letters = takes_all_letters
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        context = self._tls if self._is_tls_from_start else None
        self._server = await asyncio.start_server(self._welcome, HOST, 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def settings(self, *, security: Security = "none", user: str = "", password: str = "") -> MailServer:
        """How to reach it."""
        return MailServer(
            host=HOST,
            port=self.port,
            security=security,
            user=user,
            password=password,
            sender=SENDER,
            timeout=1.0,
            hello="sms.example.com",
        )

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, _HungUp):
                await _Talk(self, reader, writer).hold()
        finally:
            self._talks.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def scripted(self, verb: str) -> str | None:
        """What the test wants to be answered; None for the usual."""
        self.commands.append(verb)
        answer = self.answers.get(verb)
        return answer(self.commands.count(verb)) if callable(answer) else answer

    @property
    def offered(self) -> list[str]:
        """Extensions that do not depend on the connection."""
        return ["8BITMIME"] + ["SMTPUTF8"] * self._takes_all_letters + ["AUTH PLAIN"] * bool(self._users)

    def lets_in(self, user: str, password: str) -> bool:
        """Whether it is the user's password."""
        return self._users.get(user) == password


class _HungUp(Exception):
    """The test wants the connection to end here."""


class _Talk:
    """One connection."""

    def __init__(
        self, server: ScriptedMailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._user: str | None = None
        self._sender = self._to = ""

    @property
    def _is_private(self) -> bool:
        return self._writer.get_extra_info("ssl_object") is not None

    async def hold(self) -> None:
        await self._answer("CONNECT", "220 mail.example.com")
        while line := (await self._reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            await getattr(self, f"_{verb.lower()}", self._unknown)(rest)
            if verb.upper() == "QUIT":
                return

    async def _say(self, reply: str) -> None:
        if reply == HANG_UP:
            raise _HungUp
        if reply == STAY_SILENT:
            await asyncio.sleep(60)
        self._writer.write(reply.encode() + b"\r\n")
        await self._writer.drain()

    async def _answer(self, verb: str, usual: str) -> bool:
        """Answer as the test wants, else as usual; whether it was the usual."""
        scripted = self._server.scripted(verb)
        await self._say(usual if scripted is None else scripted)
        return scripted is None

    async def _unknown(self, rest: str) -> None:
        await self._say("502 5.5.1 not known")

    async def _ehlo(self, rest: str) -> None:
        offered = [*self._server.offered]
        if self._server._tls is not None and not self._is_private:
            offered.append("STARTTLS")
        lines = ["mail.example.com", *offered]
        marked = (f"250{'-' if place < len(lines) - 1 else ' '}{line}" for place, line in enumerate(lines))
        await self._answer("EHLO", "\r\n".join(marked))

    async def _helo(self, rest: str) -> None:
        await self._answer("HELO", "250 mail.example.com")

    async def _starttls(self, rest: str) -> None:
        if await self._answer("STARTTLS", "220 go on"):
            assert self._server._tls is not None
            await self._writer.start_tls(self._server._tls)

    async def _auth(self, rest: str) -> None:
        _, _, sent = rest.partition(" ")
        _, user, password = base64.b64decode(sent).decode().split("\0")
        is_right = self._server.lets_in(user, password)
        self._user = user if is_right else None
        await self._answer("AUTH", "235 2.7.0 welcome" if is_right else "535 5.7.8 wrong password")

    async def _mail(self, rest: str) -> None:
        self._sender = _address_in(rest)
        await self._answer("MAIL", "250 2.1.0 ok")

    async def _rcpt(self, rest: str) -> None:
        self._to = _address_in(rest)
        await self._answer("RCPT", "250 2.1.5 ok")

    async def _data(self, rest: str) -> None:
        if not await self._answer("DATA", "354 go on"):
            return
        lines = []
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        if await self._answer("TEXT", "250 2.0.0 taken"):
            self._server.taken.append(
                TakenMail(self._sender, self._to, b"".join(lines), self._is_private, self._user)
            )

    async def _rset(self, rest: str) -> None:
        await self._answer("RSET", "250 2.0.0 ok")

    async def _quit(self, rest: str) -> None:
        await self._answer("QUIT", "221 2.0.0 bye")


def _address_in(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]
