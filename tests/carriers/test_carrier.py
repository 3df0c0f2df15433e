"""How long a bind slot waits before it binds again, and who is told."""

import pytest

from heliograph.carriers.carrier import CarrierSettings, Rebinding
from heliograph.domain.carrier_profile import CarrierProfile, StatusRule
from heliograph.smpp import BindReceiver, BindTransceiver, BindTransmitter

PROFILE = CarrierProfile()
EVEN = 0.5
"""The draw without jitter."""


def test_failures_wait_longer_and_longer() -> None:
    rebinding = Rebinding()
    assert [rebinding.after_failure(EVEN) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_link_that_held_a_minute_forgets_the_failures_before_it() -> None:
    rebinding = Rebinding(failures=5)
    assert rebinding.after_loss(59.0, EVEN) == 32
    assert rebinding.after_loss(60.0, EVEN) == 1


@pytest.mark.parametrize(
    ("status", "least", "most"),
    [
        (0x05, 60, 75),  # already bound: the old session must die first
        (0x0E, 300, 375),  # password
        (0x0F, 300, 375),  # system id
        (0x53, 300, 375),  # system type
        (0x04, 300, 375),
        (0x08, 0.8, 1.21),
        (0x0D, 0.8, 1.21),
        (0x14, 0.8, 1.21),
        (0x58, 0.8, 1.21),
        (0x64, 0.8, 1.21),
        (0x123456, 300, 375),
    ],
)
@pytest.mark.parametrize("draw", [0.0, 0.5, 1.0])
def test_a_refused_bind_waits_as_its_status_demands(
    status: int, least: float, most: float, draw: float
) -> None:
    assert least <= Rebinding().after_refusal(status, PROFILE, draw) <= most


def test_a_profile_may_know_better() -> None:
    profile = CarrierProfile(status_overrides={0x0E: StatusRule(kind="BIND", delays=(20.0,))})
    assert Rebinding().after_refusal(0x0E, profile, EVEN) == 20


@pytest.mark.parametrize(
    ("status", "alarms"),
    [
        (0x0E, ["carrier_credentials_refused"] * 3),
        (0x0F, ["carrier_credentials_refused"] * 3),
        (0x53, ["carrier_bind_refused"] * 3),
        (0x05, [None, None, "carrier_unbound"]),
        (0x0D, [None, None, "carrier_unbound"]),
        (0, [None, None, "carrier_unbound"]),
    ],
)
def test_what_a_person_must_mend_is_an_alarm_at_once(status: int, alarms: list[str | None]) -> None:
    rebinding = Rebinding()
    raised = []
    for _ in range(3):
        if status:
            rebinding.after_refusal(status, PROFILE, EVEN)
        else:
            rebinding.after_failure(EVEN)
        raised.append(rebinding.alarm_for(status))
    assert raised == alarms


@pytest.mark.parametrize(
    ("mode", "pdu", "submits"),
    [
        ("transceiver", BindTransceiver, True),
        ("transmitter", BindTransmitter, True),
        ("receiver", BindReceiver, False),
    ],
)
def test_the_mode_chooses_the_bind(mode: str, pdu: type, submits: bool) -> None:
    settings = CarrierSettings(
        carrier_id=1,
        name="c",
        host="h",
        port=1,
        system_id="me",
        password="secret",
        bind_mode=mode,
        profile=CarrierProfile(system_type="VMA"),
    )
    request = settings.bind_request()
    assert type(request) is pdu
    assert (request.system_id, request.password, request.system_type) == ("me", "secret", "VMA")
    assert settings.submits is submits
    assert "secret" not in repr(settings)
