"""The rules that messages from handsets rest on, each with the change of code that breaks it.

The faults are those of ``incoming_faults.INCOMING_FAULTS``, which the code as it is survives.
"""

from tests.crash.altered_rules import ANSWERED_FIRST, REPORT_FORGOTTEN_FIRST, AlteredRule, Edit

_JOINED_FIRST = (
    Edit(
        "services/record_receipts/receipt_recorder.py",
        "            arrived = await self._incoming.join(tx, carrier_id, incoming, now)"
        " if incoming else []\n",
        "            async with self._database.transaction(Purpose.HOT) as first:\n"
        "                arrived = await self._incoming.join(first, carrier_id, incoming, now)\n",
    ),
)

_REPETITIONS_UNKNOWN = (
    Edit(
        "domain/reassembly.py",
        "        if any(mark == remembered.mark for remembered in self._kept.remembered):\n",
        "        if False:\n",
    ),
)

_GIVEN_OUT_FIRST = (
    Edit(
        "services/take_incoming.py",
        "                if arrived:\n                    await self._take.store(tx, arrived, now)\n",
        "            async with self._database.transaction(Purpose.HOT) as tx:\n"
        "                if arrived:\n"
        "                    await self._take.store(tx, arrived, now)\n",
    ),
)

INCOMING_ALTERED_RULES = {
    "deliver_sm_resp before the segment is committed": AlteredRule(
        "dispatcher killed before the commit", "lost", ANSWERED_FIRST
    ),
    "segments taken out of what waits before their message is stored": AlteredRule(
        "dispatcher killed between joining and storing", "lost", _JOINED_FIRST
    ),
    "what was taken not remembered": AlteredRule(
        "dispatcher killed between commit and answer", "stored_twice", _REPETITIONS_UNKNOWN
    ),
    "an incomplete message given out before it is stored": AlteredRule(
        "keeper killed between giving out and storing", "lost", _GIVEN_OUT_FIRST
    ),
    "POST removed before it is answered": AlteredRule(
        "reporter killed before a POST is answered", "unreported", REPORT_FORGOTTEN_FIRST
    ),
}
