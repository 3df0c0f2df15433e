"""Store what a carrier delivers, make of receipts what they mean, and only then answer.

Receipts are collected for a moment and stored in one transaction: the raw PDUs, the changes of messages, and
a row for each that belongs to no segment we know. Messages from handsets go, in the same transaction, to
whoever takes them. Without a commit the carrier hears nothing, so that it
delivers again.
"""

from heliograph.services.record_receipts.receipt_recorder import ReceiptSettings, RecordReceipts

__all__ = ["ReceiptSettings", "RecordReceipts"]
