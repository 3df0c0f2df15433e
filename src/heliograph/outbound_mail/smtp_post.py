"""Mail over SMTP, by the standard library in a thread: what leaves is a handful of mails, not a stream."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

import msgspec

from heliograph.domain.outgoing_mail import Mailbox, OutgoingMail, mailbox_of, one_line
from heliograph.outbound_mail.mail_faults import MailFailure, MailFault

SENDER_NAME: Final = "Heliograph"
Security = Literal["none", "starttls", "tls"]
USUAL_PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}
_ANSWERS: Final = 12
"""The most that one mail waits for: connecting, and each answer of the server."""


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's mail server, and as whom we come. ``hello`` is what we call ourselves."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    sender: str
    timeout: float
    hello: str

    def __repr__(self) -> str:
        return f"<MailServer {self.host}:{self.port}>"

    @property
    def longest_seconds(self) -> float:
        """Longer than a mail ever takes that leaves."""
        return _ANSWERS * self.timeout


def tls_context() -> ssl.SSLContext:
    """The system's trusted roots, or those of SSL_CERT_FILE; names checked, TLS 1.2 or newer."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class SmtpPost:
    """Hands mails to one server, each on a connection of its own."""

    def __init__(self, server: MailServer, *, tls: ssl.SSLContext | None = None) -> None:
        self.server = server
        self._tls = tls

    async def send(self, mail: OutgoingMail, *, mail_id: bytes, now: datetime) -> None:
        """Return once the server has taken a mail. Raises MailFailure.

        The same ``mail_id`` twice is the same mail: readers show it once.
        """
        to = mailbox_of(mail.to)
        if to is None:
            raise MailFailure(MailFault.ADDRESS_UNUSABLE)
        message = written(mail, to, sender=self.server.sender, mail_id=mail_id, now=now)
        await asyncio.to_thread(self._hand_over, to, message)

    def _hand_over(self, to: Mailbox, message: bytes) -> None:
        with _named_failures():
            smtp = self._connect()
        try:
            with _named_failures():
                self._introduce(smtp)
                _submit(smtp, self.server.sender, to, message)
            # Taken: whatever goes wrong from here on must not have it sent again.
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
        finally:
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        if server.security != "tls":
            return smtplib.SMTP(server.host, server.port, server.hello, timeout=server.timeout)
        return smtplib.SMTP_SSL(
            server.host,
            server.port,
            server.hello,
            timeout=server.timeout,
            context=self._trusted(),
        )

    def _introduce(self, smtp: smtplib.SMTP) -> None:
        """Say hello, make it private, sign in: as the settings say, or not at all."""
        server = self.server
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            if not smtp.has_extn("starttls"):
                raise MailFailure(MailFault.STARTTLS_MISSING)
            try:
                smtp.starttls(context=self._trusted())
            except smtplib.SMTPResponseException as refused:
                raise _refused(MailFault.STARTTLS_REFUSED, refused.smtp_code, refused.smtp_error) from None
            smtp.ehlo_or_helo_if_needed()
        if not server.user:
            return
        try:
            smtp.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as refused:
            raise _refused(MailFault.SIGN_IN_REFUSED, refused.smtp_code, refused.smtp_error) from None
        except smtplib.SMTPServerDisconnected:
            raise
        except UnicodeError:
            raise MailFailure(MailFault.SIGN_IN_NOT_ASCII) from None
        except smtplib.SMTPException:
            raise MailFailure(MailFault.SIGN_IN_MISSING) from None

    def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = tls_context()
        return self._tls


def _submit(smtp: smtplib.SMTP, sender: str, to: Mailbox, message: bytes) -> None:
    options = []
    if not to.is_ascii:
        if not smtp.has_extn("smtputf8"):
            raise MailFailure(MailFault.LETTERS_MISSING)
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        smtp.command_encoding = "utf-8"
    code, answer = smtp.mail(sender, options)
    if code != 250:
        raise _refused(MailFault.SENDER_REFUSED, code, answer)
    code, answer = smtp.rcpt(str(to))
    if code not in (250, 251):
        raise _refused(MailFault.RECIPIENT_REFUSED, code, answer)
    try:
        code, answer = smtp.data(message)
    except smtplib.SMTPDataError as refused:
        raise _refused(MailFault.TEXT_REFUSED, refused.smtp_code, refused.smtp_error) from None
    if code != 250:
        raise _refused(MailFault.TEXT_REFUSED, code, answer)


@contextmanager
def _named_failures() -> Iterator[None]:
    """What the library raises, as failures that have a name."""
    try:
        yield
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as refused:
        raise _refused(MailFault.GREETING_REFUSED, refused.smtp_code, refused.smtp_error) from None
    except TimeoutError:
        raise MailFailure(MailFault.TIMEOUT) from None
    except smtplib.SMTPServerDisconnected as closed:
        # The library says this of an answer that does not come, too.
        is_late = isinstance(closed.__context__, TimeoutError)
        raise MailFailure(MailFault.TIMEOUT if is_late else MailFault.CLOSED) from None
    except smtplib.SMTPException as broken:
        raise MailFailure(MailFault.GREETING_REFUSED, str(broken)) from None
    except ssl.SSLCertVerificationError as untrusted:
        raise MailFailure(MailFault.TLS_UNVERIFIED, untrusted.verify_message) from None
    except ssl.SSLError as broken:
        raise MailFailure(MailFault.TLS_FAILED, broken.reason or "") from None
    except (socket.gaierror, UnicodeError):
        raise MailFailure(MailFault.HOST_UNKNOWN) from None
    except ConnectionResetError:
        raise MailFailure(MailFault.CLOSED) from None
    except OSError as error:
        raise MailFailure(MailFault.UNREACHABLE, error.strerror or "") from None


def _refused(fault: MailFault, code: int, answer: bytes | str) -> MailFailure:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return MailFailure(fault, text, code=None if code < 0 else code)


def written(mail: OutgoingMail, to: Mailbox, *, sender: str, mail_id: bytes, now: datetime) -> bytes:
    """A mail as it goes over the line: plain text in lines that every server takes."""
    local, _, domain = sender.rpartition("@")
    message = EmailMessage(policy.SMTP.clone(cte_type="7bit", utf8=not to.is_ascii))
    message["From"] = Address(SENDER_NAME, local, domain)
    message["To"] = Address("", to.local, to.domain)
    # The library decodes what looks encoded, and a line end may be in it.
    message["Subject"] = one_line(mail.subject, 200).replace("=?", "= ?")
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail_id.hex()}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message["Content-Language"] = mail.language
    return message.as_bytes()
