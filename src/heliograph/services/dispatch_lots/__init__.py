"""Submit what is queued: one lane per bind slot, one transaction per flight.

A flight commits the outcomes of the flight before together with the intent to submit the next segments, and
only then writes them. What a dead dispatcher intended and nobody answered is in doubt, never sent again.
"""

from heliograph.services.dispatch_lots.bind_slot import BindSlot, DispatchSettings, ReceiptSink
from heliograph.services.dispatch_lots.dispatch_service import DispatchService

__all__ = ["BindSlot", "DispatchService", "DispatchSettings", "ReceiptSink"]
