"""The fast encoder of many submit_sm gives the same octets as the general one."""

import pytest
from hypothesis import given, settings

from heliograph.smpp import (
    LocalProtocolError,
    State,
    SubmitSm,
    SubmitTemplate,
    Tag,
    WindowFullError,
    encode,
    tlv,
)

from . import pdu_strategies as some
from .session_pair import esme_in, pdus_in


@settings(deadline=None)
@given(some.submit_sms(), some.recipients())
def test_same_octets_as_the_general_encoder(pdu: SubmitSm, recipients: list[tuple[str, bytes]]) -> None:
    numbers = range(5, 5 + len(recipients))
    expected = b"".join(
        encode(some.replaced(pdu, destination_addr=address, short_message=text), number)
        for number, (address, text) in zip(numbers, recipients, strict=True)
    )
    assert SubmitTemplate(pdu).encode_block(numbers, recipients) == expected


def test_a_block_through_the_session() -> None:
    esme = esme_in(State.BOUND_TRX, window=3)
    template = SubmitTemplate(SubmitSm(source_addr="Acme", tlvs=(tlv(Tag.USER_MESSAGE_REFERENCE, 1),)))
    block = esme.send_submits(template, [("4670", b"a"), ("4671", b"bc")], 0.0, ["x", "y"])
    reference = (tlv(Tag.USER_MESSAGE_REFERENCE, 1),)
    assert pdus_in(block) == [
        SubmitSm(2, source_addr="Acme", destination_addr="4670", short_message=b"a", tlvs=reference),
        SubmitSm(3, source_addr="Acme", destination_addr="4671", short_message=b"bc", tlvs=reference),
    ]
    assert [request.token for request in esme.window.outstanding()] == ["x", "y"]
    with pytest.raises(WindowFullError):
        esme.send_submits(template, [("4670", b"a")] * 2, 0.0)


@pytest.mark.parametrize(
    "recipient", [("1" * 21, b""), ("46\0", b""), ("46701é", b""), ("4670", bytes(255))], ids=repr
)
def test_one_that_cannot_be_encoded_refuses_the_block(recipient: tuple[str, bytes]) -> None:
    esme = esme_in(State.BOUND_TRX)
    template = SubmitTemplate(SubmitSm())
    with pytest.raises(LocalProtocolError):
        esme.send_submits(template, [("4670", b"a"), recipient], 0.0)
    assert len(esme.window) == 0


def test_a_template_that_cannot_be_encoded_is_refused_at_once() -> None:
    with pytest.raises(LocalProtocolError):
        SubmitTemplate(SubmitSm(source_addr="1" * 21))


def test_the_block_is_illegal_without_a_bind() -> None:
    with pytest.raises(LocalProtocolError):
        esme_in(State.BOUND_RX).send_submits(SubmitTemplate(SubmitSm()), [("4670", b"a")], 0.0)
