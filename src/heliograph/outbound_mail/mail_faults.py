"""Why a mail did not leave, as a word for logs and as a sentence for whoever runs the installation."""

import enum
import re
from collections.abc import Mapping
from typing import Final

from heliograph.domain.outgoing_mail import one_line


class MailFault(enum.StrEnum):
    """What went wrong, in the order in which it can."""

    ADDRESS_UNUSABLE = "address_unusable"
    HOST_UNKNOWN = "host_unknown"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CLOSED = "closed"
    GREETING_REFUSED = "greeting_refused"
    STARTTLS_MISSING = "starttls_missing"
    STARTTLS_REFUSED = "starttls_refused"
    TLS_UNVERIFIED = "tls_unverified"
    TLS_FAILED = "tls_failed"
    SIGN_IN_MISSING = "sign_in_missing"
    SIGN_IN_NOT_ASCII = "sign_in_not_ascii"
    SIGN_IN_REFUSED = "sign_in_refused"
    SENDER_REFUSED = "sender_refused"
    LETTERS_MISSING = "letters_missing"
    RECIPIENT_REFUSED = "recipient_refused"
    TEXT_REFUSED = "text_refused"


SENTENCES: Final[Mapping[MailFault, str]] = {
    MailFault.ADDRESS_UNUSABLE: "no mail is sent to this address: it is not of the form name@example.com",
    MailFault.HOST_UNKNOWN: "no machine is called {host}: check mail.host",
    MailFault.UNREACHABLE: (
        "{place} takes no connection ({answer}): check mail.host, mail.port and the firewalls on the way"
    ),
    MailFault.TIMEOUT: (
        "{place} does not answer within {seconds:g} s: check mail.host, mail.port and the firewalls on the "
        "way, or raise mail.timeout_seconds"
    ),
    MailFault.CLOSED: "{place} closed the connection: check that mail.security fits mail.port",
    MailFault.GREETING_REFUSED: "{place} does not talk to us: {answer}",
    MailFault.STARTTLS_MISSING: (
        "{place} does not offer STARTTLS, so that nothing was sent: check mail.port, or set mail.security to "
        "tls, or to none in a network of your own"
    ),
    MailFault.STARTTLS_REFUSED: "{place} refuses STARTTLS, so that nothing was sent: {answer}",
    MailFault.TLS_UNVERIFIED: (
        "the certificate of {place} is not to be trusted ({answer}): mail.host must be the name that it was "
        "made for, and SSL_CERT_FILE names an authority of your own"
    ),
    MailFault.TLS_FAILED: (
        "{place} does not speak TLS as we do ({answer}): check that mail.security fits mail.port"
    ),
    MailFault.SIGN_IN_MISSING: (
        "{place} offers no way to sign in that we know: leave mail.user empty, or check mail.port and "
        "mail.security"
    ),
    MailFault.SIGN_IN_NOT_ASCII: "mail.user and mail.password may have letters of ASCII only",
    MailFault.SIGN_IN_REFUSED: "{place} refuses mail.user and mail.password: {answer}",
    MailFault.SENDER_REFUSED: "{place} takes no mail from mail.from_address: {answer}",
    MailFault.LETTERS_MISSING: "{place} takes no address with such letters: it does not offer SMTPUTF8",
    MailFault.RECIPIENT_REFUSED: "{place} takes no mail for this address: {answer}",
    MailFault.TEXT_REFUSED: "{place} does not take the mail: {answer}",
}
_HOPELESS: Final = frozenset({MailFault.ADDRESS_UNUSABLE, MailFault.LETTERS_MISSING})
_JUDGED: Final = frozenset({MailFault.RECIPIENT_REFUSED, MailFault.TEXT_REFUSED})
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_LONGEST_ANSWER: Final = 300


class MailFailure(Exception):
    """A mail did not leave. ``answer`` is what the server said, which may name people: never for logs."""

    def __init__(self, fault: MailFault, answer: str = "", *, code: int | None = None) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.code = code
        self.answer = one_line(answer, _LONGEST_ANSWER)

    @property
    def is_final(self) -> bool:
        """Whether another try would change nothing: the server refused this mail for good.

        What it says against us, such as a wrong password, the operator can mend: that is tried again.
        """
        return self.fault in _HOPELESS or (
            self.fault in _JUDGED and self.code is not None and self.code >= 500
        )

    @property
    def described(self) -> str:
        """The fault with the server's codes, without its words: for rows and logs."""
        enhanced = _ENHANCED.match(self.answer)
        parts = (self.fault.value, str(self.code or ""), enhanced[0] if enhanced else "")
        return " ".join(part for part in parts if part)

    def sentence(self, *, host: str, port: int, seconds: float) -> str:
        """What is wrong and what to look at, with the server's own words."""
        said = " ".join(part for part in (str(self.code or ""), self.answer) if part) or "without a word"
        return SENTENCES[self.fault].format(host=host, place=f"{host}:{port}", answer=said, seconds=seconds)
