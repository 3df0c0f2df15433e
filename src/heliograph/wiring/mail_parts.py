"""What mail is made of, from the settings."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heliograph.domain.ids import IdSource
from heliograph.services.mail_desk import MailDesk
from heliograph.settings import Settings
from heliograph.storage.sealing import Sealer

if TYPE_CHECKING:
    from heliograph.outbound_mail import SmtpPost


def mail_desk(settings: Settings, sealer: Sealer, ids: IdSource) -> MailDesk | None:
    """What writes mails; None where none are sent."""
    return MailDesk(sealer, ids, site=settings.public_url) if settings.mail.host else None


def mail_post(settings: Settings) -> "SmtpPost | None":
    """What hands them to the mail server; None where none are sent."""
    mail = settings.mail
    if not mail.host:
        return None
    from heliograph.outbound_mail import MailServer, SmtpPost
    from heliograph.outbound_mail.smtp_post import USUAL_PORTS

    return SmtpPost(
        MailServer(
            host=mail.host,
            port=mail.port or USUAL_PORTS[mail.security],
            security=mail.security,
            user=mail.user,
            password=mail.password,
            sender=mail.from_address,
            timeout=mail.timeout_seconds,
            hello=urlsplit(settings.public_url).hostname or "localhost",
        )
    )
