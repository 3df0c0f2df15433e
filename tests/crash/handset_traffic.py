"""Handsets that write to the installation's number all the time, by the carrier that owes what they wrote."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from typing import NamedTuple

from heliograph.simulator import smpp_wire as wire
from heliograph.simulator.deliveries import Delivery
from heliograph.simulator.smsc import Smsc
from tests.crash.installation import INBOUND_NUMBER
from tests.crash.journals import WrittenMessage

FIRST_PHONE = 46_730_000_000
WRITERS = 6
MOST_SEGMENTS = 4
SINGLE_FRACTION = 0.4
PAYLOAD_FRACTION = 0.2
"""Of those of one segment: a text of any length in ``message_payload``."""
STOP_FRACTION = 0.1
START_FRACTION = 0.5
"""Of the phones that wrote STOP."""
LONGEST_PAUSE = 0.15
"""Between two rounds of a writer, in seconds."""
LONGEST_GAP = 0.02
"""Between two segments."""
GAP = "…"
"""What stands for a segment that never came (docs/receiving.md)."""


class Alphabet(NamedTuple):
    """How a text becomes user data; ``room`` is how many characters fit beside any header."""

    data_coding: int
    codec: str
    letters: str
    room: int


ALPHABETS = (
    Alphabet(0x00, "ascii", "abcdefg hijkl mnopq rstu vwxyz", 150),  # letters are the same in GSM-7
    Alphabet(0x03, "latin-1", "åäö éèü ÅÄÖ ñß abc def", 130),
    Alphabet(0x08, "utf-16-be", "привет 漢字 ждать שלום", 66),
)
JOININGS = ("8 bits", "16 bits", "sar")


class Drawn(NamedTuple):
    """A message to be written."""

    text: str
    is_incomplete: bool
    bodies: Sequence[bytes]
    """The deliver_sm of each segment that the carrier gets."""


class HandsetTraffic:
    """Writes messages of 1 to 4 segments, those of one phone mixed and in any order, and STOP and START.

    ``withheld`` is the share of longer messages of which the carrier never gets one segment.
    """

    def __init__(self, carrier: Smsc, *, seed: int, withheld: float = 0.0) -> None:
        self._carrier = carrier
        self._random = random.Random(seed)
        self._withheld = withheld
        self._phones = itertools.count(FIRST_PHONE)
        self._serials = itertools.count(1)
        self._left = 0
        self._may_end = asyncio.Event()
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self._held = 0
        self.begun = 0
        """Messages of which held writers have sent some segments and not all."""
        self._owed: list[Delivery] = []
        self.written: list[WrittenMessage] = []
        self.started: set[str] = set()
        """Phones that wrote START after STOP was taken."""
        self.stopped: set[str] = set()
        """Phones that wrote STOP, also those that wrote START later."""

    @property
    def is_taken(self) -> bool:
        """Whether everything written so far was answered with success."""
        return all(delivery.is_taken for delivery in self._owed)

    async def write(self, messages: int) -> None:
        """Write at least so many messages, and on until ``end``."""
        self._left = messages
        await asyncio.gather(*(self._write_some() for _ in range(WRITERS)))

    def end(self) -> None:
        """Write no more than was asked for."""
        self._may_end.set()

    async def hold(self) -> None:
        """Return once every writer stands between two segments and all before were answered."""
        self._goes_on.clear()
        while self._held < WRITERS or not self.is_taken:
            await asyncio.sleep(0.01)

    def go_on(self) -> None:
        """Write what was held back."""
        self._goes_on.set()

    async def _write_some(self) -> None:
        phone = str(next(self._phones))
        for reference in itertools.count(1):
            if self._left <= 0 and self._may_end.is_set():
                return
            if self._random.random() < STOP_FRACTION and self._goes_on.is_set():
                await self._stop_and_start(str(next(self._phones)))
            else:
                count = self._random.randint(1, 3)
                self._left -= count
                await self._write_round(phone, range(reference * 3, reference * 3 + count))
            await asyncio.sleep(self._random.uniform(0, LONGEST_PAUSE))

    async def _stop_and_start(self, phone: str) -> None:
        words = ("STOP", "Start") if self._random.random() < START_FRACTION else ("stop",)
        for word, phones in zip(words, (self.stopped, self.started), strict=False):
            delivery = self._owe(_body(phone, 0x00, word.encode()))
            self.written.append(WrittenMessage(phone, word, (delivery.number,), is_incomplete=False))
            phones.add(phone)
            self._carrier.send_deliveries()
            while not delivery.is_taken:
                await asyncio.sleep(0.02)
        self._left -= len(words)

    async def _write_round(self, phone: str, references: Sequence[int]) -> None:
        """The segments of several messages of one phone, mixed."""
        drawn = [self._draw(phone, reference) for reference in references]
        numbers: list[list[int]] = [[] for _ in drawn]
        segments = [(index, body) for index, message in enumerate(drawn) for body in message.bodies]
        self._random.shuffle(segments)
        for left, (index, body) in zip(reversed(range(len(segments))), segments, strict=True):
            if not left:
                await self._stand(begun=bool(numbers[index]))
            numbers[index].append(self._owe(body).number)
            self._carrier.send_deliveries()
            await asyncio.sleep(self._random.choice((0, self._random.uniform(0, LONGEST_GAP))))
        self.written += [
            WrittenMessage(phone, message.text, tuple(its_numbers), message.is_incomplete)
            for message, its_numbers in zip(drawn, numbers, strict=True)
        ]

    async def _stand(self, *, begun: bool) -> None:
        """Wait here while writers are held; ``begun`` says whether in the middle of a message."""
        if self._goes_on.is_set():
            return
        self._held += 1
        self.begun += begun
        await self._goes_on.wait()
        self._held -= 1
        self.begun -= begun

    def _draw(self, phone: str, reference: int) -> Drawn:
        alphabet = self._random.choice(ALPHABETS)
        is_single = self._random.random() < SINGLE_FRACTION
        total = 1 if is_single else self._random.randint(2, MOST_SEGMENTS)
        in_payload = is_single and self._random.random() < PAYLOAD_FRACTION
        longest = alphabet.room * (MOST_SEGMENTS if in_payload else total)
        text = f"{next(self._serials)} "
        text += "".join(
            self._random.choices(alphabet.letters, k=longest - len(text) - self._random.randint(0, 30))
        )
        if in_payload:
            payload = wire.tlv(wire.TLV_MESSAGE_PAYLOAD, text.encode(alphabet.codec))
            return Drawn(text, False, [_body(phone, alphabet.data_coding, b"", tlvs=payload)])
        if is_single:
            return Drawn(text, False, [_body(phone, alphabet.data_coding, text.encode(alphabet.codec))])
        pieces = [text[start : start + alphabet.room] for start in range(0, len(text), alphabet.room)]
        joining = self._random.choice(JOININGS)
        bodies = [
            _joined_body(phone, alphabet, piece, joining, (reference, total, sequence))
            for sequence, piece in enumerate(pieces, 1)
        ]
        is_withheld = self._random.random() < self._withheld
        if is_withheld:
            missing = self._random.randrange(total)
            pieces[missing] = GAP
            del bodies[missing]
        return Drawn("".join(pieces), is_withheld, bodies)

    def _owe(self, body: bytes) -> Delivery:
        delivery = self._carrier.owe_incoming(body)
        self._owed.append(delivery)
        return delivery


def _joined_body(
    phone: str, alphabet: Alphabet, piece: str, joining: str, place: tuple[int, int, int]
) -> bytes:
    """A segment with its reference, how many there are, and which one it is (3GPP TS 23.040, 9.2.3.24)."""
    reference, total, sequence = place
    octets, numbers = piece.encode(alphabet.codec), bytes((total, sequence))
    if joining == "8 bits":
        header = b"\5\0\3" + bytes((reference & 0xFF,)) + numbers
        return _body(phone, alphabet.data_coding, header + octets, esm_class=wire.UDHI)
    if joining == "16 bits":
        header = b"\6\x08\4" + (0x1000 + reference).to_bytes(2, "big") + numbers
        return _body(phone, alphabet.data_coding, header + octets, esm_class=wire.UDHI)
    tlvs = wire.tlv(wire.TLV_SAR_REFERENCE, (0x2000 + reference).to_bytes(2, "big"))
    tlvs += wire.tlv(wire.TLV_SAR_TOTAL, numbers[:1]) + wire.tlv(wire.TLV_SAR_SEQUENCE, numbers[1:])
    return _body(phone, alphabet.data_coding, octets, tlvs=tlvs)


def _body(phone: str, data_coding: int, octets: bytes, *, esm_class: int = 0, tlvs: bytes = b"") -> bytes:
    source, destination = b"\1\1" + phone.encode(), b"\1\1" + INBOUND_NUMBER.encode()
    return wire.deliver_body(source, destination, esm_class, data_coding, octets, tlvs)
