"""Mail to the operator's mail server: the only client for that."""

from heliograph.outbound_mail.mail_faults import MailFailure, MailFault
from heliograph.outbound_mail.smtp_post import MailServer, SmtpPost

__all__ = ["MailFailure", "MailFault", "MailServer", "SmtpPost"]
