"""Any bytes give PDUs or RemoteProtocolError and nothing else; any text gives a receipt or none, in linear
time.

Seeded, so that a failure can be repeated; ``--fuzz-inputs`` sets the number of inputs.
"""

import random
import time
from collections.abc import Iterator

import pytest

from heliograph.smpp import (
    DataSm,
    DeliverSm,
    Event,
    Pdu,
    ReceiptFields,
    RemoteProtocolError,
    Role,
    Session,
    State,
    Tag,
    decode,
    encode,
    read_receipt,
    read_receipt_time,
)

from .session_pair import session_in
from .wire_cases import WIRE_CASES

pytestmark = pytest.mark.fuzz

VALID = [raw for _, _, raw in WIRE_CASES]
TEXTS = [
    b"id:0a1b2c sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:Hi",
    b"id:77;stat:ACCEPTD;err:6;",
    b"text:id:1 stat:DELIVRD done_date:00000000000000 ID : 5",
    "id:1 stat:UNDELIV text:Привет".encode("utf-16-be"),
]
PIECES = [
    b"id:",
    b"stat:",
    b"err:",
    b"text:",
    b"done date:",
    b"sub:",
    b" ",
    b"\0",
    b"\0i\0d\0:",
    b"\xff",
    b"0" * 14,
]


@pytest.fixture
def inputs(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("--fuzz-inputs", default=None) or 100_000


def mutated(chance: random.Random, raw: bytes) -> bytes:
    """A valid PDU with some octets changed, added, removed or repeated; often with its length put right."""
    octets = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(octets) + 1)
        match chance.randrange(5):
            case 0:
                octets[at:at] = chance.randbytes(chance.randint(1, 8))
            case 1:
                del octets[at : at + chance.randint(1, 8)]
            case 2:
                octets[at : at + 1] = chance.choice([b"\0", b"\xff", b"\x7f", b"\x80", b"\x01"])
            case 3:
                octets[at:at] = octets[at : at + chance.randint(1, 60)]
            case _:
                octets[at : at + 2] = chance.randbytes(2)
    if len(octets) >= 4 and chance.random() < 0.8:
        octets[:4] = len(octets).to_bytes(4, "big")
    return bytes(octets)


def random_pdus(count: int) -> Iterator[bytes]:
    chance = random.Random(3_4)
    for n in range(count):
        if n % 4:
            yield mutated(chance, chance.choice(VALID))
        else:
            yield chance.randbytes(chance.randint(0, 60))


def test_the_decoder_gives_a_pdu_or_a_remote_error(inputs: int) -> None:
    decoded = refused = 0
    for raw in random_pdus(inputs):
        try:
            pdu = decode(raw)
        except RemoteProtocolError as error:
            refused += error.command_status > 0
        else:
            decoded += isinstance(pdu, Pdu)
    assert decoded + refused == inputs
    assert decoded > inputs // 10
    assert refused > inputs // 10


def test_a_session_in_any_state_takes_any_bytes(inputs: int) -> None:
    chance = random.Random(5_5)
    places = [(role, state) for role in Role for state in State]
    role, state = places[0]
    session = session_in(role, state)
    for n, raw in enumerate(random_pdus(inputs // 2)):
        if n % 20 == 0:
            role, state = chance.choice(places)
            session = session_in(role, state)
        events = session.receive_data(raw, float(n))
        assert isinstance(events, list)
        assert all(isinstance(event, Event) for event in events)
        assert len(session.data_to_send()) <= 40 * (1 + len(raw) // 16)
        if n % 7 == 0:
            session.tick(float(n))
            deadline = session.next_deadline()
            assert (deadline is None) == (session.state is State.CLOSED)


def random_texts(count: int) -> Iterator[bytes]:
    chance = random.Random(7_7)
    for n in range(count):
        match n % 3:
            case 0:
                yield mutated(chance, chance.choice(TEXTS))[:254]
            case 1:
                yield b"".join(chance.choices(PIECES, k=chance.randint(0, 30)))
            case _:
                yield chance.randbytes(chance.randint(0, 120))


def test_the_receipt_reader_takes_any_text(inputs: int) -> None:
    chance = random.Random(9_9)
    found = 0
    for text in random_texts(inputs):
        tags = (
            Tag.RECEIPTED_MESSAGE_ID,
            Tag.MESSAGE_STATE,
            Tag.NETWORK_ERROR_CODE,
            Tag.USER_MESSAGE_REFERENCE,
        )
        tlvs = tuple((int(tag), chance.randbytes(chance.randint(0, 4))) for tag in chance.sample(tags, k=2))
        if len(text) % 2:
            pdu: DeliverSm | DataSm = DeliverSm(
                esm_class=chance.randrange(256), short_message=text, tlvs=tlvs
            )
        else:
            pdu = DataSm(esm_class=chance.randrange(256), tlvs=((int(Tag.MESSAGE_PAYLOAD), text), *tlvs[:1]))
        receipt = read_receipt(pdu, text_suffices=bool(text))
        if receipt is not None:
            found += 1
            assert isinstance(receipt, ReceiptFields)
            read_receipt_time(receipt.done_at_text)
    assert found > inputs // 10


@pytest.mark.parametrize(
    "piece",
    [
        b"id:",
        b"id: ",
        b" ",
        b"\0",
        b"\0i\0d\0:",
        b"9",
        b"text:",
        b"submit date:",
        b"id:1 sub:001 dlvrd:",
        b"stat:A",
    ],
)
def test_the_worst_texts_take_linear_time(piece: bytes) -> None:
    def seconds(length: int) -> float:
        payload = (piece * (length // len(piece) + 1))[:length]
        pdu = DataSm(esm_class=4, tlvs=((int(Tag.MESSAGE_PAYLOAD), payload),))
        started = time.process_time()
        read_receipt(pdu)
        return time.process_time() - started

    assert min(seconds(64_000) for _ in range(3)) < 0.2


def test_a_large_pdu_byte_by_byte_takes_linear_time() -> None:
    raw = encode(DataSm(1, tlvs=((int(Tag.MESSAGE_PAYLOAD), b"x" * 64_000),)))
    session = Session(Role.ESME, 0.0)
    started = time.process_time()
    events = [event for at in range(len(raw)) for event in session.receive_data(raw[at : at + 1], 0.0)]
    assert len(events) == 1
    assert time.process_time() - started < 2.0
