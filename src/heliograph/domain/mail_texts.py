"""What our mails say, in English and Swedish.

A new language is another entry in ``TEXTS`` with the same kinds.
"""

import enum
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from heliograph.domain.outgoing_mail import OutgoingMail, one_line


class SecurityNotice(enum.StrEnum):
    """What somebody is told of that changed how they sign in."""

    PASSWORD_CHANGED = enum.auto()
    ADDRESS_CHANGED = enum.auto()
    APP_ADDED = enum.auto()
    APP_REMOVED = enum.auto()
    PASSKEY_ADDED = enum.auto()
    PASSKEY_REMOVED = enum.auto()
    CODES_MADE = enum.auto()
    SECOND_STEP_FORGOTTEN = enum.auto()


class MailText(NamedTuple):
    """Subject and text, with places for values."""

    subject: str
    text: str


class MailTexts(NamedTuple):
    """Every mail of a language."""

    invitation: MailText
    reset: MailText
    notice: MailText
    notices: Mapping[SecurityNotice, str]
    advice: str
    """What to do if it was somebody else."""
    advice_without_address: str
    """The same for an address that lets nobody in any more."""
    trial: MailText


ENGLISH: Final = MailTexts(
    invitation=MailText(
        "Invitation to %(account)s",
        'Hello,\n\n%(inviter)s invites you to the account "%(account)s" at\n%(site)s\n\n'
        "Open this link to join. It counts once, for seven days:\n\n%(link)s\n\n"
        "You do not know who that is? Then do nothing.\n",
    ),
    reset=MailText(
        "A new password",
        "Hello %(name)s,\n\nsomebody asked for a new password for you at\n%(site)s\n\n"
        "Open this link to choose one. It counts once, for half an hour; links before it count no more:\n\n"
        "%(link)s\n\n"
        "Your second step is still asked for. It was not you? Then do nothing: your password stays.\n",
    ),
    notice=MailText("%(what)s", "Hello %(name)s,\n\n%(what)s, at\n%(site)s\non %(at)s.\n\n%(advice)s\n"),
    notices={
        SecurityNotice.PASSWORD_CHANGED: "Your password was changed",
        SecurityNotice.ADDRESS_CHANGED: "The address that you sign in with was changed",
        SecurityNotice.APP_ADDED: "An authenticator app was added to your sign-in",
        SecurityNotice.APP_REMOVED: "The authenticator app was removed from your sign-in",
        SecurityNotice.PASSKEY_ADDED: "A passkey was added to your sign-in",
        SecurityNotice.PASSKEY_REMOVED: "A passkey was removed from your sign-in",
        SecurityNotice.CODES_MADE: "New recovery codes were made for you",
        SecurityNotice.SECOND_STEP_FORGOTTEN: "Whoever runs the installation removed your second step",
    },
    advice=(
        "If it was you, there is nothing to do. If not, choose a new password at once and tell an owner of "
        "your account:\n\n%(site)s/portal/forgotten"
    ),
    advice_without_address=(
        "If it was you, there is nothing to do. If not, tell an owner of your account or whoever runs the "
        "installation at once."
    ),
    trial=MailText(
        "Test mail",
        "This is a test of the mail settings of\n%(site)s\n\nIt has arrived: mails do leave.\n",
    ),
)

SWEDISH: Final = MailTexts(
    invitation=MailText(
        "Inbjudan till %(account)s",
        'Hej!\n\n%(inviter)s bjuder in dig till kontot "%(account)s" på\n%(site)s\n\n'
        "Öppna länken för att gå med. Den gäller en gång, i sju dagar:\n\n%(link)s\n\n"
        "Vet du inte vem det är? Då behöver du inte göra något.\n",
    ),
    reset=MailText(
        "Ett nytt lösenord",
        "Hej %(name)s!\n\nNågon har bett om ett nytt lösenord åt dig på\n%(site)s\n\n"
        "Öppna länken för att välja ett. Den gäller en gång, i en halvtimme; tidigare länkar gäller inte "
        "längre:\n\n%(link)s\n\n"
        "Ditt andra steg efterfrågas ändå. Var det inte du? Då behöver du inte göra något: ditt lösenord är "
        "kvar som det är.\n",
    ),
    notice=MailText("%(what)s", "Hej %(name)s!\n\n%(what)s på\n%(site)s\n%(at)s.\n\n%(advice)s\n"),
    notices={
        SecurityNotice.PASSWORD_CHANGED: "Ditt lösenord har ändrats",
        SecurityNotice.ADDRESS_CHANGED: "Adressen som du loggar in med har ändrats",
        SecurityNotice.APP_ADDED: "En autentiseringsapp har lagts till i din inloggning",
        SecurityNotice.APP_REMOVED: "Autentiseringsappen har tagits bort från din inloggning",
        SecurityNotice.PASSKEY_ADDED: "En lösennyckel har lagts till i din inloggning",
        SecurityNotice.PASSKEY_REMOVED: "En lösennyckel har tagits bort från din inloggning",
        SecurityNotice.CODES_MADE: "Nya reservkoder har skapats åt dig",
        SecurityNotice.SECOND_STEP_FORGOTTEN: "Den som driver installationen har tagit bort ditt andra steg",
    },
    advice=(
        "Om det var du behöver du inte göra något. Om inte: välj genast ett nytt lösenord och säg till en "
        "ägare av ditt konto:\n\n%(site)s/portal/forgotten"
    ),
    advice_without_address=(
        "Om det var du behöver du inte göra något. Om inte: säg genast till en ägare av ditt konto eller den "
        "som driver installationen."
    ),
    trial=MailText(
        "Testmeddelande",
        "Det här är ett test av e-postinställningarna för\n%(site)s\n\n"
        "Det har kommit fram: installationens e-post skickas.\n",
    ),
)

TEXTS: Final[Mapping[str, MailTexts]] = {"en": ENGLISH, "sv": SWEDISH}


class MailLetterhead(NamedTuple):
    """To whom and in which language, and the installation that writes."""

    to: str
    language: str | None
    """None, or one that we do not have: English."""
    site: str
    """Its public address."""


def invitation_mail(head: MailLetterhead, *, account: str, inviter: str, link: str) -> OutgoingMail:
    """The link that lets somebody join an account."""
    values = {"account": one_line(account), "inviter": one_line(inviter), "link": link}
    return _filled(head, _texts(head).invitation, values)


def reset_mail(head: MailLetterhead, *, name: str, link: str) -> OutgoingMail:
    """The link that lets somebody choose a new password."""
    return _filled(head, _texts(head).reset, {"name": one_line(name), "link": link})


def notice_mail(head: MailLetterhead, notice: SecurityNotice, *, name: str, at: datetime) -> OutgoingMail:
    """What changed about how somebody signs in."""
    texts = _texts(head)
    is_gone = notice is SecurityNotice.ADDRESS_CHANGED
    advice = texts.advice_without_address if is_gone else texts.advice
    values = {
        "name": one_line(name),
        "what": texts.notices[notice],
        "at": at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "advice": advice % {"site": head.site},
    }
    return _filled(head, texts.notice, values)


def trial_mail(head: MailLetterhead) -> OutgoingMail:
    """What shows that mail arrives."""
    return _filled(head, _texts(head).trial, {})


def _texts(head: MailLetterhead) -> MailTexts:
    return TEXTS.get(head.language or "", ENGLISH)


def _filled(head: MailLetterhead, written: MailText, values: Mapping[str, str]) -> OutgoingMail:
    filled = {"site": head.site, **values}
    language = head.language if head.language in TEXTS else "en"
    return OutgoingMail(head.to, written.subject % filled, written.text % filled, str(language))
