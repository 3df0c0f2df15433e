"""The simulator as a process runs it: SMPP in, handsets out over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import msgspec
import pytest

from heliograph import smpp
from heliograph.domain import encoding as texts
from heliograph.domain.encoding import Coding, choose
from heliograph.domain.segmentation import read_udh, segments, with_udh
from heliograph.simulator.faults import Faults
from heliograph.simulator.handset_api import MessageList
from heliograph.simulator.handset_client import HandsetClient, HandsetClientError
from heliograph.simulator.run_simulator import SimulatorAddress, run_simulator
from tests.simulator.esme import Esme, submit_to
from tests.simulator.running_carrier import SETTINGS

TEXTS = [
    "Hej på dig, det kostar 100 €",
    "{[^~]}\\| " * 30,
    "Привет, мир",
    "🎉" * 60,
]


@pytest.fixture
async def address() -> AsyncIterator[SimulatorAddress]:
    stop = asyncio.Event()
    ready: asyncio.Future[SimulatorAddress] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        run_simulator(SETTINGS, now=lambda: datetime.now(UTC), stop=stop, on_ready=ready.set_result)
    )
    yield await ready
    stop.set()
    await running


@pytest.fixture
async def handsets(address: SimulatorAddress) -> AsyncIterator[HandsetClient]:
    async with HandsetClient(address.handsets_url) as client:
        yield client


async def _send(esme: Esme, recipient: str, text: str) -> None:
    encoding = choose(text, Coding.AUTO)
    assert encoding is not None
    pieces = with_udh(segments(texts.encode(text, encoding), encoding), 3)
    esm_class = 0x40 if len(pieces) > 1 else 0
    for piece in pieces:
        request = submit_to(recipient, piece, esm_class=esm_class, data_coding=texts.data_coding(encoding))
        answer = await esme.submit(request)
        assert answer is not None
        assert answer.command_status == 0


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_is_read_on_the_handset(
    address: SimulatorAddress, handsets: HandsetClient, text: str
) -> None:
    async with Esme(address.smpp_port) as esme:
        await _send(esme, "46700000001", text)
    [message] = await handsets.wait_for_messages("46700000001", 1, seconds=5)
    assert (message.text, message.sender, message.complete) == (text, "Helio", True)
    assert abs((datetime.now(UTC) - message.arrived_at).total_seconds()) < 60
    assert [handset.msisdn for handset in await handsets.list_handsets()] == ["46700000001"]


async def test_handsets_are_forgotten_one_or_all(address: SimulatorAddress, handsets: HandsetClient) -> None:
    async with Esme(address.smpp_port) as esme:
        for recipient in ("46700000001", "46700000002", "46700000003"):
            await _send(esme, recipient, "Hej")
    await handsets.clear("46700000002")
    assert {handset.msisdn for handset in await handsets.list_handsets()} == {"46700000001", "46700000003"}
    await handsets.clear()
    assert await handsets.list_handsets() == []
    assert await handsets.list_messages("46700000001") == []


@pytest.mark.parametrize("text", TEXTS)
async def test_an_answer_from_a_handset_reaches_the_sender(
    address: SimulatorAddress, handsets: HandsetClient, text: str
) -> None:
    async with Esme(address.smpp_port) as esme:
        await handsets.send_message("46700000001", "46555", text)
        encoding = choose(text, Coding.AUTO)
        assert encoding is not None
        count = len(segments(texts.encode(text, encoding), encoding))
        await esme.until(lambda: len(esme.delivered) == count)
        found = b""
        for pdu in esme.delivered:
            assert (pdu.source_addr, pdu.destination_addr) == ("46700000001", "46555")
            assert pdu.data_coding == texts.data_coding(encoding)
            assert not smpp.is_receipt(pdu)
            found += read_udh(pdu.short_message)[1] if pdu.esm_class & 0x40 else pdu.short_message
        assert texts.decode(found, esme.delivered[0].data_coding) == text
        status = await handsets.status()
        assert (status.counts.incoming, status.links[0].bound_as) == (count, "transceiver")
    async with asyncio.timeout(30):
        while (phone := await handsets.read_handset("46700000001")).sent[0].state != "taken":
            await asyncio.sleep(0.01)
    assert phone.messages == []
    assert [(each.recipient, each.text, each.segments) for each in phone.sent] == [("46555", text, count)]


async def test_readers_of_old_find_what_they_know(address: SimulatorAddress, handsets: HandsetClient) -> None:
    assert msgspec.json.decode(b'{"messages":[]}', type=MessageList) == MessageList([])
    await handsets.send_message("46700000001", "46555", "Hej")
    async with aiohttp.ClientSession() as http:
        answer = await http.get(address.handsets_url + "/handsets/46700000001")
        document = await answer.json()
    assert document["messages"] == []
    assert document["sent"][0]["state"] == "waiting"


async def test_faults_are_changed_while_it_runs(address: SimulatorAddress, handsets: HandsetClient) -> None:
    async with Esme(address.smpp_port) as esme:
        await handsets.change_faults(Faults(refuse_fraction=1.0, refuse_status=0x14))
        refused = await esme.submit(submit_to("46700000001"))
        assert (await handsets.status()).faults.refuse_status == 0x14
        await handsets.change_faults(Faults())
        accepted = await esme.submit(submit_to("46700000001"))
        assert [answer.command_status for answer in (refused, accepted) if answer] == [0x14, 0]
    status = await handsets.status()
    assert (status.counts.submits, status.counts.refused, status.counts.accepted) == (2, 1, 1)
    assert status.faults == Faults()


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type", "status"),
    [
        ("PUT", "/faults", b'{"mute":"loud"}', "application/json", 400),
        ("PUT", "/faults", b"{}", "text/plain", 415),
        ("POST", "/handsets/467/messages", b'{"recipient":"46555"}', "application/json", 400),
        ("POST", "/handsets/467/messages", b'{"recipient":"Helio","text":"a"}', "application/json", 400),
        ("POST", "/handsets/467/messages", b'{"recipient":"46555","text":"a"}', "text/plain", 415),
        ("GET", "/handsets/abc", b"", "application/json", 404),
        ("POST", "/status", b"", "application/json", 405),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(
    address: SimulatorAddress, method: str, path: str, body: bytes, content_type: str, status: int
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.request(
            method, address.handsets_url + path, data=body, headers={"Content-Type": content_type}
        ) as answer,
    ):
        assert answer.status == status
        assert msgspec.json.decode(await answer.read())["error"]


async def test_a_text_beyond_255_segments_is_refused(handsets: HandsetClient) -> None:
    with pytest.raises(HandsetClientError, match="255"):
        await handsets.send_message("46700000001", "46555", "a" * 40_000)


async def test_a_simulator_that_is_not_there_is_one_clear_error() -> None:
    async with HandsetClient("http://127.0.0.1:9") as nowhere:
        with pytest.raises(HandsetClientError, match="does not answer"):
            await nowhere.list_handsets()


async def test_waiting_for_a_message_that_does_not_come_ends(handsets: HandsetClient) -> None:
    with pytest.raises(TimeoutError):
        await handsets.wait_for_messages("46700000001", 1, seconds=0.1)


async def test_a_taken_port_is_an_error(address: SimulatorAddress) -> None:
    settings = msgspec.structs.replace(SETTINGS, smpp_port=address.smpp_port)
    with pytest.raises(OSError, match="address already in use"):
        await run_simulator(
            settings, now=lambda: datetime.now(UTC), stop=asyncio.Event(), on_ready=lambda _: None
        )
