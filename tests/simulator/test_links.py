"""Binding, sharing and losing links of the simulated carrier."""

import asyncio

import msgspec
import pytest

from heliograph import smpp
from tests.simulator.esme import Esme, submit_to
from tests.simulator.running_carrier import SETTINGS, running_carrier


@pytest.mark.parametrize("bind", [smpp.BindReceiver, smpp.BindTransmitter, smpp.BindTransceiver])
async def test_every_kind_of_bind_is_answered_in_kind(bind: type[smpp.BindRequest]) -> None:
    async with running_carrier() as (_, port), Esme(port, bind=bind) as esme:
        assert isinstance(esme.bind_answer, bind.response_type)
        assert esme.bind_answer.command_status == 0
        assert esme.bind_answer.system_id == "heliosim"


@pytest.mark.parametrize(
    ("system_id", "password", "status"), [("heliograph", "wrong", 0x0E), ("stranger", "secret", 0x0F)]
)
async def test_wrong_credentials_are_refused_and_the_link_is_closed(
    system_id: str, password: str, status: int
) -> None:
    async with running_carrier() as (smsc, port), Esme(port, system_id=system_id, password=password) as esme:
        assert esme.bind_answer is not None
        assert esme.bind_answer.command_status == status
        await esme.until(lambda: esme.is_closed)
        assert smsc.counts.binds_refused == 1


async def test_a_second_bind_on_one_link_is_refused() -> None:
    async with running_carrier() as (_, port), Esme(port) as esme:
        esme.write(smpp.encode(smpp.BindTransceiver(system_id="heliograph", password="secret"), 77))
        await esme.until(lambda: bool(esme.story))
        assert "bind_transceiver_resp 77 ESME_RALYBND" in esme.story[0]


