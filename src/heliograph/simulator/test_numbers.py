"""Numbers with fixed outcomes at the simulated carrier: how an integration is tested without a network.

They lie in the series that the Swedish Post and Telecom Authority (PTS) keeps free for books and films,
070-1740605 to 070-1740699, so that a message meant for them never reaches a person, whatever carrier it
goes through by mistake. Every other number is delivered.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

FIRST: Final = 46701740605
"""The first number of the series, as an MSISDN."""
LAST: Final = 46701740699
"""The last one."""


class PlannedReceipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One delivery receipt the carrier will send for a segment."""

    state: str = "DELIVRD"
    """``stat`` of the receipt (SMPP 3.4, Appendix B)."""
    error: int = 0
    """``err`` of the receipt: a user error of the mobile network (3GPP TS 29.002, 17.6.6), 0 none."""
    after: float | None = None
    """Seconds after the submit; None takes the carrier's ordinary delay."""
    extra: float = 0.0
    """Seconds on top of the ordinary delay."""
    intermediate: bool = False
    """Sent as intermediate notification (esm_class 0x20) rather than as receipt (SMPP 3.4, 5.2.12)."""


DELIVERED: Final = PlannedReceipt()
"""On the handset, after the ordinary delay."""


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier does with one segment."""

    refusals: tuple[int, ...] = ()
    """command_status of the answers to the first tries of the same segment."""
    refused_for_ever: bool = False
    """Whether the last of ``refusals`` goes on; else the next try is accepted and the count starts anew."""
    answered: bool = True
    """Whether submit_sm_resp comes at all, once accepted."""
    answer_after: float = 0.0
    """Seconds on top of the carrier's ordinary answer delay."""
    cuts_link: bool = False
    """The link is closed once the segment is accepted, before its answer."""
    receipts: tuple[PlannedReceipt, ...] = (DELIVERED,)

    @property
    def reaches_handset(self) -> bool:
        """Whether an accepted segment is shown on the handset."""
        return not self.receipts or any(receipt.state == "DELIVRD" for receipt in self.receipts)


ORDINARY: Final = Behaviour()
"""What every number does that is not in the table: accepted, then delivered."""


class FixedOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table that integrators read."""

    number: int
    name: str
    happens: str
    """What the carrier does, for a reader who does not know SMPP."""
    codes: tuple[int, ...]
    """The status codes after 103 in their order. The last one is final, unless the message keeps waiting."""
    behaviour: Behaviour = ORDINARY

    @property
    def msisdn(self) -> str:
        return str(self.number)


def _failed(number: int, name: str, error: int, reason: str, code: int) -> FixedOutcome:
    return FixedOutcome(
        number=number,
        name=name,
        happens=f"Accepted; the receipt says undeliverable, error {error:03d}: {reason}.",
        codes=(110, 111, code),
        behaviour=Behaviour(receipts=(PlannedReceipt(state="UNDELIV", error=error),)),
    )


def _ended(number: int, name: str, state: str, happens: str, code: int) -> FixedOutcome:
    return FixedOutcome(
        number=number,
        name=name,
        happens=f"Accepted; the receipt says {state}: {happens}.",
        codes=(110, 111, code),
        behaviour=Behaviour(receipts=(PlannedReceipt(state=state),)),
    )


def _refused(number: int, name: str, status: int, reason: str, code: int) -> FixedOutcome:
    return FixedOutcome(
        number=number,
        name=name,
        happens=f"Refused at once and for good, 0x{status:02X}: {reason}.",
        codes=(110, code),
        behaviour=Behaviour(refusals=(status,), refused_for_ever=True),
    )


_THROTTLED: Final = 0x58
"""ESME_RTHROTTLED: a matter of pace between us and the carrier, so no status of the message."""


def _accepted_later(number: int, name: str, status: int, times: int, reason: str) -> FixedOutcome:
    tries = "first try" if times == 1 else f"first {times} tries"
    return FixedOutcome(
        number=number,
        name=name,
        happens=f"The {tries} of each segment refused for now, 0x{status:02X}: {reason}; the next accepted.",
        codes=(*(110, 114) * (times if status != _THROTTLED else 0), 110, 111, 201),
        behaviour=Behaviour(refusals=(status,) * times),
    )


_DELIVERED_IN_WAYS: Final = (
    FixedOutcome(
        number=46701740605,
        name="delivered",
        happens="Accepted, then delivered, as every number that is not in this table.",
        codes=(110, 111, 201),
    ),
    FixedOutcome(
        number=46701740606,
        name="delivered after a while on its way",
        happens="Accepted; a receipt says on its way (ENROUTE), the next one delivered.",
        codes=(110, 111, 112, 201),
        behaviour=Behaviour(receipts=(PlannedReceipt(state="ENROUTE"), PlannedReceipt(extra=0.5))),
    ),
    FixedOutcome(
        number=46701740607,
        name="delivered late",
        happens="Accepted; the receipt comes after 30 seconds.",
        codes=(110, 111, 201),
        behaviour=Behaviour(receipts=(PlannedReceipt(after=30.0),)),
    ),
    FixedOutcome(
        number=46701740608,
        name="receipt before the answer",
        happens="The receipt comes 0.2 seconds before the answer to the submit.",
        codes=(110, 111, 201),
        behaviour=Behaviour(answer_after=0.2, receipts=(PlannedReceipt(after=0.0),)),
    ),
    FixedOutcome(
        number=46701740609,
        name="receipt twice",
        happens="Accepted, then delivered; the receipt comes twice and counts once.",
        codes=(110, 111, 201),
        behaviour=Behaviour(receipts=(DELIVERED, PlannedReceipt(extra=0.2))),
    ),
)

_FAILED_LATER: Final = (
    _failed(46701740610, "undeliverable", 0, "no reason given", 501),
    _failed(46701740611, "handset absent", 27, "absent or switched off", 511),
    _failed(46701740612, "number not in use", 1, "unknown subscriber", 512),
    _failed(46701740613, "subscriber barred", 13, "may not receive it", 513),
    _failed(46701740614, "handset full", 32, "the handset could not store it", 514),
    _failed(46701740615, "not supported", 21, "no SMS on this subscription", 515),
    _failed(46701740616, "network failure", 34, "the mobile network failed", 516),
    _ended(46701740617, "expired", "EXPIRED", "the carrier gave up", 202),
    _ended(46701740618, "deleted", "DELETED", "the carrier deleted it", 500),
    _ended(46701740619, "rejected by receipt", "REJECTD", "rejected after it was accepted", 406),
    _ended(46701740620, "carrier does not know", "UNKNOWN", "the carrier lost track of it", 599),
    FixedOutcome(
        number=46701740621,
        name="undeliverable, then delivered",
        happens="Accepted; a receipt says undeliverable, a later one delivered: the code is corrected.",
        codes=(110, 111, 501, 201),
        behaviour=Behaviour(receipts=(PlannedReceipt(state="UNDELIV"), PlannedReceipt(extra=2.0))),
    ),
    FixedOutcome(
        number=46701740622,
        name="delivered, then undeliverable",
        happens="Accepted; a receipt says delivered, a later one undeliverable, which changes nothing.",
        codes=(110, 111, 201),
        behaviour=Behaviour(receipts=(DELIVERED, PlannedReceipt(state="UNDELIV", extra=0.5))),
    ),
    FixedOutcome(
        number=46701740623,
        name="on its way, announced",
        happens="Accepted; an intermediate notification says on its way, then the receipt delivered.",
        codes=(110, 111, 112, 201),
        behaviour=Behaviour(
            receipts=(PlannedReceipt(state="ENROUTE", intermediate=True), PlannedReceipt(extra=0.5))
        ),
    ),
    FixedOutcome(
        number=46701740624,
        name="no receipt",
        happens="Accepted; no receipt ever comes. Closed as unknown after 72 hours.",
        codes=(110, 111, 599),
        behaviour=Behaviour(receipts=()),
    ),
)

_REFUSED_AT_SUBMIT: Final = (
    _refused(46701740630, "number refused", 0x0B, "the carrier takes no such number", 408),
    _refused(46701740631, "sender refused", 0x0A, "the carrier does not take this sender", 407),
    _refused(46701740632, "content refused", 0x66, "the carrier does not take this message", 406),
    _accepted_later(
        46701740633, "delivered at the second try", 0x45, 1, "no reason given, again in a minute"
    ),
    _accepted_later(46701740634, "carrier error once", 0x08, 1, "system error, again in 30 seconds"),
    _accepted_later(
        46701740635,
        "throttled three times",
        0x58,
        3,
        "too fast, the whole bind slows down, which no status shows",
    ),
    _accepted_later(46701740636, "queue full once", 0x14, 1, "again in 30 seconds"),
    FixedOutcome(
        number=46701740637,
        name="queue always full",
        happens="Every try refused for now, 0x14: the queue is full. 110 and 114 come with every try,"
        " until its last window closes.",
        codes=(110, 114, 202),
        behaviour=Behaviour(refusals=(0x14,), refused_for_ever=True),
    ),
)

_IN_DOUBT: Final = (
    FixedOutcome(
        number=46701740640,
        name="never answered",
        happens="Accepted, but neither answer nor receipt comes. Never sent again; unknown after 72 hours.",
        codes=(110, 599),
        behaviour=Behaviour(answered=False, receipts=()),
    ),
    FixedOutcome(
        number=46701740641,
        name="never answered, delivered",
        happens="Accepted, but no answer comes; the receipt does, and settles the doubt.",
        codes=(110, 201),
        behaviour=Behaviour(answered=False),
    ),
    FixedOutcome(
        number=46701740642,
        name="link lost, delivered",
        happens="Accepted, then the link is cut before the answer. The receipt comes over the next link. "
        "Whatever else was unanswered on that link is in doubt as well.",
        codes=(110, 201),
        behaviour=Behaviour(cuts_link=True),
    ),
    FixedOutcome(
        number=46701740643,
        name="link lost",
        happens="The same, without a receipt. Never sent again; unknown after 72 hours.",
        codes=(110, 599),
        behaviour=Behaviour(cuts_link=True, receipts=()),
    ),
    FixedOutcome(
        number=46701740644,
        name="slow answer",
        happens="The answer comes after 5 seconds, the receipt after it.",
        codes=(110, 111, 201),
        behaviour=Behaviour(answer_after=5.0, receipts=(PlannedReceipt(extra=5.0),)),
    ),
)

TABLE: Final = (*_DELIVERED_IN_WAYS, *_FAILED_LATER, *_REFUSED_AT_SUBMIT, *_IN_DOUBT)
"""Every number with an outcome of its own, in order. The rest of the series is delivered."""


def by_address(rows: Iterable[FixedOutcome] = TABLE, *, delay_factor: float = 1.0) -> dict[bytes, Behaviour]:
    """The behaviours by ``destination_addr``, as the octets of a submit_sm have it.

    ``delay_factor`` multiplies every delay of the table, so that tests need not wait.
    """
    return {row.msisdn.encode(): _scaled(row.behaviour, delay_factor) for row in rows}


def _scaled(behaviour: Behaviour, factor: float) -> Behaviour:
    receipts = tuple(
        msgspec.structs.replace(
            receipt,
            after=None if receipt.after is None else receipt.after * factor,
            extra=receipt.extra * factor,
        )
        for receipt in behaviour.receipts
    )
    return msgspec.structs.replace(behaviour, answer_after=behaviour.answer_after * factor, receipts=receipts)


def markdown_table(rows: Iterable[FixedOutcome] = TABLE) -> str:
    """The table of the documentation."""
    head = "| number | outcome | what happens | codes after 103 |\n|---|---|---|---|\n"
    lines = (
        f"| {row.msisdn} | {row.name} | {row.happens} | {', '.join(map(str, row.codes))} |\n" for row in rows
    )
    return head + "".join(lines)
