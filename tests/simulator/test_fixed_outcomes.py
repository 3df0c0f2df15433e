"""Every test number, seen from a sender on a real socket."""

import asyncio

import msgspec
import pytest

from heliograph import smpp
from heliograph.simulator.test_numbers import TABLE
from tests.simulator.esme import Esme, submit_to
from tests.simulator.running_carrier import SETTINGS, running_carrier

SHORT = msgspec.structs.replace(SETTINGS, fixed_delay_factor=0.01)
CUT = "cut"
SILENCE = "silence"

ON_THE_WIRE: dict[str, tuple[list[int | str], list[tuple[str, str]]]] = {
    # number: the answers to its tries, then state and error of its receipts
    "46701740605": ([0x00], [("DELIVRD", "000")]),
    "46701740606": ([0x00], [("ENROUTE", "000"), ("DELIVRD", "000")]),
    "46701740607": ([0x00], [("DELIVRD", "000")]),
    "46701740608": ([0x00], [("DELIVRD", "000")]),
    "46701740609": ([0x00], [("DELIVRD", "000"), ("DELIVRD", "000")]),
    "46701740610": ([0x00], [("UNDELIV", "000")]),
    "46701740611": ([0x00], [("UNDELIV", "027")]),
    "46701740612": ([0x00], [("UNDELIV", "001")]),
    "46701740613": ([0x00], [("UNDELIV", "013")]),
    "46701740614": ([0x00], [("UNDELIV", "032")]),
    "46701740615": ([0x00], [("UNDELIV", "021")]),
    "46701740616": ([0x00], [("UNDELIV", "034")]),
    "46701740617": ([0x00], [("EXPIRED", "000")]),
    "46701740618": ([0x00], [("DELETED", "000")]),
    "46701740619": ([0x00], [("REJECTD", "000")]),
    "46701740620": ([0x00], [("UNKNOWN", "000")]),
    "46701740621": ([0x00], [("UNDELIV", "000"), ("DELIVRD", "000")]),
    "46701740622": ([0x00], [("DELIVRD", "000"), ("UNDELIV", "000")]),
    "46701740623": ([0x00], [("ENROUTE", "000"), ("DELIVRD", "000")]),
    "46701740624": ([0x00], []),
    "46701740630": ([0x0B, 0x0B, 0x0B], []),
    "46701740631": ([0x0A, 0x0A, 0x0A], []),
    "46701740632": ([0x66, 0x66, 0x66], []),
    "46701740633": ([0x45, 0x00], [("DELIVRD", "000")]),
    "46701740634": ([0x08, 0x00], [("DELIVRD", "000")]),
    "46701740635": ([0x58, 0x58, 0x58, 0x00], [("DELIVRD", "000")]),
    "46701740636": ([0x14, 0x00], [("DELIVRD", "000")]),
    "46701740637": ([0x14, 0x14, 0x14, 0x14], []),
    "46701740640": ([SILENCE], []),
    "46701740641": ([SILENCE], [("DELIVRD", "000")]),
    "46701740642": ([CUT], [("DELIVRD", "000")]),
    "46701740643": ([CUT], []),
    "46701740644": ([0x00], [("DELIVRD", "000")]),
    "46701740650": ([0x00], [("DELIVRD", "000")]),
    "46709999999": ([0x00], [("DELIVRD", "000")]),
}


def test_every_number_of_the_table_is_tried() -> None:
    assert {row.msisdn for row in TABLE} <= set(ON_THE_WIRE)


@pytest.mark.parametrize("number", ON_THE_WIRE)
async def test_what_a_sender_sees(number: str) -> None:
    tries, receipts = ON_THE_WIRE[number]
    async with running_carrier(SHORT) as (smsc, port):
        async with Esme(port) as esme:
            for expected in tries:
                await _try(esme, number, expected)
            if CUT not in tries:
                assert await _states(esme, len(receipts)) == receipts
        if CUT in tries:
            async with Esme(port) as esme:
                assert await _states(esme, len(receipts)) == receipts
        assert smsc.deliveries.waiting == 0
        assert not smsc.deliveries.ready


async def _try(esme: Esme, number: str, expected: int | str) -> None:
    if expected == SILENCE:
        esme.send(submit_to(number))
        assert (await esme.submit(submit_to("46700000001", registered_delivery=0))) is not None
        assert len(esme.answers) == 1
        return
    answer = await esme.submit(submit_to(number))
    if expected == CUT:
        assert answer is None
        return
    assert isinstance(answer, smpp.SubmitSmResp)
    assert answer.command_status == expected
    assert bool(answer.message_id) == (expected == 0)


async def _states(esme: Esme, count: int) -> list[tuple[str, str]]:
    found = await esme.receipts(count)
    return [(str(receipt.message_state), str(receipt.error)) for receipt in found]


async def test_a_receipt_can_come_before_its_answer() -> None:
    async with running_carrier() as (_, port), Esme(port) as esme:
        await esme.submit(submit_to("46701740608"))
        assert esme.story == ["receipt", "answer"]


async def test_the_same_number_does_the_same_again_with_the_next_message() -> None:
    async with running_carrier() as (_, port), Esme(port) as esme:
        answers = [await esme.submit(submit_to("46701740636")) for _ in range(4)]
        assert [answer.command_status for answer in answers if answer] == [0x14, 0, 0x14, 0]


async def test_tries_are_counted_for_each_segment() -> None:
    async with running_carrier() as (_, port), Esme(port) as esme:
        answers = [await esme.submit(submit_to("46701740636", text)) for text in (b"one", b"two", b"one")]
        assert [answer.command_status for answer in answers if answer] == [0x14, 0x14, 0]


async def test_an_announced_state_comes_as_intermediate_notification() -> None:
    async with running_carrier(SHORT) as (_, port), Esme(port) as esme:
        await esme.submit(submit_to("46701740623"))
        await esme.receipts(2)
        assert [pdu.esm_class for pdu in esme.delivered] == [0x20, 0x04]


@pytest.mark.parametrize(
    ("registered_delivery", "number", "states"),
    [
        (0x00, "46701740605", []),
        (0x01, "46701740605", ["DELIVRD"]),
        (0x02, "46701740605", []),
        (0x02, "46701740610", ["UNDELIV"]),
        (0x01, "46701740606", ["ENROUTE", "DELIVRD"]),
        (0x12, "46701740606", ["ENROUTE"]),
        (0x10, "46701740606", ["ENROUTE"]),
    ],
)
async def test_receipts_come_as_they_were_asked_for(
    registered_delivery: int, number: str, states: list[str]
) -> None:
    async with running_carrier(SHORT) as (smsc, port), Esme(port) as esme:
        await esme.submit(submit_to(number, registered_delivery=registered_delivery))
        await asyncio.sleep(0)
        assert [found.message_state for found in await esme.receipts(len(states))] == states
        assert smsc.deliveries.waiting == 0
