"""`smpp-session`: the SMPP session alone, an ESME and an SMSC back to back in memory on one loop.

One message is: submit_sm encoded, its answer matched, its receipt decoded, read and acknowledged. The
headline counts the CPU time of the ESME side, which is the one a platform pays for; the SMSC is the
simulator's side. Run it by `python -m bench.smpp_session`.
"""

import json
import resource
import statistics
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from heliograph.smpp import (
    Answered,
    BindTransceiver,
    DeliverSm,
    ReceiptFields,
    Role,
    Session,
    SubmitSm,
    SubmitSmResp,
    SubmitTemplate,
    Tag,
    Tlv,
    read_receipt,
    receipt_text,
    tlv,
)

WINDOW = 100
BLOCKS = 300
ROUNDS = 5
TEXT = b"A text of forty-one characters, as in use"
AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@dataclass
class Esme:
    """The platform's side: submits, sorts events, reads receipts, acknowledges them."""

    session: Session = field(default_factory=lambda: Session(Role.ESME, 0.0, window_size=WINDOW))
    template: SubmitTemplate = field(
        default_factory=lambda: SubmitTemplate(
            SubmitSm(
                source_addr_ton=5,
                source_addr="Heliograph",
                dest_addr_ton=1,
                dest_addr_npi=1,
                registered_delivery=1,
            )
        )
    )
    accepted: list[tuple[object, str]] = field(default_factory=list)
    receipts: list[ReceiptFields] = field(default_factory=list)

    def check(self, tokens: range) -> None:
        """Every message of a block was accepted and has a receipt of its own; then they are forgotten."""
        assert [token for token, _ in self.accepted] == list(tokens)
        assert [receipt.smsc_message_id for receipt in self.receipts] == [
            number for _, number in self.accepted
        ]
        self.accepted.clear()
        self.receipts.clear()

    def submit(self, block: list[tuple[str, bytes]], tokens: range) -> bytes:
        return self.session.send_submits(self.template, block, 1.0, tokens)

    def take(self, data: bytes) -> bytes:
        stored: list[DeliverSm] = []
        for event in self.session.receive_data(data, 1.0):
            if isinstance(event, Answered):
                if isinstance(event.response, SubmitSmResp):
                    self.accepted.append((event.token, event.response.message_id))
            elif isinstance(event, DeliverSm):
                receipt = read_receipt(event)
                if receipt is not None:
                    self.receipts.append(receipt)
                stored.append(event)
        return self.session.acknowledge(stored, 1.0) if stored else b""


@dataclass
class Smsc:
    """The carrier's side: an id for every submit_sm and a receipt for every id."""

    with_tlvs: bool
    session: Session = field(default_factory=lambda: Session(Role.SMSC, 0.0, window_size=WINDOW))
    ids: int = 0
    acknowledged: int = 0

    def accept(self, data: bytes) -> tuple[bytes, list[SubmitSm]]:
        submits = [event for event in self.session.receive_data(data, 1.0) if isinstance(event, SubmitSm)]
        answers = [pdu.response(0, message_id=self._id(n)) for n, pdu in enumerate(submits)]
        return self.session.send_responses(answers, 1.0), submits

    def deliver(self, submits: list[SubmitSm]) -> bytes:
        receipts = [self._receipt(self._id(n), pdu) for n, pdu in enumerate(submits)]
        self.ids += len(submits)
        return self.session.send_many(receipts, 1.0)

    def take(self, data: bytes) -> None:
        self.acknowledged += len(self.session.receive_data(data, 1.0))

    def _id(self, n: int) -> str:
        return f"{self.ids + n:016x}"

    def _receipt(self, message_id: str, pdu: SubmitSm) -> DeliverSm:
        text = receipt_text(message_id, "DELIVRD", submitted_at=AT, done_at=AT, text="A text of forty-one")
        return DeliverSm(
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=pdu.destination_addr,
            dest_addr_ton=5,
            destination_addr=pdu.source_addr,
            esm_class=4,
            short_message=text,
            tlvs=_tlvs(message_id) if self.with_tlvs else (),
        )


def _tlvs(message_id: str) -> tuple[Tlv, ...]:
    return (tlv(Tag.RECEIPTED_MESSAGE_ID, message_id), tlv(Tag.MESSAGE_STATE, 2))


@dataclass
class Measured:
    """CPU seconds of each side over one round, and wall seconds of each block."""

    esme: float = 0.0
    smsc: float = 0.0
    blocks: list[float] = field(default_factory=list)


def one_round(with_tlvs: bool) -> Measured:
    """Every message of a round, checked to have gone the whole way."""
    esme, smsc, measured = Esme(), Smsc(with_tlvs), Measured()
    bind = smsc.session.receive_data(esme.session.send(BindTransceiver(system_id="bench"), 0.0), 0.0)[0]
    assert isinstance(bind, BindTransceiver)
    esme.take(smsc.session.send(bind.response(), 0.0))
    block = [(f"4670174{n:04}", TEXT) for n in range(WINDOW)]
    for number in range(BLOCKS):
        one_block(esme, smsc, block, range(number * WINDOW, (number + 1) * WINDOW), measured)
    assert smsc.acknowledged == BLOCKS * WINDOW
    return measured


def one_block(
    esme: Esme, smsc: Smsc, block: list[tuple[str, bytes]], tokens: range, measured: Measured
) -> None:
    """A full window of messages to their receipts, six calls, the clock read between them."""
    clock = time.process_time
    began, started = time.perf_counter(), clock()
    submits = esme.submit(block, tokens)
    submitted = clock()
    answers, pdus = smsc.accept(submits)
    accepted = clock()
    esme.take(answers)
    answered = clock()
    receipts = smsc.deliver(pdus)
    delivered = clock()
    acknowledgements = esme.take(receipts)
    taken = clock()
    smsc.take(acknowledgements)
    ended = clock()
    measured.esme += (submitted - started) + (answered - accepted) + (taken - delivered)
    measured.smsc += (accepted - submitted) + (delivered - answered) + (ended - taken)
    measured.blocks.append(time.perf_counter() - began)
    esme.check(tokens)


def run() -> dict[str, Any]:
    """Median of the rounds; the headline has receipts with text and TLVs, as most carriers send them."""
    rounds = [one_round(with_tlvs=True) for _ in range(ROUNDS)]
    text_only = [one_round(with_tlvs=False) for _ in range(ROUNDS)]
    total = BLOCKS * WINDOW
    esme = statistics.median(total / one.esme for one in rounds)
    both = statistics.median(total / (one.esme + one.smsc) for one in rounds)
    blocks = sorted(seconds for one in rounds for seconds in one.blocks)
    return {
        "name": "smpp-session",
        "rate_per_s": round(total * ROUNDS / sum(blocks)),
        "per_cpu_s": round(esme),
        "p50_ms": round(blocks[len(blocks) // 2] * 1000, 3),
        "p99_ms": round(blocks[len(blocks) * 99 // 100] * 1000, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "per_cpu_s_text_only": round(statistics.median(total / one.esme for one in text_only)),
        "per_cpu_s_both_sides": round(both),
        "messages": total * ROUNDS,
        "window": WINDOW,
        "latency_of": "a block of a full window, submit to acknowledged receipt, both sides on one core",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
