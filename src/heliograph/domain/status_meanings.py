"""What each status of a message means, in a sentence for people."""

from typing import Final

from heliograph.domain.status import Code

STATUS_TEXTS: Final[dict[Code, str]] = {
    Code.ACCEPTED: "Accepted for processing.",
    Code.QUEUED: "Waiting to be sent.",
    Code.FUNDED: "Its price was drawn from the balance.",
    Code.REFUNDED: "Its price was returned. Stands beside a final status.",
    Code.SENDING: "Being handed to the carrier.",
    Code.AT_GATEWAY: "The carrier accepted it.",
    Code.AT_CARRIER: "The carrier says that it is on its way.",
    Code.AT_NETWORK: "In the mobile network.",
    Code.RETRYING: "The carrier refused it for now; another try follows.",
    Code.DELIVERED: "Delivered to the handset. Also the status of every incoming message.",
    Code.EXPIRED: "Its delivery windows closed, or the carrier gave up, before it was delivered.",
    Code.CANCELED: "Canceled by you before it was sent.",
    Code.INSUFFICIENT_FUNDS: "The balance could not pay for the batch. Nothing was charged.",
    Code.SENDER_REJECTED: "The sender is considered fraudulent, or its ownership is not verified.",
    Code.BODY_REJECTED: "The text is not allowed.",
    Code.RECIPIENT_REJECTED: "The recipient is on your blacklist, or beyond a limit of the velocity guard.",
    Code.REJECTED: "Refused by the carrier.",
    Code.INVALID_SENDER: "The carrier does not accept this sender.",
    Code.INVALID_RECIPIENT: "No possible phone number.",
    Code.INVALID_BODY: "The text does not fit the character set, or is longer than 255 SMS.",
    Code.FAILED: "The carrier deleted it.",
    Code.UNDELIVERABLE: "The carrier could not deliver it.",
    Code.UNROUTABLE: "No carrier leads to the recipient, or it was never reached.",
    Code.GATEWAY_TIMEOUT: "Known to clients of iP.1; never used here.",
    Code.ABSENT: "The handset is switched off or out of reach.",
    Code.UNKNOWN_SUBSCRIBER: "The number is not in use.",
    Code.BARRED: "The subscriber may not receive it.",
    Code.HANDSET_ERROR: "The handset could not store it.",
    Code.NOT_SUPPORTED: "The handset or its network cannot take such a message.",
    Code.NETWORK_FAILURE: "The mobile network failed.",
    Code.UNKNOWN: "No final word came: it may have been delivered. Do not send it again unasked.",
}
