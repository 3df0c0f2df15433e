"""Everything that both clients can ask of the API."""

from heliograph.client.account_operations import (
    AccountOperations,
    BlacklistOperations,
    KeyOperations,
    SenderOperations,
)
from heliograph.client.batch_operations import BatchOperations
from heliograph.client.contact_operations import ContactOperations
from heliograph.client.message_operations import MessageOperations
from heliograph.client.report_operations import ReportOperations


class ApiOperations(
    BatchOperations,
    MessageOperations,
    ContactOperations,
    ReportOperations,
    AccountOperations,
    KeyOperations,
    SenderOperations,
    BlacklistOperations,
):
    """The operations of every family."""
