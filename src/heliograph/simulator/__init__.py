"""The simulated carrier: an SMSC on a real socket, with handsets, receipts, delays and faults."""
