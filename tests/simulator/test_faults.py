"""The judgement of submits, and what faults look like from a sender."""

import asyncio

import msgspec
import pytest

from heliograph import smpp
from heliograph.simulator.faults import PLAIN, Faults, Judge, Verdict
from heliograph.simulator.smpp_wire import Submit
from heliograph.simulator.test_numbers import ORDINARY, by_address
from tests.simulator.esme import Esme, submit_to
from tests.simulator.running_carrier import SETTINGS, running_carrier

ORDINARY_SUBMIT = Submit(b"\5\0Helio", b"\x01\x01" + b"4670000001", 0, 1, 0, b"Hej")


def _judge(faults: Faults, seed: int = 1) -> Judge:
    return Judge(faults, seed, by_address())


def _verdicts(faults: Faults, count: int, *, seed: int = 1, pause: float = 0.0) -> list[Verdict]:
    judge = _judge(faults, seed)
    return [judge.judge(ORDINARY_SUBMIT, 1000.0 + number * pause) for number in range(count)]


def test_without_faults_an_ordinary_number_is_accepted_and_delivered() -> None:
    assert _verdicts(Faults(), 3) == [PLAIN] * 3
    assert Verdict(0, ORDINARY, False) == PLAIN


def test_every_nth_submit_loses_its_link() -> None:
    assert [verdict.lost for verdict in _verdicts(Faults(cut_link_every=3), 7)] == [
        False, False, True, False, False, True, False,
    ]  # fmt: skip


def test_the_submit_that_loses_its_link_may_be_accepted() -> None:
    verdicts = _verdicts(Faults(cut_link_every=2, cut_after_accept=True), 4)
    assert [verdict.behaviour.cuts_link for verdict in verdicts] == [False, True, False, True]
    assert not any(verdict.lost for verdict in verdicts)


@pytest.mark.parametrize(("pause", "allowed"), [(0.0, 10), (0.05, 100), (0.2, 100), (0.01, 18)])
def test_a_pace_above_the_limit_is_throttled(pause: float, allowed: int) -> None:
    pace = 1 / pause if pause == 0.05 else 10.0
    verdicts = _verdicts(Faults(throttle_tps=pace), 100, pause=pause)
    assert sum(verdict.status == 0 for verdict in verdicts) in range(allowed - 1, allowed + 3)
    assert {verdict.status for verdict in verdicts} <= {0, 0x58}


def test_a_share_is_refused_the_same_one_for_the_same_seed() -> None:
    faults = Faults(refuse_fraction=0.3, refuse_status=0x14)
    first, again, other = (_verdicts(faults, 1000, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert 230 < sum(verdict.status == 0x14 for verdict in first) < 370


def test_a_share_is_never_answered() -> None:
    verdicts = _verdicts(Faults(unanswered_fraction=0.5), 1000)
    assert 400 < sum(not verdict.behaviour.answered for verdict in verdicts) < 600
    assert all(verdict.behaviour.receipts == ORDINARY.receipts for verdict in verdicts)


def test_faults_add_to_what_a_number_does() -> None:
    judge = _judge(Faults(receipts=False, mute="submits"))
    submit = msgspec.structs.replace(ORDINARY_SUBMIT, destination=b"\x01\x01" + b"46701740609")
    behaviour = judge.judge(submit, 0.0).behaviour
    assert (behaviour.receipts, behaviour.answered) == ((), False)


def test_tries_of_many_segments_are_remembered_in_bounded_memory() -> None:
    judge = _judge(Faults())
    for number in range(25_000):
        submit = msgspec.structs.replace(
            ORDINARY_SUBMIT, destination=b"\x01\x01" + b"46701740636", octets=b"%d" % number
        )
        assert judge.judge(submit, 0.0).status == 0x14
    assert judge.judge(submit, 0.0).status == 0


@pytest.mark.parametrize(
    "broken", [b'{"mute":"loud"}', b'{"refuse_fraction":1.5}', b'{"answer_delay_ms":-1}', b'{"nonsense":1}']
)
def test_a_fault_that_cannot_be_is_refused(broken: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(broken, type=Faults)


@pytest.mark.parametrize(("after_accept", "accepted"), [(True, 3), (False, 2)])
async def test_a_cut_link_answers_what_came_before(after_accept: bool, accepted: int) -> None:
    faults = Faults(cut_link_every=3, cut_after_accept=after_accept)
    async with running_carrier(msgspec.structs.replace(SETTINGS, faults=faults)) as (smsc, port):
        async with Esme(port) as esme:
            esme.send(*(submit_to(f"467{number:08d}") for number in range(5)))
            await esme.until(lambda: esme.is_closed)
            assert len(esme.answers) == 2
        assert (smsc.counts.accepted, smsc.counts.links_cut) == (accepted, 1)
        async with Esme(port) as esme:
            assert len(await esme.receipts(accepted)) == accepted


async def test_a_mute_carrier_accepts_and_its_link_lives() -> None:
    async with running_carrier() as (smsc, port), Esme(port) as esme:
        smsc.change_faults(Faults(mute="submits", receipts=False))
        esme.send(submit_to("46700000001"))
        esme.write(smpp.encode(smpp.EnquireLink(), 77))
        await esme.until(lambda: bool(esme.story))
        assert "enquire_link_resp" in esme.story[0]
        assert (smsc.counts.accepted, len(esme.answers), smsc.deliveries.waiting) == (1, 0, 0)


async def test_a_dead_carrier_says_nothing_and_repeats_its_receipts_later() -> None:
    async with running_carrier() as (smsc, port):
        async with Esme(port) as esme:
            await esme.submit(submit_to("46700000001"))
            smsc.change_faults(Faults(mute="all"))
            esme.write(smpp.encode(smpp.EnquireLink(), 77))
            await esme.until(lambda: smsc.counts.receipts_sent == 1)
            await asyncio.sleep(0.01)
            assert esme.story == ["answer"]
        smsc.change_faults(Faults())
        async with Esme(port) as esme:
            assert len(await esme.receipts(1)) == 1


async def test_delays_can_be_changed_and_changed_back() -> None:
    async with running_carrier() as (smsc, port), Esme(port) as esme:
        smsc.change_faults(Faults(answer_delay_ms=50, receipt_delay_ms=0))
        await esme.submit(submit_to("46700000001"))
        assert esme.story == ["receipt", "answer"]
        smsc.change_faults(Faults())
        await esme.submit(submit_to("46700000001"))
        await esme.receipts(2)
        assert esme.story[2:] == ["answer", "receipt"]


async def test_binds_can_be_refused() -> None:
    settings = msgspec.structs.replace(SETTINGS, faults=Faults(bind_status=0x0D))
    async with running_carrier(settings) as (_, port), Esme(port) as esme:
        assert esme.bind_answer is not None
        assert esme.bind_answer.command_status == 0x0D
