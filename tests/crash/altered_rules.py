"""The rules that nothing lost and nothing twice rest on, each with the change of code that breaks it.

A change is a list of places: a file of the package, a text that stands in it exactly once, and what stands
there instead. The fault is one of the crash matrix, which the code as it is survives.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Edit(NamedTuple):
    """One place of a change."""

    file: str
    old: str
    new: str


class AlteredRule(NamedTuple):
    """How a rule is broken, and how that shows."""

    fault: str
    """Of the matrix that the rule belongs to."""
    shows_as: str
    """The field of the verdict that must not be empty."""
    edits: Sequence[Edit]


class AlterationOutdated(Exception):
    """The code has changed: what an alteration wants to replace is not there exactly once."""


_FLIGHT_COMMIT = "services/dispatch_lots/flight_commit.py"
_BIND_SLOT = "services/dispatch_lots/bind_slot.py"
_TAKE_OVER = "services/dispatch_lots/take_over.py"
_RECORDER = "services/record_receipts/receipt_recorder.py"

_INTENT_AFTER_WRITE = (
    Edit(_FLIGHT_COMMIT, "    if not harvest and claim is not None:\n", "    if False:\n"),
    Edit(
        _FLIGHT_COMMIT,
        "    now: datetime,\n) -> list[ClaimedLot]:\n",
        "    now: datetime,\n    write,\n) -> list[ClaimedLot]:\n",
    ),
    Edit(
        _FLIGHT_COMMIT,
        "        claimed = await claim_lots(tx, owner, **claim._asdict()) if claim is not None else []\n"
        '        failpoint("dispatch.pre_commit")\n',
        "        claimed = await claim_lots(tx, owner, **claim._asdict()) if claim is not None else []\n"
        "        if claimed:\n"
        "            import asyncio\n"
        "            write(claimed, ())\n"
        "            await asyncio.sleep(0.01)\n"
        '            failpoint("dispatch.pre_commit")\n',
    ),
    Edit(
        _BIND_SLOT,
        "await commit_flight(self._database, owner, harvest, claim, ids=self._ids, now=self._now())",
        "await commit_flight(\n"
        "            self._database, owner, harvest, claim,\n"
        "            ids=self._ids, now=self._now(), write=self._write,\n"
        "        )",
    ),
    Edit(
        _BIND_SLOT,
        "            self._learn(claim, claimed)\n"
        "            self._write(claimed, await self._unwanted_among(claimed))\n",
        "            self._learn(claim, claimed)\n",
    ),
)

_IN_DOUBT_QUEUED_AGAIN = (
    Edit(
        _TAKE_OVER,
        "        if lot.has_rest:\n"
        "            freed[lot.lot_id] = stored_bits((1 << lot.next_segment) - 1, lot.segment_count)\n",
        "        if True:\n"
        "            bits = int.from_bytes(lot.answered, 'little')\n"
        "            freed[lot.lot_id] = stored_bits(bits, lot.segment_count)\n",
    ),
    Edit(
        _TAKE_OVER,
        "        noted = _doubtful_segments(lot, contents, now)\n",
        "        noted = []\n",
    ),
    Edit(
        "storage/queries/free_lots.sql",
        "answered = u.answered\nFROM",
        "answered = u.answered, state = 1, next_segment = (\n"
        "    SELECT coalesce(min(n), l.next_segment)\n"
        "    FROM generate_series(0, l.next_segment - 1) AS n WHERE get_bit(u.answered, n) = 0)\n"
        "FROM",
    ),
)

ANSWERED_FIRST = (
    Edit(
        _RECORDER,
        "            try:\n                await self._commit(group)\n",
        "            try:\n"
        "                answer_all(group)\n"
        "                await asyncio.sleep(0.01)\n"
        "                await self._commit(group)\n",
    ),
    Edit(
        _RECORDER,
        "            else:\n                answer_all(group)\n",
        "            else:\n                pass\n",
    ),
)

_ACCEPTED_BEFORE_COMMIT = (
    Edit(
        "storage/group_commit.py",
        "            try:\n                await self._write(connection, group)\n",
        "            for waiting in group:\n"
        "                waiting.settle(Outcome(waiting.funded))\n"
        "            await asyncio.sleep(0.05)\n"
        "            try:\n"
        "                await self._write(connection, group)\n",
    ),
)

REPORT_FORGOTTEN_FIRST = (
    Edit(
        "services/deliver_webhooks.py",
        "            rows = [await self._waiting_rows(tx, block) for block in blocks]\n",
        "            rows = [await self._waiting_rows(tx, block) for block in blocks]\n"
        "            await report_queue.delete_blocks(tx, [(one.bucket, one.block_id) for one in blocks])\n",
    ),
)

ALTERED_RULES = {
    "submit_sm written before the intent is committed": AlteredRule(
        "dispatcher killed before the flight's commit", "submitted_twice", _INTENT_AFTER_WRITE
    ),
    "what is in doubt put back into the queue": AlteredRule(
        "dispatcher killed between answer and outcome commit", "submitted_twice", _IN_DOUBT_QUEUED_AGAIN
    ),
    "deliver_sm_resp before the receipt is committed": AlteredRule(
        "dispatcher killed before a receipt is committed", "receipts_missing", ANSWERED_FIRST
    ),
    "201 before the batch is committed": AlteredRule(
        "api killed before the commit", "lost", _ACCEPTED_BEFORE_COMMIT
    ),
    "report removed before it is answered": AlteredRule(
        "reporter killed before a report is answered", "reports_wrong", REPORT_FORGOTTEN_FIRST
    ),
}


def altered_copy(package: Path, folder: Path, edits: Sequence[Edit]) -> Path:
    """Copy the package into a folder and change it there; the folder, for the path of Python.

    Raises AlterationOutdated.
    """
    copied = folder / package.name
    shutil.copytree(package, copied)
    for edit in edits:
        path = copied / edit.file
        text = path.read_text("utf-8")
        if text.count(edit.old) != 1:
            raise AlterationOutdated(f"{edit.file} has this {text.count(edit.old)} times:\n{edit.old}")
        path.write_text(text.replace(edit.old, edit.new), "utf-8")
    return folder
