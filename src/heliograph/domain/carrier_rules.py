"""Rules of what operators say of a carrier: how it is reached, and how it differs from the rest."""

from collections.abc import Mapping
from typing import Final

import msgspec

from heliograph.domain.carrier_profile import DEFAULT_PROFILE, CarrierProfile, ProfileError, load_profile
from heliograph.domain.text_rules import has_control, unstorable

BIND_MODES: Final = ("transceiver", "transmitter", "receiver")
MOST_BINDS: Final = 64
LONGEST_SYSTEM_ID: Final = 15  # SMPP 3.4, 5.2.1: 16 octets with the NUL at the end
LONGEST_PASSWORD: Final = 8  # SMPP 3.4, 5.2.2: 9 octets with the NUL at the end
LONGEST_NAME: Final = 50
LONGEST_HOST: Final = 253


class CarrierFault(msgspec.Struct, frozen=True):
    """What is wrong with one setting of a carrier, for operators."""

    field: str
    sentence: str


def carrier_faults(
    *,
    name: str | None = None,
    host: str | None = None,
    port: int | None = None,
    system_id: str | None = None,
    password: str | None = None,
    bind_mode: str | None = None,
    bind_count: int | None = None,
) -> list[CarrierFault]:
    """What is wrong with a carrier's settings; one that is None is not looked at."""
    rules = (
        ("name", name is None or _is_name(name, LONGEST_NAME), "a name has 1 to 50 characters"),
        ("host", host is None or _is_host(host), "a host is a name or an address, without blanks"),
        ("port", port is None or 1 <= port <= 65_535, "a port is a number from 1 to 65535"),
        (
            "system_id",
            system_id is None or (system_id.isascii() and 1 <= len(system_id) <= LONGEST_SYSTEM_ID),
            "a system id has 1 to 15 ASCII characters",
        ),
        (
            "password",
            password is None or (password.isascii() and len(password) <= LONGEST_PASSWORD),
            "an SMPP password has at most 8 ASCII characters",
        ),
        (
            "bind_mode",
            bind_mode is None or bind_mode in BIND_MODES,
            "a bind is a transceiver, a transmitter or a receiver",
        ),
        ("bind_count", bind_count is None or 1 <= bind_count <= MOST_BINDS, "there are 1 to 64 binds"),
    )
    return [CarrierFault(field, sentence) for field, holds, sentence in rules if not holds]


def profile_faults(profile: Mapping[str, object]) -> list[CarrierFault]:
    """What is wrong with each member of a profile."""
    faults = []
    for name, value in profile.items():
        try:
            load_profile({name: value})
        except ProfileError as error:
            sentence = str(error).removeprefix("carrier profile: ").partition(" - at ")[0]
            faults.append(CarrierFault(name, sentence))
    return faults


def profile_differences(profile: CarrierProfile) -> dict[str, object]:
    """What of a profile is not the default: the rest follows later defaults."""
    default = msgspec.to_builtins(DEFAULT_PROFILE, str_keys=True)
    stored = msgspec.to_builtins(profile, str_keys=True)
    return {name: value for name, value in stored.items() if value != default[name]}


def _is_name(text: str, longest: int) -> bool:
    return len(text.strip()) >= 1 and len(text) <= longest and not has_control(text) and not unstorable(text)


def _is_host(text: str) -> bool:
    return _is_name(text, LONGEST_HOST) and not any(map(str.isspace, text))
