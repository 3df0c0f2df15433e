"""The client for programs that send and receive through Heliograph; it imports nothing of the server.

``Heliograph`` blocks; ``AsyncHeliograph`` is its asynchronous twin, which imports aiohttp once it is used.
"""

from heliograph.client.async_client import AsyncHeliograph
from heliograph.client.client_errors import (
    ApiError,
    BatchNotFinished,
    Conflict,
    Forbidden,
    HeliographError,
    InvalidRequest,
    NoAnswer,
    NotFound,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    WebhookRefused,
)
from heliograph.client.received_documents import (
    Account,
    Batch,
    BlacklistEntry,
    Count,
    DeliveryReport,
    DeliveryWindow,
    Event,
    EventPage,
    Message,
    Price,
    Sender,
    Status,
)
from heliograph.client.retries import Retries
from heliograph.client.sync_client import Heliograph
from heliograph.client.webhooks import verify_incoming, verify_webhook

__all__ = [
    "Account",
    "ApiError",
    "AsyncHeliograph",
    "Batch",
    "BatchNotFinished",
    "BlacklistEntry",
    "Conflict",
    "Count",
    "DeliveryReport",
    "DeliveryWindow",
    "Event",
    "EventPage",
    "Forbidden",
    "Heliograph",
    "HeliographError",
    "InvalidRequest",
    "Message",
    "NoAnswer",
    "NotFound",
    "Price",
    "Retries",
    "Sender",
    "Status",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "WebhookRefused",
    "verify_incoming",
    "verify_webhook",
]
