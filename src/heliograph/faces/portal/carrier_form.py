"""The form of a carrier: what its fields hold, and what was typed as settings."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from heliograph.domain.carrier_profile import DEFAULT_PROFILE, CarrierProfile, load_profile
from heliograph.domain.carrier_rules import BIND_MODES, profile_differences
from heliograph.domain.sender import TYPE_OF_ADDRESS, SenderKind
from heliograph.faces.portal.signed_in import Form
from heliograph.storage.carrier_settings import StoredCarrier

_WHOLE: Final = ("window", "interface_version", "registered_delivery")
_DECIMAL: Final = (
    "tps",
    "connect_seconds",
    "bind_seconds",
    "enquire_link_seconds",
    "enquire_answer_seconds",
    "response_seconds",
)
_TEXT: Final = (
    "receipt_ids",
    "long_messages",
    "incoming_alphabet",
    "system_type",
    "address_range",
    "service_type",
)
_NO_NUMBER: Final = -1
"""What is no number breaks the bounds of every field."""


class WrongLines(ValueError):
    """A field of lines holds one that cannot be read."""


def new_values() -> dict[str, Any]:
    """The form of a new carrier."""
    return {
        "name": "",
        "host": "",
        "port": "2775",
        "tls": "",
        "system_id": "",
        "bind_mode": BIND_MODES[0],
        "bind_count": "1",
        **_profile_values(DEFAULT_PROFILE),
    }


def stored_values(carrier: StoredCarrier) -> dict[str, Any]:
    """The form of a carrier as it is; the password is never in it."""
    return {
        "name": carrier.name,
        "host": carrier.host,
        "port": str(carrier.port),
        "tls": "1" if carrier.tls else "",
        "system_id": carrier.system_id,
        "bind_mode": carrier.bind_mode,
        "bind_count": str(carrier.bind_count),
        **_profile_values(carrier.profile),
    }


def typed_values(form: Form) -> dict[str, Any]:
    """The form as it was sent, without its password; a box that was not ticked is empty."""
    values = {**new_values(), "tls": "", "error_codes_none": "", **form.values()}
    values.pop("password", None)
    return values


def number_in(text: str) -> int:
    """A whole number; -1 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else _NO_NUMBER


def profile_in(form: Form) -> tuple[dict[str, object], dict[str, str]]:
    """What of the typed profile is not the default, and what cannot be read, by field."""
    profile: dict[str, object] = {name: number_in(form.text(name)) for name in _WHOLE}
    profile |= {name: _decimal(form.text(name)) for name in _DECIMAL}
    profile |= {name: form.text(name) for name in _TEXT}
    failure = form.text("deliver_failure")
    profile["deliver_failure"] = "silence" if failure in ("", "silence") else _octets(failure)
    profile["recipient_type"] = {"ton": _octets(form.text("ton")), "npi": _octets(form.text("npi"))}
    faults: dict[str, str] = {}
    readers: dict[str, Callable[[str], object]] = {
        "sender_types": _sender_types,
        "status_overrides": _status_overrides,
        "stat_overrides": _stat_overrides,
        "error_codes": _error_codes,
    }
    for name, reader in readers.items():
        try:
            profile[name] = reader(form.raw(name))
        except WrongLines as error:
            faults[name] = str(error)
    if not form.raw("error_codes").strip():
        profile["error_codes"] = {} if form.flag("error_codes_none") else None
    return _without_defaults(profile), faults


def _without_defaults(profile: Mapping[str, object]) -> dict[str, object]:
    """The members that differ; one that breaks a rule stays, to be told so."""
    kept: dict[str, object] = {}
    for name, value in profile.items():
        try:
            differs = bool(profile_differences(load_profile({name: value})))
        except ValueError:
            differs = True
        if differs:
            kept[name] = value
    return kept


def _profile_values(profile: CarrierProfile) -> dict[str, Any]:
    codes = profile.error_codes
    return {
        **{name: str(getattr(profile, name)) for name in (*_WHOLE, *_TEXT)},
        **{name: f"{getattr(profile, name):g}" for name in _DECIMAL},
        "deliver_failure": str(profile.deliver_failure),
        "ton": str(profile.recipient_type.ton),
        "npi": str(profile.recipient_type.npi),
        "sender_types": "\n".join(f"{k.value} {t.ton} {t.npi}" for k, t in profile.sender_types.items()),
        "status_overrides": "\n".join(
            " ".join([f"0x{status:x}", rule.kind, str(rule.code), *(f"{each:g}" for each in rule.delays)])
            for status, rule in profile.status_overrides.items()
        ),
        "stat_overrides": "\n".join(f"{stat} {rank}" for stat, rank in profile.stat_overrides.items()),
        "error_codes": "\n".join(f"{err} {code}" for err, code in (codes or {}).items()),
        "error_codes_none": "1" if codes == {} else "",
    }


def _decimal(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return _NO_NUMBER


def _octets(text: str) -> int:
    """A number in decimal or, after 0x, in hexadecimal."""
    try:
        return int(text, 0)
    except ValueError:
        return _NO_NUMBER


def _lines(text: str, least: int, most: int) -> list[list[str]]:
    lines = [line.replace("=", " ").split() for line in text.splitlines() if line.strip()]
    if not all(least <= len(line) <= most for line in lines):
        raise WrongLines("Every line needs the words that the example shows.")
    return lines


def _sender_types(text: str) -> object:
    lines = _lines(text, 3, 3)
    unknown = [line[0] for line in lines if line[0] not in set(SenderKind)]
    if unknown:
        raise WrongLines("A line begins with alphanumeric, short_code or msisdn.")
    types = {kind: {"ton": _octets(ton), "npi": _octets(npi)} for kind, ton, npi in lines}
    usual = {kind: {"ton": ton, "npi": npi} for kind, (ton, npi) in TYPE_OF_ADDRESS.items()}
    return {kind: each for kind, each in types.items() if usual[SenderKind(kind)] != each}


def _status_overrides(text: str) -> object:
    found: dict[str, object] = {}
    for status, kind, *rest in _lines(text, 2, 20):
        if _octets(status) == _NO_NUMBER:
            raise WrongLines("A line begins with a command_status such as 0x45.")
        rule: dict[str, object] = {"class": kind.upper()}
        if rest:
            rule |= {"code": number_in(rest[0]), "delays": [_decimal(each) for each in rest[1:]]}
        found[status] = rule
    return found


def _stat_overrides(text: str) -> object:
    return {stat.upper(): rank.upper() for stat, rank in _lines(text, 2, 2)}


def _error_codes(text: str) -> object:
    return {err: number_in(code) for err, code in _lines(text, 2, 2)}