@pytest.mark.parametrize("bind", [smpp.BindReceiver, None])
async def test_a_submit_without_the_right_to_is_refused(bind: type[smpp.BindRequest] | None) -> None:
    request = smpp.encode(submit_to("46700000001"), 5)
    async with running_carrier() as (smsc, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if bind is not None:
            writer.write(smpp.encode(bind(system_id="heliograph", password="secret"), 1))
            await reader.readexactly(16 + len(b"heliosim\0") + 5)
        writer.write(request)
        answer = smpp.decode(await reader.readexactly(16))
        assert (type(answer), answer.command_status) == (smpp.SubmitSmResp, 0x04)
        assert smsc.counts.submits == 0
        writer.close()


async def test_binds_of_one_sender_share_the_receipts() -> None:
    async with (
        running_carrier() as (_, port),
        Esme(port, bind=smpp.BindTransmitter) as transmitter,
        Esme(port, bind=smpp.BindReceiver) as first,
        Esme(port, bind=smpp.BindReceiver) as second,
    ):
        for number in range(20):
            await transmitter.submit(submit_to(f"467{number:08d}"))
            await asyncio.sleep(0.001)
        await first.until(lambda: len(first.delivered) + len(second.delivered) == 20)
        assert first.delivered
        assert second.delivered
        assert not transmitter.delivered


async def test_receipts_wait_for_a_link_that_may_receive() -> None:
    async with running_carrier() as (smsc, port):
        async with Esme(port, bind=smpp.BindTransmitter) as transmitter:
            await transmitter.submit(submit_to("46700000001"))
            while not smsc.deliveries.ready:
                await asyncio.sleep(0.002)
        async with Esme(port, bind=smpp.BindReceiver) as receiver:
            assert len(await receiver.receipts(1)) == 1


async def test_unanswered_receipts_come_again_in_order_after_a_rebind() -> None:
    async with running_carrier() as (smsc, port):
        async with Esme(port, receipt_status=None) as silent:
            silent.send(*(submit_to(f"467{number:08d}") for number in range(5)))
            before = await silent.receipts(5)
        async with Esme(port) as esme:
            after = await esme.receipts(5)
            assert [found.smsc_message_id for found in after] == [found.smsc_message_id for found in before]
            await esme.until(lambda: smsc.counts.receipts_acknowledged == 5)
        async with Esme(port) as third:
            await third.submit(submit_to("46700000009"))
            assert len(await third.receipts(1)) == 1
        assert smsc.counts.receipts_repeated == 5


async def test_no_more_receipts_are_unanswered_than_the_limit() -> None:
    settings = msgspec.structs.replace(SETTINGS, max_unanswered_receipts=3)
    async with running_carrier(settings) as (smsc, port), Esme(port, receipt_status=None) as esme:
        esme.send(*(submit_to(f"467{number:08d}") for number in range(10)))
        await esme.receipts(3)
        while len(smsc.deliveries.ready) < 7:
            await asyncio.sleep(0.002)
        assert len(esme.delivered) == 3
        esme.receipt_status = 0
        esme.write(esme.session.acknowledge(esme.delivered, 0.0))
        assert len(await esme.receipts(10)) == 10


@pytest.mark.parametrize(
    ("status", "comes_again"), [(0x08, True), (0x64, True), (0x0B, False), (0x65, False)]
)
async def test_a_receipt_answered_with_a_temporary_error_comes_again(status: int, comes_again: bool) -> None:
    async with running_carrier() as (smsc, port), Esme(port, receipt_status=status) as esme:
        await esme.submit(submit_to("46700000001"))
        await esme.receipts(2 if comes_again else 1)
        await esme.submit(submit_to("46700000002", registered_delivery=0))
        assert smsc.counts.receipts_refused == (0 if comes_again else 1)


async def test_enquire_link_and_unbind_are_answered() -> None:
    async with running_carrier() as (_, port), Esme(port) as esme:
        esme.write(smpp.encode(smpp.EnquireLink(), 77))
        await esme.until(lambda: bool(esme.story))
        assert "enquire_link_resp 77" in esme.story[0]
        esme.write(esme.session.send(smpp.Unbind(), 0.0, "bye"))
        await esme.until(lambda: esme.is_closed)


async def test_a_silent_link_is_asked_then_closed() -> None:
    settings = msgspec.structs.replace(SETTINGS, enquire_link_seconds=0.05)
    async with running_carrier(settings) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(smpp.encode(smpp.BindTransceiver(system_id="heliograph", password="secret"), 1))
        await reader.readexactly(16 + len(b"heliosim\0") + 5)
        asked = smpp.decode(await reader.readexactly(16))
        assert isinstance(asked, smpp.EnquireLink)
        assert await reader.read() == b""
        writer.close()


async def test_a_link_that_answers_stays() -> None:
    settings = msgspec.structs.replace(SETTINGS, enquire_link_seconds=0.03)
    async with running_carrier(settings) as (_, port), Esme(port) as esme:
        await asyncio.sleep(0.15)
        assert not esme.is_closed


@pytest.mark.parametrize("length", [0, 15, 70_001, 0xFFFFFFFF])
async def test_an_impossible_length_ends_the_link(length: int) -> None:
    async with running_carrier() as (smsc, port), Esme(port) as esme:
        esme.write(length.to_bytes(4, "big") + bytes(12))
        await esme.until(lambda: esme.is_closed)
        assert smsc.counts.malformed == 1


async def test_a_submit_that_cannot_be_read_is_refused_and_the_link_lives() -> None:
    async with running_carrier() as (_, port), Esme(port) as esme:
        esme.write((20).to_bytes(4, "big") + b"\0\0\0\4" + bytes(4) + b"\0\0\0\7" + b"abcd")
        await esme.until(lambda: bool(esme.story))
        assert "submit_sm_resp 7 ESME_RINVCMDLEN" in esme.story[0]
        assert await esme.submit(submit_to("46700000001")) is not None


async def test_an_unknown_command_is_nacked() -> None:
    async with running_carrier() as (_, port), Esme(port) as esme:
        esme.write((16).to_bytes(4, "big") + b"\0\0\7\7" + bytes(4) + b"\0\0\0\7")
        await esme.until(lambda: bool(esme.story))
        assert "generic_nack 7 ESME_RINVCMDID" in esme.story[0]


async def test_pdus_may_come_in_any_pieces() -> None:
    octets = b"".join(smpp.encode(submit_to(f"467{number:08d}"), 10 + number) for number in range(3))
    async with running_carrier() as (smsc, port), Esme(port) as esme:
        for position in range(0, len(octets), 7):
            esme.write(octets[position : position + 7])
            await asyncio.sleep(0)
        await esme.receipts(3)
        assert smsc.counts.accepted == 3


async def test_thousands_of_messages_each_get_one_answer_and_one_receipt() -> None:
    total, block = 5_000, 500
    async with running_carrier() as (smsc, port), Esme(port) as esme:
        for first in range(0, total, block):
            esme.send(*(submit_to(f"467{number:08d}") for number in range(first, first + block)))
            await esme.until(lambda sent=first + block: len(esme.answers) == sent)  # type: ignore[misc]
        receipts = await esme.receipts(total)
        ids = [
            answer.response.message_id
            for answer in esme.answers
            if isinstance(answer.response, smpp.SubmitSmResp)
        ]
        assert sorted(ids) == sorted(str(receipt.smsc_message_id) for receipt in receipts)
        assert len(set(ids)) == total
        assert smsc.counts.receipts_repeated == 0
