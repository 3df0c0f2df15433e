"""A mail as it leaves: to whom, subject and text, of which nothing can become a header or another address."""

import re
from typing import Final, NamedTuple

import msgspec

# Without a question mark: =?utf-8?q?=0A?= is a line end to those who decode it.
_LOCAL: Final = re.compile(r"[\w!#$%&'*+/=^`{|}~-]+(\.[\w!#$%&'*+/=^`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
LONGEST_LINE: Final = 100


class OutgoingMail(msgspec.Struct, frozen=True):
    """A mail of plain text. ``language`` is a code such as ``sv``."""

    to: str
    subject: str
    text: str
    language: str


class AskedReset(msgspec.Struct, frozen=True):
    """Somebody typed an address to get a link for a new password, whether anybody has it or not."""

    email: str
    language: str
    """Of the page that they typed it into."""


class Mailbox(NamedTuple):
    """An address in two parts; the domain as DNS has it."""

    local: str
    domain: str

    @property
    def is_ascii(self) -> bool:
        """Whether every mail server takes it."""
        return self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def mailbox_of(address: str) -> Mailbox | None:
    """Where mail to an address goes; None for what no mail is sent to.

    Quoted names, comments, lists and addresses of machines are left out: people do not have them, and
    programs on the way read them differently.
    """
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        return None
    if not _LOCAL.fullmatch(local) or not local.isprintable() or not _DOMAIN.fullmatch(ascii_domain):
        return None
    return Mailbox(local, ascii_domain)


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """What somebody wrote, as part of one line: no line ends, nothing that does not show."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:longest]
