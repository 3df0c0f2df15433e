"""What the carrier writes down, and that it does so before it answers."""

from pathlib import Path

import msgspec
import pytest

from heliograph import smpp
from heliograph.domain import encoding as texts
from heliograph.domain.encoding import Encoding
from heliograph.domain.segmentation import segments, with_udh
from heliograph.simulator.faults import Faults
from heliograph.simulator.receipt_dialects import Dialect, IdForm
from heliograph.simulator.simulator_settings import SimulatorSettings
from tests.simulator.esme import Esme, submit_to
from tests.simulator.running_carrier import NOW, SETTINGS, running_carrier
from tests.support.smsc_journal import read_journal


@pytest.fixture
def settings(tmp_path: Path) -> SimulatorSettings:
    return msgspec.structs.replace(SETTINGS, journal=str(tmp_path / "smsc.jsonl"))


async def test_a_submit_stands_in_the_journal_when_its_answer_comes(settings: SimulatorSettings) -> None:
    dialect = Dialect(ids=IdForm.HEX_THEN_DECIMAL)
    async with (
        running_carrier(msgspec.structs.replace(settings, receipt_dialect=dialect)) as (_, port),
        Esme(port) as esme,
    ):
        answer = await esme.submit(submit_to("46700000001", b"Hej \0"))
        assert isinstance(answer, smpp.SubmitSmResp)
        journal = read_journal(str(settings.journal))
    [submit] = journal.submits
    assert (submit.recipient, submit.sender, submit.octets) == ("46700000001", "Helio", b"Hej \0")
    assert (submit.status, submit.smsc_message_id) == (0, answer.message_id)
    assert submit.number == int(answer.message_id, 16)
    assert (submit.at, submit.session, submit.sequence) == (NOW, 1, answer.sequence_number)


async def test_receipts_and_their_answers_stand_in_the_journal(settings: SimulatorSettings) -> None:
    async with running_carrier(settings) as (smsc, port):
        async with Esme(port, receipt_status=None) as silent:
            await silent.submit(submit_to("46701740606"))
            await silent.receipts(2)
        async with Esme(port) as esme:
            await esme.receipts(2)
            await esme.until(lambda: smsc.counts.receipts_acknowledged == 2)
        journal = read_journal(str(settings.journal))
    number = journal.submits[0].number
    assert [(sent.session, sent.state, sent.sends) for sent in journal.deliveries] == [
        (1, "ENROUTE", 1),
        (1, "DELIVRD", 1),
        (2, "ENROUTE", 2),
        (2, "DELIVRD", 2),
    ]
    assert journal.acknowledged() == journal.sent() == {(number, "ENROUTE"), (number, "DELIVRD")}
    assert {answer.session for answer in journal.answers} == {2}
    assert [(link.session, link.change) for link in journal.links][:3] == [
        (1, "bound"),
        (1, "closed"),
        (2, "bound"),
    ]


@pytest.mark.parametrize(
    ("faults", "is_accepted", "status"),
    [
        (Faults(cut_link_every=1), False, None),
        (Faults(cut_link_every=1, cut_after_accept=True), True, None),
        (Faults(refuse_fraction=1.0, refuse_status=0x14), False, 0x14),
    ],
)
async def test_what_was_lost_refused_or_left_unanswered_is_told_apart(
    settings: SimulatorSettings, faults: Faults, is_accepted: bool, status: int | None
) -> None:
    async with (
        running_carrier(msgspec.structs.replace(settings, faults=faults)) as (_, port),
        Esme(port) as esme,
    ):
        await esme.submit(submit_to("46700000001"))
        [submit] = read_journal(str(settings.journal)).submits
        assert (submit.number is not None, submit.status) == (is_accepted, status)


async def test_the_texts_can_be_read_back_and_double_submits_be_counted(settings: SimulatorSettings) -> None:
    text = "Grüße 🎉 " * 20
    pieces = with_udh(segments(texts.encode(text, Encoding.UCS2), Encoding.UCS2), 9)
    async with running_carrier(settings) as (_, port), Esme(port) as esme:
        for piece in pieces:
            await esme.submit(submit_to("46700000001", piece, esm_class=0x40, data_coding=8))
        await esme.submit(submit_to("46700000002"))
        await esme.submit(submit_to("46700000002"))
        journal = read_journal(str(settings.journal))
    assert [message.text for message in journal.messages()] == [text, "Hej", "Hej"]
    assert journal.tries().most_common(1) == [(("46700000002", b"Hej"), 2)]


async def test_a_journal_is_continued_and_a_torn_last_line_left_out(settings: SimulatorSettings) -> None:
    for _ in range(2):
        async with running_carrier(settings) as (_, port), Esme(port) as esme:
            await esme.submit(submit_to("46700000001", registered_delivery=0))
    path = Path(str(settings.journal))
    octets = path.read_bytes()
    path.write_bytes(octets + octets[:30])
    assert len(read_journal(path).submits) == 2
