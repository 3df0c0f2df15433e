"""One link of the simulated SMSC: an asyncio protocol from octets to answers."""

import asyncio
import socket
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from heliograph.simulator import smpp_wire as wire
from heliograph.simulator.deliveries import Delivery
from heliograph.simulator.faults import Verdict
from heliograph.simulator.journal import AnswerRecord, DeliverRecord, LinkRecord, SubmitRecord
from heliograph.simulator.smpp_wire import HEADER, HEADER_LENGTH, MAX_PDU, MAX_SEQUENCE, Submit

if TYPE_CHECKING:
    from heliograph.simulator.smsc import Smsc

_BINDS: Final = {
    wire.BIND_RECEIVER: "receiver",
    wire.BIND_TRANSMITTER: "transmitter",
    wire.BIND_TRANSCEIVER: "transceiver",
}
_MAY_SUBMIT: Final = frozenset({"transmitter", "transceiver"})
_RECEIVES: Final = frozenset({"receiver", "transceiver"})
_TEMPORARY: Final = frozenset({0x08, 0x14, 0x45, 0x58, 0x64, 0x67, 0xFE, 0xFF})
"""Answers to deliver_sm after which a carrier tries again; after any other it gives up."""
_BIND_ANSWER: Final = b"heliosim\0" + wire.tlv(0x0210, b"\x34")
"""system_id and sc_interface_version 3.4."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SmscSession(asyncio.Protocol):
    """Framing, binding, answering. Everything that outlives the link is the ``Smsc``'s."""

    def __init__(self, smsc: "Smsc", number: int) -> None:
        self._smsc = smsc
        self.number = number
        self.bound_as: str | None = None
        self._rest = b""
        self._out: list[bytes] = []
        self._answers: list[bytes] = []
        self._unanswered: dict[int, Delivery] = {}
        self._sequence = 0
        self._limit = smsc.settings.max_unanswered_receipts
        self._is_closing = False
        self._is_choked = False
        self._is_asked = False
        self._heard_at = 0.0
        self._moment = _EPOCH
        self._stamp = b""
        self._idle_timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<SmscSession {self.number} {self.bound_as}, {len(self._unanswered)} unanswered>"

    @property
    def unanswered(self) -> int:
        """How many deliver_sm wait for their answer."""
        return len(self._unanswered)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        link: socket.socket = transport.get_extra_info("socket")
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._smsc.sessions.append(self)
        self._smsc.counts.links_opened += 1
        self._heard_at = self._smsc.seconds()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._note_link("closed")
        unanswered = list(self._unanswered.values())
        self._unanswered.clear()
        self._smsc.take_back(self, unanswered)

    def pause_writing(self) -> None:
        """The other end does not read: take nothing more from it, send it nothing more."""
        self._is_choked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_choked = False
        if not self._is_closing:
            self._transport.resume_reading()
            self._smsc.send_deliveries()

    def abort(self) -> None:
        """Close the link at once, whatever is still to be written."""
        self._is_closing = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._is_closing:
            return
        self._begin_block()
        if self._rest:
            data = self._rest + data
        position, size, unpack = 0, len(data), HEADER.unpack_from
        while size - position >= HEADER_LENGTH and not self._is_closing:
            length, command, status, sequence = unpack(data, position)
            if not HEADER_LENGTH <= length <= MAX_PDU:
                self._refuse_stream(sequence)
                break
            end = position + length
            if end > size:
                break
            if command == wire.SUBMIT_SM:
                self._on_submit(data, position + HEADER_LENGTH, end, sequence)
            elif command == wire.DELIVER_SM_RESP:
                self._on_delivered(sequence, status)
            else:
                self._on_other(command, status, sequence, data[position + HEADER_LENGTH : end])
            position = end
        self._rest = data[position:]
        self._end_block()

    def deliver(self, ready: deque[Delivery]) -> None:
        """Send deliveries from the left of ``ready`` while the link has room for them."""
        room = self._limit - len(self._unanswered)
        if room <= 0 or self.bound_as not in _RECEIVES or self._is_choked or self._is_closing:
            return
        out: list[bytes] = []
        for _ in range(min(room, len(ready))):
            delivery = ready.popleft()
            sequence = self._next_sequence()
            self._unanswered[sequence] = delivery
            delivery.sends += 1
            body = delivery.body
            out.append(HEADER.pack(HEADER_LENGTH + len(body), wire.DELIVER_SM, 0, sequence) + body)
            if delivery.sends > 1:
                self._smsc.counts.receipts_repeated += 1
            if self._smsc.has_journal:
                self._note_delivery(sequence, delivery)
        if out:
            self._smsc.counts.receipts_sent += len(out)
            self._smsc.flush_journal()
            self._write(b"".join(out))

    def _begin_block(self) -> None:
        smsc = self._smsc
        self._heard_at = smsc.seconds()
        self._is_asked = False
        self._moment = smsc.now()
        self._stamp = smsc.deliveries.date(self._moment)

    def _end_block(self) -> None:
        smsc = self._smsc
        smsc.flush_journal()
        if self._answers:
            if smsc.answer_delay:
                self._write_later(smsc.answer_delay, b"".join(self._answers))
            else:
                self._out += self._answers
            self._answers.clear()
        if self._out:
            self._write(b"".join(self._out))
            self._out.clear()
        if self._is_closing:
            self._transport.close()
        smsc.send_deliveries()

    def _on_submit(self, data: bytes, start: int, end: int, sequence: int) -> None:
        smsc = self._smsc
        if self.bound_as not in _MAY_SUBMIT:
            self._refuse(wire.RINVBNDSTS, sequence)
            return
        try:
            submit = wire.read_submit(data, start, end)
        except wire.MalformedPdu:
            smsc.counts.malformed += 1
            self._refuse(wire.RINVCMDLEN, sequence)
            return
        smsc.counts.submits += 1
        verdict = smsc.judge.judge(submit, self._heard_at)
        number = None
        if verdict.lost:
            self._cut()
        elif verdict.status:
            smsc.counts.refused += 1
            self._refuse(verdict.status, sequence)
        else:
            number = smsc.accept(submit, verdict.behaviour, self._moment, self._stamp, self._heard_at)
            self._answer_accepted(verdict, number, sequence)
        if smsc.has_journal:
            self._note_submit(submit, verdict, number, sequence)

    def _answer_accepted(self, verdict: Verdict, number: int, sequence: int) -> None:
        behaviour = verdict.behaviour
        if behaviour.cuts_link:
            self._cut()
            return
        if not behaviour.answered:
            return
        body = self._smsc.deliveries.answer_id(number) + b"\0"
        answer = HEADER.pack(HEADER_LENGTH + len(body), wire.SUBMIT_SM | wire.RESPONSE, 0, sequence) + body
        if behaviour.answer_after:
            self._write_later(self._smsc.answer_delay + behaviour.answer_after, answer)
        else:
            self._answers.append(answer)

    def _on_delivered(self, sequence: int, status: int) -> None:
        delivery = self._unanswered.pop(sequence, None)
        if delivery is None:
            return
        smsc = self._smsc
        if status == wire.ROK:
            smsc.counts.receipts_acknowledged += 1
            delivery.is_taken = True
        elif status in _TEMPORARY:
            smsc.deliveries.retry(self._heard_at + smsc.settings.receipt_retry_delay, delivery)
        else:
            smsc.counts.receipts_refused += 1
            delivery.is_refused = True
        if smsc.has_journal:
            smsc.note(
                AnswerRecord(self._moment, self.number, sequence, delivery.number, delivery.state, status)
            )

    def _on_other(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command in _BINDS:
            self._on_bind(command, sequence, body)
        elif command == wire.ENQUIRE_LINK:
            self._answer(command, wire.ROK, sequence)
        elif command == wire.UNBIND:
            self._answer(command, wire.ROK, sequence)
            self._is_closing = True
        elif command == wire.GENERIC_NACK:
            self._on_delivered(sequence, status or wire.RINVCMDID)
        elif not command & wire.RESPONSE:
            self._out.append(wire.pdu(wire.GENERIC_NACK, wire.RINVCMDID, sequence))

    def _on_bind(self, command: int, sequence: int, body: bytes) -> None:
        status = self._judge_bind(body)
        if status:
            self._smsc.counts.binds_refused += 1
            self._answer(command, status, sequence)
            self._is_closing = status != wire.RALYBND
            return
        self.bound_as = _BINDS[command]
        self._out.append(wire.pdu(command | wire.RESPONSE, wire.ROK, sequence, _BIND_ANSWER))
        self._note_link("bound")

    def _judge_bind(self, body: bytes) -> int:
        settings = self._smsc.settings
        if self.bound_as is not None:
            return wire.RALYBND
        try:
            system_id, password = wire.read_bind(body)
        except wire.MalformedPdu:
            return wire.RINVCMDLEN
        if system_id != settings.system_id:
            return wire.RINVSYSID
        return self._smsc.faults.bind_status if password == settings.password else wire.RINVPASWD

    def _refuse_stream(self, sequence: int) -> None:
        """A length that cannot be: where the next PDU begins is unknown from here on."""
        self._smsc.counts.malformed += 1
        self._out.append(wire.pdu(wire.GENERIC_NACK, wire.RINVCMDLEN, sequence))
        self._is_closing = True

    def _cut(self) -> None:
        self._smsc.counts.links_cut += 1
        self._is_closing = True

    def _refuse(self, status: int, sequence: int) -> None:
        self._answers.append(wire.pdu(wire.SUBMIT_SM | wire.RESPONSE, status, sequence))

    def _answer(self, command: int, status: int, sequence: int) -> None:
        self._out.append(wire.pdu(command | wire.RESPONSE, status, sequence))

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        return self._sequence

    def _write_later(self, delay: float, octets: bytes) -> None:
        asyncio.get_running_loop().call_later(delay, self._write, octets)

    def _write(self, octets: bytes) -> None:
        if not self._transport.is_closing() and self._smsc.faults.mute != "all":
            self._transport.write(octets)

    def _watch(self) -> None:
        """Ask a silent link whether it lives; close it when it does not answer either."""
        silence = self._smsc.settings.enquire_link_seconds
        if not silence:
            return
        smsc = self._smsc
        if smsc.seconds() - self._heard_at >= silence:
            if self._is_asked or self.bound_as is None:
                self._transport.abort()
                return
            self._is_asked = True
            self._write(wire.pdu(wire.ENQUIRE_LINK, wire.ROK, self._next_sequence()))
        self._idle_timer = asyncio.get_running_loop().call_later(silence, self._watch)

    def _note_submit(self, submit: Submit, verdict: Verdict, number: int | None, sequence: int) -> None:
        smsc, behaviour = self._smsc, verdict.behaviour
        is_answered = not verdict.lost and behaviour.answered and not behaviour.cuts_link
        smsc.note(
            SubmitRecord(
                at=self._moment,
                session=self.number,
                sequence=sequence,
                sender=submit.sender.decode("latin-1"),
                recipient=submit.recipient.decode("latin-1"),
                esm_class=submit.esm_class,
                data_coding=submit.data_coding,
                octets=submit.octets,
                number=number,
                smsc_message_id="" if number is None else smsc.deliveries.answer_id(number).decode(),
                status=verdict.status if is_answered else None,
            )
        )

    def _note_delivery(self, sequence: int, delivery: Delivery) -> None:
        moment = self._smsc.now()
        self._smsc.note(
            DeliverRecord(moment, self.number, sequence, delivery.number, delivery.state, delivery.sends)
        )

    def _note_link(self, change: str) -> None:
        self._smsc.note(LinkRecord(self._smsc.now(), self.number, change))
        self._smsc.flush_journal()
